"""One list of what a person reads: it knows every quantity and rule of ours, and its colours can be read."""

from __future__ import annotations

import re

import pytest
from dmdp import words
from dmdp.applicability.verdict import LEVELS
from dmdp.delineation.methods import ORIGINS
from dmdp.inputs import CLINICAL_INPUTS
from dmdp.pet_features.table import DEFINITIONS

# The window colours of Slicer's light and dark style (qSlicerStyle.cxx), of other applications, and of the report page.
GROUNDS = {
    "light": ("#ffffff", "#f6f8fa", "#efefef", "#e6e6e6"),
    "dark": ("#323232", "#353535", "#14181d", "#1c2229", "#404040"),
}


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("verdict", LEVELS)
def test_verdicts_are_readable_in_both_styles(style, verdict):
    colour = words.verdict_colour(verdict, style == "dark")
    assert colour == words.COLOURS[style][verdict]
    for ground in GROUNDS[style]:
        assert contrast(colour, ground) >= 4.5, ground


def test_every_quantity_and_rule_of_ours_has_a_name():
    ours = [*CLINICAL_INPUTS, *DEFINITIONS]
    assert not set(ours) - set(words.NAMES)
    assert not set(words.NAMES) - set(ours), "names of nothing"
    assert not [code for code in ORIGINS if words.method(code) in ("", code)]
    assert set(words.VERDICTS) == set(LEVELS)
    shown = [words.name(code) for code in ours]
    assert len(set(shown)) == len(shown), "two quantities of one name"
    assert not [name for name in shown if re.search(r"\w_\w", name)]


def test_values_are_words_where_they_are_codes():
    assert words.coded("sex", "F") == words.coded("sex", 1.0) == "female"
    assert words.coded("sex", 0.0) == "male"
    assert words.coded("smoking", 1.0) == "ever"
    assert words.coded("type_xy", 1.0) == "hollow or second peak"
    assert words.coded("suv_max", 1.0) is None
    assert words.coded("sex", None) is None


def test_what_is_not_in_the_list_loses_its_underscores():
    assert words.name("reg1_original_firstorder_Mean") == "reg1 original firstorder Mean"
    assert words.names(["age", "suv_max"]) == "age, SUVmax"
    assert words.method("grown_by_hand") == "grown by hand"
    assert words.modality("both") == "PET and CT"
    assert words.modality("PET") == "PET"


def test_reports_show_no_code_names(tmp_path, simulated_study, dmdp_command):
    """The page of a real result; code names stand in tooltips, for the reader of the tables."""
    patient, study = simulated_study
    seed = ",".join(map(repr, patient.seed_lps))
    done = dmdp_command(
        "predict", "--ct", study, "--pet", study, "--seed", seed, "--age", 61, "--sex", "F", "--out", tmp_path / "out"
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    seen = re.sub(r"<[^>]+>", " ", body)
    for code in DEFINITIONS:
        if "_" in code:
            assert not re.search(rf"(?<![\w.]){re.escape(code)}(?![\w.])", seen), code
    assert "sex female" in re.sub(r"\s+", " ", seen)
    assert 'title="suv_max"' in body
