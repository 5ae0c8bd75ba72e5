"""PyRadiomics parameter files (YAML or JSON) as profiles and back, and what of them the engine does not compute."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SimpleITK as sitk

from ..errors import InputError, MissingPackage
from ..reading import Unread, read_text, why
from .catalogue import CATALOGUE
from .families import OF_PYRADIOMICS
from .profile import Profile
from .settings import INTERPOLATORS

PARTS = ("setting", "imageType", "featureClass")
SAME = {
    "binWidth": "bin_width",
    "binCount": "bin_count",
    "distances": "distances",
    "symmetricalGLCM": "symmetric_glcm",
    "gldm_a": "gldm_alpha",
    "voxelArrayShift": "array_shift",
    "padDistance": "pad",
    "preCrop": "crop",
    "resampledPixelSpacing": "spacing_mm",
    "resegmentRange": "resegment",
    "resegmentMode": "resegment_mode",
    "resegmentShape": "resegment_shape",
    "minimumROIDimensions": "minimum_dimensions",
}
BY_THEIR_NAME = {key: ours for ours, theirs in INTERPOLATORS.items() for key in (theirs, getattr(sitk, theirs))}
OFF = {"normalize": False, "normalizeScale": 1, "removeOutliers": None, "weightingNorm": None}
WITHOUT_EFFECT = {"label", "label_channel", "additionalInfo", "correctMask", "geometryTolerance", "enableCExtensions"}
# what PyRadiomics 3.0.1 knows beyond what the engine computes (its documentation, "Customizing the extraction")
THEIR_PARTS = (*PARTS, "voxelSetting")
THEIR_FILTERS = (
    "sigma", "start_level", "level", "wavelet", "gradientUseSpacing", "lbp2DRadius", "lbp2DSamples", "lbp2DMethod", "lbp3DLevels",
    "lbp3DIcosphereRadius", "lbp3DIcosphereSubdivision",
)  # fmt: skip
THEIR_SETTINGS = {*SAME, *OFF, *WITHOUT_EFFECT, *THEIR_FILTERS, "interpolator", "minimumROISize", "force2D", "force2Ddimension"}
THEIR_IMAGES = (
    "Original", "Wavelet", "LoG", "Square", "SquareRoot", "Logarithm", "Exponential", "Gradient", "LBP2D", "LBP3D",
)  # fmt: skip
THEIR_CLASSES = (*OF_PYRADIOMICS, "shape2D")
DEPRECATED = {
    "firstorder_StandardDeviation", "glcm_Dissimilarity", "glcm_Homogeneity1", "glcm_Homogeneity2", "glcm_SumVariance",
    "gldm_GrayLevelNonUniformityNormalized", "gldm_DependencePercentage", "shape_Compactness1", "shape_Compactness2",
    "shape_SphericalDisproportion",
}  # fmt: skip
WAVELET = {"wavelet": "coif1", "start_level": 0, "level": 1}


@dataclass(frozen=True, eq=False)
class Parameters:
    """``document`` is the file's content; ``profile`` the same for the engine, None if ``unsupported`` names something.

    ``unknown`` names what PyRadiomics does not know either; ``name`` is what the file is called, without its suffix.
    """

    document: Mapping[str, Any]
    profile: Profile | None
    unsupported: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    name: str = "parameter file"

    @property
    def label(self) -> int | None:
        """The label of the mask that the file means; None if it leaves this open."""
        return (self.document.get("setting") or {}).get("label")

    def check_known(self) -> None:
        """Raise :class:`InputError` for settings that no program knows, and name them."""
        if self.unknown:
            raise InputError(
                "parameters.unknown",
                f"The parameter file '{self.name}' holds what PyRadiomics 3.0.1 does not know: {', '.join(self.unknown)}.",
                "settings, image types, feature classes and features by their names in PyRadiomics' documentation.",
                "Correct or remove them.",
            )


def read_parameters(path: str | Path) -> Parameters:
    """A PyRadiomics parameter file, YAML or JSON.

    Raises :class:`InputError` if it is no parameter file or names a setting that no program knows, :class:`MissingPackage` for
    YAML without ruamel.yaml.
    """
    path = Path(path)
    try:
        text = read_text(path)
        document = json.loads(text) if path.suffix.lower() == ".json" else _from_yaml(text)
    except (OSError, ValueError) as error:
        raise InputError(
            "parameters.unreadable",
            f"'{path.name}' cannot be read as JSON or YAML ({why(error)}).",
            "a PyRadiomics parameter file.",
            "Check the path and the file.",
        ) from error
    found = from_document(path.stem, document)
    found.check_known()
    return found


def _from_yaml(text: str) -> Any:
    try:
        from ruamel.yaml import YAML, YAMLError
    except ImportError as error:
        raise MissingPackage("ruamel.yaml", "PyRadiomics parameter files in YAML", "radiomics") from error
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise Unread(f"line {mark.line + 1} is no YAML" if mark else "it is no YAML") from error


def from_document(name: str, document: Any) -> Parameters:
    """Parameters from the content of a file. Raises :class:`InputError` if it is not one or holds impossible values."""
    if not is_parameters(document):
        raise InputError(
            "parameters.content",
            f"'{name}' holds none of {', '.join(PARTS)}.",
            "a PyRadiomics parameter file.",
            "Give a file that PyRadiomics reads.",
        )
    left = [f"{key} (unknown part)" for key in document if key not in PARTS]
    try:
        settings, more = _settings(document.get("setting") or {})
        images, most = _images(document.get("imageType") or {"Original": {}})
        classes, rest = _classes(document.get("featureClass") or {kind: None for kind in OF_PYRADIOMICS})
        left += more + most + rest
        profile = None if left else Profile(name, **settings, **images, **classes)
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "parameters.type",
            f"A setting in '{name}' has the wrong type.",
            "what PyRadiomics documents for it.",
            "Correct the file.",
        ) from error
    return Parameters(document, profile, tuple(left), _unknown(document), name)


def _unknown(document: Mapping[str, Any]) -> tuple[str, ...]:
    """What of a file PyRadiomics would not accept by its name."""
    found = [f"{part}" for part in document if part not in THEIR_PARTS]
    found += [f"{key} = {value}" for key, value in (document.get("setting") or {}).items() if key not in THEIR_SETTINGS]
    for kind, options in (document.get("imageType") or {}).items():
        if kind not in THEIR_IMAGES:
            found.append(f"image type {kind}")
        found += [f"{kind} {key} = {value}" for key, value in (options or {}).items() if key not in THEIR_SETTINGS]
    for kind, names in (document.get("featureClass") or {}).items():
        if kind not in THEIR_CLASSES:
            found.append(f"feature class {kind}")
        elif kind != "shape2D":
            known = [name for name in (*CATALOGUE, *DEPRECATED) if name.startswith(f"{kind}_")]
            found += [f"feature {kind}_{name}" for name in names or () if f"{kind}_{name}" not in known]
    return tuple(found)


def is_parameters(document: Any) -> bool:
    """Whether the content of a file has the parts of a PyRadiomics parameter file."""
    return isinstance(document, Mapping) and bool(set(document) & set(PARTS))


def _settings(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    found, left = {}, []
    for key, value in given.items():
        if key in SAME:
            found[SAME[key]] = tuple(value) if isinstance(value, list) else value
        elif key == "interpolator" and isinstance(value, str | int) and value in BY_THEIR_NAME:
            found["interpolator"] = BY_THEIR_NAME[value]
        elif key == "minimumROISize":
            found["minimum_voxels"] = 1 if value is None else value + 1  # PyRadiomics asks for more than this
        elif key == "force2D":
            found["force_2d_axis"] = given.get("force2Ddimension", 0) if value else None
        elif key not in WITHOUT_EFFECT | {"force2Ddimension"} and not (key in OFF and value == OFF[key]):
            left.append(f"{key} = {value}")
    return {key: value for key, value in found.items() if value is not None}, left


def _images(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    found, left = dict[str, Any](original=False), []
    for kind, options in given.items():
        options = dict(options or {})
        if kind == "Original":
            found["original"] = True
        elif kind == "Wavelet":
            found["wavelet"] = "coif1"
            left += [f"Wavelet {key} = {value}" for key, value in options.items() if WAVELET.get(key, ...) != value]
            options = {}
        elif kind == "LoG":
            found["log_sigma_mm"] = tuple(options.pop("sigma", ()))
        else:
            left.append(f"image type {kind}")
            options = {}
        left += [f"{kind} {key} = {value}" for key, value in options.items()]
    return found, left


def _classes(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    left, only = [], []
    for kind, names in given.items():
        if kind not in OF_PYRADIOMICS:
            left.append(f"feature class {kind}")
            continue
        every = [name for name in CATALOGUE if name.startswith(f"{kind}_")]
        chosen = [f"{kind}_{name}" for name in names or ()]
        left += [f"feature {name}" for name in chosen if name not in CATALOGUE]
        only += chosen or every
    classes = tuple(kind for kind in OF_PYRADIOMICS if kind in given)
    whole = all(not names for names in given.values())
    return {"classes": classes, "only": None if whole else tuple(only)}, left


def as_parameters(profile: Profile) -> dict[str, Any]:
    """A profile as the content of a parameter file; :func:`from_document` makes the same profile of it.

    Raises :class:`InputError` for a profile that follows IBSI.
    """
    if profile.ibsi:
        raise InputError(
            "radiomics.convention",
            f"The profile '{profile.name}' follows IBSI.",
            "a profile by PyRadiomics' convention: PyRadiomics knows no other.",
            "Choose the engine.",
        )
    given = {theirs: getattr(profile, ours) for theirs, ours in SAME.items()}
    settings = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items() if value is not None}
    settings["interpolator"] = INTERPOLATORS[profile.interpolator]
    settings["force2D"], settings["force2Ddimension"] = profile.force_2d_axis is not None, profile.force_2d_axis or 0
    if profile.minimum_voxels > 1:
        settings["minimumROISize"] = profile.minimum_voxels - 1  # PyRadiomics asks for more than this
    images = {
        **({"Original": {}} if profile.original else {}),
        **({"Wavelet": {"wavelet": profile.wavelet}} if profile.wavelet else {}),
        **({"LoG": {"sigma": list(profile.log_sigma_mm)}} if profile.log_sigma_mm else {}),
    }
    names = {kind: [name.split("_")[1] for name in profile.only or () if name.startswith(f"{kind}_")] for kind in profile.classes}
    return {"setting": settings, "imageType": images, "featureClass": names}
