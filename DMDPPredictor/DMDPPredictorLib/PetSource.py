"""Is a PET volume node in SUV, can it be converted from its DICOM files, or is neither known?"""

from __future__ import annotations

import shutil
from pathlib import Path

import slicer
from dmdp.case import Volume
from dmdp.errors import SuvError

from .Nodes import transformed, volumeFromNode, worldTransform

SUV_UNIT = "SUVbw g/ml"
TOLD_SUV = "DMDP.IsSuv"


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


def dicomFiles(petNode) -> tuple[Path, ...]:
    """The DICOM files that the node was loaded from, where the application's database knows them all."""
    uids = (petNode.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None:
        return ()
    files = tuple(Path(database.fileForInstance(uid)) for uid in uids if database.fileForInstance(uid))
    return files if len(files) == len(uids) and all(path.is_file() for path in files) else ()


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


def suvVolume(petNode, temporary: Path) -> Volume:
    """The PET in SUVbw where the node stands in the scene: as it is, or converted from its DICOM files.

    Raises :class:`SuvError` where neither is possible.
    """
    if isSuv(petNode):
        return volumeFromNode(petNode, SUV_UNIT)
    files = dicomFiles(petNode)
    if files:
        from dmdp.load import load_pet  # pydicom, which the module must not need to load

        pet = load_pet(gather(files, temporary / "pet")).pet
        return Volume(pet.array, transformed(pet.geometry, worldTransform(petNode)), pet.unit, pet.provenance)
    raise unknown(petNode)


def unknown(petNode) -> SuvError:
    """The error for a PET of which nothing is known."""
    return SuvError(
        "suv.unknown",
        f"'{petNode.GetName()}' does not say whether it holds SUV, and its DICOM files are not in the DICOM database.",
        "a PET in SUVbw, or one that was loaded from the DICOM browser.",
        "Load the PET from the DICOM browser, or tick 'PET is in SUV' if it is.",
    )
