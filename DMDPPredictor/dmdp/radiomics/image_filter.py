"""A filter whose image features are computed from besides the original: what computes it, and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .grid import Box, Gridded
from .profile import Profile

Patches = dict[str, np.ndarray]


@dataclass(frozen=True)
class ImageFilter:
    """A filter: one object in the file that computes it, and one line in :mod:`dmdp.radiomics.filters`.

    Attributes
    ----------
    name : str
        As PyRadiomics calls the type of image.
    images : callable
        From a profile to the names of the images that it asks of this filter, as they head the names of features; none if it
        asks for none.
    apply : callable
        From a grid, the box of each region in it, and the profile to the image by region, one after the other in the order of
        ``images``, each cut to the region's box. A region that the filter cannot be applied to is left out. It is asked only if
        there are images and regions.
    """

    name: str
    images: Callable[[Profile], tuple[str, ...]]
    apply: Callable[[Gridded, Mapping[str, Box], Profile], Iterator[Patches]]
