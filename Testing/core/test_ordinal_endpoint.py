"""An endpoint of ordered classes from a cohort file to every place where its answer is read."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pydicom
import pypdfium2
import pytest
from dmdp.batch import DONE, Outcome, _summary
from dmdp.bundles.bundle import read_bundle, write_bundle
from dmdp.bundles.manifest import Manifest, SelfTest
from dmdp.endpoints.ordinal import OrdinalAnswer
from dmdp.endpoints.registry import described
from dmdp.ensemble.model import TENSORS, load_ensemble
from dmdp.images.files import write_mask, write_volume
from dmdp.images.volume import Geometry, Volume
from dmdp.intake.row import PatientRow
from dmdp.jobs.job import Job
from dmdp.models import load_model
from dmdp.prediction.document import Prediction
from dmdp.report.export import export_result
from dmdp.report.pdf.document import render_pdf
from dmdp.workflow import predict_to_folder
from dmdp_training.cohorts.published import Patient
from dmdp_training.commands.train import COMMAND
from dmdp_training.ensembles.fitting import Effort
from dmdp_training.ensembles.published import SELF_TEST, fit_sub_model, self_test_output, tensors_of
from dmdp_training.ensembles.specification import ROBUST, Specification
from safetensors.numpy import save

CLASSES = ("<1 %", "1–49 %", "≥50 %")
PATIENTS = 18
GRID = Geometry.from_spacing((12, 16, 16), (4.0, 4.0, 4.0), (-30.0, -30.0, -22.0))
ARGUMENTS = {"what": "network", "values": "suv_max,age", "size": "quick", "folds": 2, "members": 1, "epochs": 2, "batch": 6}
ARGUMENTS |= {"accumulate": 1, "learning_rate": 3e-3, "patience": 5, "queue": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The run folder of a network on a cohort file with PD-L1 in three classes, one of them unknown, and what was said."""
    folder, rng = tmp_path_factory.mktemp("cohort"), np.random.default_rng(0)
    z, y, x = np.indices(GRID.shape)
    mask = (z - 6) ** 2 + (y - 8) ** 2 + (x - 8) ** 2 < 12
    write_mask(folder / "mask.nii.gz", mask, GRID)
    rows = ["patient,ct,pet,mask,pet_is_suv,age,PDL1"]
    for number in range(PATIENTS):
        ct = np.where(mask, 20.0, -800.0) + rng.normal(0, 20, GRID.shape)
        pet = np.where(mask, 4.0 + 4 * (number % 3), 0.5) + rng.random(GRID.shape)
        write_volume(folder / f"ct{number}.nii.gz", Volume(ct.astype(np.float32), GRID, "HU"))
        write_volume(folder / f"pet{number}.nii.gz", Volume(pet.astype(np.float32), GRID, "1"))
        label = "unknown" if number == 7 else CLASSES[number % 3]
        rows.append(f"P{number},ct{number}.nii.gz,pet{number}.nii.gz,mask.nii.gz,yes,{50 + number},{label}")
    (folder / "cohort.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = COMMAND.run({**ARGUMENTS, "cohort": str(folder / "cohort.csv"), "out": str(folder / "run")}, lambda *event: None)
    return folder / "run", said


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    """The folder of a machine-learning bundle for PD-L1 in three classes, fitted to invented patients in whom it goes with
    SUVmax."""
    rng = np.random.default_rng(0)
    patients = []
    for number in range(150):
        uptake = float(np.exp(rng.normal(2.0, 0.6)))
        values = {"suv_max": uptake, "suv_peak": 0.8 * uptake, "age": float(rng.uniform(40, 80)), "sex": float(rng.integers(2))}
        label = int((2 * (np.log(uptake) - 2) + rng.logistic(scale=0.5) > np.array([-0.5, 0.7])).sum())
        patients.append(Patient(("A", "B")[number % 2], {"PDL1": label}, values, False))
    cards, tensors, outputs = [], {}, {}
    for known in ((), ("age", "sex")):
        spec = Specification("PDL1", "proportional_odds", "any", ROBUST, known)
        card, learner = fit_sub_model(spec, patients, 0, Effort(1, 5))
        cards.append(card)
        tensors |= tensors_of(spec.id, learner)
        outputs[spec.id] = self_test_output(spec, learner, card)
    manifest = Manifest(
        name="invented-pdl1",
        version="1.0.0",
        kind="ensemble",
        tasks=("PDL1",),
        endpoints=described(["PDL1"]),
        intended_use="A test.",
        sub_models=tuple(cards),
        cohorts=(),
        self_test=SelfTest(SELF_TEST, outputs),
    )
    folder = tmp_path_factory.mktemp("models") / "invented-pdl1"
    write_bundle(folder, manifest, {TENSORS: save({k: np.ascontiguousarray(v) for k, v in tensors.items()})})
    return folder


@pytest.fixture(scope="module")
def result(simulated_study, ensemble, trained, tmp_path_factory):
    """The result folder of the simulated patient by both bundles and the shipped one."""
    patient, study = simulated_study
    out = tmp_path_factory.mktemp("predicted") / "result"
    row = PatientRow(ct=study, pet=study, seed=tuple(patient.seed_lps), clinical=patient.clinical)
    models = (str(ensemble), "published-pet-clinical", str(trained[0] / "bundle"))
    predict_to_folder(row, models, out, Job("predict", {"ct": str(study), "pet": str(study)}, str(out)), "cpu")
    return out


@pytest.fixture(scope="module")
def answer(result) -> OrdinalAnswer:
    document = json.loads((result / "prediction.json").read_text(encoding="utf-8"))
    return Prediction.from_json(document).tasks["PDL1"]


def test_a_network_learns_the_classes_of_a_cohort_file(trained):
    out, said = trained
    model = load_model(read_bundle(out / "bundle"))
    manifest = model.bundle.manifest
    assert manifest.tasks == ("PDL1",)
    assert manifest.endpoints["PDL1"]["classes"] == list(CLASSES)
    assert [m.metric for m in manifest.metrics] == ["c-index", "AUC, 1–49 % or higher", "AUC, ≥50 %", "quadratic kappa"]
    assert {m.n for m in manifest.metrics} == {PATIENTS - 1}
    assert manifest.cohorts[0].events == {"PDL1": 6}
    assert "PDL1: quadratic kappa" in said
    card = (out / "bundle" / "model_card.md").read_text(encoding="utf-8")
    assert "| PDL1 | c-index |" in card
    rows = list(csv.DictReader((out / "predictions.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["PDL1_label"] for row in rows] == ["" if n == 7 else str(n % 3) for n in range(PATIENTS)]
    for row in rows:
        assert sum(float(row[f"PDL1_probability_of_{name}_calibration_saw_row"]) for name in CLASSES) == pytest.approx(
            1, abs=2e-4
        )


def test_the_answer_holds_every_class_with_its_interval(result, answer):
    assert answer.classes == CLASSES
    assert sum(answer.probabilities) == pytest.approx(1)
    assert all(low <= p <= high for p, (low, high) in zip(answer.probabilities, answer.intervals, strict=True))
    assert answer.kind == "proportional_odds"
    assert answer.inputs == (*ROBUST, "age", "sex")
    assert sum(answer.counts) == answer.n == 150
    assert answer.contributions[0].input in ROBUST
    assert answer.metrics[0].metric == "c-index"
    assert len(answer.alternatives) == 1
    document = json.loads((result / "prediction.json").read_text(encoding="utf-8"))
    assert list(document["tasks"]) == ["PDL1", "EGFR", "subtype", "KRAS"]
    assert document["tasks"]["PDL1"]["endpoint"] == "ordinal"
    assert "endpoint" not in document["tasks"]["EGFR"]
    assert json.loads(json.dumps(Prediction.from_json(document).to_json())) == document
    said = document["network"]["probabilities"]["PDL1"]
    assert list(said) == list(CLASSES)
    assert sum(said.values()) == pytest.approx(1)
    assert any(name.startswith("PDL1_") for name in document["network"]["zones"])


def test_the_answer_is_read_on_page_paper_command_line_and_in_the_summary(result, answer):
    page = (result / "report.html").read_text(encoding="utf-8")
    assert "PD-L1 tumour proportion score" in page
    paper = " ".join(one.get_textpage().get_text_bounded() for one in pypdfium2.PdfDocument(render_pdf(page)))
    for name, p in zip(("&lt;1 %", *CLASSES[1:]), answer.probabilities, strict=True):
        assert f'<th scope="row">{name}</th><td class="n">{p:.2f}</td>' in page
        assert f"{p:.2f}" in paper
    assert "1–49 %" in paper
    assert all(f"{p:.2f}" in answer.lines("PDL1")[0] for p in answer.probabilities)
    text = _summary([Outcome(result.name, DONE), Outcome("lost", "failed", "Lost.")], result.parent, True)
    row, lost = csv.DictReader(line for line in text.splitlines() if line[0] != "#")
    assert [float(row[f"PDL1_{name}"]) for name in CLASSES] == list(answer.probabilities)
    assert row["PDL1_sub_model"] == answer.sub_model
    assert float(row["EGFR_probability"]) > 0
    assert lost["PDL1_set"] == ""


def test_the_answer_is_coded_in_the_structured_report(result, answer, simulated_study, tmp_path):
    export_result(result, tmp_path / "out", ct=simulated_study[1], pet=simulated_study[1])
    report = next(d for d in map(pydicom.dcmread, (tmp_path / "out").rglob("*.dcm")) if d.Modality == "SR")
    found = {}

    def walk(items):
        for item in items:
            if item.ValueType == "NUM":
                name = item.ConceptNameCodeSequence[0]
                found[name.CodeValue] = (name.CodeMeaning, float(item.MeasuredValueSequence[0].NumericValue))
            walk(item.get("ContentSequence", ()))

    walk(report.ContentSequence)
    for number, (name, p) in enumerate(zip(CLASSES, answer.probabilities, strict=True)):
        meaning, value = found[f"P-PDL1-{number}"]
        assert meaning == f"Probability of {name} (PD-L1 tumour proportion score)"
        assert value == pytest.approx(p, abs=1e-4)
    assert "P-EGFR" in found


def test_a_damaged_self_test_or_cuts_that_fall_are_refused(ensemble):
    bundle = read_bundle(ensemble)
    load_ensemble(bundle)
    test = bundle.manifest.self_test
    wrong = replace(bundle.manifest, self_test=replace(test, outputs={k: v[:2] for k, v in test.outputs.items()}))
    with pytest.raises(Exception, match="self-test"):
        load_ensemble(type(bundle)(wrong, bundle.files, bundle.sha256))
