"""The images that features are computed from: the original, its wavelet bands, and its Laplacian of Gaussian."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pywt
import SimpleITK as sitk

from .profile import Profile

MIN_LOG_SIDE = 4


def filtered(image: np.ndarray, spacing: tuple[float, float, float], profile: Profile) -> Iterator[tuple[str, np.ndarray]]:
    """(prefix, image) for every image of the profile, from ``image`` (z, y, x) with ``spacing`` mm."""
    if profile.original:
        yield "original", image
    for sigma in profile.log_sigma_mm:
        if min(np.array(image.shape)) >= MIN_LOG_SIDE:
            yield f"log-sigma-{str(float(sigma)).replace('.', '-')}-mm-3D", laplacian_of_gaussian(image, spacing, sigma)
    if profile.wavelet:
        axes = [axis for axis in range(3) if axis != profile.force_2d_axis]
        yield from wavelet_bands(image, profile.wavelet, axes)


def wavelet_bands(image: np.ndarray, name: str, axes: list[int]) -> Iterator[tuple[str, np.ndarray]]:
    """The bands of one level of the undecimated wavelet transform: ``wavelet-LLH`` is low, low, high along x, y, z.

    An odd side is padded by wrapping round, as the transform needs an even one. The approximation (LLL) comes last.
    """
    padding = [(0, side % 2) for side in image.shape]
    order = tuple(sorted(axes, reverse=True))  # x first: the letters of the names
    bands = pywt.swtn(np.pad(image, padding, "wrap"), pywt.Wavelet(name), level=1, start_level=0, axes=order)[0]
    window = tuple(slice(0, side) for side in image.shape)
    low = "a" * len(axes)
    for letters in (*(key for key in bands if key != low), low):
        yield f"wavelet-{letters.replace('a', 'L').replace('d', 'H')}", bands[letters][window]


def laplacian_of_gaussian(image: np.ndarray, spacing: tuple[float, float, float], sigma: float) -> np.ndarray:
    """Scale-normalised Laplacian of a recursive Gaussian of ``sigma`` mm (SimpleITK, in single precision as PyRadiomics)."""
    source = sitk.GetImageFromArray(image.astype(np.float32))
    source.SetSpacing(spacing[::-1])
    smooth = sitk.LaplacianRecursiveGaussianImageFilter()
    smooth.SetNormalizeAcrossScale(True)
    smooth.SetSigma(sigma)
    return sitk.GetArrayFromImage(smooth.Execute(source))
