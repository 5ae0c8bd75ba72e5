"""The three released matrices: what they hold, what must not be believed, and what can be learnt from them."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from dmdp.errors import InputError
from dmdp_training.cohorts.published import AS_PUBLISHED, published_table
from dmdp_training.cohorts.sources import SOURCES
from dmdp_training.studies.published.plan import QUESTIONS, Plan
from dmdp_training.studies.published.results import areas
from dmdp_training.studies.published.study import validate_published
from dmdp_training.studies.published.units import REANALYSIS, Unit, compute

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def tables(data):
    return {task: published_table(data("dmdp_published"), task) for task in QUESTIONS}


def test_who_is_in_them(tables):
    egfr, subtype, kras = (tables[task] for task in ("EGFR", "subtype", "KRAS"))
    assert len(egfr) == len(subtype) == len(kras) == 384
    y = egfr.labels["EGFR"]
    assert ((y == 1).sum(), (y >= 0).sum()) == (66, 228)  # 7 mutants are named in the CT sheet only
    assert (kras.labels["KRAS"] == 1).sum() == 45
    assert (subtype.labels[AS_PUBLISHED] == 1).sum() - (subtype.labels["subtype"] == 1).sum() == 7
    in_sheet = subtype.measured("CT_reg1")
    assert (in_sheet.sum(), (subtype.labels[AS_PUBLISHED][in_sheet] == 1).sum()) == (305, 61)
    widths = {b: sum(c.block == b for c in egfr.columns) for b in egfr.blocks()}
    assert widths == {"clinical": 3, "PET": 20, "CT_reg1": 8, "CT_reg2": 2, "CT_reg5": 5, "CT_reg6": 6}
    assert [sum(c.block == f"CT_reg{k}" for c in subtype.columns) for k in (1, 2, 5, 6)] == [5, 7, 5, 10]
    assert all(c.selected_upstream == c.block.startswith("CT_") for c in (*egfr.columns, *subtype.columns))


def test_who_is_analysed(tables):
    sizes = {}
    for task, question in QUESTIONS.items():
        rows = question.analysed(tables[task])
        sizes[task] = (len(rows), int(rows.labels[task].sum()))
        assert rows.measured("PET").all()
    assert sizes == {"EGFR": (211, 56), "subtype": (257, 52), "KRAS": (209, 45)}


def test_the_sheets_are_row_aligned(tables):
    """The one feature that both sheets share is an affine map of itself: the same patients, the same extraction."""
    name = "original_shape_Sphericity_reg6"
    a, b = tables["EGFR"].column(name), tables["subtype"].column(name)
    both = np.isfinite(a) & np.isfinite(b)
    assert both.sum() == 150
    assert np.abs(np.corrcoef(a[both], b[both])[0, 1]) == pytest.approx(1, abs=1e-12)


def test_every_trap_is_reported(tables):
    found = {task: {f.code: f for f in table.findings} for task, table in tables.items()}
    assert {"cohort_by_identifier", "sex_swapped", "smoking_constant", "pet_missing"} <= set(found["KRAS"])
    assert {"selected_upstream", "standardised_before_split", "region_absent"} <= set(found["EGFR"])
    assert {"selected_upstream", "small_cell", "region_absent"} <= set(found["subtype"])
    assert "standardised_before_split" not in found["subtype"]
    assert "17 of 228" in found["EGFR"]["pet_missing"].found
    assert "0.0097" in found["EGFR"]["pet_missing"].found
    assert "CT_reg1 13, CT_reg2 39, CT_reg5 16, CT_reg6 4" in found["EGFR"]["region_absent"].found
    assert "CT_reg1 25, CT_reg2 31, CT_reg5 15, CT_reg6 8" in found["subtype"]["region_absent"].found
    assert "every patient of GD," in found["EGFR"]["smoking_constant"].found


@pytest.mark.parametrize("position", [0, 1, 2])
def test_each_matrix_is_verified(data, tmp_path, position):
    folder = tmp_path / "copy"
    shutil.copytree(data("dmdp_published"), folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    file = folder / SOURCES[position].file
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(InputError, match="SHA-256") as caught:
        published_table(folder, "EGFR")
    assert SOURCES[position].file in caught.value.found
    assert "75dd19a" in caught.value.remedy
    file.unlink()
    with pytest.raises(InputError, match="is not in"):
        published_table(folder, "EGFR")


# our re-analysis of the released matrices: AUC of LR, RF, EXT on all released columns, imputation and scaling inside the fold
REFERENCE = {
    ("EGFR", "clinical"): (0.603, 0.623, 0.637),
    ("EGFR", "PET"): (0.641, 0.618, 0.650),
    ("EGFR", "CT"): (0.624, 0.629, 0.631),
    ("EGFR", "PET_clinical"): (0.658, 0.636, 0.657),
    ("EGFR", "PET_CT_clinical"): (0.661, 0.661, 0.708),
    ("EGFR", "PET_CT_clinical, with PET"): (0.707, 0.678, None),
    ("subtype", "clinical"): (0.629, 0.605, 0.617),
    ("subtype", "PET"): (0.695, 0.691, 0.692),
    ("subtype", "CT"): (0.671, 0.625, 0.649),
    ("subtype", "PET_clinical"): (0.742, 0.709, 0.731),
    ("subtype", "PET_CT_clinical"): (0.774, 0.716, 0.739),
}


@pytest.mark.slow
@pytest.mark.parametrize(("task", "columns"), REFERENCE)
def test_the_reanalysis_is_reproduced(tables, task, columns):
    """LR within 0.02 on its ten repeats; trees within 0.03, and 0.01 more since two repeats of half the trees stand here."""
    assert columns in REANALYSIS
    for models, repeats, trees, tolerance in ((("LR",), 10, 3, 0.02), (("RF", "EXT"), 2, 100, 0.04)):
        units = [Unit("reanalysis", task, columns, repeat) for repeat in range(repeats)]
        found = [compute(unit, tables[task], Plan(reanalysis_trees=trees))["auc"] for unit in units]
        for model, expected in zip(("LR", "RF", "EXT"), REFERENCE[task, columns], strict=True):
            if model in models and expected is not None:
                assert np.mean([auc[model] for auc in found]) == pytest.approx(expected, abs=tolerance)


@pytest.mark.slow
def test_selection_on_all_patients_leaks(tables):
    """Our re-analysis of the released matrices: 0.749 with the selector on all patients, 0.649 inside the folds."""
    found = [compute(Unit("leak", "EGFR", "PET_CT_clinical", i), tables["EGFR"], Plan())["auc"] for i in range(5)]
    mean = {name: np.mean([auc[name] for auc in found]) for name in found[0]}
    assert mean["on all patients"] == pytest.approx(0.749, abs=0.03)
    assert mean["inside folds"] == pytest.approx(0.649, abs=0.03)


@pytest.mark.slow
def test_a_whole_run_writes_everything(data, tmp_path):
    plan = Plan(repeats=1, folds=2, inner_folds=2, trees=5, tuned=False, splits=1, permutations=1, guard_folds=2, resamples=50,
                reanalysis_repeats=1, reanalysis_trees=5)  # fmt: skip
    out = tmp_path / "run"
    found = validate_published(data("dmdp_published"), out, plan)
    for name in ("table_1", "table_2", "table_3", "table_5", "metrics", "calibration", "paired", "left_out", "paper_protocol"):
        assert (out / "tables" / f"{name}.csv").stat().st_size > 100
    for kind in ("roc", "forest", "calibration", "violin", "decision", "selection", "cohorts"):
        for task in QUESTIONS:
            assert (out / "pictures" / f"{kind}_{task}.png").read_bytes()[:4] == b"\x89PNG"
            assert b"<svg" in (out / "pictures" / f"{kind}_{task}.svg").read_bytes()[:400]
    assert (out / "pictures" / "splits_EGFR.svg").is_file()
    report, sheet = ((out / name).read_text(encoding="utf-8") for name in ("report.md", "sheet.md"))
    assert "selected upstream on all patients: optimistic" in report
    assert "Research use only" in report
    assert "TRIPOD+AI" in sheet
    assert "METRICS" in sheet
    assert set(json.loads((out / "results.json").read_text())) == set(QUESTIONS)
    configuration = json.loads((out / "configuration.json").read_text())
    assert configuration["plan"]["trees"] == 5
    assert "scikit-learn" in configuration["versions"]
    assert len(areas(found.pieces, "paper")["EGFR", "PET"]["LR"]) == 1
    identifiers = published_table(data("dmdp_published"), "EGFR").identifiers
    assert not any(identifier in report + sheet for identifier in identifiers if not identifier.isdigit())
