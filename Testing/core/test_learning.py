"""Training: that it learns, stops, says what is wrong, and goes on after a kill as if nothing had happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from dmdp.errors import Cancelled, InputError, ModelError, UsageError
from dmdp.network.config import NetworkConfig
from dmdp.network.dmdp import Dmdp
from dmdp.network.weighting import LearnedWeights
from dmdp_training.learning.augment import NONE, Augmentation
from dmdp_training.learning.batches import Data, shuffled
from dmdp_training.learning.checkpoint import below, read_checkpoint
from dmdp_training.learning.ema import Average
from dmdp_training.learning.examples import Example
from dmdp_training.learning.scoring import endpoint_scores, scores
from dmdp_training.learning.settings import TrainingSettings
from dmdp_training.learning.state import save_state
from dmdp_training.learning.trainer import BEST, CHECKPOINT, LOG, train

SIZE = (16, 32, 32)
CONFIG = NetworkConfig(
    widths=(4, 4, 8, 8, 8),
    heads=2,
    small_reduction=2,
    fused=8,
    embedding=8,
    trunk=8,
    align_modalities=True,
    tasks=("EGFR", "KRAS"),
    tabular=("age", "suv_max"),
    tabular_mean=(60.0, 2.0),
    tabular_sd=(10.0, 0.5),
)
SETTINGS = TrainingSettings(epochs=3, batch=3, accumulate=2, learning_rate=3e-3, queue=8, seed=4, patience=9)


def patients(count=14, seed=0):
    """Small images in which brightness tells EGFR (CT) and KRAS (PET); every fifth has no PET, every seventh no KRAS."""
    rng, found = np.random.default_rng(seed), []
    for number in range(count):
        egfr, kras = number % 2, (number // 2) % 2
        images = rng.normal(0, 0.1, (2, *SIZE))
        images[0, 4:12, 8:24, 8:24] += 0.6 * egfr - 0.3
        images[1, 4:12, 8:24, 8:24] += 0.3 + 0.5 * kras
        present = (True, number % 5 != 4)
        if not present[1]:
            images[1] = 0
        labels = {"EGFR": egfr} if number % 7 == 6 else {"EGFR": egfr, "KRAS": kras}
        values = {"age": 50.0 + number, "suv_max": 4.0 + number % 3} if number % 4 else {"age": 50.0 + number}
        found.append(Example(f"{seed}-{number}", np.clip(images, -1, 1).astype(np.float16), values, labels, present))
    return found


def tensors(folder):
    (best,) = Path(folder).glob(BEST)
    return {path.name: read_checkpoint(path)[0] for path in (Path(folder) / CHECKPOINT, best)}


def same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].keys() == b[name].keys()
        assert all(torch.equal(a[name][key], b[name][key]) for key in a[name])


def stop_in(epoch, error):
    """A progress that ends the training in the middle of an epoch (from 0)."""

    def progress(share, words):
        if share > (epoch + 0.4) / SETTINGS.epochs:
            raise error

    return progress


def test_a_run_that_was_interrupted_ends_with_the_same_bits(tmp_path):
    train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path / "through")
    with pytest.raises(Cancelled):
        train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path / "cut", stop_in(1, Cancelled()))
    assert read_checkpoint(tmp_path / "cut" / CHECKPOINT)[1]["epoch"] == 1
    torch.rand(17)  # whatever happened in between must not matter
    result = train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path / "cut")
    same(tensors(tmp_path / "through"), tensors(tmp_path / "cut"))
    records = [json.loads(line) for line in (tmp_path / "cut" / LOG).read_text().splitlines()]
    assert [r["epoch"] for r in records] == [1, 2, 3] == [r["epoch"] for r in result.history]
    assert set(records[0]["losses"]) == {"task", "image_table", "ct_pet"}
    # and once it is done, it is done
    again = train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path / "cut", stop_in(0, AssertionError()))
    assert again.epoch == result.epoch


KILLED = """
import os, sys
sys.path.insert(0, {here!r})
import test_learning as t
def die(share, words):
    if share > 1.4 / t.SETTINGS.epochs:
        os._exit(9)
