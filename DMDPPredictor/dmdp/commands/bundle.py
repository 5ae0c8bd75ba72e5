"""``dmdp bundle``: look at a model, and check that it is whole."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from .. import RESEARCH_USE_ONLY
from ..command import Command
from ..progress import Progress


def add_arguments(parser: ArgumentParser) -> None:
    """show or verify, and the bundle."""
    parser.add_argument("what", choices=("show", "verify"), help="show the model card, or check hashes and self-test")
    parser.add_argument("path", metavar="PATH", help="folder or zip of a bundle, or the name of an installed one")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Both verify; ``show`` then prints the manifest without the numbers that only a program needs."""
    from ..bundles.bundle import read_bundle
    from ..documents.codec import plain
    from ..models import load_model
    from ..resources import find_bundle

    bundle = read_bundle(find_bundle(arguments["path"]))
    load_model(bundle)
    if arguments["what"] == "verify":
        return f"{bundle.name}: hashes, types and self-test are right (SHA-256 {bundle.sha256}). {RESEARCH_USE_ONLY}"
    hidden = ("files", "self_test", "network")
    return json.dumps({k: v for k, v in plain(bundle.manifest).items() if k not in hidden}, indent=1, ensure_ascii=False)


COMMAND = Command("bundle", "Show or verify a model bundle.", add_arguments, run)
