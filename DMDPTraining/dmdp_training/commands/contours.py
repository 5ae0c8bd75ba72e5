"""``dmdp validate contours``: which features survive a contour drawn a millimetre off."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.commands.options import add_executor, add_overwrite, executor_for
from dmdp.errors import DmdpError, InputError
from dmdp.jobs.executor import Executor, Piece
from dmdp.jobs.functions import function_name
from dmdp.jobs.job import absolute
from dmdp.progress import Progress


def add_arguments(parser: ArgumentParser) -> None:
    """The lesions, the profile, the table."""
    parser.add_argument("--cohort", required=True, metavar="CSV", help="lesions, with the columns of 'dmdp batch'")
    parser.add_argument("--profile", metavar="NAME|FILE", help="radiomics profile of the CT (default radiomics_v1)")
    parser.add_argument("--out", required=True, metavar="FILE.csv", help="table to write")
    add_executor(parser)
    add_overwrite(parser, "a file that is there already")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Write the table; say how many features are steady, and which lesions were left out."""
    from dmdp.atomic import put_file
    from dmdp.batch import PATHS, read_rows

    from ..statistics.agreement import LEAST_LESIONS, agreement
    from ..studies.contours import agreement_csv, find_profile, steady

    name = arguments.get("profile") or "radiomics_v1"
    profile, executor, rows = find_profile(name), executor_for(arguments), read_rows(arguments["cohort"])
    inputs = [arguments["cohort"], *(row[name] for row in rows for name in PATHS if name in row)]
    with put_file(arguments["out"], overwrite=bool(arguments.get("overwrite")), inputs=inputs) as made:
        measured, left_out = _measured(rows, name, executor, progress)
        if len(measured) < LEAST_LESIONS:
            raise InputError(
                "contours.lesions",
                f"{len(measured)} lesions could be measured.",
                f"at least {LEAST_LESIONS}.",
                "\n".join(["", *left_out]),
            )
        found = {image: agreement([lesion[image] for lesion in measured]) for image in ("PET", "CT")}
        made.write_bytes(agreement_csv(found, profile).encode())
    progress(1.0, "table written")
    lines = [f"{len(measured)} lesions: {arguments['out']}"]
    for image, features in found.items():
        lines.append(f"  {image}: {steady(list(features.values()))} of {len(features)} features have ICC(1,1) of 0.75 or more")
    return "\n".join([*lines, *left_out, RESEARCH_USE_ONLY])


def _measured(
    rows: Sequence[Mapping[str, Any]], profile: str, executor: Executor, progress: Progress
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """What was measured of each lesion that can be, in the order of the rows, and in words which could not."""
    from dmdp.batch import arguments_of

    from ..studies.contours import measure_contours

    ends: dict[str, Mapping[str, Any] | DmdpError] = {}
    pieces = []
    for number, row in enumerate(rows):
        try:
            case = absolute(arguments_of(row))
        except DmdpError as error:
            ends[row["id"]] = error
        else:
            title = f"lesion {number + 1} of {len(rows)}: {row['id']}"
            pieces.append(Piece(row["id"], function_name(measure_contours), {"case": case, "profile": profile}, title))

    def heard(piece: Piece, share: float, words: str) -> None:
        progress(len(ends) / len(rows), piece.title)

    for outcome in executor.run(pieces, heard):
        ends[outcome.piece.name] = outcome.error or outcome.answer
    ordered = [(row["id"], ends[row["id"]]) for row in rows]
    left_out = [f"  {name}: {end}" for name, end in ordered if isinstance(end, DmdpError)]
    return [end for _name, end in ordered if not isinstance(end, DmdpError)], left_out
