"""Which images, classes and settings a set of features is made with; its hash goes wherever the features go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ..errors import InputError

CLASSES = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
INTERPOLATORS = ("bspline", "linear", "nearest")
RESEGMENT_MODES = ("absolute", "relative", "sigma")


@dataclass(frozen=True)
class Profile:
    """Settings of an extraction, by PyRadiomics' meaning.

    ``spacing_mm`` (x, y, z) is the grid to resample to, None for the image's own, 0 for an axis that stays; ``pad`` voxels
    surround the region there. Grey levels are binned by ``bin_width`` (in the image's unit) or into ``bin_count`` bins.
    ``distances`` are in voxels (Chebyshev). ``force_2d_axis`` 0, 1 or 2 (z, y, x) computes textures in planes across it.
    ``log_sigma_mm`` adds Laplacian-of-Gaussian images, ``wavelet`` the eight bands of one level. ``resegment`` keeps voxels
    within a range, in ``resegment_mode``; shape ignores it.
    """

    name: str
    classes: tuple[str, ...] = CLASSES
    original: bool = True
    wavelet: str | None = None
    log_sigma_mm: tuple[float, ...] = ()
    spacing_mm: tuple[float, float, float] | None = None
    interpolator: str = "bspline"
    pad: int = 5
    bin_width: float = 25.0
    bin_count: int | None = None
    distances: tuple[int, ...] = (1,)
    symmetric_glcm: bool = True
    gldm_alpha: int = 0
    force_2d_axis: int | None = None
    array_shift: float = 0.0
    resegment: tuple[float, ...] | None = None
    resegment_mode: str = "absolute"
    minimum_voxels: int = 1

    def __post_init__(self) -> None:
        sound = (
            set(self.classes) <= set(CLASSES)
            and self.interpolator in INTERPOLATORS
            and self.resegment_mode in RESEGMENT_MODES
            and (self.spacing_mm is None or (len(self.spacing_mm) == 3 and min(self.spacing_mm) >= 0))
            and (self.bin_count is None or self.bin_count > 0)
            and self.bin_width > 0
            and len(self.distances) > 0
            and min(self.distances) >= 1
            and self.force_2d_axis in (None, 0, 1, 2)
            and (self.resegment is None or len(self.resegment) in (1, 2))
            and (self.wavelet is None or self.wavelet == "coif1")
            and all(sigma > 0 for sigma in self.log_sigma_mm)
        )
        if not sound:
            raise InputError(
                "profile.settings",
                f"The radiomics profile '{self.name}' holds a setting that cannot be honoured.",
                f"classes out of {', '.join(CLASSES)}, wavelet coif1, positive bins, spacings and sigmas.",
                "Correct the profile.",
            )

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
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in document.items()})


def read_profile(path: str | Path) -> Profile:
    """A profile from a JSON file. Raises :class:`InputError`."""
    try:
        return Profile.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(
            "profile.unreadable", f"'{path}' is no radiomics profile ({error}).", "a JSON file.", "Check the path."
        ) from error
