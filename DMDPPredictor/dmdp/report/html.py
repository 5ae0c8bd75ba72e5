"""The report page: one file that needs nothing else, works without scripts, and prints."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .pictures import Picture


def render(document: Mapping[str, Any], pictures: Sequence[Picture], folder: Path) -> str:
    """The page for a ``prediction.json`` document, with the ``pictures`` from ``folder`` inside it."""
    environment = Environment(
        loader=PackageLoader("dmdp.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure
    images = {picture.file: _data_uri(folder / picture.file) for picture in pictures}
    return environment.get_template("report.html.jinja").render(d=document, pictures=pictures, images=images)


def figure(value: Any) -> str:
    """A number with three significant figures; text as it is; an em dash for what is not known."""
    if value is None:
        return "—"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _data_uri(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
