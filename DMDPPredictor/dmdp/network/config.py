"""Everything that determines the network's architecture and its inputs; JSON both ways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..endpoints.base import Endpoint
from ..endpoints.registry import endpoint_of
from ..errors import ModelError

CROP_MM = (48, 96, 96)  # z, y, x at 1 mm, as in Jiang et al. 2026 (DMDP)
MODALITIES = ("ct", "pet")
CHOICES = {"norm": ("batch", "group"), "fusion": ("attention", "concatenation", "early"), "head": ("parallel", "joint")}
DEVICES = ("cpu", "cuda", "auto")
BACKENDS = ("auto", "onednn", "openvino", "eager")  # of :mod:`dmdp.network.backend`; here, as it needs no torch
MAX_JOINT_TASKS = 4
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
SPACINGS = (1, 2)


@dataclass(frozen=True)
class NetworkConfig:
    """The architecture of a network and the form of its inputs. Raises :class:`ModelError` for what cannot be built.

    The default sizes are those of ``lite``: it halves the image within the plane in its stem and keeps stage 4 at the scale of
    stage 3, so that its maps have 6 × 6 × 6 cells of 8 × 16 × 16 mm. :meth:`full` is the larger network, and :meth:`quick` sees
    voxels of 2 mm (docs/method.md, Size).

    Attributes
    ----------
    widths : five int
        Channels of the stem and of stages 1 to 4 of an encoder.
    strides : five (z, y, x) of int
        Steps of the stem and of stages 1 to 4, in voxels of the map before.
    heads : int
        Heads of each cross-attention; a divisor of the channels of stages 2 and 4.
    small_reduction : int
        Step of the convolution that reduces keys and values of the attention at the small scale.
    fused : int
        Channels of the maps in which the modalities are joined.
    embedding : int
        Length of the embeddings of image, table and modality, which contrastive losses compare.
    dropout : float
        Share of units that are dropped in training, 0 to below 1.
    tasks : tuple of str
        Names of the endpoints that are answered, in the order of the outputs.
    tabular : tuple of str
        Names of the inputs beside the images; none of them makes a network without a table.
    tabular_mean : tuple of float
        What is subtracted from each tabular input, in its unit (a logarithm has none).
    tabular_sd : tuple of float
        By what each tabular input is divided, above 0, in its unit.
    modalities : tuple of str
        The images that are looked at: ``ct``, ``pet`` or both, in this order.
    fusion : str
        How two modalities are joined: ``attention`` in both directions at two scales, ``concatenation`` of the two encoders' maps
        at the same scales (no cross-attention), or ``early``: one encoder of two channels.
    head : str
        ``parallel`` (one head per task) or ``joint`` (one distribution over all combinations of answers).
    norm : str
        Normalisation of the maps: ``batch``, or ``group`` for small batches.
    trunk : int
        Width of the layer that all heads share.
    head_hidden : int
        Width of a layer of a head's own; 0 for none.
    tabular_hidden : int
        Width of a first layer of the table's encoder; 0 for its default.
    feed_conv : bool
        Whether the attention's feed-forward part has a depth-wise convolution.
    align_modalities : bool
        Whether there are embeddings of CT and of PET, for the contrastive loss between them.
    all_maps : bool
        Whether heatmaps can be made of stage 3 and of the small-scale map, too.
    spacing : int
        Edge of a voxel in mm, 1 or 2; the crop is 48 × 96 × 96 mm (z, y, x) at either.
    windows : bool
        Whether each modality is shown a second time: CT in a soft-tissue window, PET relative to its maximum near the centre
        (:mod:`dmdp.network.windows`).
    centre_pool : bool
        Whether the maps are averaged a second time, with weights that fall with the distance from the lesion's centre.
    decoder : bool
        Whether the network also outlines the lesion (:mod:`dmdp.network.decoder`).
    """

    widths: tuple[int, ...] = (8, 16, 32, 64, 96)
    strides: tuple[tuple[int, int, int], ...] = ((1, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2), (1, 1, 1))
    heads: int = 4
    small_reduction: int = 4
    fused: int = 64
    embedding: int = 64
    dropout: float = 0.2
    tasks: tuple[str, ...] = ("EGFR", "subtype")
    tabular: tuple[str, ...] = ()
    tabular_mean: tuple[float, ...] = ()
    tabular_sd: tuple[float, ...] = ()
    modalities: tuple[str, ...] = MODALITIES
    fusion: str = "attention"
    head: str = "parallel"
    norm: str = "batch"
    trunk: int = 64
    head_hidden: int = 0
    tabular_hidden: int = 0
    feed_conv: bool = False
    align_modalities: bool = False
    all_maps: bool = False
    spacing: int = 1
    windows: bool = False
    centre_pool: bool = False
    decoder: bool = False

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise _refused(f"{name} is '{getattr(self, name)}'", f"one of {', '.join(allowed)}")
        if tuple(m for m in MODALITIES if m in self.modalities) != tuple(self.modalities) or not self.modalities:
            raise _refused(f"modalities are {list(self.modalities)}", "ct, pet, or both in this order")
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise _refused(f"tasks are {list(self.tasks)}", "one or more different names")
        if self.head == "joint" and len(self.tasks) > MAX_JOINT_TASKS:
            raise _refused(
                f"a joint head of {len(self.tasks)} tasks", f"at most {MAX_JOINT_TASKS}, as it counts all combinations"
            )
        apart = [name for name in self.tasks if self.head == "joint" and not endpoint_of(name).joint]
        if apart:
            raise _refused(f"a joint head of {', '.join(apart)}", "binary endpoints, or the head 'parallel'")
        for name in self.tasks:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise _refused(f"the task '{name}'", "letters, digits, _ and - (it becomes part of file names)")
        if self.heads < 1 or not all(np.isfinite(self.tabular_mean)) or not all(0 < v < np.inf for v in self.tabular_sd):
            raise _refused(
                f"{self.heads} heads, means {list(self.tabular_mean)}, deviations {list(self.tabular_sd)}",
                "one head or more, finite means, positive deviations",
            )
        if not len(self.tabular) == len(self.tabular_mean) == len(self.tabular_sd):
            raise _refused("names, means and deviations of the table differ in number", "one mean and one deviation per name")
        if self.fusion == "attention" and (self.widths[2] % self.heads or self.widths[4] % self.heads):
            raise _refused(f"{self.heads} heads for maps of {self.widths[2]} and {self.widths[4]} channels", "a divisor of both")
        if self.fusion == "early" and len(self.modalities) < 2:
            raise _refused("early fusion of one modality", "both modalities, or another fusion")
        if self.spacing not in SPACINGS:
            raise _refused(f"voxels of {self.spacing} mm", "1 or 2 mm")
        if self.align_modalities and (self.fusion == "early" or len(self.modalities) < 2):
            raise _refused("aligned modalities without two encoders", "CT and PET with an encoder each")

    @classmethod
    def lite(cls, **changes: Any) -> NetworkConfig:
        """The widths of the default with all that a training can use: both views, aligned modalities, the small-scale map."""
        return replace(cls(align_modalities=True, all_maps=True, windows=True, centre_pool=True), **changes)

    @classmethod
    def full(cls, **changes: Any) -> NetworkConfig:
        """The larger network (docs/method.md, Size): about 4 million parameters, maps down to 3 × 6 × 6 cells of 16 mm."""
        return replace(
            cls(
                widths=(16, 32, 64, 128, 128),
                strides=((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2)),
                fused=128,
                embedding=128,
                dropout=0.3,
                trunk=128,
                head_hidden=64,
                tabular_hidden=64,
                feed_conv=True,
                align_modalities=True,
                all_maps=True,
                windows=True,
                centre_pool=True,
            ),
            **changes,
        )

    @classmethod
    def quick(cls, **changes: Any) -> NetworkConfig:
        """``lite`` on voxels of 2 mm, for a laptop's processor and for tests: a tenth of its time, maps of the same 6 × 6 × 6
        cells."""
        return replace(
            cls(
                widths=(8, 16, 32, 48, 64),
                strides=((1, 2, 2), (2, 2, 2), (2, 2, 2), (1, 1, 1), (1, 1, 1)),
                small_reduction=2,
                align_modalities=True,
                all_maps=True,
                spacing=2,
                windows=True,
                centre_pool=True,
            ),
            **changes,
        )

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints of the tasks."""
        return tuple(map(endpoint_of, self.tasks))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels (z, y, x) of the crop."""
        z, y, x = (length // self.spacing for length in CROP_MM)
        return z, y, x

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NetworkConfig:
        """The inverse of :meth:`to_json`; raises ``TypeError`` for unknown names and :class:`ModelError` for what cannot be."""
        return cls(**{key: _tuples(value) for key, value in data.items()})


SIZES = {"quick": NetworkConfig.quick, "lite": NetworkConfig.lite, "full": NetworkConfig.full}
"""The sizes that a training can ask for, by name: functions from changes to a configuration."""
SIZE_HELP = "network (default lite; quick sees voxels of 2 mm)"


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list | tuple) else value


def _refused(found: str, expected: str) -> ModelError:
    return ModelError(
        "network.config", f"The network's configuration: {found}.", f"{expected}.", "Correct the configuration of the network."
    )
