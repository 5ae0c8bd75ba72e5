"""features.csv as another program reads it."""

from __future__ import annotations

import csv
import io

import pytest
from dmdp import RESEARCH_USE_ONLY
from dmdp.report.tables import features_csv

FEATURES = {
    "suv_max": {"value": 42.21738052368164, "unit": "g/ml", "definition": 'highest "SUVbw", in the lesion', "source": "paper"},
    "type_xy": {"value": 1, "unit": "1", "definition": "zweigipflig, ä\nin two lines", "source": "ours", "in_range": None},
    "het0": {"value": None, "unit": "%", "definition": "residual", "source": "O'Sullivan 2003"},
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
            assert row[column] == FEATURES[row["name"]][column]


def test_a_feature_without_a_unit_is_refused():
    with pytest.raises(KeyError):
        features_csv({"suv_max": {"value": 1.0}})
