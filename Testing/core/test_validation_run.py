"""A validation run: pieces that survive a kill, folders that are not overwritten, a table that is checked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from dmdp.errors import OutputError
from dmdp.jobs.executors import executor_of
from dmdp.jobs.here import HERE
from dmdp.jobs.pieces import PIECES
from dmdp_training.cohorts.table import UNKNOWN, CohortTable, Column
from dmdp_training.runs.inputs import fingerprint, keep_table, kept_table
from dmdp_training.runs.store import CONFIGURATION, open_run
from dmdp_training.studies.published.pieces import compute_units
from dmdp_training.studies.published.plan import DEFAULT, QUICK
from dmdp_training.studies.published.study import command, replaced
from dmdp_training.studies.published.tables import Table, marked, shown
from dmdp_training.studies.published.units import Unit, units

from .test_stacking import TINY, cohort_table

PIECES_OF_TEST = [Unit("nested", "EGFR", s, 0, fold) for s in ("clinical", "PET") for fold in range(3)]


class Killed(BaseException):
    pass


def test_a_killed_run_goes_on_and_ends_the_same(tmp_path):
    tables = {"EGFR": cohort_table()}
    whole = compute_units(tmp_path / "whole", PIECES_OF_TEST, tables, TINY, HERE)

    def kill(fraction, words):
        if fraction >= 0.5:
            raise Killed

    with pytest.raises(Killed):
        compute_units(tmp_path / "killed", PIECES_OF_TEST, tables, TINY, HERE, progress=kill)
    stored = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "killed" / PIECES).glob("*.json")}
    assert 0 < len(stored) < len(PIECES_OF_TEST)
    (tmp_path / "killed" / PIECES / ".nested-EGFR-PET-000-2.json.partial").write_text("{", encoding="utf-8")
    seen = []
    again = compute_units(tmp_path / "killed", PIECES_OF_TEST, tables, TINY, HERE, progress=lambda f, w: seen.append(f))
    assert len(seen) == len(PIECES_OF_TEST) - len(stored)
    assert seen[-1] == 1
    assert again == whole
    assert all((tmp_path / "killed" / PIECES / name).stat().st_mtime_ns == time for name, time in stored.items())


@pytest.mark.slow
def test_processes_do_not_change_the_result(tmp_path):
    tables = {"EGFR": cohort_table()}
    alone = compute_units(tmp_path / "one", PIECES_OF_TEST, tables, TINY, HERE)
    assert compute_units(tmp_path / "two", PIECES_OF_TEST, tables, TINY, executor_of(2)) == alone


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    open_run(tmp_path / "run", {"plan": 1})
    open_run(tmp_path / "run", {"plan": 1})
    with pytest.raises(OutputError, match="other settings"):
        open_run(tmp_path / "run", {"plan": 2})
    (tmp_path / "run" / CONFIGURATION).write_text("{", encoding="utf-8")
    with pytest.raises(OutputError, match="other settings"):
        open_run(tmp_path / "run", {"plan": 1})
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="not a run"):
        open_run(tmp_path / "foreign", {"plan": 1})
    assert (tmp_path / "foreign" / "thesis.txt").is_file()


def test_settings_may_change_as_long_as_a_run_holds_nothing_of_them(tmp_path):
    def held(plan):
        open_run(tmp_path / "run", {"plan": plan}, early=("crops",))
        return json.loads((tmp_path / "run" / CONFIGURATION).read_text(encoding="utf-8"))["plan"]

    assert held(1) == 1
    (tmp_path / "run" / "crops").mkdir()
    assert held(2) == 2
    (tmp_path / "run" / "fold-1-1").mkdir()
    assert held(2) == 2
    with pytest.raises(OutputError, match="a run with other settings"):
        held(3)
    (tmp_path / "fresh" / "crops").mkdir(parents=True)  # copied from another run
    assert (open_run(tmp_path / "fresh", {"plan": 1}, early=("crops",)) / CONFIGURATION).is_file()


def test_every_piece_has_its_own_name():
    found = list(units({"EGFR": cohort_table()}, TINY))
    assert len({unit.name for unit in found}) == len(found)
    assert {unit.kind for unit in found} >= {"nested", "left_out", "permuted", "paper", "selection_inside", "leak"}
    assert json.dumps([unit.name for unit in found])


def test_a_table_refuses_what_does_not_fit():
    good = cohort_table(20)
    with pytest.raises(ValueError, match="twice"):
        CohortTable(good.columns, good.values, good.labels, good.cohorts, np.full(20, "same"))
    with pytest.raises(ValueError, match="do not fit"):
        CohortTable(good.columns[1:], good.values, good.labels, good.cohorts, good.identifiers)
    assert fingerprint(good) != fingerprint(good.rows(np.arange(20) < 19))
    assert fingerprint(good) == fingerprint(cohort_table(20))


def test_a_run_keeps_its_table_without_identifiers(tmp_path):
    table = cohort_table(20)
    name = keep_table(tmp_path, table)
    again = kept_table(tmp_path, name)
    assert fingerprint(again) == name == fingerprint(table)
    assert again.identifiers.tolist() == [str(row) for row in range(20)]
    assert again.columns == table.columns


def test_a_table_changes_units_only_where_they_are_skewed():
    columns = (Column("suv_max", "g/ml", "PET"), Column("suv_skew", "1", "PET"), Column("age", "years", "clinical"))
    values = np.array([[np.e, -1.0, 60], [0.0, 2.0, np.nan], [1.0, 0.0, 50]])
    table = CohortTable(
        columns, values, {"EGFR": np.array([1, 0, UNKNOWN])}, np.array(["A", "A", "B"]), np.array(["1", "2", "3"])
    )
    np.testing.assert_allclose(table.design(), [[1, -1, 60], [np.nan, 2, np.nan], [0, 0, 50]])
    assert table.known("EGFR").tolist() == [True, True, False]
    assert table.select(("PET",)).measured("PET").all()
    assert table.blocks() == ("PET", "clinical")


def test_words_of_tables():
    assert shown((0.71234, 0.6, 0.8)) == "0.71 (0.60 to 0.80)"
    assert shown(None) == shown((np.nan, np.nan, np.nan)) == "–"
    assert marked("PET_clinical") == "PET_clinical"
    assert marked("CT_reg1") == "CT_reg1 †"
    table = Table("t", "Title", ("a", "b"), (("1", "2, 3"),), "note")
    assert table.csv() == 'a,b\n1,"2, 3"\n'
    assert table.markdown().splitlines()[2:5] == ["| a | b |", "| --- | --- |", "| 1 | 2, 3 |"]


def test_the_command_line_refuses_what_is_not_there(dmdp_command, tmp_path):
    found = dmdp_command("validate", "published", "--data", tmp_path, "--out", tmp_path / "run")
    assert found.returncode == 3
    assert "PET_clinical_feature_matrix.xlsx" in found.stderr
    assert "75dd19a" in found.stderr
    assert not (tmp_path / "run").exists()
    assert dmdp_command("validate", "published", "--data", tmp_path, "--out", tmp_path, "--jobs", "0").returncode == 2


def test_the_command_that_makes_a_run():
    assert command(DEFAULT) == "dmdp validate published --data D --out RUN"
    assert command(replaced(QUICK, 3)) == "dmdp validate published --data D --out RUN --quick --seed 3"
