"""A family of features, and the region in one image that it measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .discretise import check_levels, grey_levels
from .matrices import Levels, neighbourhood
from .offsets import offsets

if TYPE_CHECKING:
    from .settings import Settings

MASK, VALUES, LEVELS = "mask", "values", "levels"


@dataclass(frozen=True, eq=False)
class Patch:
    """A region in one image: ``image`` (z, y, x) and ``mask`` (bool), both cut to the region's box, with ``spacing`` mm.

    What several families need is computed once, by the first that asks for it. Of each of these properties
    :class:`dmdp.errors.InputError` may come, if the profile makes too many grey levels of the region.
    """

    image: np.ndarray
    mask: np.ndarray
    spacing: tuple[float, float, float]
    profile: Settings

    @cached_property
    def values(self) -> np.ndarray:
        """The values of the region's voxels (n,) in the unit of the image."""
        return self.image[self.mask]

    @cached_property
    def bins(self) -> np.ndarray:
        """The grey level of each of :attr:`values` (n,), int32 from 1."""
        return grey_levels(self.values, self.profile)

    @cached_property
    def levels(self) -> Levels:
        """The grey levels in their places, for counting."""
        box = np.zeros(self.mask.shape, np.int32)
        box[self.mask] = self.bins
        return Levels.of(box, max(self.profile.distances))

    @cached_property
    def nearest(self) -> np.ndarray:
        """The steps (A, 3) to neighbours that touch, along which runs and zones are counted; the distances of the profile do not
        apply to them.
        """
        return offsets(self.mask.shape, force_2d_axis=self.profile.force_2d_axis)

    @cached_property
    def neighbourhood(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(GLCM, GLDM, NGTDM), as :func:`dmdp.radiomics.matrices.neighbourhood` counts them at the profile's distances."""
        steps = offsets(self.mask.shape, self.profile.distances, self.profile.force_2d_axis)
        check_levels(len(steps), self.levels.present, self.profile)
        return neighbourhood(self.levels, steps, self.profile.gldm_alpha)


@dataclass(frozen=True)
class Family:
    """A feature family: one object in the file that computes it, and one line in :mod:`dmdp.radiomics.families`.

    Attributes
    ----------
    name : str
        How it is called in profiles and in the names of its features.
    reads : str
        ``MASK``: it measures the outline and is computed once per region. ``VALUES``: it measures the values of every image.
        ``LEVELS``: it measures how grey levels lie beside one another, for which a region needs neighbouring voxels.
    compute : callable
        From a :class:`Patch` to the features by their names, in the order of ``table``.
    table : str
        One line per feature, ``name | unit | IBSI tag | definition``. In it p is a normalised matrix, i and j its grey levels or
        sizes, μ and σ means and deviations, H an entropy, u the unit of the image; grey levels are bin numbers and have no unit.
        The tag is that of the IBSI 1 reference values, - if they have none.
    ibsi : str
        How the reference values write the ``{tag}`` with the ``{place}`` (3D or 2_5D) in which a matrix was counted.
    pyradiomics : bool
        Whether PyRadiomics computes it too, so that its parameter files may ask for it. A profile that does not list its
        families has these, so that its meaning and its hash stay when another family is added.
    """

    name: str
    reads: str
    compute: Callable[[Patch], Mapping[str, float]]
    table: str
    ibsi: str = "{tag}_{place}"
    pyradiomics: bool = False

    @cached_property
    def features(self) -> dict[str, tuple[str, str, str]]:
        """Feature → (unit, IBSI tag or nothing, definition)."""
        rows = (line.split(" | ") for line in self.table.strip().splitlines())
        return {name: (unit, "" if tag == "-" else tag, definition) for name, unit, tag, definition in rows}
