"""The feature families, by name, in the order in which they are computed. Another one is its own file and a line here."""

from __future__ import annotations

from . import first_order, glcm, ngtdm, shape, sizes
from .family import LEVELS, Family

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (shape.FAMILY, first_order.FAMILY, glcm.FAMILY, sizes.GLRLM, sizes.GLSZM, sizes.GLDM, ngtdm.FAMILY)
}
OF_PYRADIOMICS = tuple(name for name, family in FAMILIES.items() if family.pyradiomics)
TEXTURES = frozenset(name for name, family in FAMILIES.items() if family.reads == LEVELS)
