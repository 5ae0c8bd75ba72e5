"""``dmdp train``: make the model bundles."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from dmdp import RESEARCH_USE_ONLY
from dmdp.bundles.card import Metric
from dmdp.command import Command
from dmdp.commands.options import add_overwrite
from dmdp.documents.codec import read
from dmdp.progress import Progress

from . import train_network
from .checks import at_least


def add_arguments(parser: ArgumentParser) -> None:
    """published or network."""
    sub = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    published = sub.add_parser("published", help="the machine-learning bundle, from the authors' released tables")
    published.add_argument("--data", required=True, metavar="D", help="folder with PET_clinical_feature_matrix.xlsx")
    network = sub.add_parser("network", help="the network, for a cohort of images; a stopped run goes on where it was")
    train_network.add_arguments(network)
    for each in (published, network):
        each.add_argument("--seed", type=int, metavar="K", help="random seed (default 0)")
        each.add_argument("--out", required=True, metavar="DIR", help="bundle (network with --cohort: run) folder to write")
        add_overwrite(each, "a bundle that was trained on something else")


def run(arguments: Mapping[str, Any], progress: Progress) -> str:
    """Train, write the bundle, and say what was found on unseen patients."""
    at_least("seed", arguments.get("seed") or 0, 0)
    if arguments["what"] == "network":
        return train_network.run(arguments, progress)
    from ..ensembles.published import train_published

    given = {key: value for key, value in arguments.items() if value is not None}
    bundle = train_published(given["data"], given["out"], given.get("seed", 0), progress, overwrite=bool(given.get("overwrite")))
    lines = [f"{bundle.name} written to {given['out']}"]
    for card in bundle.manifest.sub_models:
        metric = read(Metric, card["metrics"][0])
        lines.append(f"  {card['id']}: {metric.metric} {metric.figure}, n = {metric.n}, {metric.protocol}")
    return "\n".join([*lines, RESEARCH_USE_ONLY])


COMMAND = Command("train", "Train a model bundle.", add_arguments, run)
