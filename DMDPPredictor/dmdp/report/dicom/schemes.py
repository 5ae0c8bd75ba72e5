"""The identification of our private coding scheme in objects that use it (PS3.3 C.12.1, Coding Scheme Identification)."""

from __future__ import annotations

from highdicom.coding_schemes import CodingSchemeIdentificationItem

from .codes import RESPONSIBLE, SCHEME, SCHEME_NAME


def private_scheme() -> CodingSchemeIdentificationItem:
    """Designator, name and responsible organisation of 99DMDP."""
    return CodingSchemeIdentificationItem(designator=SCHEME, name=SCHEME_NAME, responsible_organization=RESPONSIBLE)
