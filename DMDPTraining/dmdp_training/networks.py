"""Train the demonstration network on simulated patients and write it as a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from dmdp import RESEARCH_USE_ONLY, __version__
from dmdp.bundles.bundle import Bundle, check_replaceable, write_bundle
from dmdp.bundles.card import Cohort, Metric
from dmdp.bundles.manifest import Manifest, SelfTest
from dmdp.evidence import DEMONSTRATION
from dmdp.inputs import LOGARITHMIC, clinical_values, usable
from dmdp.network.config import NetworkConfig
from dmdp.network.crop import crop_case, normalise
from dmdp.network.dmdp import Dmdp
from dmdp.network.losses import alignment_loss, endpoint_loss
from dmdp.network.model import SELF_TEST_SEED, WEIGHTS, load_network_model, self_test_images, tabular_row
from dmdp.pet_features import pet_features
from dmdp.progress import Progress, silent
from safetensors.torch import save

from .learning.examples import spread
from .simulate import simulate_patient
from .statistics.roc import delong

TABULAR = ("suv_max", "suv_peak", "MTV_3", "age", "sex")
HELD_OUT = 80
BATCH = 8
LEARNING_RATE = 1e-3
ALIGNMENT_WEIGHT = 0.05
FIRST_HELD_OUT_SEED = 1_000_000


@dataclass(frozen=True, eq=False)
class Example:
    """A simulated patient as the network sees them: ``images`` (2, 48, 96, 96), ``values`` by name, ``labels`` by task."""

    images: np.ndarray
    values: dict[str, float]
    labels: dict[str, int]


def example(seed: int) -> Example:
    """The example of a simulated patient, cut round the true PET lesion."""
    patient = simulate_patient(seed)
    features = {name: f.value for name, f in pet_features(patient.pet, patient.case.pet_lesion).items()}
    images = normalise(crop_case(patient.case)).astype(np.float16)
    return Example(images, {**features, **clinical_values(patient.clinical)}, patient.labels)


def train_network(
    out: str | Path,
    patients: int = 160,
    seed: int = 0,
    epochs: int = 16,
    progress: Progress = silent,
    overwrite: bool = False,
) -> Bundle:
    """Train ``lite`` on simulated patients, test it on others, write the bundle ``demo-network`` to ``out``.

    AdamW with a one-cycle learning rate; shifts of up to 4 mm and left-right flips as augmentation; cross-entropy of both tasks
    plus the image–table alignment loss. Nothing is selected on the held-out patients. An earlier bundle at ``out`` is replaced if
    it was trained on as many patients from the same seed, or with ``overwrite``.
    """
    made_from = {"patients": str(patients), "seed": str(seed)}
    check_replaceable(out, made_from, overwrite)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    train = _examples(range(seed, seed + patients), progress, 0.0, 0.2, "simulating patients to learn from")
    test = _examples(range(FIRST_HELD_OUT_SEED, FIRST_HELD_OUT_SEED + HELD_OUT), progress, 0.2, 0.3, "simulating others")
    config = _config(train)
    network = Dmdp(config)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=1e-2)
    steps = epochs * -(-len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for epoch in range(epochs):
        network.train()
        order, total = rng.permutation(len(train)), 0.0
        for start in range(0, len(order), BATCH):
            images, values, labels = _batch([train[i] for i in order[start : start + BATCH]], config, rng)
            output = network(images, values)
            loss = endpoint_loss(config.endpoints, output.logits, labels) + ALIGNMENT_WEIGHT * alignment_loss(
                output.image, output.table
            )
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        progress(
            0.3 + 0.65 * (epoch + 1) / epochs,
            f"epoch {epoch + 1} of {epochs}, loss {total * BATCH / len(train):.3f}",
        )
    # what is stored is half precision; test what will be used
    network.load_state_dict({k: v.half().float() if v.is_floating_point() else v for k, v in network.state_dict().items()})
    network.eval()
    found, training = _test(network, test), {"seed": seed, "epochs": epochs}
    return _write(out, network, train, found, training, made_from, overwrite)


def _examples(seeds: range, progress: Progress, start: float, stop: float, words: str) -> list[Example]:
    found = []
    for number, seed in enumerate(seeds):
        progress(start + (stop - start) * number / len(seeds), words)
        found.append(example(seed))
    return found


def _config(train: Sequence[Example]) -> NetworkConfig:
    means, deviations = [], []
    for name in TABULAR:
        column = [e.values[name] for e in train if usable(e.values, name)]
        column = np.log(column) if name in LOGARITHMIC else np.array(column)
        means.append(float(np.mean(column)))
        deviations.append(spread(column))
    return NetworkConfig(tabular=TABULAR, tabular_mean=tuple(means), tabular_sd=tuple(deviations))


def _batch(members: Sequence[Example], config: NetworkConfig, rng: np.random.Generator | None):
    """Tensors of a batch, augmented if a generator is given; half of the tables lose half of their values."""
    images = np.stack([m.images.astype(np.float32) if rng is None else _augment(m.images, rng) for m in members])
    values = np.stack([tabular_row(config, m.values) for m in members])
    if rng is not None:
        values[(rng.random(values.shape) < 0.25)] = np.nan
    labels = np.array([[m.labels.get(task, np.nan) for task in config.tasks] for m in members], dtype=np.float32)
    return torch.from_numpy(images), torch.from_numpy(values), torch.from_numpy(labels)


def _augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shifted = np.roll(images.astype(np.float32), rng.integers(-4, 5, 3), axis=(1, 2, 3))
    return shifted[..., ::-1].copy() if rng.random() < 0.5 else shifted


def _test(network: Dmdp, test: Sequence[Example]) -> tuple[Metric, ...]:
    with torch.no_grad():
        scores = np.concatenate(
            [network(*_batch(test[i : i + BATCH], network.config, None)[:2]).logits.numpy() for i in range(0, len(test), BATCH)]
        )
    metrics = []
    for column, task in enumerate(network.config.tasks):
        labels = np.array([e.labels[task] for e in test])
        area = delong(scores[:, column], labels)
        metrics.append(
            Metric(
                task=task,
                metric="AUC",
                value=round(area.value, 4),
                interval=tuple(round(bound, 4) for bound in area.interval),
                protocol="other simulated patients (invented labels); says nothing of real ones",
                n=len(labels),
                events=int(labels.sum()),
            )
        )
    return tuple(metrics)


def _write(
    out: str | Path,
    network: Dmdp,
    train: Sequence[Example],
    metrics: tuple[Metric, ...],
    training: dict,
    made_from: Mapping[str, str],
    overwrite: bool,
) -> Bundle:
    with torch.no_grad():
        tested = torch.sigmoid(network(torch.from_numpy(self_test_images(SELF_TEST_SEED))).logits)[0].tolist()
    weights = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    events = {task: sum(e.labels[task] for e in train) for task in network.config.tasks}
    manifest = Manifest(
        name="demo-network",
        version="1.0.0",
        kind="network",
        demonstration=True,
        tasks=network.config.tasks,
        intended_use=f"Demonstration of the software only: {DEMONSTRATION.label}. {RESEARCH_USE_ONLY}",
        cohorts=(Cohort(name="simulated", title="simulated patients", n=len(train), events=events),),
        metrics=metrics,
        network=network.config.to_json(),
        training=training,
        self_test=SelfTest({"seed": SELF_TEST_SEED}, dict(zip(network.config.tasks, tested, strict=True))),
        versions={"dmdp": __version__, "torch": torch.__version__},
    )
    bundle = write_bundle(out, manifest, {WEIGHTS: save(weights)}, made_from=made_from, overwrite=overwrite)
    load_network_model(bundle)
    return bundle
