"""``dmdp validate contours``: which features survive a contour drawn a millimetre off."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.commands.options import add_executor, add_overwrite, executor_for
from dmdp.errors import InputError
from dmdp.jobs.executor import Outcome, Piece
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
    from dmdp.intake.prepare import read_from
    from dmdp.intake.table import read_table
    from dmdp.patients.case import CT, PET
    from dmdp.radiomics import DEFAULT_PROFILE

    from ..statistics.agreement import LEAST_LESIONS, agreement
    from ..studies.contours import agreement_csv, find_profile, measure_contours, steady

    name = arguments.get("profile") or DEFAULT_PROFILE
    profile, executor, table = find_profile(name), executor_for(arguments), read_table(arguments["cohort"])
    inputs = [arguments["cohort"], *(path for row in table.rows for path in read_from(row))]
    rows = [row for row in table.rows if row.id not in table.faults]
    pieces = [
        Piece(
            row.id,
            function_name(measure_contours),
            absolute({"row": row.arguments(), "profile": name}),
            f"lesion {number + 1} of {len(rows)}: {row.id}",
        )
        for number, row in enumerate(rows)
    ]
    with put_file(arguments["out"], overwrite=bool(arguments.get("overwrite")), inputs=inputs) as made:
        ends: dict[str, Outcome] = {}
        for outcome in executor.run(pieces, lambda piece, share, words: progress(len(ends) / len(rows), piece.title)):
            ends[outcome.piece.name] = outcome
        ordered = [ends[piece.name] for piece in pieces]
        successes = [outcome for outcome in ordered if outcome.error is None]
        left_out = [f"  {name}: {error}" for name, error in table.faults.items()]
        left_out += [f"  {outcome.piece.name}: {outcome.error}" for outcome in ordered if outcome.error is not None]
        noted = [f"  {outcome.piece.name}: {words}" for outcome in successes for words in outcome.answer["notes"]]
        answers = [outcome.answer for outcome in successes]
        measured = {image: [answer[image] for answer in answers if image in answer] for image in (PET, CT)}
        most = max(map(len, measured.values()))
        if most < LEAST_LESIONS:
            raise InputError(
                "contours.lesions",
                f"{most} lesions could be measured.",
                f"at least {LEAST_LESIONS}.",
                "\n".join(["", *left_out]),
            )
        found = {image: agreement(values) for image, values in measured.items() if len(values) >= LEAST_LESIONS}
        made.write_bytes(agreement_csv(found, profile).encode())
    progress(1.0, "table written")
    lines = [f"{most} lesions: {arguments['out']}"]
    for image, features in found.items():
        lines.append(f"  {image}: {steady(list(features.values()))} of {len(features)} features have ICC(1,1) of 0.75 or more")
    return "\n".join([*lines, *left_out, *noted, RESEARCH_USE_ONLY])
