"""``dmdp export``: a finished result as page, tables, and DICOM objects of the patient's study."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..jobs.job import required
from ..progress import Progress
from ..report.formats import DICOM_FORMATS, FORMATS
from .options import add_overwrite

GROUPS = {"dicom": DICOM_FORMATS, "all": tuple(FORMATS)}
STUDY_HELP = "DICOM folder (the series or the study) of the {}; left out = as given to 'dmdp predict'"


def add_arguments(parser: ArgumentParser) -> None:
    """RESULT, --format, --ct, --pet, --out."""
    parser.add_argument("result", metavar="RESULT", help="the folder that 'dmdp predict' wrote")
    help_ = f"{', '.join(FORMATS)}; dicom (default: {', '.join(DICOM_FORMATS)}) or all; may be repeated"
    parser.add_argument("--format", action="append", choices=(*FORMATS, *GROUPS), metavar="NAME", help=help_)
    parser.add_argument("--ct", metavar="STUDY", help=STUDY_HELP.format("CT"))
    parser.add_argument("--pet", metavar="STUDY", help=STUDY_HELP.format("PET"))
    help_ = "folder for the files; those of an earlier export of the same images are replaced, others stay"
    parser.add_argument("--out", required=True, metavar="DIR", help=help_)
    add_overwrite(parser, "an earlier export of other images")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Write the files and name them, and say of each format that could not be written why. Fails if none could."""
    from ..report.export import export_result

    result, out = (required(arguments, name) for name in ("result", "out"))
    given = images_of(Path(result).expanduser())
    ct, pet = (arguments.get(name) or given.get(name) for name in ("ct", "pet"))
    outcome = export_result(
        result,
        out,
        formats_of(arguments.get("format")),
        ct=ct,
        pet=pet,
        progress=progress,
        overwrite=bool(arguments.get("overwrite")),
    )
    lines = [f"{item.path.name}: {item.holds}" for item in outcome]
    lines += [f"not written, {item.format}: {item.reason}" for item in outcome.not_written]
    return "\n".join([*lines, RESEARCH_USE_ONLY])


def formats_of(words: Sequence[str] | str | None) -> tuple[str, ...]:
    """Formats and groups of them (one, or several) as formats; DICOM if none is named."""
    words = [words] if isinstance(words, str) else words or ["dicom"]
    return tuple(name for word in words for name in GROUPS.get(word, (word,)))


def images_of(result: Path) -> Mapping[str, Any]:
    """The arguments of the job that made the result; empty if it does not tell."""
    from ..errors import InputError
    from ..results.origin import read_origin

    try:
        return read_origin(result).arguments
    except InputError:
        return {}


COMMAND = Command("export", "Write a result as report (PDF), tables and DICOM objects.", add_arguments, run)
