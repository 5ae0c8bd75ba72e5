"""The images that features are computed from: the original, and what the filters make of it.

PyRadiomics filters the whole field of a region (:mod:`dmdp.radiomics.grid`). Both filters forget what is far, so here they see
the regions and their surroundings only, and one wavelet pass serves all regions whose neighbourhood lies within their field.
Another filter is its own file and a line here, with its setting in :class:`dmdp.radiomics.profile.Profile`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from . import laplacian, wavelet
from .grid import Box, Gridded
from .image_filter import ImageFilter, Patches
from .profile import Profile

ORIGINAL = "original"


def _original(grid: Gridded, boxes: Mapping[str, Box], profile: Profile) -> Iterator[Patches]:
    yield {name: grid.image[box] for name, box in boxes.items()}


FILTERS: dict[str, ImageFilter] = {
    item.name: item
    for item in (
        ImageFilter("Original", lambda profile: (ORIGINAL,) if profile.original else (), _original),
        laplacian.FILTER,
        wavelet.FILTER,
    )
}


def image_names(profile: Profile) -> tuple[str, ...]:
    """The images of a profile, as they stand at the head of its features' names."""
    return tuple(name for item in FILTERS.values() for name in item.images(profile))


def filtered(grid: Gridded, boxes: Mapping[str, Box], profile: Profile) -> Iterator[tuple[str, Patches]]:
    """(name, image by region) for every image of the profile; each image is cut to the region's box in ``boxes``."""
    for item in FILTERS.values():
        names = item.images(profile)
        if names and boxes:
            yield from zip(names, item.apply(grid, boxes, profile), strict=True)
