"""The report page, read as a browser would: what is seen, in which order, and what is folded away."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from dmdp import POPULATION, RESEARCH_USE_ONLY
from dmdp.applicability.verdict import Applicability, Reason
from dmdp.bundles.card import Cohort, Metric, ModelCard, Source
from dmdp.documents.codec import Malformed, plain
from dmdp.endpoints.answers import Alternative, Contribution
from dmdp.endpoints.binary import Adjusted, BinaryAnswer
from dmdp.features.document import CtFeaturesReport
from dmdp.network.opinion import NetworkOpinion, ZoneShares
from dmdp.patients.audit import Doubt, SuvAudit, UsedTag
from dmdp.prediction.document import (
    ContourReport,
    FeatureReading,
    InputsReport,
    Prediction,
)
from dmdp.regions.document import RegionReading, RegionsReport, ShellReading
from dmdp.report.html import figure, render
from dmdp.report.pictures import Picture
from PIL import Image

VOID = {"meta", "img", "link", "br"}
LABEL = "demonstration network, not trained on patients; does not explain the probability"


class Page(HTMLParser):
    """Words in the order of the page: ``seen`` with folds closed, ``hidden`` inside them; ``tags``."""

    def __init__(self, html: str):
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.tags: list[tuple[str, dict]] = []
        self.words: dict[bool, list[str]] = {False: [], True: []}
        self.feed(html)
        self.close()
        assert self.stack == []
        self.seen, self.hidden = (re.sub(r"\s+", " ", " ".join(self.words[key])) for key in (False, True))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag not in VOID:
            self.stack.append((tag, tag == "details" and "open" not in attrs))

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag

    def handle_data(self, data):
        names = [tag for tag, _ in self.stack]
        if "style" in names or "title" in names:
            return
        folds = [i for i, (_, closed) in enumerate(self.stack) if closed]
        in_own_summary = "summary" in names[folds[-1] :] and len(folds) == 1 if folds else False
        self.words[bool(folds) and not in_own_summary].append(data)


def task(title: str, positive: str, probability: float) -> BinaryAnswer:
    """Everything that may be said of a task."""
    internal = {"interval_level": 0.95, "protocol": "cross-validation", "n": 211, "events": 56}
    return BinaryAnswer(
        title=title,
        positive=positive,
        negative="the other",
        probability=probability,
        interval=(0.104, 0.325),
        interval_kind="uncertainty of the model fit (90 %)",
        set="uncertain",
        set_kind="class-conditional conformal set",
        prevalence=0.265,
        adjusted=Adjusted(0.45, 0.3891, (0.2, 0.6)),
        contributions=(Contribution("age", 69.0, 66.0, -0.41), Contribution("suv_max", 42.2, 9.0, 0.2)),
        model="m 1",
        sub_model=f"{title}-robust-age-sex",
        kind="stack",
        inputs=("suv_max",),
        cohort="GD, NR",
        n=211,
        events=56,
        metrics=(
            Metric(metric="AUC", value=0.631, interval=(0.539, 0.7227), **internal),
            Metric(metric="Brier score", value=0.19, interval=(0.17, 0.21), protocol="cross-validation", n=211),
        ),
        notes=("Could not be told from chance.",),
        alternatives=(Alternative("m 1", f"{title}-robust", "regression", 0.31, (0.13, 0.44), ("suv_max",), "any"),),
    )


@pytest.fixture
def document() -> dict:
    """A ``prediction.json`` with everything that may be in it."""
    return Prediction(
        applicability=Applicability((Reason("uptake", "Scanned 159 min after injection.", "45 to 90 min.", "caution"),)),
        tasks={"EGFR": task("EGFR mutation", "mutant", 0.2175), "subtype": task("Subtype", "squamous", 0.5517)},
        suv_audit=SuvAudit(
            tags=(UsedTag("(0010,1030)", "PatientWeight", "91.0"),),
            rules=("DecayCorrection START.",),
            reference_time="10:00:00",
            reference_by="frames",
            decay_factor=None,
            uptake_minutes=159.0,
            decay_seconds=0.0,
            tracer="FDG",
            factors={"SUVbw": 0.00042111007, "SUVlbm": None},
            factor_units={"SUVbw": "g/ml", "SUVlbm": "g/ml (James)"},
            warnings=(Doubt("late_scan", "A late scan."),),
        ),
        inputs=InputsReport({"age": 60.0, "sex": "M", "suv_max": 42.217}, ("smoking",), ()),
        contour=ContourReport(
            method="auto",
            modality="PET",
            volume_ml=62.947,
            seed_lps_mm=None,
            centroid_lps_mm=(1.0, 2.0, 3.0),
            ct_volume_ml=63.1,
            notes=("The seed lies outside.",),
            spread={
                "EGFR": {"suv4": 0.22, "suv2.5": 0.25, "pet41": None},
                "subtype": {"suv4": 0.5, "suv2.5": 0.5, "pet41": None},
            },
            moved_mm=1.0,
            moved={"EGFR": (0.2123, 0.2345), "subtype": None},
        ),
        features={
            "suv_max": FeatureReading(42.217, "g/ml", "highest SUVbw", "paper", (0.77, 45.7), True, 96.4),
            "suv_skew": FeatureReading(-0.3584, "1", "skewness", "paper", (-0.2, 3.5), False, 100.0),
            "het0": FeatureReading(None, "%", "residual", "ours", None, None, None),
        },
        regions=RegionsReport(
            definition="ct_regions_v1",
            regions=(
                RegionReading("reg1", "tumour, dense", True, 35.03, 0.565),
                RegionReading("reg2", "tumour, necrotic", False, 0.0, 0.0),
            ),
            shells=(ShellReading("shell_0_3", 12.34),),
            threshold_hu=31.5,
            contrast_hu=None,
            frac_unassigned=0.02,
            notes=("Our definition.",),
        ),
        ct_features=CtFeaturesReport(
            "radiomics_v1", "0123456789abcdef" * 4, "engine", "contour from PET", ("reg1",), {}, 851, 851
        ),
        network=NetworkOpinion(
            label=LABEL,
            demonstration=True,
            model="demo-network 1",
            probabilities={"EGFR": 0.871},
            zones={"EGFR_ct_encoder": ZoneShares(0.1, 0.1, 0.1, 0.7)},
            warnings={"EGFR_ct_encoder": ("70% of this map lies elsewhere.",)},
        ),
        models=(
            ModelCard(
                name="published",
                version="1.0.0",
                kind="ensemble",
                cohorts=(Cohort(name="GD", n=75),),
                intended_use="Adults.",
                source=Source(
                    repository="https://example.org/r", commit="75dd19a", licence="The source tables carry no licence."
                ),
                hash="14c3",
            ),
        ),
        notes=("Used CT series 2.",),
        versions={"dmdp": "0.1.0"},
        hashes={"ct_voxels": "fd63"},
    ).to_json()


@pytest.fixture
def page(tmp_path):
    pictures = [
        Picture("fused.png", "PET over CT", "CT with PET in colour", "fused"),
        Picture("heatmap_EGFR.png", "Grad-CAM, EGFR", f"map; {LABEL}", "heatmap"),
    ]
    for picture in pictures:
        Image.new("RGB", (4, 4)).save(tmp_path / picture.file)

    def make(document) -> Page:
        text = render(Prediction.from_json(document), pictures, tmp_path)
        made = Page(text)
        made.text = text
        return made

    return make


def test_the_verdict_stands_before_any_number(page, document):
    seen = page(document).seen
    assert seen.strip().startswith(RESEARCH_USE_ONLY)
    assert seen.rstrip().endswith(RESEARCH_USE_ONLY)
    order = [
        seen.index(words)
        for words in (POPULATION, "Caution", "Scanned 159 min after injection. Expected: 45 to 90 min.", "0.22 probability of")
    ]
    assert order == sorted(order)


def test_a_probability_comes_with_all_that_stands_behind_it(page, document):
    seen = page(document).seen
    for words in (
        "0.22 probability of mutant (else the other)",
        "Interval 0.10 to 0.33: uncertainty of the model fit (90 %).",
        "Fitted to 211 patients, 56 of them mutant (27 %), of the cohorts GD, NR.",
        "AUC 0.63 0.54 to 0.72 (95 %) 56 of 211",
        "Brier score 0.19 0.17 to 0.21 211",
        "EGFR mutation-robust SUVmax 0.31 0.13 to 0.44",
        "Could not be told from chance.",
        "EGFR mutation 0.22 0.25 — 0.03",
        "Not provided: smoking.",
        "age 60 years sex male SUVmax 42.2 g/ml",
    ):
        assert words in seen


def test_conformal_answer_local_prevalence_and_contributions(page, document):
    seen = page(document).seen
    assert "Conformal answer: uncertain" in seen
    assert seen.index("0.22 probability of") < seen.index("prevalence of 0.45 (training: 0.27): 0.39"), "the model's own first"
    assert "age 69 66 −0.41" in seen
    assert "SUVmax 42.2 9 +0.20" in seen
    for task in document["tasks"].values():
        task.update(adjusted=None, set=None)
    seen = page(document).seen
    assert "local prevalence" not in seen
    assert "Conformal answer" not in seen


def test_outside_folds_every_probability_away(page, document):
    document["applicability"]["reasons"][0]["level"] = "outside"
    outside = page(document)
    assert "Show anyway" in outside.seen
    for number in ("0.22", "0.55", "0.31", "0.25", "0.63"):
        assert number not in outside.seen
        assert number in outside.hidden
    folds = [attrs for tag, attrs in outside.tags if tag == "details"]
    assert folds[0] == {}  # not of the class that paper unfolds


def test_the_demonstration_is_apart_and_folded(page, document):
    seen, hidden = page(document).seen, page(document).hidden
    assert "0.87" not in seen
    assert "EGFR 0.87" in hidden
    assert "EGFR: Grad-CAM, CT encoder 10 % 10 % 10 % 70 % 70% of this map lies elsewhere." in hidden
    assert hidden.count("it does not explain the low answer") == 1
    assert "not trained on patients and does not explain the probability" in seen
    assert f"{LABEL[0].upper()}{LABEL[1:]}." in hidden
    assert "Grad-CAM, EGFR" in hidden
    assert "Grad-CAM, EGFR" not in seen


def test_a_trained_network_is_not_called_a_demonstration(page, document):
    label = "network trained on a cohort, n = 90, not validated elsewhere; shows the network, not the biology"
    note = "The GPU ran out of memory; ran on the CPU."
    document["network"].update(demonstration=False, label=label, note=note, missing=["age", "smoking"])
    document["network"]["zones"]["sim_margin_ct_occlusion"] = {"core": 0.25, "rim": 0.25, "ring": 0.25, "elsewhere": 0.25}
    seen, hidden = page(document).seen, page(document).hidden
    assert "Network, apart from the answer" in seen
    assert "has not been validated elsewhere" in seen
    for words in (f"N{label[1:]}.", note, "EGFR 0.87", "the network uses it: age, smoking.", "sim_margin: Occlusion, CT 25 %"):
        assert words in hidden, words
    fixed = (seen + hidden).replace(LABEL, "").replace("demo-network", "")
    for wrong in ("emonstration", "not trained on patients", "nothing about the patient"):
        assert wrong not in fixed, wrong


def test_a_network_that_could_not_run_says_why_and_nothing_else(page, document):
    document["network"] = plain(NetworkOpinion(None, True, "demo-network 1", note="torch is missing."))
    hidden = page(document).hidden
    assert "torch is missing." in hidden
    assert "Where each map lies" not in hidden


def test_features_outside_the_training_range_are_marked_and_shown(page, document):
    seen = page(document).seen
    assert "3 PET features with units and training range; 1 outside it" in seen
    assert "SUV skewness −0.358 −0.2 to 3.5, percentile 100 outside" in seen
    document["features"]["suv_skew"]["in_range"] = True
    folded = page(document)
    assert "none outside it" in folded.seen
    assert "heterogeneity, of the mean square — % not used residual (ours)" in folded.hidden


def test_the_spread_over_contours(page, document):
    seen = page(document).seen
    assert "Drawn 1 mm off" in seen
    assert "0.21 to 0.23" in seen
    assert "0.77 to 45.7, percentile 96" in seen


def test_audit_regions_and_card(page, document):
    made = page(document)
    assert "A late scan." in made.seen
    assert "(0010,1030) PatientWeight 91.0" in made.hidden
    assert "SUVbw 0.00042111 g/ml SUVlbm —" in made.hidden
    assert "reg1: tumour, dense 35 ml 56 % reg2: tumour, necrotic absent 0 %" in made.seen
    assert "0 to 3 mm from the lesion 12.3 ml" in made.seen
    assert "851 features of these regions are in ct_features.csv: profile radiomics_v1, SHA-256 0123456789ab…" in made.seen
    assert "The source tables carry no licence." in made.hidden


def test_the_page_needs_nothing_else_and_can_be_heard(page, document):
    made = page(document)
    assert {tag for tag, _ in made.tags}.isdisjoint({"script", "link", "iframe", "object", "form"})
    for tag, attrs in made.tags:
        assert not any(name.startswith("on") for name in attrs)
        assert "href" not in attrs
        if tag == "img":
            assert attrs["src"].startswith("data:image/png;base64,")
            assert attrs["alt"]
        if tag == "th":
            assert attrs["scope"] in ("row", "col")
        if tag == "svg":
            assert attrs.get("aria-label") or attrs.get("aria-hidden") == "true"
    assert not re.search(r"url\(|@import", made.text)
    assert dict(made.tags)["html"] == {"lang": "en"}
    levels = [int(tag[1]) for tag, _ in made.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_the_sentence_is_on_every_printed_page(page, document):
    style = re.search(r"<style>(.*?)</style>", page(document).text, re.DOTALL)[1]
    assert f'@bottom-center {{ content: "{RESEARCH_USE_ONLY}"' in style


def test_words_from_outside_are_escaped(page, document):
    document["contour"]["notes"] = ["<img src=x onerror=alert(1)> & 5 < 6"]
    document["suv_audit"]["tags"][0]["value"] = "</td><script>alert(1)</script>"
    made = page(document)
    assert "<img src=x onerror=alert(1)> & 5 < 6" in made.seen
    assert sum(tag == "img" for tag, _ in made.tags) == 2
    assert "script" not in dict(made.tags)


def test_a_page_without_what_may_be_missing(page, document):
    for name in ("suv_audit", "regions", "ct_features", "network"):
        document[name] = None
    document["applicability"] = {"verdict": "ok", "reasons": []}
    document["contour"]["spread"] = {}
    document["tasks"]["EGFR"]["alternatives"] = []
    document["inputs"]["missing"] = []
    seen = page(document).seen
    assert "Within the models’ range" in seen
    assert "The PET came as SUV" in seen
    for absent in ("CT regions", "Demonstration", "another rule", "Not provided"):
        assert absent not in seen


@pytest.mark.parametrize("path", [("applicability",), ("tasks", "EGFR", "interval"), ("contour", "volume_ml")])
def test_a_document_that_lacks_a_field_is_not_drawn(page, document, path):
    broken = copy.deepcopy(document)
    holder = broken
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    with pytest.raises(Malformed, match=rf"{'.'.join(path)}: missing"):
        page(broken)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "—"),
        (0.0, "0"),
        (42.217, "42.2"),
        (-0.3584, "−0.358"),
        (999.4, "999"),
        (999.6, "1000"),
        (3167.97, "3168"),
        (12, "12"),
        (1e-7, "1e−07"),
        ("M", "M"),
        (True, "True"),
    ],
)
def test_figures(value, words):
    assert figure(value) == words
