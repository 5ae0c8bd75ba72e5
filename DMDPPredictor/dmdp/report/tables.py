"""Tables for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from .. import RESEARCH_USE_ONLY

COLUMNS = ("name", "value", "unit", "definition", "source")


def features_csv(features: Mapping[str, Mapping[str, Any]]) -> str:
    """``features.csv``: a comment line, a header, one row per feature; an empty value could not be computed.

    ``features`` are those of ``prediction.json``. Values are written exactly. Raises ``KeyError`` where a unit, a definition
    or a source is missing.
    """
    text = io.StringIO()
    text.write(f"# {RESEARCH_USE_ONLY}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, feature in features.items():
        value = "" if feature["value"] is None else repr(float(feature["value"]))
        writer.writerow((name, value, *(feature[column] for column in COLUMNS[2:])))
    return text.getvalue()
