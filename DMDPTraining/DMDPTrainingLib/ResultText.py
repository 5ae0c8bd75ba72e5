"""What a finished job found, as rich text for the panel."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

if TYPE_CHECKING:
    from dmdp.bundles.manifest import Manifest


def networkText(folder: Path) -> str:
    """How a network did on patients that it had not seen, and notes on its cohort. Raises ``OSError`` and ``ValueError``."""
    manifest = _manifest(folder / "bundle")
    lines = ""
    for metric in manifest.metrics:
        low, high = metric.interval
        value = f"{metric.metric} {metric.value:.2f} ({low:.2f} – {high:.2f})"
        figure = f"{metric.task}: {value}, n = {metric.n}, {metric.protocol}"
        lines += f"<li>{escape(figure)}</li>"
    notes = "".join(f"<p>{escape(note)}</p>" for note in manifest.notes)
    return (
        f"<h3>{escape(manifest.name)} {escape(manifest.version)}</h3><ul>{lines}</ul>{notes}"
        f"<p>{escape(manifest.intended_use)}</p><p>{escape(str(folder / 'bundle'))}</p>"
    )


def _counted(card) -> str:
    """How many patients had the event, or were of each class."""
    return str(card["events"]) if "events" in card else ", ".join(map(str, card["counts"]))


def bundleText(folder: Path) -> str:
    """A table of the sub-models of a bundle with their internal validation. Raises ``OSError``, ``KeyError``, ``ValueError``."""
    from dmdp import words  # here, as the core comes with another module
    from dmdp.bundles.card import Metric
    from dmdp.documents.codec import read

    manifest = _manifest(folder)
    rows = []
    for card in manifest.sub_models:
        metric = read(Metric, card["metrics"][0])
        low, high = metric.interval
        cells = (card["id"], words.names(card["inputs"]), f"{card['n']} ({_counted(card)})", f"{metric.value:.2f}")
        rows.append("".join(f"<td>{escape(cell)}</td>" for cell in (*cells, f"{low:.2f} – {high:.2f}")))
    header = (_("sub-model"), _("reads"), _("n (events)"), _("AUC"), _("95 % interval"))
    head = "".join(f"<th align='left'>{escape(cell)}</th>" for cell in header)
    protocol = escape(manifest.sub_models[0]["metrics"][0]["protocol"])
    return (
        f"<h3>{escape(manifest.name)} {escape(manifest.version)}</h3><p>{protocol}</p>"
        f"<table cellpadding='3'><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
        f"<p>{escape(manifest.intended_use)}</p>"
    )


def _manifest(folder: Path) -> Manifest:
    from dmdp.bundles.manifest import Manifest
    from dmdp.documents.codec import parse, read

    return read(Manifest, parse((folder / "manifest.json").read_bytes()))
