"""The ablation: short, resumable, and honest about who wins. Learnability of the simulated labels."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from dmdp.errors import OutputError, UsageError
from dmdp_training.commands.validate import COMMAND
from dmdp_training.learning.batches import Data
from dmdp_training.learning.examples import Example, label_array
from dmdp_training.learning.scoring import scores, task_loss
from dmdp_training.learning.simulated import balanced_seeds, simulated_examples, with_true_labels
from dmdp_training.studies.ablation.data import offered_names, permuted, table_names
from dmdp_training.studies.ablation.pieces import network_piece
from dmdp_training.studies.ablation.plan import QUICK, AblationPlan
from dmdp_training.studies.ablation.report import command
from dmdp_training.studies.ablation.run import run_ablation
from dmdp_training.studies.ablation.variants import VARIANTS


def silent(share, words):
    """Nobody watches."""


@pytest.mark.slow
def test_a_short_ablation_writes_its_tables_and_goes_on_after_a_stop(tmp_path, monkeypatch):
    out = tmp_path / "run"
    said = COMMAND.run({"what": "ablation", "quick": True, "variants": "no_radiomics,permuted", "out": str(out)}, silent)
    assert "Ablation written" in said
    page = (out / "report.md").read_text(encoding="utf-8")
    for part in (
        "Full model",
        "Stacking ensemble",
        "Without radiomics",
        "Modalities taken away",
        "Labels at random",
        "Full model minus the other",
        "on CPU",
    ):
        assert part in page
    assert "dmdp validate ablation --out RUN --size quick" in page
    assert json.loads((out / "pieces/full-0.json").read_text())["parameters"] > 1e5
    kept = (out / "pieces/no_radiomics-0.json").read_bytes()
    (out / "pieces/stack-0.json").unlink()
    monkeypatch.setattr("dmdp_training.studies.ablation.run.network_piece", None)  # what is there is not trained again
    COMMAND.run({"what": "ablation", "quick": True, "variants": "no_radiomics,permuted", "out": str(out)}, silent)
    assert (out / "pieces/no_radiomics-0.json").read_bytes() == kept
    assert (out / "report.md").read_text(encoding="utf-8") == page
    with pytest.raises(OutputError, match="other settings"):
        run_ablation(out, AblationPlan(), silent)


def test_mistakes_in_the_plan_are_named(tmp_path):
    for changes, words in (
        ({"variants": "everything"}, "No variant"),
        ({"held_out": 41}, "multiple of 8"),
        ({"seeds": 0}, "seeds is 0"),
    ):
        with pytest.raises(UsageError, match=words):
            COMMAND.run({"what": "ablation", "out": str(tmp_path), **changes}, silent)
    assert command(AblationPlan()) == "dmdp validate ablation --out RUN"
    assert "--variants full,no_radiomics" in command(QUICK)
    assert AblationPlan.from_json(json.loads(json.dumps(QUICK.to_json()))) == QUICK


def test_held_out_patients_are_balanced_in_every_label():
    from dmdp_training.simulate.cohort import truth_of_labels
    from dmdp_training.simulate.labels import true_labels

    seeds = balanced_seeds(3_000_000, 40)
    assert len(set(seeds)) == 40
    labels = np.array([list(true_labels(truth_of_labels(seed)).values()) for seed in seeds])
    assert (labels.sum(axis=0) == 20).all()


def fake(count=60):
    """Patients whose ``het1`` tells the label; half of them have no ``ct_sd``."""
    rng, found = np.random.default_rng(0), []
    for number in range(count):
        label = number % 2
        values = {"het1": label + rng.normal(0, 0.3), "suv_max": rng.uniform(2, 9), "ct_mean": rng.normal(), "age": 60.0}
        values |= {"ct_sd": 3.0} if number % 2 else {}
        found.append(Example(str(number), np.zeros((2, 1, 1, 1), np.float16), values, {"sim_margin": label}))
    return found


def test_tables_are_chosen_by_variant_from_what_most_patients_have():
    learn = fake()
    assert set(offered_names(("pet", "ct"), learn)) == {"het1", "suv_max", "ct_mean"}
    chosen = {name: table_names(VARIANTS[name], learn, ("sim_margin",), 0) for name in VARIANTS}
    assert chosen["no_radiomics"] == ("age", "sex", "smoking")
    assert set(chosen["unselected"]) == {"het1", "suv_max", "ct_mean", "age", "sex", "smoking"}
    assert "het1" in chosen["full"]
    assert not any(name.startswith("ct_") for name in chosen["pet_only"])
    assert "het1" not in chosen["ct_only"]
    moved = permuted(learn, 1)
    assert [e.patient for e in moved] == [e.patient for e in learn]
    assert sorted(e.labels["sim_margin"] for e in moved) == sorted(e.labels["sim_margin"] for e in learn)
    assert [e.labels for e in moved] != [e.labels for e in learn]


@pytest.mark.slow
def test_it_overfits_sixteen_patients():
    """Unsmoothed task loss in evaluation mode below 0.05; augmentation, dropout and contrastive terms off."""
    from dmdp.network.config import NetworkConfig
    from dmdp.network.dmdp import Dmdp
    from dmdp.network.losses import endpoint_loss

    torch.manual_seed(0)
    examples = with_true_labels(simulated_examples(range(16), spacing=2))
    network = Dmdp(NetworkConfig.quick(tasks=AblationPlan().tasks, dropout=0.0))
    data = Data(examples, network.config)
    batches = [data.batch(rows) for rows in (np.arange(8), np.arange(8, 16))]
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=120)
    for step in range(120):
        batch = batches[step % 2]
        optimiser.zero_grad()
        endpoint_loss(network.config.endpoints, network(batch.images).logits, batch.labels).backward()
        optimiser.step()
        schedule.step()
    assert task_loss(scores(network, data, 16), data.labels, network.config.tasks) < 0.05


@pytest.mark.slow
def test_the_network_learns_the_easy_labels_from_images_in_a_minute(tmp_path):
    """A short version of the committed run: one seed, fewer patients, the zone round the tumour only."""
    from dmdp_training.studies.ablation.data import Patients

    plan = AblationPlan("quick", learn=64, stop=16, held_out=32, seeds=1, epochs=6, batch=4, tasks=("sim_margin",))
    seen = simulated_examples(range(80), spacing=2)
    held = with_true_labels(simulated_examples(balanced_seeds(3_000_000, 32), spacing=2))
    patients = Patients(seen[:64], seen[64:], held)
    found = network_piece(plan, VARIANTS["no_radiomics"], 0, patients, tmp_path / "training", silent)
    truth = label_array(held, plan.tasks)[:, 0]
    from dmdp_training.statistics.metrics import auc

    area = {how: float(auc(np.array(logits)[:, 0], truth.astype(int))) for how, logits in found["logits"].items()}
    assert area["intact"] > 0.9
    assert area["without_pet"] > 0.9
    assert abs(area["without_ct"] - 0.5) < 0.3  # 32 patients
