"""PET nuclides and tracers by the names and codes under which headers record them."""

from __future__ import annotations

import re

USUAL_UPTAKE = (45.0, 90.0)  # minutes from the injection of FDG to the scan
# Physical half-lives in seconds (Decay Data Evaluation Project and NIST; Mn-52, Br-76, Y-86: ENSDF).
HALF_LIVES = {
    "11C": 1221.8, "13N": 597.9, "15O": 122.2, "18F": 6586.2, "44Sc": 14551.2, "52Mn": 483062.4, "60Cu": 1422.0,
    "61Cu": 12016.8, "62Cu": 580.2, "64Cu": 45723.6, "66Ga": 34164.0, "68Ga": 4062.6, "76Br": 58320.0, "82Rb": 76.4,
    "86Y": 53064.0, "89Zr": 282276.0, "94mTc": 3120.0, "124I": 360806.4,
}  # fmt: skip
ELEMENTS = {
    "C": "carbon", "N": "nitrogen", "O": "oxygen", "F": "fluorine", "Sc": "scandium", "Mn": "manganese", "Cu": "copper",
    "Ga": "gallium", "Br": "bromine", "Rb": "rubidium", "Y": "yttrium", "Zr": "zirconium", "Tc": "technetium", "I": "iodine",
}  # fmt: skip
# Codes of CID 4020 (SNOMED CT and SNOMED RT) and of FDG in CID 4021, for headers whose code has no telling name.
NUCLIDE_CODES = {
    "40565003": "11C", "C-105A1": "11C", "21576001": "13N", "C-107A1": "13N", "129504001": "15O", "C-B1038": "15O",
    "77004003": "18F", "C-111A1": "18F", "35337001": "68Ga", "C-131A3": "68Ga", "79197006": "82Rb", "C-159A2": "82Rb",
    "3932008": "64Cu", "63360001": "89Zr", "40937006": "124I",
}  # fmt: skip
FDG_CODES = frozenset(("C-B1031", "35321007", "C0046056", "Y-X1743"))
OTHER_TRACERS = re.compile(
    r"flt|thymidine|naf|fluoride|dota|psma|choline|fet|tyrosine|miso|methionine|acetate|amyl|florbet|flutemet|dopa|estradiol|"
    r"fes|fapi|ammonia|water|rubidium|octreo|exendin|pentixa|fluciclovine|tau",
)


def is_fdg(tracer: str) -> bool:
    """True for the names and DICOM codes under which FDG is recorded."""
    name = tracer.lower().replace("-", "").replace(" ", "")
    return any(word in name for word in ("fdg", "fluorodeoxyglucose", "deoxyglucose", "cb1031"))


def names_another(tracer: str) -> bool:
    """True if a name is that of a PET tracer which is not FDG; free text such as ``Solution`` is none."""
    return not is_fdg(tracer) and bool(OTHER_TRACERS.search(tracer.lower()))


def nuclide_of(name: str) -> str:
    """The nuclide, such as ``18F``, that a name mentions (``F-18``, ``^18^Fluorine``) or FDG carries; empty if none."""
    plain = re.sub(r"[^0-9a-z]+", "-", name.lower())
    for nuclide in HALF_LIVES:
        [(mass, symbol)] = re.findall(r"^(\d+m?)(\w+)$", nuclide)
        element = f"(?:{symbol.lower()}|{ELEMENTS[symbol]})"
        if re.search(rf"(?<![0-9a-z]){mass}-?{element}(?![a-z])|(?<![a-z]){element}-?{mass}(?![0-9a-z])", plain):
            return nuclide
    return "18F" if is_fdg(name) else ""
