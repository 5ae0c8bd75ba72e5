"""What was decided while images were read stands on the screen: each sentence once, in a line of its own."""

from __future__ import annotations

import csv

import pydicom
import pytest
from dmdp.cli import main
from dmdp.commands.said import said
from dmdp.patients.audit import Doubt, SuvAudit

DOSE = "(0018,1074) RadionuclideTotalDose is 350, which is no dose in Bq; it was taken as MBq: 350 MBq."
COPY = "1 of its files are copies of others and were left out."
LIGHT = "setting:\n  binWidth: 25\nimageType:\n  Original: {}\nfeatureClass:\n  firstorder: [Mean]\n"


@pytest.fixture
def odd(study_copy):
    """The study with its dose in MBq and one PET slice twice."""
    paths = sorted((study_copy / "pet").glob("*.dcm"))
    for path in paths:
        header = pydicom.dcmread(path)
        header.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = "350"
        header.save_as(path)
    (study_copy / "pet" / "copy.dcm").write_bytes(paths[50].read_bytes())
    return study_copy


def test_each_is_said_once_in_one_line():
    nothing = dict.fromkeys(("reference_time", "reference_by", "decay_factor", "uptake_minutes", "tracer"))
    doubts = (Doubt("one", "a\nb"), Doubt("two", "c"))
    audit = SuvAudit(tags=(), rules=(), decay_seconds=0.0, factors={}, factor_units={}, warnings=doubts, **nothing)
    assert said(("c", "d", "d"), audit) == ["a b", "c", "d"]
    assert said((), None) == []


def test_every_command_that_reads_a_pet_says_what_it_decided(odd, tmp_path, capsys):
    (tmp_path / "light.yaml").write_text(LIGHT)
    with (tmp_path / "cohort.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("id", "ct", "pet", "seed"), ("p1", odd / "ct", odd / "pet", "94,22,18")])
    case = ("--ct", odd / "ct", "--pet", odd / "pet", "--seed", "94,22,18")
    for words, before in (
        (("suv", odd / "pet"), "  ! "),
        (("delineate", *case[2:], "--out", tmp_path / "o.nii.gz"), ""),
        (("features", *case, "--profile", tmp_path / "light.yaml", "--out", tmp_path / "f.csv"), ""),
        (("predict", *case, "--out", tmp_path / "result"), ""),
        (("batch", tmp_path / "cohort.csv", "--out", tmp_path / "results"), "  p1: "),
    ):
        assert main([str(word) for word in words]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines.count(before + DOSE) == 1
        assert sum(line.startswith(before) and line.endswith(COPY) for line in lines) == 1
