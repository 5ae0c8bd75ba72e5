"""features.csv as another program reads it."""

from __future__ import annotations

import csv
import io

from dmdp import RESEARCH_USE_ONLY
from dmdp.prediction.document import FeatureReading
from dmdp.report.tables import features_csv

FEATURES = {
    "suv_max": FeatureReading(
        42.21738052368164, "g/ml", 'highest "SUVbw", in the lesion', "paper", (0.7, 45.0), in_range=True, percentile=96.4
    ),
    "type_xy": FeatureReading(1, "1", "zweigipflig, ä\nin two lines", "ours", None, None, None),
    "het0": FeatureReading(None, "%", "residual", "O'Sullivan 2003", None, None, None),
}


def test_the_table_reads_back():
    text = features_csv(FEATURES)
    first, rest = text.split("\n", 1)
    assert first == f"# {RESEARCH_USE_ONLY}"
    rows = list(csv.DictReader(io.StringIO(rest)))
    assert [row["name"] for row in rows] == list(FEATURES)
    assert float(rows[0]["value"]) == 42.21738052368164  # exact: nothing is rounded
    assert float(rows[1]["value"]) == 1.0
    assert rows[2]["value"] == ""
    for row in rows:
        for column in ("unit", "definition", "source"):
            assert row[column] == getattr(FEATURES[row["name"]], column)
