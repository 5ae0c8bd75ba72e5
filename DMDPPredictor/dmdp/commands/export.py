"""``dmdp export``: a finished result as DICOM objects of the patient's study."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..progress import Progress
from .options import required


def add_arguments(parser: ArgumentParser) -> None:
    """RESULT, --ct, --pet, --out."""
    parser.add_argument("result", metavar="RESULT", help="the folder that 'dmdp predict' wrote")
    parser.add_argument("--ct", required=True, metavar="STUDY", help="DICOM folder (the series or the study) of the CT")
    parser.add_argument("--pet", required=True, metavar="STUDY", help="DICOM folder (the series or the study) of the PET")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the objects; an earlier export is replaced")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Write segmentations, structured report and parametric maps; name the files."""
    from ..report.dicom.export import export_dicom

    paths = [required(arguments, name) for name in ("result", "ct", "pet", "out")]
    written = export_dicom(*paths, progress)
    return "\n".join([*(f"{item.file}: {item.kind}" for item in written), RESEARCH_USE_ONLY])


COMMAND = Command("export", "Write a result as DICOM Segmentation, SR and parametric maps.", add_arguments, run)
