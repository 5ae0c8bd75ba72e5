"""``dmdp delineate``: the lesion that holds a point, as a mask file."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..jobs.job import required
from ..progress import Progress
from .options import PET_IS_SUV_HELP, SEED_HELP, add_overwrite


def add_arguments(parser: ArgumentParser) -> None:
    """--pet, --seed, --method, --out."""
    parser.add_argument("--pet", required=True, metavar="P", help="DICOM folder, or NIfTI/NRRD in SUV")
    parser.add_argument("--pet-is-suv", action="store_true", help=PET_IS_SUV_HELP)
    parser.add_argument("--seed", required=True, metavar="X,Y,Z", help=SEED_HELP)
    parser.add_argument("--method", metavar="M", help="auto (default), suv4, suv3, suv2.5, pet41 or pet50")
    parser.add_argument("--out", required=True, metavar="FILE", help="mask to write: .nii.gz, .nii or .nrrd")
    add_overwrite(parser, "a file that is there already")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Write the mask on the PET's own grid; say its volume and maximum."""
    from ..atomic import put_file
    from ..delineation.pet import delineate
    from ..images.files import write_mask
    from ..intake.load import load_pet
    from ..intake.source import ImageSource
    from ..patients.row import point

    source = ImageSource.of(required(arguments, "pet"))
    with put_file(required(arguments, "out"), overwrite=bool(arguments.get("overwrite")), inputs=source.read_from) as out:
        progress(0.0, "reading the PET")
        pet = load_pet(source, pet_is_suv=bool(arguments.get("pet_is_suv"))).pet
        progress(0.6, "outlining the lesion")
        lesion = delineate(pet, point(required(arguments, "seed")), arguments.get("method") or "auto")
        write_mask(out, lesion.mask.array, lesion.geometry)
    progress(1.0, "mask written")
    maximum = float(pet.array[lesion.mask.array].max())
    summary = f"{lesion.volume_ml:.1f} ml, {lesion.voxels} voxels, SUVmax {maximum:.1f} (method {lesion.method})"
    return "\n".join([summary, *lesion.notes, RESEARCH_USE_ONLY])


COMMAND = Command("delineate", "Outline the lesion that holds a point in the PET.", add_arguments, run)
