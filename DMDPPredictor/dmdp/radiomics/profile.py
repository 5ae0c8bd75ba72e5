"""The settings that a table of radiomics features is made with; its hash goes wherever the features go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import InputError, base_name
from ..reading import Unread, read_text, why
from .catalogue import CATALOGUE
from .families import FAMILIES, OF_PYRADIOMICS

INTERPOLATORS = {
    "bspline": "sitkBSpline",
    "linear": "sitkLinear",
    "nearest": "sitkNearestNeighbor",
}  # as ITK has them
RESEGMENT_MODES = ("absolute", "relative", "sigma")
CONVENTIONS = ("pyradiomics", "ibsi")


@dataclass(frozen=True)
class Profile:
    """Settings of an extraction, by PyRadiomics' meaning. Raises :class:`InputError` for what cannot be honoured.

    ``classes`` are computed whole unless ``only`` names features (``glcm_Contrast``, …). ``spacing_mm`` (x, y, z) is the grid to
    resample to, None for the image's own, 0 for an axis that stays; ``pad`` voxels surround the region there, or on the image's
    own grid where ``crop`` is set. Grey levels are binned by ``bin_width`` (in the image's unit) or into ``bin_count`` bins.
    ``distances`` are in voxels (Chebyshev). ``force_2d_axis`` 0, 1 or 2 (z, y, x) computes textures in planes across it.
    ``log_sigma_mm`` adds Laplacian-of-Gaussian images, ``wavelet`` the eight bands of one level. ``resegment`` keeps voxels
    within a range, in ``resegment_mode``; shape ignores it unless ``resegment_shape``. A region has at least
    ``minimum_voxels`` voxels and spans more than one voxel along ``minimum_dimensions`` axes.

    ``convention`` "ibsi" follows the IBSI reference manual where PyRadiomics departs from it: new and old grid share their
    centre, masks are interpolated linearly and cut at one half, interpolated HU are rounded, bins of a fixed width start at the
    lower limit of an absolute ``resegment`` or at the lowest value, kurtosis is 3 less, tone differences leave out voxels
    without neighbours, axis lengths come from the sample covariance, and shape is that of the whole mask. Then
    ``outliers_sigma`` also drops voxels farther from the mean than that many standard deviations, and only the original image
    is known.
    """

    name: str
    classes: tuple[str, ...] = OF_PYRADIOMICS
    only: tuple[str, ...] | None = None
    original: bool = True
    wavelet: str | None = None
    log_sigma_mm: tuple[float, ...] = ()
    spacing_mm: tuple[float, float, float] | None = None
    interpolator: str = "bspline"
    pad: int = 5
    crop: bool = False
    bin_width: float = 25.0
    bin_count: int | None = None
    distances: tuple[int, ...] = (1,)
    symmetric_glcm: bool = True
    gldm_alpha: int = 0
    force_2d_axis: int | None = None
    array_shift: int = 0
    resegment: tuple[float, ...] | None = None
    resegment_mode: str = "absolute"
    resegment_shape: bool = False
    minimum_voxels: int = 1
    minimum_dimensions: int = 2
    convention: str = "pyradiomics"
    outliers_sigma: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bin_width", float(self.bin_width))  # 25 and 25.0 are one profile, and have one hash
        for setting in ("spacing_mm", "log_sigma_mm", "resegment"):
            if getattr(self, setting) is not None:
                object.__setattr__(self, setting, tuple(float(value) for value in getattr(self, setting)))
        for setting, sound, expected in self._rules():
            if not sound:
                raise InputError(
                    "profile.settings",
                    f"The radiomics profile '{self.name}' has {setting} = {getattr(self, setting)!r}.",
                    expected,
                    "Correct the profile, or compute this one with PyRadiomics.",
                )

    def _rules(self):
        classes = f"some of {', '.join(FAMILIES)}."
        sides = self.spacing_mm
        return (
            ("classes", len(self.classes) > 0 and set(self.classes) <= set(FAMILIES), classes),
            (
                "only",
                all(n in CATALOGUE and n.split("_")[0] in self.classes for n in self.only or ()),
                "features of its classes.",
            ),
            ("wavelet", self.wavelet in (None, "coif1"), "coif1, or nothing."),
            ("log_sigma_mm", all(sigma > 0 for sigma in self.log_sigma_mm), "positive millimetres."),
            ("spacing_mm", sides is None or (len(sides) == 3 and min(sides) >= 0), "three millimetres, none negative."),
            ("interpolator", self.interpolator in INTERPOLATORS, f"one of {', '.join(INTERPOLATORS)}."),
            ("pad", self.pad >= 0, "0 or more voxels."),
            ("bin_width", 0 < self.bin_width < float("inf"), "a positive width."),
            ("bin_count", self.bin_count is None or self.bin_count > 0, "a positive number, or nothing."),
            ("distances", len(self.distances) > 0 and min(self.distances) >= 1, "one or more distances from 1 voxel."),
            ("gldm_alpha", self.gldm_alpha >= 0, "0 or more."),
            ("force_2d_axis", self.force_2d_axis in (None, 0, 1, 2), "0, 1, 2 or nothing."),
            ("resegment", self.resegment is None or len(self.resegment) in (1, 2), "one or two limits, or nothing."),
            ("resegment_mode", self.resegment_mode in RESEGMENT_MODES, f"one of {', '.join(RESEGMENT_MODES)}."),
            ("minimum_voxels", self.minimum_voxels >= 1, "1 or more."),
            ("minimum_dimensions", self.minimum_dimensions in (1, 2, 3), "1, 2 or 3."),
            ("convention", self.convention in CONVENTIONS, f"one of {', '.join(CONVENTIONS)}."),
            ("convention", not (self.ibsi and (self.wavelet or self.log_sigma_mm)), "pyradiomics, where images are filtered."),
            ("outliers_sigma", self.outliers_sigma is None or (self.ibsi and self.outliers_sigma > 0), "nothing, or ibsi."),
        )

    @property
    def ibsi(self) -> bool:
        return self.convention == "ibsi"

    @property
    def hash(self) -> str:
        """SHA-256 over all settings but the name."""
        settings = {key: value for key, value in asdict(self).items() if key != "name"}
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Profile:
        """A profile from its JSON object; raises :class:`InputError` for a field that it does not have."""
        unknown = set(document) - {field.name for field in fields(cls)}
        if unknown or "name" not in document:
            raise InputError(
                "profile.fields",
                f"The radiomics profile has unknown fields ({', '.join(sorted(unknown)) or 'none'}) or no name.",
                f"fields out of {', '.join(field.name for field in fields(cls))}.",
                "Correct the profile.",
            )
        try:
            return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in document.items()})
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(
                "profile.type",
                f"A setting of the radiomics profile '{document['name']}' has the wrong type.",
                "numbers where numbers are, lists where lists are.",
                "Correct the profile.",
            ) from error


def read_profile(path: str | Path) -> Profile:
    """A profile from a JSON file. Raises :class:`InputError`."""
    return Profile.from_json(read_json(path))


def read_json(path: str | Path) -> dict[str, Any]:
    """The JSON object in a file. Raises :class:`InputError`."""
    try:
        document = json.loads(read_text(path))
        if not isinstance(document, dict):
            raise Unread("it is no object")
    except (OSError, ValueError) as error:
        raise InputError(
            "profile.unreadable",
            f"'{base_name(path)}' is no radiomics profile ({why(error)}).",
            "a JSON file.",
            "Check the path.",
        ) from error
    return document
