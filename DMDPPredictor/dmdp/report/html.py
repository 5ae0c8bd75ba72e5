"""The report page: one file that needs nothing else, works without scripts, and prints."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .. import words
from ..endpoints.base import figure as probability_figure
from ..evidence import evidence_of
from ..regions.names import REGION_COLOURS
from . import maps

if TYPE_CHECKING:
    from ..prediction.document import Prediction
    from .pictures import Picture  # which matplotlib draws


def render(prediction: Prediction, pictures: Sequence[Picture], folder: Path, remark: str = "") -> str:
    """The page for a prediction, with the ``pictures`` from ``folder`` inside it.

    ``remark`` is a sentence about this page itself, such as one on missing parts; it stands above the verdict.

    The applicability verdict stands before any number; if it is ``outside`` the numbers are folded away, on paper too.
    Everything from the prediction is escaped.
    """
    environment = Environment(
        loader=PackageLoader("dmdp.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": figure, "probability": probability_figure}
    environment.filters |= {"map_words": maps.words, "name": words.name, "names": words.names, "method": words.method}
    images = {picture.file: _data_uri(folder / picture.file) for picture in pictures}
    page = environment.get_template("report.html.jinja")
    return page.render(
        d=prediction,
        pictures=pictures,
        remark=remark,
        images=images,
        region_colours=REGION_COLOURS,
        evidence_of=evidence_of,
        about_maps=maps.FOR_THE_POSITIVE_CLASS,
        words=words,
    )


def figure(value: Any) -> str:
    """A number with three significant figures, or whole from 1000 on; text as it is; an em dash for what is not known.

    The minus sign is the typographic one (U+2212).
    """
    if value is None:
        return "—"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return (f"{value:.0f}" if abs(value) >= 999.5 else f"{value:.3g}").replace("-", "−")


def _data_uri(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
