"""The same features computed by PyRadiomics itself, if it can be imported: the reference for the engine."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InputError, LesionError, MissingPackage
from ..images.files import to_sitk
from ..images.volume import Volume
from .parameters import as_parameters
from .profile import Profile

LONGEST = 160  # letters of what PyRadiomics says


def extract_by_pyradiomics(
    image: Volume, masks: Mapping[str, np.ndarray], profile: Profile | Mapping[str, Any], *, whole_numbers: bool = False
) -> dict[str, dict[str, float]]:
    """As :func:`dmdp.radiomics.engine.extract`, one region after the other, by a profile or the content of a parameter file.

    The image goes in as float32 unless it holds ``whole_numbers``: PyRadiomics cuts the fractions off what it interpolates of an
    integer image. Raises :class:`MissingPackage` without PyRadiomics, :class:`LesionError` for a region that it refuses,
    :class:`InputError` for settings that it refuses or for which the memory does not do.
    """
    made = extractor(profile)
    picture = to_sitk(image.array.astype(np.int32 if whole_numbers else np.float32), image.geometry)
    found = {}
    for name, mask in masks.items():
        try:
            values = made.execute(picture, to_sitk(mask.astype(np.uint8), image.geometry))
        except MemoryError as error:
            raise InputError(
                "radiomics.memory",
                f"PyRadiomics finds no memory for the matrices of the region '{name}'.",
                "grey levels that are few enough: some 16 to 128.",
                "Choose a larger bin width (binWidth), or a number of bins (binCount).",
            ) from error
        except (ValueError, RuntimeError, IndexError, AssertionError) as error:
            raise LesionError(
                "region.refused",
                f"PyRadiomics refuses the region '{name}' ({_plain(error)}).",
                "a larger region.",
                "Leave it out.",
            ) from error
        found[name] = {key: float(value) for key, value in values.items() if not key.startswith("diagnostics")}
    return found


def extractor(profile: Profile | Mapping[str, Any], information: bool = False):
    """A PyRadiomics extractor; ``information`` keeps its diagnostic entries. Raises :class:`MissingPackage`."""
    try:
        import radiomics
        from radiomics.featureextractor import RadiomicsFeatureExtractor
    except ImportError as error:
        raise MissingPackage("pyradiomics", "features by the reference implementation") from error
    for logger in (radiomics.logger, logging.getLogger("pykwalify")):  # what they say of bad files, we say
        logger.setLevel(logging.CRITICAL)
    parameters = as_parameters(profile) if isinstance(profile, Profile) else dict(profile)
    # the mask that goes in is one region, whichever label the file's author drew it with
    parameters["setting"] = {**(parameters.get("setting") or {}), "additionalInfo": information, "label": 1, "label_channel": 0}
    try:
        return RadiomicsFeatureExtractor(parameters)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:  # its schema's errors are RuntimeErrors
        raise InputError(
            "parameters.refused",
            f"PyRadiomics refuses the parameter file ({_plain(error)}).",
            "settings as PyRadiomics documents them.",
            "Correct the file.",
        ) from error


def _plain(error: Exception) -> str:
    """What an error of PyRadiomics says, in one line; of an error of ITK, whose words are for programmers, only what it means."""
    if "ITK" in str(error) or "sitk" in str(error):
        return "it is too thin, or too small, for one of the filters"
    lines = [line.strip(" -\t") for line in str(error).splitlines() if line.strip(" -\t:.")]
    told = [line for line in lines if line.startswith(("Key ", "Value ")) or "not " in line] or lines
    words = (told[0] if told else type(error).__name__).strip('[]"').split(" Path: ")[0].rstrip(".:")
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
