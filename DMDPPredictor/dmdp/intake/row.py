"""One patient as described by a person, a table, a viewer or another program: the images, the lesion, the known facts."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..delineation.methods import METHODS
from ..endpoints.base import UNKNOWN, Label
from ..errors import DmdpError, InputError, UsageError
from ..patients.case import CT, PET, Clinical

IMAGES = {CT: "ct", PET: "pet"}
PATHS = (*IMAGES.values(), "mask", "pet_mask", "ct_mask")
COLUMNS = ("id", "patient", *PATHS, "segment", "seed", "method", "pet_is_suv", "age", "sex", "smoking", "site")
YES, NO = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no", ""})

Point = tuple[float, float, float]
Located = Path | Mapping[str, Any]  # a file or folder, or what a viewer tells of an image or a mask instead


@dataclass(frozen=True)
class PatientRow:
    """One examination of one patient, from whatever source; every part may be absent.

    ``id`` names the row and is unique. ``patient`` names the patient, and is the ``id`` unless it is given; rows of one patient
    share their labels and always stay in the same fold. ``ct`` and ``pet`` are a DICOM folder or an image file, or the mapping of
    :meth:`dmdp.intake.source.ImageSource.of`; ``pet_is_suv`` says that a PET file holds SUVbw. The lesion is ``mask`` (on both
    images), or ``pet_mask`` and ``ct_mask`` (drawn on one image each; one of them is enough), or ``seed``, an LPS point in mm
    from which ``method`` outlines it; masks are files, or packed. ``segment`` names or numbers the lesion in mask files that hold
    several. ``labels`` are the known answers by endpoint, ``values`` further numbers by name; ``further`` holds the cells of all
    other columns as text and ``line`` the line of the table, 0 without one.

    Raises :class:`UsageError` for a lesion that is given in more than one way, or a segment without a mask.
    """

    id: str = ""
    patient: str = ""
    ct: Located | None = None
    pet: Located | None = None
    pet_is_suv: bool = False
    mask: Located | None = None
    pet_mask: Located | None = None
    ct_mask: Located | None = None
    segment: str | None = None
    seed: Point | None = None
    method: str = "auto"
    clinical: Clinical = Clinical()
    site: str = ""
    labels: Mapping[str, Label] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    further: Mapping[str, str] = field(default_factory=dict)
    line: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "patient", self.patient or self.id)
        apart = self.pet_mask if self.pet_mask is not None else self.ct_mask
        if sum(value is not None for value in (self.mask, apart, self.seed)) > 1:
            raise _no_lesion("in more than one way")
        if self.segment is not None and self.seed is not None:
            raise UsageError(
                "lesion.segment",
                f"The segment '{self.segment}' is named, and there is no mask.",
                "a segment of a mask, or a seed point.",
                "Leave out --segment, or give --mask.",
            )

    @classmethod
    def of(cls, given: Mapping[str, Any], base: Path | None = None, line: int = 0) -> PatientRow:
        """From named values, as text or as they are: the arguments of a command or a job, the cells of a table.

        Paths are relative to ``base``. Names that are not in :data:`COLUMNS` are left out. Raises :class:`DmdpError` subclasses,
        with ``line`` (of a table) :class:`InputError` that names row and column.
        """
        found: dict[str, Any] = {}
        for column, read in _READ.items():
            value = given.get(column)
            value = value.strip() if isinstance(value, str) else value
            if value is None or value == "":
                continue
            try:
                found[column] = read(value)
            except DmdpError as error:
                if not line:
                    raise
                raise cell_error(line, column, error) from error
        found |= {name: _placed(found[name], base) for name in PATHS if name in found}
        clinical = Clinical(*(found.pop(name, None) for name in ("age", "sex", "smoking")))
        try:
            return cls(**found, clinical=clinical, line=line)
        except UsageError as error:
            if not line:
                raise
            raise cell_error(line, "mask", error) from error

    def arguments(self) -> dict[str, Any]:
        """The inverse of :meth:`of`, as plain JSON: the arguments of a job that reads this row, with absolute paths."""
        plain = {"segment": self.segment, "seed": self.seed and list(self.seed), "pet_is_suv": self.pet_is_suv or None}
        plain |= {name: getattr(self.clinical, name) for name in ("age", "sex", "smoking")}
        plain |= {"method": self.method if self.method != "auto" else None}
        for name in PATHS:
            value = getattr(self, name)
            plain[name] = str(value.absolute()) if isinstance(value, Path) else value
        return {name: value for name, value in plain.items() if value is not None}

    @property
    def has_lesion(self) -> bool:
        """True if a lesion is given in some way."""
        return any(value is not None for value in (self.mask, self.pet_mask, self.ct_mask, self.seed))

    def require_lesion(self) -> None:
        """Raise :class:`UsageError` if no lesion is given."""
        if not self.has_lesion:
            raise _no_lesion("in no way")

    def has(self, modality: str) -> bool:
        """True if an image of this modality is given."""
        return getattr(self, IMAGES[modality]) is not None


def cell_error(line: int, column: str, error: DmdpError) -> InputError:
    """The error for a cell of a table: that of the value, with its row and column."""
    found = f"Row {line}, column '{column}': {error.found}"
    return InputError(f"cohort.cell.{column}", found, error.expected, "Correct the row.")


def expanded(path: str | Path) -> Path:
    """A path with ``~`` resolved; the home of an unknown user stays as it is, and is then a file that does not exist."""
    return Path(os.path.expanduser(path))


def point(value: Any) -> Point:
    """``X,Y,Z`` as text, or three numbers, as an LPS point in mm.

    Numbers are separated by commas, semicolons or spaces; a comma may be a decimal one if that leaves one reading. Raises
    :class:`UsageError` for anything else.
    """
    if isinstance(value, str):
        parted: tuple[list[Any], ...] = (
            re.split(r"[\s,;]+", value.strip()),
            re.split(r"[\s;]+", value.strip().replace(",", ".")),
        )
    else:
        parted = (list(value) if isinstance(value, list | tuple) else [value],)
    readings = {(x, y, z) for parts in parted if len(numbers := _numbers(parts)) == 3 for x, y, z in [numbers]}
    if len(readings) != 1:
        raise UsageError(
            "seed.malformed",
            f"The seed is '{value}'.",
            "three numbers X,Y,Z: an LPS point in mm.",
            "Give it as --seed X,Y,Z without spaces.",
        )
    return readings.pop()


def number(value: Any, name: str) -> float | None:
    """A finite number; None for a word that says that it is unknown. Raises :class:`UsageError` for other words."""
    if isinstance(value, str) and value.lower() in UNKNOWN:
        return None
    found = _numbers([value])
    if not found:
        raise UsageError("row.number", f"{name} is '{value}'.", "a number, or nothing.", f"Correct {name}, or leave it out.")
    return found[0]


def _numbers(parts: list[Any]) -> list[float]:
    """The parts as finite numbers; none if one of them is something else."""
    try:
        found = [float(part) for part in parts]
    except (TypeError, ValueError):
        return []
    return found if all(map(math.isfinite, found)) else []


def _located(value: Any) -> Located:
    return value if isinstance(value, Mapping) else expanded(value)


def _placed(value: Located, base: Path | None) -> Located:
    return base / value if base is not None and isinstance(value, Path) else value


def _method(value: Any) -> str:
    if value not in METHODS:
        raise UsageError(
            "delineation.method", f"'{value}' is no method.", f"one of {', '.join(METHODS)}.", "Choose one of these."
        )
    return value


def _yes(value: Any) -> bool:
    word = str(value).lower()
    if word not in YES | NO:
        raise UsageError("row.yes", f"'{value}'.", "yes or no.", "Correct the word.")
    return word in YES


def _age(value: Any) -> float | None:
    return Clinical(age=number(value, "age")).age


def _word(name: str) -> Callable[[Any], str | None]:
    return lambda value: getattr(Clinical(**{name: None if str(value).lower() in UNKNOWN else value}), name)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "id": str,
    "patient": str,
    **dict.fromkeys(PATHS, _located),
    "segment": str,
    "seed": point,
    "method": _method,
    "pet_is_suv": _yes,
    "age": _age,
    "sex": _word("sex"),
    "smoking": _word("smoking"),
    "site": str,
}


def _no_lesion(how: str) -> UsageError:
    return UsageError(
        "lesion.choice",
        f"The lesion is given {how}.",
        "a mask, or masks of the single images, or a seed point.",
        "Give one of --mask, --pet-mask and --ct-mask, or --seed.",
    )
