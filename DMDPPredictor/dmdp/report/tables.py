"""Tables for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from .. import RESEARCH_USE_ONLY

COLUMNS = ("name", "value", "unit", "definition", "source")


def features_csv(features: Mapping[str, Mapping[str, Any]]) -> str:
    """``features.csv``: a comment line, a header, one row per feature; an empty value could not be computed."""
    text = io.StringIO()
    text.write(f"# {RESEARCH_USE_ONLY}\n")
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for name, feature in features.items():
        value = feature["value"]
        writer.writerow({**feature, "name": name, "value": "" if value is None else repr(float(value))})
    return text.getvalue()
