"""How a network is trained and tested on a cohort: everything that the result depends on beside the patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dmdp.bundles.bundle import NAME
from dmdp.errors import UsageError
from dmdp.inputs import CLINICAL_INPUTS
from dmdp.intake.row import COLUMNS
from dmdp.network.config import SIZES, NetworkConfig

from .cohort_csv import LABEL_COLUMNS
from .settings import TrainingSettings

NO_VALUES = ({*COLUMNS} - {*CLINICAL_INPUTS}) | {*LABEL_COLUMNS}  # columns of which none may be an input
DEFAULT_VALUES = ("suv_max", "suv_peak", "MTV_3", "het1", *CLINICAL_INPUTS)


@dataclass(frozen=True)
class NetworkPlan:
    """A validation of networks on a cohort, and the training of those that go into the bundle. Raises :class:`UsageError`.

    Attributes
    ----------
    tasks : tuple of str
        Names of the endpoints to learn.
    values : tuple of str
        Names of the tabular inputs; empty for a network without a table.
    columns : tuple of str
        Those of ``values`` that the cohort file brings.
    size : str
        Size of the network, one of :data:`dmdp.network.config.SIZES`.
    changes : mapping of str to any
        Fields of :class:`dmdp.network.config.NetworkConfig` that differ from those of the size.
    folds : int
        Folds of the cross-validation over patients, 2 or more.
    repeats : int
        How often the cross-validation is done, each time with other folds.
    members : int
        Networks of each ensemble; they differ in their seed and in the patients that their early stopping looks at.
    settings : TrainingSettings
        Settings of each training.
    name : str
        Name of the bundle.
    """

    tasks: tuple[str, ...]
    values: tuple[str, ...] = DEFAULT_VALUES
    columns: tuple[str, ...] = ()
    size: str = "lite"
    changes: Mapping[str, Any] = field(default_factory=dict)
    folds: int = 5
    repeats: int = 1
    members: int = 3
    settings: TrainingSettings = TrainingSettings()
    name: str = "cohort-network"

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise _refused("size", self.size, f"one of {', '.join(SIZES)}")
        for name, least in (("folds", 2), ("repeats", 1), ("members", 1)):
            if getattr(self, name) < least:
                raise _refused(name, getattr(self, name), f"{least} or more")
        if not NAME.fullmatch(self.name):
            raise _refused("name", f"'{self.name}'", "letters, digits, '.', '_' and '-'")
        told = [name for name in self.values if name in NO_VALUES]
        if told:
            raise _refused("values", ", ".join(told), "measurements or clinical facts: no label, no path, no name and no site")
        SIZES[self.size](tasks=self.tasks, **self.changes)  # refuses an impossible network before any image is read

    def network(self, mean: tuple[float, ...], deviation: tuple[float, ...]) -> NetworkConfig:
        """The network for a table with these means and deviations."""
        table = {"tabular": self.values, "tabular_mean": mean, "tabular_sd": deviation}
        return SIZES[self.size](tasks=self.tasks, **{**table, **self.changes})

    @property
    def modalities(self) -> tuple[str, ...]:
        """The images that it looks at."""
        return SIZES[self.size](tasks=self.tasks, **self.changes).modalities

    @property
    def spacing(self) -> int:
        """The voxels of its crops in mm."""
        return SIZES[self.size]().spacing

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "changes": dict(self.changes)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NetworkPlan:
        """The inverse of :meth:`to_json`; lists become tuples again."""
        lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
        changes = {name: tuple(value) if isinstance(value, list) else value for name, value in data["changes"].items()}
        return cls(**{**data, **lists, "changes": changes, "settings": TrainingSettings.from_json(data["settings"])})


def _refused(name: str, found: object, expected: str) -> UsageError:
    return UsageError("training.plan", f"{name} is {found}.", f"{expected}.", f"Correct --{name}.")
