"""One table reader for batches, cohorts, contours and the panel: what it tolerates, what it refuses, and what it names."""

from __future__ import annotations

import numpy as np
import pytest
from dmdp.errors import InputError, UsageError
from dmdp.intake.row import PatientRow, point
from dmdp.intake.table import read_table
from dmdp.patients.case import Clinical
from dmdp_training.learning.cohort_csv import read_cohort
from dmdp_training.learning.plan import NetworkPlan
from dmdp_training.learning.splits import Roster, inner_rows, outer_folds

PLAIN = "id,patient,ct,pet,seed,age,sex,site,EGFR\na-1,a,ct,pet,1 2.5 -3,61,F,north,1\n"
FORMS = {
    "as it should be": PLAIN,
    "semicolons": PLAIN.replace(",", ";"),
    "a byte order mark": "\ufeff" + PLAIN,
    "semicolons and a byte order mark": "\ufeff" + PLAIN.replace(",", ";"),
    "lines of Windows": PLAIN.replace("\n", "\r\n"),
    "capitals": PLAIN.replace("id,patient,ct,pet,seed,age,sex,site", "ID,Patient,CT,PET,Seed,Age,SEX,Site").replace(
        "EGFR", "egfr"
    ),
    "spaces": PLAIN.replace(",", " , ").replace("\n", " \n"),
    "empty rows": PLAIN.replace("\n", "\n,,,,,,,,\n\n"),
    "a column without a name": PLAIN.replace("\n", ",\n"),
    "a seed with commas": PLAIN.replace("1 2.5 -3", '"1,2.5,-3"'),
    "a seed with semicolons": PLAIN.replace("1 2.5 -3", "1;2.5;-3"),
    "a seed with decimal commas": PLAIN.replace(",", ";").replace("1 2.5 -3", '"1;2,5;-3"'),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_table_is_the_same_table(tmp_path, form):
    (tmp_path / "c.csv").write_bytes(FORMS[form].encode())
    (row,) = read_table(tmp_path / "c.csv", known=("EGFR",), others=False).whole()
    assert (row.id, row.patient, row.ct, row.pet) == ("a-1", "a", tmp_path / "ct", tmp_path / "pet")
    assert (row.seed, row.clinical, row.site) == ((1.0, 2.5, -3.0), Clinical(61.0, "F"), "north")
    assert row.further == {"EGFR": "1"}
    assert row.line >= 2


@pytest.mark.parametrize("text", ["1,2", "1,2,3,4", "a,b,c", "nan,0,0", "1,5 2,5 3,5 4,5", ""])
def test_a_point_has_one_reading(text):
    with pytest.raises(UsageError, match="three numbers"):
        point(text)


@pytest.mark.parametrize("text", ["-41.8,-14.7,-121.3", "-41,8;-14,7;-121,3", " -41.8 -14.7 -121.3", "-41,8 -14,7 -121,3"])
def test_a_point_in_several_forms(text):
    assert point(text) == (-41.8, -14.7, -121.3)


def test_everything_may_be_absent_and_the_id_is_the_patient():
    rows = read_table([{"id": "bare"}, {"id": "two", "patient": "bare"}, {"id": "three", "ct": "c"}]).whole()
    assert [row.patient for row in rows] == ["bare", "bare", "three"]
    assert not rows[0].has_lesion
    assert (rows[2].has("CT"), rows[2].has("PET")) == (True, False)
    with pytest.raises(UsageError, match="in no way"):
        rows[0].require_lesion()


def test_ids_are_made_from_patients_and_name_a_folder(tmp_path):
    (tmp_path / "c.csv").write_text("patient,ct\np/1,x\np/1,y\n.q,z\np_1-2,w\n", encoding="utf-8")
    rows = read_table(tmp_path / "c.csv").whole()
    assert [row.patient for row in rows] == ["p/1", "p/1", ".q", "p_1-2"]
    assert len({row.id for row in rows}) == 4
    assert [row.id for row in rows[:3]] == ["p_1", "p_1-2", "_q"]


def test_a_faulty_cell_costs_its_row_and_is_named(tmp_path):
    text = "id,ct,pet,mask,seed,age,method\na,c,p,m,,old,\nb,c,p,m,,,\nc,c,p,m,1 2 3,,\nd,c,p,,1 2 3,,suv99\n"
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    table = read_table(tmp_path / "c.csv")
    assert [row.id for row in table.rows] == ["a", "b", "c", "d"]
    assert {name: error.found for name, error in table.faults.items()} == {
        "a": "Row 2, column 'age': age is 'old'.",
        "c": "Row 4, column 'mask': The lesion is given in more than one way.",
        "d": "Row 5, column 'method': 'suv99' is no method.",
    }
    with pytest.raises(InputError, match="Row 2, column 'age'"):
        table.whole()


def test_a_row_and_the_arguments_of_its_job_are_the_same(tmp_path):
    given = {"ct": "c", "pet_mask": "m.nii", "pet": {"files": ["a"], "moved": None}, "sex": "F", "pet_is_suv": "yes"}
    row = PatientRow.of(given, tmp_path)
    assert PatientRow.of(row.arguments()) == row
    assert row.arguments()["pet_mask"] == str(tmp_path / "m.nii")
    assert row.arguments()["pet"] == given["pet"]


def test_rows_of_one_patient_stay_on_one_side_of_every_split(tmp_path):
    for name in ("ct", "m.nii.gz"):
        (tmp_path / name).touch()
    lines = [f"p{n}-{scan},p{n},ct,m.nii.gz,{n % 2 if scan else ''}" for n in range(24) for scan in range(2)]
    (tmp_path / "c.csv").write_text("\n".join(["id,patient,ct,ct_mask,EGFR", *lines]) + "\n", encoding="utf-8")
    rows = read_cohort(tmp_path / "c.csv", ("EGFR",))
    assert len({row.id for row in rows}) == 48
    roster = Roster.of(rows, ("EGFR",))
    folds = outer_folds(roster, NetworkPlan(("EGFR",), folds=3), 0)
    assert len({(row.patient, fold) for row, fold in zip(rows, folds, strict=True)}) == 24
    learn, stop = inner_rows(roster, 0)
    assert not {rows[i].patient for i in learn} & {rows[i].patient for i in stop}
    assert len(np.union1d(learn, stop)) == 48
