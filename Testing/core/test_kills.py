"""Every end is an end: a few random moments of the two fastest commands, and a full disk, by the code of the whole campaigns."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("processes are watched in /proc", allow_module_level=True)

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hostile.exhaustion import FULL, hindered, may_mount
from hostile.kills import QUICK, campaign, chosen, reference, report
from hostile.process import SIGNALS, Place
from hostile.subjects import prepare


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    place = Place.under(tmp_path_factory.mktemp("hostile"))
    prepare(place, chosen(QUICK))
    return place


@pytest.mark.parametrize(("name", "moments"), zip(QUICK, (2, len(SIGNALS)), strict=True))
def test_a_kill_at_any_moment_loses_and_mixes_nothing(place, name, moments):
    (subject,) = chosen([name])
    found = list(campaign(subject, place, moments, random.Random(name)))
    assert not [each for each in found if each.faults], report(found, "")


@pytest.mark.parametrize("hindrance", FULL, ids=lambda hindrance: hindrance.name)
def test_a_full_disk_is_told_and_costs_nothing(place, hindrance):
    if hindrance.over and not may_mount():
        pytest.skip("mounting a full file system needs root")
    (subject,) = chosen(["delineate"])
    found = hindered(subject, place, reference(subject, place), hindrance, older=True, again=False)
    assert not found.faults, found
    assert found.ended.code == 3
