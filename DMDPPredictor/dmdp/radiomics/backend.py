"""The choice of the program that computes: the engine, or PyRadiomics if the engine does not know a setting or on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..errors import InputError, LesionError, UsageError, base_name
from ..images.mask import Mask
from ..images.volume import Volume
from ..resources import PROFILE_SUFFIXES, installed_profiles, is_path
from . import BACKENDS
from .engine import extract_present
from .parameters import Parameters, is_parameters, read_parameters
from .profile import Profile, read_json, read_profile
from .reference import extract_by_pyradiomics


@dataclass(frozen=True)
class Extraction:
    """``features`` by region and name; ``absent`` says why a region has none; ``backend`` computed them."""

    features: Mapping[str, Mapping[str, float]]
    absent: Mapping[str, str]
    backend: str


def find_settings(name_or_path: str | Path) -> Profile | Parameters:
    """A profile by the name it is installed under or by its JSON file, or a PyRadiomics parameter file (.yaml, .yml, .json).

    Raises :class:`InputError` that lists the installed names.
    """
    path, installed = Path(name_or_path), installed_profiles()
    if is_settings_file(name_or_path):
        if path.suffix.lower() in (".yaml", ".yml"):
            return read_parameters(path)
        return read_parameters(path) if is_parameters(read_json(path)) else read_profile(path)
    if path.name in installed:
        return read_profile(installed[path.name])
    raise InputError(
        "profile.not_found",
        f"There is no radiomics profile '{base_name(name_or_path)}'.",
        f"a file, or one of: {', '.join(sorted(installed)) or '(none installed)'}.",
        "Check the name, or give the path of a profile or of a PyRadiomics parameter file.",
    )


def is_settings_file(name_or_path: str | Path | None) -> bool:
    """Whether a file is meant, not a profile that is installed: it has a separator or a suffix of such files."""
    return name_or_path is not None and is_path(name_or_path, PROFILE_SUFFIXES)


def compute(
    image: Volume,
    masks: Mapping[str, Mask],
    settings: Profile | Parameters,
    backend: str = "auto",
    *,
    whole_numbers: bool = False,
) -> Extraction:
    """Features of every region that is large enough; ``masks`` are on the image's grid.

    ``auto`` is the engine, and PyRadiomics for settings that the engine does not know. ``whole_numbers`` says that the image was
    stored as whole numbers, of which PyRadiomics cuts the fractions off after interpolation. Raises :class:`InputError` if
    neither program knows the settings, or if only PyRadiomics does and it must not be used, :class:`UsageError` for another
    back-end.
    """
    arrays = {name: mask.array for name, mask in masks.items()}
    if backend not in BACKENDS:
        raise UsageError("radiomics.backend", f"The back-end '{backend}'.", f"one of {', '.join(BACKENDS)}.", "Choose one.")
    if isinstance(settings, Parameters):
        settings.check_known()
    unknown = settings.unsupported if isinstance(settings, Parameters) else ()
    profile = settings.profile if isinstance(settings, Parameters) else settings
    if backend == "pyradiomics" or (backend == "auto" and unknown and find_spec("radiomics")):
        document = settings.document if isinstance(settings, Parameters) else settings
        return _by_pyradiomics(image, arrays, document, whole_numbers)
    if unknown or profile is None:
        raise InputError(
            "radiomics.unsupported",
            f"The parameter file asks for {', '.join(unknown)}.",
            "settings that the engine computes, or PyRadiomics to be installed.",
            "Change the file, or install pyradiomics 3.0.1.",
        )
    found, refused = extract_present(image, arrays, profile, whole_numbers=whole_numbers)
    return Extraction(found, {name: error.found for name, error in refused.items()}, "engine")


def _by_pyradiomics(
    image: Volume, masks: Mapping[str, np.ndarray], settings: Profile | Mapping, whole_numbers: bool
) -> Extraction:
    found, absent = {}, {}
    for name, mask in masks.items():
        try:
            found.update(extract_by_pyradiomics(image, {name: mask}, settings, whole_numbers=whole_numbers))
        except LesionError as error:
            absent[name] = error.found
        else:
            if not found[name]:
                absent[name] = "PyRadiomics makes no feature of it by these settings, or lacks a package for one of their filters"
    return Extraction(found, absent, "pyradiomics")