t.train(t.CONFIG, t.SETTINGS, t.patients(), t.patients(8, 1), {folder!r}, die)
"""


def test_a_process_that_is_killed_loses_its_epoch_and_nothing_else(tmp_path):
    train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path / "through")
    code = KILLED.format(here=str(Path(__file__).parent), folder=str(tmp_path / "killed"))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": str(torch.get_num_threads())}
    assert subprocess.run([sys.executable, "-c", code], env=env, timeout=240).returncode == 9
    assert read_checkpoint(tmp_path / "killed" / CHECKPOINT)[1]["epoch"] == 1
    train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path / "killed")
    same(tensors(tmp_path / "through"), tensors(tmp_path / "killed"))


def test_best_weights_and_checkpoint_agree_after_a_kill_between_the_two(tmp_path, monkeypatch):
    """The second epoch's weights are written as the best, its checkpoint is not; done again, as on a GPU, it is no better."""
    course = [0.6, 0.9, 0.5, 0.5]

    def told(logits, labels, tasks):
        return {"EGFR": course.pop(0) if logits.any() else 0.5}

    def killed(path, state, what):
        if state.epoch == 2:
            raise KeyboardInterrupt
        save_state(path, state, what)

    monkeypatch.setattr("dmdp_training.learning.trainer.endpoint_scores", told)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("dmdp_training.learning.trainer.save_state", killed)
        train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path)
    first = read_checkpoint(tmp_path / "best-1.safetensors")[0]
    found = train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path)
    assert (found.epoch, found.aucs) == (1, {"EGFR": 0.6})
    same({"best": first}, {"best": found.network.state_dict()})
    assert [p.name for p in tmp_path.glob(BEST)] == ["best-1.safetensors"]


def test_a_finished_training_without_its_best_weights_is_done_again(tmp_path):
    first = train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path)
    (best,) = tmp_path.glob(BEST)
    whole = best.read_bytes()
    for damage in (best.unlink, lambda: best.write_bytes(whole[:100])):
        damage()
        again = train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path)
        assert again.epoch == first.epoch
        assert best.read_bytes() == whole


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused(tmp_path):
    one = TrainingSettings(**{**SETTINGS.__dict__, "epochs": 1})
    train(CONFIG, one, patients(), patients(8, 1), tmp_path)
    with pytest.raises(ModelError, match="other patients"):
        train(CONFIG, one, patients(12), patients(8, 1), tmp_path)
    with pytest.raises(ModelError, match="other patients"):
        train(CONFIG, SETTINGS, patients(), patients(8, 1), tmp_path)
    (tmp_path / CHECKPOINT).write_bytes((tmp_path / CHECKPOINT).read_bytes()[:500])
    with pytest.raises(ModelError, match="damaged"):
        train(CONFIG, one, patients(), patients(8, 1), tmp_path)


@pytest.mark.slow
def test_it_learns_what_the_images_show(tmp_path):
    settings = TrainingSettings(epochs=18, batch=4, accumulate=1, learning_rate=1e-2, augmentation=NONE, queue=8)
    found = train(CONFIG, settings, patients(24), patients(16, 1), tmp_path)
    assert min(found.aucs.values()) > 0.9
    data = Data(patients(16, 1), CONFIG)
    assert endpoint_scores(scores(found.network, data, 5), data.labels, CONFIG.tasks) == pytest.approx(found.aucs)


@pytest.mark.parametrize("changes", [{"learned_weights": True}, {"alignment": 0.0}, {"queue": 0}, {"balance": False}])
def test_the_loss_has_the_parts_that_were_asked_for(tmp_path, changes):
    settings = TrainingSettings(**{**SETTINGS.__dict__, "epochs": 1, "augmentation": NONE, **changes})
    (record,) = train(CONFIG, settings, patients(), patients(8, 1), tmp_path).history
    assert set(record["losses"]) == ({"task"} if changes == {"alignment": 0.0} else {"task", "image_table", "ct_pet"})
    assert all(np.isfinite(value) for value in record["losses"].values())


def test_learned_weights_move_and_stay_within_their_bounds(tmp_path):
    changes = {"learned_weights": True, "epochs": 3, "accumulate": 1, "augmentation": NONE}
    settings = TrainingSettings(**{**SETTINGS.__dict__, **changes})
    train(CONFIG, settings, patients(), patients(8, 1), tmp_path / "a")
    learned = below("learned", read_checkpoint(tmp_path / "a" / CHECKPOINT)[0])
    assert len(learned) == 3
    assert all(0.1 < abs(float(s)) <= 2 for s in learned.values())
    # without the contrastive losses there is nothing to weigh but the task
    alone = TrainingSettings(**{**settings.__dict__, "alignment": 0.0, "epochs": 1})
    (record,) = train(CONFIG, alone, patients(), patients(8, 1), tmp_path / "b").history
    assert set(record["losses"]) == {"task"}


def test_a_learned_weight_beyond_its_bound_comes_back():
    weights = LearnedWeights(("task",))
    weights.logarithm["task"].data.fill_(2.3)
    weights.clamp()
    weights({"task": torch.tensor(0.1)}).backward()
    assert weights.logarithm["task"].item() == 2.0
    assert weights.logarithm["task"].grad.item() == pytest.approx(1 - 0.1 * np.exp(-2.0))


def test_which_images_there_are_belongs_to_a_training(tmp_path):
    one = TrainingSettings(**{**SETTINGS.__dict__, "epochs": 1})
    train(CONFIG, one, patients(), patients(8, 1), tmp_path)
    told = [replace(e, present=(True, True)) for e in patients()]
    with pytest.raises(ModelError, match="other patients"):
        train(CONFIG, one, told, patients(8, 1), tmp_path)


