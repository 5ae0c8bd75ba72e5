"""What a person reads where files have code names: quantities, coded values, contour rules, verdicts and their colours.

The one list for the panel, the report page and the printed report; files keep the code names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .delineation.methods import ORIGINS

_PLANES = {"xy": "axial", "xz": "coronal", "yz": "sagittal"}
NAMES: Mapping[str, str] = {
    "age": "age",
    "sex": "sex",
    "smoking": "smoking",
    "suv_max": "SUVmax",
    "suv_mean": "SUVmean",
    "suv_median": "SUV median",
    "suv_min": "SUVmin",
    "suv_var": "SUV variance",
    "suv_sd": "SUV standard deviation",
    "suv_skew": "SUV skewness",
    "suv_kurtosis": "SUV kurtosis",
    "suv_area": "largest axial area",
    "suv_peak": "SUVpeak",
    "suv_peak_global": "SUVpeak, anywhere in the lesion",
    "MTV_3": "metabolic volume (MTV)",
    "TLG_3": "total lesion glycolysis (TLG)",
    "TLG_4": "TLG, volume at 40 %, mean of all",
    "TLG40": "TLG at 40 %",
    "het0": "heterogeneity, of the mean square",
    "het1": "heterogeneity, of the variance",
    **{f"suv_mean_sd_{code}": f"zone variance, {plane}" for code, plane in _PLANES.items()},
    **{f"suv_mean_sd_{code}_sd": f"zone deviation, {plane}" for code, plane in _PLANES.items()},
    **{f"type_{code}": f"course outwards, {plane}" for code, plane in _PLANES.items()},
}
_COURSE = {1.0: "hollow or second peak", 0.0: "falling"}
CODED: Mapping[str, Mapping[Any, str]] = {
    "sex": {"F": "female", "M": "male", 1.0: "female", 0.0: "male"},
    "smoking": {"ever": "ever", "never": "never", 1.0: "ever", 0.0: "never"},
    **{f"type_{code}": _COURSE for code in _PLANES},
}
MODALITIES: Mapping[str, str] = {"both": "PET and CT"}
VERDICTS: Mapping[str, str] = {
    "ok": "Within the models’ range",
    "caution": "Caution",
    "outside": "Outside the models’ range",
}
COLOURS: Mapping[str, Mapping[str, str]] = {  # at least 4.5 : 1 against the paper, the page's panels and an application's window
    "light": {"ok": "#1a6b3e", "caution": "#7d5000", "outside": "#b3261e"},
    "dark": {"ok": "#6fd19b", "caution": "#e8b45a", "outside": "#ff9a91"},
}
CT_WINDOWS: Mapping[str, tuple[float, float]] = {"lung": (1500.0, -600.0), "soft tissue": (400.0, 40.0)}  # HU: width and level


def name(code: str) -> str:
    """A quantity's name; one that is not in the list, such as a radiomic feature's, without its underscores."""
    return NAMES.get(code, code.replace("_", " "))


def names(codes: Iterable[str]) -> str:
    """Several names, separated by commas."""
    return ", ".join(name(code) for code in codes)


def coded(code: str, value: Any) -> str | None:
    """The word that a value of a coded quantity stands for, as in files (``F``, ``ever``) and as models read it (1, 0).

    None if the value is a number, or unknown.
    """
    words = CODED.get(code, {})
    return words.get(value) if isinstance(value, str | int | float) else None


def method(code: str) -> str:
    """The rule by which a contour was drawn."""
    return ORIGINS[code].title if code in ORIGINS else code.replace("_", " ")


def modality(code: str) -> str:
    """The images that a contour holds for."""
    return MODALITIES.get(code, code)


def verdict_colour(verdict: str, dark: bool) -> str:
    """The colour (#rrggbb) of an applicability verdict on a dark or a light ground."""
    return COLOURS["dark" if dark else "light"][verdict]
