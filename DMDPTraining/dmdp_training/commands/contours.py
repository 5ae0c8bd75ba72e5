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
    from dmdp.batch import PATHS, arguments_of, read_rows
    from dmdp.commands.options import case_request
    from dmdp.intake.prepare import prepare_case
    from dmdp.radiomics import DEFAULT_PROFILE
    from dmdp.radiomics.backend import find_settings
    from dmdp.radiomics.profile import Profile

    from ..statistics.agreement import LEAST_LESIONS, agreement
    from ..studies.contours import agreement_csv, ct_by_contour, pet_by_contour, steady

    profile = find_settings(arguments.get("profile") or DEFAULT_PROFILE)
    if not isinstance(profile, Profile):
        raise InputError("contours.profile", "A PyRadiomics parameter file.", "a profile of the engine.", "Name a profile.")
    rows = read_rows(arguments["cohort"])
    inputs = [arguments["cohort"], *(row[name] for row in rows for name in PATHS if name in row)]
    with put_file(arguments["out"], overwrite=bool(arguments.get("overwrite")), inputs=inputs) as made:
        pet, ct, left_out = [], [], []
        for number, row in enumerate(rows):
            progress(number / len(rows), f"lesion {number + 1} of {len(rows)}: {row['id']}")
            try:
                case = prepare_case(case_request(arguments_of(row)))
                measured = pet_by_contour(case), ct_by_contour(case, profile)
            except DmdpError as error:
                left_out.append(f"  {row['id']}: {error}")
                continue
            pet.append(measured[0])
            ct.append(measured[1])
        if len(pet) < LEAST_LESIONS:
            raise InputError(
                "contours.lesions",
                f"{len(pet)} lesions could be measured.",
                f"at least {LEAST_LESIONS}.",
                "\n".join(["", *left_out]),
            )
        found = {"PET": agreement(pet), "CT": agreement(ct)}
        made.write_bytes(agreement_csv(found, profile).encode())
    progress(1.0, "table written")
    lines = [f"{len(pet)} lesions: {arguments['out']}"]
    for image, features in found.items():
        lines.append(f"  {image}: {steady(list(features.values()))} of {len(features)} features have ICC(1,1) of 0.75 or more")
    return "\n".join([*lines, *left_out, RESEARCH_USE_ONLY])
