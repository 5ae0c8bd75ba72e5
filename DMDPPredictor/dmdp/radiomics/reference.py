"""The same features by PyRadiomics itself, where it can be imported: the reference that the engine is held to."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np

from ..case import Volume
from ..errors import LesionError, MissingPackage
from .grid import to_sitk
from .profile import Profile

INTERPOLATOR = {"bspline": "sitkBSpline", "linear": "sitkLinear", "nearest": "sitkNearestNeighbor"}


def extract_by_pyradiomics(image: Volume, masks: Mapping[str, np.ndarray], profile: Profile) -> dict[str, dict[str, float]]:
    """As :func:`dmdp.radiomics.engine.extract`, one region after the other. Raises :class:`MissingPackage` without PyRadiomics,
    :class:`LesionError` for a region that it refuses."""
    try:
        import radiomics
        from radiomics.featureextractor import RadiomicsFeatureExtractor
    except ImportError as error:
        raise MissingPackage("pyradiomics", "features by the reference implementation") from error
    radiomics.logger.setLevel(logging.CRITICAL)
    extractor = RadiomicsFeatureExtractor(**_settings(profile))
    extractor.disableAllImageTypes()
    if profile.original:
        extractor.enableImageTypeByName("Original")
    if profile.wavelet:
        extractor.enableImageTypeByName("Wavelet", customArgs={"wavelet": profile.wavelet})
    if profile.log_sigma_mm:
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": list(profile.log_sigma_mm)})
    extractor.disableAllFeatures()
    for name in profile.classes:
        extractor.enableFeatureClassByName(name)
    picture = to_sitk(image.array.astype(np.float32), image.geometry)
    found = {}
    for name, mask in masks.items():
        try:
            values = extractor.execute(picture, to_sitk(mask.astype(np.uint8), image.geometry))
        except ValueError as error:
            raise LesionError(
                "region.refused", f"PyRadiomics refuses the region '{name}' ({error}).", "a larger region.", "Leave it out."
            ) from error
        found[name] = {key: float(value) for key, value in values.items() if not key.startswith("diagnostics")}
    return found


def _settings(profile: Profile) -> dict[str, object]:
    settings: dict[str, object] = {
        "binWidth": profile.bin_width,
        "distances": list(profile.distances),
        "symmetricalGLCM": profile.symmetric_glcm,
        "gldm_a": profile.gldm_alpha,
        "force2D": profile.force_2d_axis is not None,
        "force2Ddimension": profile.force_2d_axis or 0,
        "voxelArrayShift": profile.array_shift,
        "padDistance": profile.pad,
        "interpolator": INTERPOLATOR[profile.interpolator],
        "additionalInfo": False,
    }
    if profile.bin_count is not None:
        settings["binCount"] = profile.bin_count
    if profile.spacing_mm is not None:
        settings["resampledPixelSpacing"] = list(profile.spacing_mm)
    if profile.resegment is not None:
        settings |= {"resegmentRange": list(profile.resegment), "resegmentMode": profile.resegment_mode}
    return settings
