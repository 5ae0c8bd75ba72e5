"""``dmdp validate contours``: which features survive a contour drawn a millimetre off."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.commands.options import add_overwrite
from dmdp.errors import DmdpError, InputError
from dmdp.progress import Progress


def add_arguments(parser: ArgumentParser) -> None:
    """The lesions, the profile, the table."""
    parser.add_argument("--cohort", required=True, metavar="CSV", help="lesions, with the columns of 'dmdp batch'")
    parser.add_argument("--profile", metavar="NAME|FILE", help="radiomics profile of the CT (default radiomics_v1)")
    parser.add_argument("--out", required=True, metavar="FILE.csv", help="table to write")
    add_overwrite(parser, "a file that is there already")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Write the table; say how many features are steady, and which lesions were left out."""
    from dmdp.atomic import put_file
    from dmdp.intake.prepare import prepare_case, read_from
    from dmdp.patients.case import CT, PET
    from dmdp.patients.table import read_table
    from dmdp.radiomics.backend import find_settings
    from dmdp.radiomics.profile import Profile

    from ..statistics.agreement import LEAST_LESIONS, agreement
    from ..studies.contours import agreement_csv, ct_by_contour, pet_by_contour, steady

    profile = find_settings(arguments.get("profile") or "radiomics_v1")
    if not isinstance(profile, Profile):
        raise InputError("contours.profile", "A PyRadiomics parameter file.", "a profile of the engine.", "Name a profile.")
    table = read_table(arguments["cohort"])
    inputs = [arguments["cohort"], *(path for row in table.rows for path in read_from(row))]
    with put_file(arguments["out"], overwrite=bool(arguments.get("overwrite")), inputs=inputs) as made:
        measured, left_out = {PET: [], CT: []}, [f"  {name}: {error}" for name, error in table.faults.items()]
        rows = [row for row in table.rows if row.id not in table.faults]
        for number, row in enumerate(rows):
            progress(number / len(rows), f"lesion {number + 1} of {len(rows)}: {row.id}")
            try:
                case = prepare_case(row)
                of_case = {PET: pet_by_contour(case)} if case.has(PET) else {}
                of_case |= {CT: ct_by_contour(case, profile)} if case.has(CT) else {}
            except DmdpError as error:
                left_out.append(f"  {row.id}: {error}")
                continue
            for image, values in of_case.items():
                measured[image].append(values)
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
    return "\n".join([*lines, *left_out, RESEARCH_USE_ONLY])
