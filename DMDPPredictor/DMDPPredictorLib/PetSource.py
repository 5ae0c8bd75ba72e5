"""Is a PET volume node in SUV, can it be converted from its DICOM files, or is neither known?"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import slicer
from dmdp.case import Volume
from dmdp.errors import SuvError
from slicer.i18n import tr as _

from .Nodes import transformed, volumeFromNode, worldTransform

SUV_UNIT = "SUVbw g/ml"
TOLD_SUV = "DMDP.IsSuv"
SUVBW_FACTOR = "DMDP.SuvbwFactor"
_found: dict[tuple[str, ...], tuple[Path, ...]] = {}  # DICOM files, by the first and the instance UIDs


def isSuv(petNode) -> bool:
    """True where the node carries SUVbw as its unit, or the user said so."""
    return petNode.GetAttribute(TOLD_SUV) == "1" or carriesSuv(petNode)


def tellSuv(petNode, told: bool) -> None:
    """Keep in the scene what the user says: the PET is in SUV, or it is not."""
    if told:
        petNode.SetAttribute(TOLD_SUV, "1")
    else:
        petNode.RemoveAttribute(TOLD_SUV)


def carriesSuv(petNode) -> bool:
    """True where the volume's own unit is SUVbw, as after loading with the PET DICOM extension."""
    units = petNode.GetVoxelValueUnits()
    return units is not None and "SUVbw" in (units.GetCodeValue() or "") + (units.GetCodeMeaning() or "")


def suvFactor(petNode) -> float | None:
    """The factor from the node's voxels to SUVbw (g/ml) that its conversion from DICOM found; None where there was none."""
    factor = petNode.GetAttribute(SUVBW_FACTOR)
    return float(factor) if factor else None


def dicomFiles(petNode) -> tuple[Path, ...]:
    """The DICOM files that the node was loaded from, where the application's database knows them all.

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


def gather(files: tuple[Path, ...], folder: Path) -> Path:
    """The files of one series alone in ``folder``: as links, or as copies where the system has none."""
    folder.mkdir(parents=True)
    for number, path in enumerate(files):
        target = folder / f"{number:05d}.dcm"
        try:
            target.symlink_to(path)
        except OSError:
            shutil.copy(path, target)
    return folder


@dataclass(frozen=True, eq=False)
class Suv:
    """A PET in SUVbw where its node stands in the scene; ``audit`` says how, None where it came as SUV."""

    volume: Volume
    audit: Mapping[str, Any] | None


class SuvReader:
    """Reads the PET of a node, and keeps the last one: its DICOM files are read once, not at every click."""

    def __init__(self):
        self._key, self._suv = None, None

    def __call__(self, petNode) -> Suv:
        """The node's PET in SUV; raises :class:`dmdp.errors.InputError` subclasses."""
        key = (petNode.GetID(), petNode.GetImageData().GetMTime(), isSuv(petNode), worldTransform(petNode).tobytes())
        if key != self._key:
            self._suv = readSuv(petNode)
            self._key = key
        return self._suv


def readSuv(petNode) -> Suv:
    """The PET in SUVbw: as it is, or converted from its DICOM files. Raises :class:`SuvError` where neither is possible."""
    if isSuv(petNode):
        return Suv(volumeFromNode(petNode, SUV_UNIT), None)
    files = dicomFiles(petNode)
    if not files:
        raise unknown(petNode)
    from dmdp.load import load_pet  # pydicom, which the module must not need to load

    with tempfile.TemporaryDirectory(prefix="dmdp-") as folder:
        loaded = load_pet(gather(files, Path(folder) / "pet"))
    pet = loaded.pet
    moved = Volume(pet.array, transformed(pet.geometry, worldTransform(petNode)), pet.unit, pet.provenance)
    return Suv(moved, loaded.suv_audit)


def auditText(audit: Mapping[str, Any] | None) -> str:
    """How the PET became SUV, as rich text: factors, tags, rules, warnings."""
    if audit is None:
        return _("The PET came as SUVbw; there is nothing to audit.")
    warnings = "".join(f"<p><b>{escape(warning['text'])}</b></p>" for warning in audit["warnings"])
    factors = "".join(
        f"<tr><td>{escape(name)}</td><td>{_('cannot be computed') if factor is None else f'{factor:.6g}'}</td></tr>"
        for name, factor in audit["factors"].items()
    )
    tags = "".join(
        f"<li>{escape(tag['tag'])} {escape(tag['keyword'])} = {escape(str(tag['value']))}</li>" for tag in audit["tags"]
    )
    rules = "".join(f"<li>{escape(rule)}</li>" for rule in audit.get("rules", ()))
    return f"{warnings}<p>{_('SUV = Bq/ml × factor')}</p><table>{factors}</table><ul>{tags}</ul><ul>{rules}</ul>"


def unknown(petNode) -> SuvError:
    """The error for a PET of which nothing is known."""
    return SuvError(
        "suv.unknown",
        f"'{petNode.GetName()}' does not say whether it holds SUV, and its DICOM files are not in the DICOM database.",
        "a PET in SUVbw, or one that was loaded from the DICOM browser.",
        "Load the PET from the DICOM browser, or tick 'PET is in SUV' if it is.",
    )
