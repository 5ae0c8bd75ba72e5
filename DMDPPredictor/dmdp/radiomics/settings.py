"""The settings of an extraction of radiomics features, each by PyRadiomics' meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import InputError

INTERPOLATORS = {
    "bspline": "sitkBSpline",
    "linear": "sitkLinear",
    "nearest": "sitkNearestNeighbor",
}  # as ITK has them
RESEGMENT_MODES = ("absolute", "relative", "sigma")
CONVENTIONS = ("pyradiomics", "ibsi")

Rule = tuple[str, bool, str]  # the setting, whether it is sound, what was expected


@dataclass(frozen=True)
class Settings:
    """Settings of an extraction. Raises :class:`InputError` for what cannot be honoured.

    Attributes
    ----------
    name : str
        What the settings are called; it does not go into their hash.
    classes : tuple of str
        The feature families; each is computed whole unless ``only`` names features.
    only : tuple of str or None
        Features such as ``glcm_Contrast``, None for all of the classes.
    original : bool
        Whether the image itself is measured, beside filtered ones.
    wavelet : str or None
        The wavelet (``coif1``) whose eight bands of one level are measured too.
    log_sigma_mm : tuple of float
        Widths, in mm, of Laplacian-of-Gaussian images that are measured too.
    spacing_mm : (x, y, z) or None
        The grid to resample to, in mm; None for the image's own, 0 for an axis that stays.
    interpolator : str
        ``bspline``, ``linear`` or ``nearest``, for the image.
    pad : int
        Voxels that surround the region on the new grid, or on the image's own grid if ``crop`` is set.
    crop : bool
        Whether an image that is not resampled is cut to the region.
    bin_width : float
        Width of a grey level, in the unit of the image.
    bin_count : int or None
        Number of grey levels, instead of their width.
    distances : tuple of int
        Of the neighbours in GLCM, GLDM and NGTDM, in voxels (Chebyshev).
    symmetric_glcm : bool
        Whether a pair of neighbours counts in both directions.
    gldm_alpha : int
        By how many grey levels a dependent neighbour may differ.
    force_2d_axis : int or None
        0, 1 or 2 (z, y, x): textures are computed in planes across this axis.
    array_shift : int
        Is added to the values before energy and root mean square.
    resegment : tuple of float or None
        One or two limits; only voxels within them are kept.
    resegment_mode : str
        What the limits are in: ``absolute``, ``relative`` (to the maximum) or ``sigma``.
    resegment_shape : bool
        Whether shape, too, is that of the voxels that were kept.
    minimum_voxels : int
        Regions of fewer voxels are left out.
    minimum_dimensions : int
        Along so many axes a region must span more than one voxel.
    convention : str
        ``pyradiomics``, or ``ibsi``, which follows the IBSI reference manual wherever PyRadiomics departs from it: new and old
        grid share their centre, masks are interpolated linearly and cut at one half, interpolated HU are rounded, bins of a fixed
        width start at the lower limit of an absolute ``resegment`` or at the lowest value, kurtosis is 3 less, tone differences
        leave out voxels without neighbours, axis lengths come from the sample covariance, shape is that of the whole mask, and
        only the original image is known.
    outliers_sigma : float or None
        By ``ibsi``: voxels farther from the mean than that many standard deviations are dropped.
    """

    name: str
    classes: tuple[str, ...] = ()
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
        for setting, sound, expected in self.rules():
            if not sound:
                raise InputError(
                    "profile.settings",
                    f"The radiomics profile '{self.name}' has {setting} = {getattr(self, setting)!r}.",
                    expected,
                    "Correct the profile, or compute this one with PyRadiomics.",
                )

    def rules(self) -> Iterator[Rule]:
        """What is checked when settings are made."""
        sides = self.spacing_mm
        yield from (
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
        """Whether the IBSI reference manual is followed."""
        return self.convention == "ibsi"
