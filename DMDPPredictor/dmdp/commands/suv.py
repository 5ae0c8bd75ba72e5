"""``dmdp suv``: shows how the SUV of a PET is computed."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..progress import Progress
from .said import said


def add_arguments(parser: ArgumentParser) -> None:
    """PET and --json."""
    parser.add_argument("pet", metavar="PET", help="DICOM folder with the attenuation-corrected PET")
    parser.add_argument("--json", action="store_true", help="print the whole audit as JSON")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """The SUV factors with every tag and rule behind them."""
    from ..documents.codec import plain
    from ..intake.load import load_pet

    loaded = load_pet(arguments["pet"])
    audit = loaded.suv_audit
    assert audit is not None  # a PET that has none, as it came as SUV, is refused here
    if arguments.get("json"):
        document = {"research_use_only": RESEARCH_USE_ONLY, **plain(audit), "notes": list(loaded.notes)}
        return json.dumps(document, indent=1, ensure_ascii=False)
    factors = [f"  {name:<7} {value:.6g}" if value else f"  {name:<7} not computable: see --json"
               for name, value in audit.factors.items()]  # fmt: skip
    warnings = [f"  ! {words}" for words in said(loaded.notes, audit)]
    used = [f"  {tag.tag} {tag.keyword} = {tag.value}" for tag in audit.tags]
    rules = [f"  {rule}" for rule in audit.rules]
    uptake = audit.uptake_minutes
    rules += [f"  Uptake {'unknown' if uptake is None else f'{uptake:.0f} min'}; tracer {audit.tracer or 'unknown'}."]
    return "\n".join(["Stored value × factor = SUV", *factors, "From", *used, "By", *rules, *warnings, RESEARCH_USE_ONLY])


COMMAND = Command("suv", "Show how a PET series becomes SUV, with every tag and rule used.", add_arguments, run)
