"""The verdict before the number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dmdp.applicability.assess import assess, is_fdg
from dmdp.applicability.lung import LungPosition
from dmdp.bundles.manifest import TrainingRange
from dmdp.ensemble.model import SubModel
from dmdp.feature import Feature
from dmdp.images.mask import Mask
from dmdp.images.volume import Geometry, Volume
from dmdp.inputs import clinical_values
from dmdp.patients.audit import SuvAudit
from dmdp.patients.case import Case, Clinical, Lesion
from scipy.spatial.distance import mahalanobis

IN_LUNG = LungPosition(0.6, 0.0, 4000.0)
AUDIT = SuvAudit(
    tags=(),
    rules=(),
    reference_time=None,
    reference_by=None,
    decay_factor=None,
    uptake_minutes=60.0,
    decay_seconds=0.0,
    tracer="FDG -- fluorodeoxyglucose",
    factors={},
    factor_units={},
    warnings=(),
)
TRAINING = {
    "MTV_3": TrainingRange("ml", (1.0, 300.0)),
    "suv_max": TrainingRange("g/ml", (1.0, 45.0)),
    "suv_skew": TrainingRange("1", (-1.0, 3.0)),
    "age": TrainingRange("years", (24.0, 90.0)),
}


TOGETHER = {"mean": [np.log(9.0), 62.0], "precision": [[4.0, -0.1], [-0.1, 0.01]], "quantiles": {"0.99": 4.5}}
READS = SubModel("m", "EGFR", "regression", ("suv_max", "age"), "any", learner=None, card={"distance": TOGETHER})


def case(audit=AUDIT, pet_spacing=(3.0, 4.0, 4.0), ct_spacing=(3.0, 1.0, 1.0), age=60.0, modality="PET") -> Case:
    pet, ct = (Geometry.from_spacing((4, 4, 4), s) for s in (pet_spacing, ct_spacing))
    ones = np.ones((4, 4, 4), bool)
    return Case(
        {"CT": Volume(np.zeros((4, 4, 4)), ct, "HU"), "PET": Volume(np.zeros((4, 4, 4)), pet, "SUVbw g/ml")},
        {"PET": Lesion(Mask(ones, pet), "auto"), "CT": Lesion(Mask(ones, ct), "auto", modality)},
        Clinical(age),
        audit,
    )


def verdict(case, lung=IN_LUNG, offset=None, **values):
    given = {"MTV_3": 20.0, "suv_max": 9.0, "suv_skew": 1.0, **values}
    features = {n: Feature(n, v, "1", "", "") for n, v in given.items()}
    known = {n: f.value for n, f in features.items()} | clinical_values(case.clinical)
    found = assess(case, features, known, [READS], TRAINING, lung, offset)
    return found.verdict, [r.code for r in found.reasons]


def test_an_ordinary_patient_is_ok():
    assert verdict(case()) == ("ok", [])


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (44, "caution"),
        (45, "ok"),
        (90, "ok"),
        (91, "caution"),
        (180, "caution"),
        (181, "outside"),
        (30, "caution"),
        (29, "outside"),
    ],
)
def test_uptake_time(minutes, expected):
    assert verdict(case(replace(AUDIT, uptake_minutes=minutes)))[0] == expected


def test_unknown_acquisition_asks_for_caution():
    assert verdict(case(None)) == ("caution", ["acquisition.unknown"])
    assert verdict(case(replace(AUDIT, uptake_minutes=None, tracer=None)))[0] == "caution"


def test_another_tracer_is_outside():
    assert verdict(case(replace(AUDIT, tracer="FLT")))[0] == "outside"
    assert all(map(is_fdg, ("FDG", "18F-FDG", "Fluorodeoxyglucose F^18^", "C-B1031", "FDG -- fluorodeoxyglucose")))
    assert not any(map(is_fdg, ("FLT", "Ga-68 DOTATATE", "NaF", "FMISO")))


def test_anatomy_and_alignment():
    assert verdict(case(), LungPosition(0.07, 0.0, 4000.0)) == ("outside", ["anatomy.not_lung"])
    assert verdict(case(), LungPosition(0.0, None, 0.0))[0] == "outside"
    assert verdict(case(), offset=9.9)[0] == "ok"
    assert verdict(case(), offset=10.1) == ("caution", ["alignment.offset"])


def test_a_pet_lesion_in_aerated_lung_has_moved():
    still = case()
    moved = replace(still, images={**still.images, "CT": replace(still.ct, array=np.full_like(still.ct.array, -800.0))})
    assert verdict(moved) == ("caution", ["alignment.aerated"])
    drawn = replace(moved, lesions={**moved.lesions, "CT": replace(still.ct_lesion, modality="CT")})
    assert verdict(drawn)[0] == "ok"


def test_spacing():
    assert verdict(case(pet_spacing=(8.0, 4.0, 4.0)))[0] == "caution"
    assert verdict(case(pet_spacing=(13.0, 4.0, 4.0)))[0] == "outside"
    assert verdict(case(ct_spacing=(7.5, 1.0, 1.0)))[0] == "caution"


def test_what_a_model_reads_must_lie_in_its_range():
    assert verdict(case(), suv_max=50.0) == ("outside", ["range.suv_max"])
    assert verdict(case(), MTV_3=0.2)[0] == "outside"
    assert verdict(case(age=95.0))[0] == "outside"
    assert verdict(case(), suv_skew=4.0) == ("caution", ["range.suv_skew"])
    assert verdict(case(), suv_max=float("nan"))[0] == "outside"


def test_the_gravest_reason_comes_first():
    assert verdict(case(replace(AUDIT, uptake_minutes=100.0)), suv_max=99.0)[1][0] == "range.suv_max"


def test_inputs_that_are_unlike_the_training_patients_together():
    """Each within its range; the distance is scipy's."""
    assert verdict(case(age=85.0), suv_max=1.2) == ("caution", ["range.together"])
    assert verdict(case(age=60.0), suv_max=9.0) == ("ok", [])
    expected = mahalanobis([np.log(1.2), 85.0], TOGETHER["mean"], TOGETHER["precision"])
    assert READS.distance({"suv_max": 1.2, "age": 85.0}) == pytest.approx(expected)
