"""``dmdp delineate``: the lesion that holds a point, or what a method finds without one, as a mask file."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..jobs.job import required
from ..progress import Progress, part
from .options import PET_IS_SUV_HELP, SEED_HELP, add_method, add_overwrite
from .said import said

if TYPE_CHECKING:
    from ..images.volume import Volume
    from ..patients.case import Lesion


def add_arguments(parser: ArgumentParser) -> None:
    """--pet, --seed, --method, --out."""
    parser.add_argument("--pet", required=True, metavar="P", help="DICOM folder, or NIfTI/NRRD in SUV")
    parser.add_argument("--pet-is-suv", action="store_true", help=PET_IS_SUV_HELP)
    parser.add_argument("--seed", metavar="X,Y,Z", help=SEED_HELP)
    add_method(parser)
    parser.add_argument("--out", required=True, metavar="FILE", help="mask to write: .nii.gz, .nii or .nrrd")
    add_overwrite(parser, "a file that is there already")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Write the mask on the PET's own grid, lesions as labels 1, 2, … if there are several; say volume and maximum of each, and
    what was decided on the way."""
    import numpy as np

    from ..atomic import put_file
    from ..delineation.method import Seed
    from ..delineation.methods import method_for
    from ..delineation.pet import candidates
    from ..images.files import write_mask
    from ..intake.load import load_pet
    from ..intake.row import point
    from ..intake.source import ImageSource
    from ..patients.case import PET

    source, at = ImageSource.of(required(arguments, "pet")), arguments.get("seed")
    seed, method = None if at is None else Seed(point(at)), arguments.get("method") or "auto"
    method_for(method, seed)  # refused before the PET is read
    with put_file(required(arguments, "out"), overwrite=bool(arguments.get("overwrite")), inputs=source.read_from) as out:
        progress(0.0, "reading the PET")
        loaded = load_pet(source, pet_is_suv=bool(arguments.get("pet_is_suv")))
        pet = loaded.pet
        progress(0.6, "outlining the lesion")
        lesions = candidates({PET: pet}, method, seed, part(progress, 0.6, 1.0))
        labels = np.max([number * lesion.mask.array for number, lesion in enumerate(lesions, 1)], axis=0)
        write_mask(out, labels, pet.geometry)
    progress(1.0, "mask written")
    lines = [line for lesion in lesions for line in (_summary(lesion, pet), *said(lesion.notes, None))]
    return "\n".join([*lines, *said(loaded.notes, loaded.suv_audit), RESEARCH_USE_ONLY])


def _summary(lesion: Lesion, pet: Volume) -> str:
    maximum = float(pet.array[lesion.mask.array].max())
    return f"{lesion.volume_ml:.1f} ml, {lesion.voxels} voxels, SUVmax {maximum:.1f} (method {lesion.method})"


COMMAND = Command("delineate", "Outline the lesion that holds a point in the PET.", add_arguments, run)