def test_the_joint_head_and_one_modality_train_too(tmp_path):
    config = NetworkConfig(
        **{**CONFIG.__dict__, "head": "joint", "align_modalities": False, "modalities": ("ct",), "norm": "group"}
    )
    found = train(config, SETTINGS, patients(), patients(8, 1), tmp_path)
    assert set(found.history[0]["losses"]) == {"task", "image_table"}


def test_the_decoder_learns_from_the_patients_who_have_an_outline(tmp_path):
    box = np.zeros(SIZE, bool)
    box[4:12, 8:24, 8:24] = True
    outlined = [replace(e, lesion=box if number % 3 else None) for number, e in enumerate(patients())]
    config = NetworkConfig(**{**CONFIG.__dict__, "decoder": True})
    changes = {"epochs": 6, "batch": 4, "accumulate": 1, "augmentation": NONE, "learning_rate": 1e-2}
    settings = TrainingSettings(**{**SETTINGS.__dict__, **changes})
    found = train(config, settings, outlined, patients(8, 1), tmp_path)
    assert set(found.history[0]["losses"]) == {"task", "outline", "image_table", "ct_pet"}
    assert found.history[-1]["losses"]["outline"] < 0.9 * found.history[0]["losses"]["outline"]
    moved = Data(outlined, config).batch([0, 1], Augmentation(), 0, 0)
    assert torch.isnan(moved.lesions[0]).all()
    assert 0.3 * box.sum() < float(moved.lesions[1].sum()) < 2 * box.sum()


def test_it_stops_when_nothing_improves(tmp_path):
    settings = TrainingSettings(epochs=30, batch=8, learning_rate=1e-12, patience=2, augmentation=NONE, ema=0.0, alignment=0.0)
    shuffle = np.random.default_rng(0)
    noise = [Example(e.patient, shuffle.normal(0, 0.1, e.images.shape).astype(np.float16), {}, e.labels) for e in patients(8, 1)]
    found = train(CONFIG, settings, patients(8), noise, tmp_path)
    assert len(found.history) < 30
    assert len(found.history) == found.epoch + 2


def test_what_cannot_be_learned_from_is_said(tmp_path):
    with pytest.raises(InputError, match="1 patients in both"):
        train(CONFIG, SETTINGS, patients(), patients(1), tmp_path)
    one_class = [Example(e.patient, e.images, {}, {"EGFR": 1, "KRAS": e.labels.get("KRAS", 0)}) for e in patients()]
    with pytest.raises(InputError, match="EGFR there is only class 1"):
        train(CONFIG, SETTINGS, one_class, patients(8, 1), tmp_path)
    unlabelled = [Example(e.patient, e.images, {}, {}) for e in patients(4, 2)]
    with pytest.raises(InputError, match="both classes among"):
        train(CONFIG, SETTINGS, patients(), unlabelled, tmp_path)
    broken = patients()
    broken[3] = Example("broken", np.full_like(broken[3].images, np.nan), {}, {"EGFR": 1})
    with pytest.raises(ModelError, match="not a number in epoch 1"):
        train(CONFIG, SETTINGS, broken, patients(8, 1), tmp_path)
    with pytest.raises(UsageError, match="batch is 0"):
        TrainingSettings(batch=0)


def test_settings_survive_json_and_the_rate_rises_then_falls():
    settings = TrainingSettings(augmentation=Augmentation(flip=0.2))
    assert TrainingSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
    rates = [settings.rate(step, 10) for step in range(1500)]
    assert int(np.argmax(rates)) in (49, 50)
    assert max(rates) == pytest.approx(3e-4)
    assert rates[0] < 1e-5
    assert rates[-1] < 1e-8


def test_every_row_comes_once_per_epoch_and_in_another_order_next_time():
    first, second = shuffled(22, 5, 0, 0), shuffled(22, 5, 0, 1)
    assert sorted(np.concatenate(first)) == list(range(22))
    assert max(map(len, first)) <= 5
    assert min(map(len, first)) >= 4
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))
    assert all(np.array_equal(a, b) for a, b in zip(first, shuffled(22, 5, 0, 0), strict=True))


def test_a_patient_is_changed_the_same_way_whatever_the_batch():
    data = Data(patients(), CONFIG)
    one = data.batch([3], Augmentation(), seed=1, epoch=2)
    three = data.batch([5, 3, 0], Augmentation(), seed=1, epoch=2)
    assert torch.equal(one.images[0], three.images[1])
    assert not torch.equal(one.images[0], data.batch([3], Augmentation(), seed=1, epoch=3).images[0])


def test_the_average_forgets_its_start_and_follows():
    torch.manual_seed(0)
    network = Dmdp(CONFIG)
    average = Average(network, 0.999)
    with torch.no_grad():
        for p in network.parameters():
            p.fill_(1.0)
    for step in range(200):
        average.update(network, step)
    assert all((p - 1).abs().max() < 1e-3 for p in average.network.parameters())
    assert not any(p.requires_grad for p in average.network.parameters())
