"""The authors' released table: what its columns are, and the bundle that is fitted to it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from dmdp.applicability.assess import range_reasons
from dmdp.bundles.bundle import read_bundle
from dmdp.bundles.manifest import TrainingRange
from dmdp.ensemble.model import load_ensemble
from dmdp.errors import InputError
from dmdp.inputs import vector
from dmdp_training.cohorts.published import PET_FEATURES, read_published
from dmdp_training.ensembles.fitting import Effort, out_of_fold, regression
from dmdp_training.ensembles.published import COMPARABLE, fit_sub_model
from dmdp_training.ensembles.specification import LOOSE, ROBUST, specifications

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def patients(data):
    return read_published(data("dmdp_published"))


def column(patients, name):
    return np.array([p.values.get(name, np.nan) for p in patients if p.has_pet])


def test_identities_that_define_the_columns(patients):
    """T1, T2, T3 and T7 on all rows with PET, and T8 as the count that it is."""
    with_pet = [p for p in patients if p.has_pet]
    assert len(with_pet) == 343
    c = {name: column(patients, name) for name in PET_FEATURES if name[:4] not in ("type",) and "mean_sd" not in name}
    np.testing.assert_allclose(c["TLG_3"], c["MTV_3"] * c["suv_mean"], rtol=1e-6)
    np.testing.assert_allclose(c["suv_var"], c["suv_sd"] ** 2, rtol=1e-6)
    equal = np.isclose(c["TLG_4"], c["TLG_3"], rtol=1e-9)
    np.testing.assert_array_equal(equal, c["suv_min"] / c["suv_max"] >= 0.4)
    assert equal.sum() == 30
    assert (c["suv_peak"] <= c["suv_max"] + 1e-9).all()
    bound = 100 * c["suv_var"] / (c["suv_var"] + c["suv_mean"] ** 2)
    assert (c["het0"] <= bound).sum() == 298


def test_codings_and_traps(patients):
    assert Counter(p.cohort for p in patients) == {"NR": 186, "LPCD": 123, "GD": 75}
    egfr = Counter((p.cohort, p.labels["EGFR"]) for p in patients if "EGFR" in p.labels)
    assert egfr == {("GD", 0): 45, ("GD", 1): 30, ("NR", 0): 117, ("NR", 1): 29}
    subtype = Counter((p.cohort, p.labels["subtype"]) for p in patients if "subtype" in p.labels)
    assert subtype[("GD", 1)] == 10
    assert subtype[("LPCD", 1)] == 25  # the 7 small-cell carcinomas carry no subtype label
    assert sum(p.small_cell for p in patients) == 7
    assert not any("smoking" in p.values for p in patients if p.cohort == "GD")
    assert not any(p.labels.get("EGFR") == 1 and p.labels.get("subtype") == 1 for p in patients)


def test_sex_code_1_is_female(patients, data):
    """Proven on the public clinical table of NSCLC Radiogenomics, patient by patient."""
    import csv

    from openpyxl import load_workbook

    with (data("tables") / "nsclc_radiogenomics_clinical.csv").open(encoding="utf-8-sig") as stream:
        public = {row["Case ID"]: row["Gender"] for row in csv.DictReader(stream)}
    rows = load_workbook(data("dmdp_published") / "PET_clinical_feature_matrix.xlsx", read_only=True).active.iter_rows(
        values_only=True
    )
    header = next(rows)
    pairs = Counter(
        (row[header.index("gender")], public[row[0]])
        for row in rows
        if row[0] in public and row[header.index("gender")] is not None
    )
    assert sum(pairs.values()) > 100
    assert set(pairs) == {(1, "Female"), (0, "Male")}


def test_another_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not in"):
        read_published(tmp_path)
    (tmp_path / "PET_clinical_feature_matrix.xlsx").write_bytes(b"other")
    with pytest.raises(InputError, match="SHA-256"):
        read_published(tmp_path)


def test_nine_in_ten_published_patients_are_not_outside(patients):
    """Each fifth against the ranges of the other four, so that no patient vouches for themselves."""
    rows = [p for p in patients if p.has_pet and not p.small_cell]
    fold = np.random.default_rng(0).permutation(len(rows)) % 5
    inside = 0
    for k in range(5):
        known = [p for p, f in zip(rows, fold, strict=True) if f != k]
        column = {n: [p.values[n] for p in known if n in p.values] for n in (*COMPARABLE, "age")}
        training = {n: TrainingRange("", (min(v), max(v))) for n, v in column.items()}
        for p in (p for p, f in zip(rows, fold, strict=True) if f == k):
            values = {n: (v, "") for n, v in p.values.items()}
            found = range_reasons(values, {"suv_max", "suv_peak", "age", "MTV_3"}, training)
            inside += not any(r.level == "outside" for r in found)
    assert inside / len(rows) >= 0.9


def test_no_shipped_model_reads_what_must_not_be_read(project):
    manifest = read_bundle(project / "Resources/Models/published-pet-clinical").manifest
    for card in manifest.sub_models:
        assert not any(n.startswith(("suv_area", "het0", "suv_mean_sd", "type_")) for n in card["inputs"])
        assert "GD" not in card["cohort"] or "smoking" not in card["inputs"]
    assert "carry no licence" in manifest.source.licence
    assert manifest.source.sha256
    assert len(manifest.sub_models) == len(specifications())
    assert set(LOOSE) <= set(COMPARABLE)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["EGFR-robust-age-sex", "subtype-contour-sex", "subtype-robust-stack"])
def test_the_shipped_sub_models_are_those_that_the_command_makes(project, patients, name):
    rows = [p for p in patients if p.has_pet and not p.small_cell]
    spec = next(s for s in specifications() if s.id == name)
    made, learner = fit_sub_model(spec, rows, 0, Effort())
    shipped = load_ensemble(read_bundle(project / "Resources/Models/published-pet-clinical"))
    theirs = next(m for m in shipped.sub_models if m.id == name)
    for part in ("metrics", "cohort", "n", "events", "typical"):
        assert made[part] == theirs.card[part], part
    assert made["calibration"]["slope"] == pytest.approx(theirs.card["calibration"]["slope"], rel=1e-4)
    x = np.vstack([vector(p.values, spec.inputs) for p in rows if all(n in p.values for n in spec.inputs)])
    np.testing.assert_allclose(learner.log_odds(x), theirs.learner.log_odds(x), atol=1e-4)


@pytest.mark.slow
def test_permuted_labels_teach_nothing(patients):
    """No step may see a test fold: with labels at random the mean AUC is a half."""
    from dmdp_training.statistics.metrics import auc

    rows = [p for p in patients if p.has_pet and "EGFR" in p.labels]
    x = np.vstack([vector(p.values, ROBUST) for p in rows])
    rng = np.random.default_rng(0)
    y = np.array([p.labels["EGFR"] for p in rows])
    found = [
        auc(out_of_fold(lambda: regression(0), x, permuted := rng.permutation(y), seed, 2), permuted).mean() for seed in range(20)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)
