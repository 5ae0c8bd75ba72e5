"""The bands of one level of the undecimated wavelet transform of an image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np

from ..errors import MissingPackage
from .grid import Box, Gridded
from .image_filter import ImageFilter, Patches
from .profile import Profile

WAVELET_REACH = 3  # voxels of coif1 at level 1

Ends = tuple[tuple[int, int] | None, ...]


def _axes(profile: Profile) -> list[int]:
    return [axis for axis in range(3) if axis != profile.force_2d_axis]


def band_names(letters: int) -> tuple[str, ...]:
    """``LLH`` and so on: low or high along each axis, x first; the approximation, which is low along all, comes last."""
    approximation, *details = ("".join(band) for band in product("LH", repeat=letters))
    return (*details, approximation)


def _images(profile: Profile) -> tuple[str, ...]:
    return tuple(f"wavelet-{band}" for band in band_names(len(_axes(profile)))) if profile.wavelet else ()


def _apply(grid: Gridded, boxes: Mapping[str, Box], profile: Profile) -> Iterator[Patches]:
    """One pass for all regions that no end of their field is near to, and one for each way in which others are."""
    assert profile.wavelet is not None  # else no image is asked for
    axes = _axes(profile)
    sharing: dict[Ends, list[str]] = {}
    for name, box in boxes.items():
        sharing.setdefault(_near_ends(box, grid.fields[name], axes), []).append(name)
    passes = []
    for ends, names in sharing.items():
        part = tuple(
            slice(*end)
            if end
            else slice(
                max(min(boxes[name][axis].start for name in names) - WAVELET_REACH, 0),
                max(boxes[name][axis].stop for name in names) + WAVELET_REACH,
            )
            for axis, end in enumerate(ends)
        )
        passes.append((names, part, wavelet_bands(grid.image[part], profile.wavelet, axes)))
    for label in band_names(len(axes)):
        found = {}
        for names, part, bands in passes:
            for name in names:
                window = tuple(slice(s.start - p.start, s.stop - p.start) for s, p in zip(boxes[name], part, strict=True))
                found[name] = bands[label][window]
        yield {name: found[name] for name in boxes}


def _near_ends(box: Box, field: Box, axes: list[int]) -> Ends:
    """Per axis the field's extent if ``box`` comes near to its ends, else None.

    There the transform goes round to the other end, and must be given all of the field along that axis.
    """
    return tuple(
        (field[axis].start, field[axis].stop)
        if axis in axes and min(box[axis].start - field[axis].start, field[axis].stop - box[axis].stop) < WAVELET_REACH
        else None
        for axis in range(3)
    )


def wavelet_bands(image: np.ndarray, name: str, axes: list[int]) -> dict[str, np.ndarray]:
    """The bands of one level of the undecimated wavelet transform; ``LLH`` is low, low, high along x, y, z.

    The transform repeats the image; an odd side is first made even by a copy of its first voxel, as PyRadiomics does.
    """
    try:
        import pywt
    except ImportError as error:
        raise MissingPackage("PyWavelets", "wavelet features", "radiomics") from error
    order = tuple(sorted(axes, reverse=True))  # x first: the letters of the names
    even = np.pad(image, [(0, side % 2) for side in image.shape], "wrap")
    bands = pywt.swtn(even, pywt.Wavelet(name), level=1, start_level=0, axes=order)[0]
    return {key.replace("a", "L").replace("d", "H"): band for key, band in bands.items()}


FILTER = ImageFilter("Wavelet", _images, _apply)
