"""The names of maps, and what is said of the network that made them."""

from __future__ import annotations

import pytest
from dmdp.evidence import DEMONSTRATION, TRAINED, evidence_of
from dmdp.network.opinion import NetworkOpinion
from dmdp.report import maps


@pytest.mark.parametrize(
    ("name", "parts", "words"),
    [
        ("EGFR_ct_encoder", ("EGFR", "ct", "encoder"), "EGFR: Grad-CAM, CT encoder"),
        ("sim_margin_pet_stage3", ("sim_margin", "pet", "stage3"), "sim_margin: Grad-CAM, PET encoder, middle stage"),
        ("EGFR_fused_small", ("EGFR", "fused", "small"), "EGFR: Grad-CAM, fusion, small scale"),
        ("a_b_c_fused_fusion", ("a_b_c", "fused", "fusion"), "a_b_c: Grad-CAM, fusion"),
        ("subtype_ct_occlusion", ("subtype", "ct", "occlusion"), "subtype: Occlusion, CT"),
        ("subtype_fused_occlusion", ("subtype", "fused", "occlusion"), "subtype: Occlusion, fused"),
    ],
)
def test_names(name, parts, words):
    assert maps.split(name) == parts
    assert maps.words(name) == words


def test_a_name_of_two_parts_is_none():
    with pytest.raises(ValueError, match="unpack"):
        maps.split("EGFR_ct")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, DEMONSTRATION),
        (NetworkOpinion("…", True, "demo-network 1"), DEMONSTRATION),
        (NetworkOpinion("…", False, "cohort-network 1"), TRAINED),
    ],
)
def test_a_network_is_a_demonstration_unless_it_says_otherwise(said, expected):
    assert evidence_of(said) is expected


def test_what_is_said_of_a_trained_network_is_true_of_it():
    for words in (TRAINED.short, TRAINED.heading, TRAINED.summary, TRAINED.numbers):
        assert "trained on patients" not in words
        assert "emonstration" not in words
