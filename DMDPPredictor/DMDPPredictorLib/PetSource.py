"""Whether a PET volume node is in SUV, can be converted from its DICOM files, or neither is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import slicer
from dmdp.documents.codec import read
from dmdp.errors import SuvError
from dmdp.patients.audit import SuvAudit
from slicer.i18n import tr as _

TOLD_SUV, FACTOR = "DMDP.IsSuv", "DMDP.SuvbwFactor"
_found: dict[tuple[str, ...], tuple[Path, ...]] = {}  # DICOM files, by the first and the instance UIDs


def isSuv(petNode) -> bool:
    """True if the node carries SUVbw as its unit, or the user said so."""
    return petNode.GetAttribute(TOLD_SUV) == "1" or carriesSuv(petNode)


def tellSuv(petNode, told: bool) -> None:
    """Keep in the scene what the user says: the PET is in SUV, or it is not."""
    if told:
        petNode.SetAttribute(TOLD_SUV, "1")
    else:
        petNode.RemoveAttribute(TOLD_SUV)


def carriesSuv(petNode) -> bool:
    """True if the volume's own unit is SUVbw, as after loading with the PET DICOM extension."""
    units = petNode.GetVoxelValueUnits()
    return units is not None and "SUVbw" in (units.GetCodeValue() or "") + (units.GetCodeMeaning() or "")


def suvFactor(petNode) -> float | None:
    """SUVbw = voxel of the node × this factor, as the DICOM headers gave it; None if they were not read."""
    text = petNode.GetAttribute(FACTOR)
    return float(text) if text else None


def dicomFiles(petNode) -> tuple[Path, ...]:
    """The DICOM files that the node was loaded from, if the application's database knows them all.

    The panel asks at every stroke of the brush, so files that were found are not looked for again while the first is there.
    """
    uids = (petNode.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    first = database.fileForInstance(uids[0]) if uids and database is not None else ""
    if not first or not Path(first).is_file():
        return ()
    key = (first, *uids)
    if key not in _found:
        files = tuple(Path(database.fileForInstance(uid) or "") for uid in uids)
        if not all(path.is_file() for path in files):
            return ()
        _found[key] = files
    return _found[key]


@dataclass(frozen=True)
class Conversion:
    """How a PET becomes SUV: ``audit`` with every tag and rule (None if it came as SUV), or the ``error`` that forbids it."""

    audit: SuvAudit | None = None
    error: str = ""


class Conversions:
    """What the worker has said of the PETs of the scene."""

    def __init__(self):
        self._known: dict[str, tuple[Any, Conversion]] = {}

    def of(self, petNode) -> Conversion | None:
        """What is known of a PET as it stands now; None before the worker has said it."""
        state, conversion = self._known.get(petNode.GetID(), (None, None))
        return conversion if state == _state(petNode) else None

    def keep(self, petNode, answer: Mapping[str, Any], error: SuvError | None = None) -> None:
        """Remember the answer of a job, and store on the node the factor by which its voxels become SUVbw."""
        audit = answer.get("audit")
        conversion = Conversion(None if audit is None else read(SuvAudit, audit), "" if error is None else str(error))
        self._known[petNode.GetID()] = (_state(petNode), conversion)
        factor = answer.get("factor")
        if factor is not None and not isSuv(petNode) and suvFactor(petNode) != factor:
            petNode.SetAttribute(FACTOR, repr(float(factor)))


def _state(petNode) -> tuple:
    return petNode.GetImageData() and petNode.GetImageData().GetMTime(), isSuv(petNode)


def auditText(conversion: Conversion | None) -> str:
    """How the PET became SUV, as rich text: factors, tags, rules, warnings; or why it cannot. None for a PET that came as SUV."""
    if conversion is not None and conversion.error:
        return escape(conversion.error)
    audit = conversion.audit if conversion is not None else None
    if audit is None:
        return _("The PET came as SUVbw; there is nothing to audit.")
    warnings = "".join(f"<p><b>{escape(warning.text)}</b></p>" for warning in audit.warnings)
    factors = "".join(
        f"<tr><td>{escape(name)}</td><td>{_('cannot be computed') if factor is None else f'{factor:.6g}'}</td></tr>"
        for name, factor in audit.factors.items()
    )
    tags = "".join(f"<li>{escape(tag.tag)} {escape(tag.keyword)} = {escape(tag.value)}</li>" for tag in audit.tags)
    rules = "".join(f"<li>{escape(rule)}</li>" for rule in audit.rules)
    return f"{warnings}<p>{_('SUV = Bq/ml × factor')}</p><table>{factors}</table><ul>{tags}</ul><ul>{rules}</ul>"


def unknown(petNode) -> SuvError:
    """The error for a PET of which nothing is known."""
    return SuvError(
        "suv.unknown",
        f"'{petNode.GetName()}' does not say whether it holds SUV, and its DICOM files are not in the DICOM database.",
        "a PET in SUVbw, or one that was loaded from the DICOM browser.",
        "Load the PET from the DICOM browser, or tick 'PET is in SUV' if it is.",
    )
