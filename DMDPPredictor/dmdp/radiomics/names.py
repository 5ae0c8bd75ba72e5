"""The names of all features that a profile makes: ``<image>_<class>_<feature>``, as PyRadiomics has them."""

from __future__ import annotations

from .families import FAMILIES
from .family import MASK
from .filters import ORIGINAL, image_names
from .profile import Profile


def feature_names(profile: Profile) -> tuple[str, ...]:
    """Every feature that a profile makes, in the engine's order: what a region lacks is one of these."""
    wanted: dict[bool, list[str]] = {True: [], False: []}
    for kind in profile.classes:
        names = (f"{kind}_{name}" for name in FAMILIES[kind].features)
        wanted[FAMILIES[kind].reads == MASK] += [name for name in names if profile.only is None or name in profile.only]
    once = [f"{ORIGINAL}_{name}" for name in wanted[True]]
    return (*once, *(f"{image}_{name}" for image in image_names(profile) for name in wanted[False]))
