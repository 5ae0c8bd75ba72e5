"""All PET features of a lesion with units and definitions; the one list of their names."""

from __future__ import annotations

from ..errors import GeometryError, LesionError
from ..feature import Feature
from ..images.axes import upright_volume
from ..images.volume import Volume
from ..patients.case import Lesion
from .ellipsoid import heterogeneity
from .intensity import intensity
from .planes import planes

PAPER, DATA, LITERATURE, OURS = (
    "named in the DMDP paper",
    "DMDP paper; definition shown from the released values",
    "O'Sullivan 2003, Eary 2008",
    "our definition; the paper gives none",
)
_PLANE = {"xy": "axial", "xz": "coronal", "yz": "sagittal"}
_PUBLISHED: dict[str, tuple[str, str, str]] = {
    "suv_max": ("g/ml", "highest SUVbw in the lesion", PAPER),
    "suv_mean": ("g/ml", "mean SUVbw of the lesion's voxels", DATA),
    "suv_median": ("g/ml", "median SUVbw", PAPER),
    "suv_min": ("g/ml", "lowest SUVbw in the lesion", PAPER),
    "suv_var": ("(g/ml)²", "variance of SUVbw (n − 1)", DATA),
    "suv_sd": ("g/ml", "standard deviation of SUVbw", DATA),
    "suv_skew": ("1", "skewness m3/s³", PAPER),
    "suv_kurtosis": ("1", "excess kurtosis m4/s⁴ − 3", DATA),
    "suv_area": (
        "cm²",
        "area of the largest axial section (which section the paper took is not known)",
        OURS,
    ),
    "suv_peak": (
        "g/ml",
        "mean SUVbw in a 1 cm³ sphere round the SUVmax voxel, not limited to the lesion",
        DATA,
    ),
    "MTV_3": ("ml", "volume of the lesion", DATA),
    "TLG_3": ("g", "volume × mean SUVbw", DATA),
    "TLG_4": ("g", "volume at or above 40 % of SUVmax × mean SUVbw of the whole lesion", DATA),
    "het0": (
        "%",
        "100 · mean squared residual of a decreasing ellipsoidal fit / mean squared SUVbw",
        LITERATURE,
    ),
    **{f"suv_mean_sd_{p}": ("(g/ml)²", f"variance of the zone means, core to edge, {w} plane", OURS) for p, w in _PLANE.items()},
    **{f"type_{p}": ("1", f"1 = hollow or second peak, 0 = falling outwards, {w} plane", OURS) for p, w in _PLANE.items()},
}
_MORE: dict[str, tuple[str, str, str]] = {
    "het1": ("%", "100 · mean squared residual of the same fit / variance of SUVbw", LITERATURE),
    "TLG40": ("g", "volume at or above 40 % of SUVmax × mean SUVbw there (conventional TLG)", "conventional"),
    "suv_peak_global": ("g/ml", "largest mean SUVbw in a 1 cm³ sphere centred in the lesion", "IBSI"),
    **{f"suv_mean_sd_{p}_sd": ("g/ml", f"root of the zone variance, {w} plane", OURS) for p, w in _PLANE.items()},
}
DEFINITIONS = {**_PUBLISHED, **_MORE}
"""Name → (unit, definition, source)."""
PUBLISHED = tuple(_PUBLISHED)
"""The twenty of the published tables, in their order."""


def pet_features(pet: Volume, lesion: Lesion) -> dict[str, Feature]:
    """The twenty features by their published names, then ours; ``pet`` in SUVbw, ``lesion`` on its native grid.

    Sections and planes are the patient's (the nearest of the array's axes), however the slices were stored.
    A value that a lesion is too small or too flat for is NaN. Raises :class:`GeometryError` for a lesion on another grid and
    :class:`LesionError` for one without voxels.
    """
    if not lesion.geometry.same_grid(pet.geometry):
        raise GeometryError(
            "geometry.grid",
            "The lesion lies on another voxel grid than the PET.",
            "the lesion on the PET's own grid.",
            "Resample the mask onto the PET first; 'load_mask' does.",
        )
    if not lesion.voxels:
        raise LesionError("lesion.empty", "The lesion has no voxel.", "at least two voxels.", "Draw the lesion again.")
    pet, lesion = upright_volume(pet), lesion.upright()
    values = intensity(pet, lesion) | heterogeneity(pet, lesion) | planes(pet, lesion)
    return {name: Feature(name, float(values[name]), *about) for name, about in DEFINITIONS.items()}
