"""A machine-learning bundle in memory: its sub-models, verified by the self-test, ready to estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from ..bundles.bundle import Bundle, refusal
from ..bundles.card import Metric
from ..delineation.methods import ORIGINS
from ..documents.codec import read
from ..endpoints.base import Estimate
from ..endpoints.learner import Learner
from ..endpoints.registry import check_described, endpoint_of
from ..inputs import CLINICAL_INPUTS, image_of, usable, vector
from .contributions import shapley
from .learners import from_tensors

TENSORS = "ensemble.safetensors"
SELF_TEST_TOLERANCE = 1e-6
LOOSE_CONTOURS = frozenset(name for name, origin in ORIGINS.items() if origin.loose)
MAX_INPUTS = 12  # exact contributions evaluate 2 to the power of this


@dataclass(frozen=True, eq=False)
class SubModel:
    """One calibrated learner for one task and one set of inputs.

    ``contour`` is ``any``, ``loose`` (only for contours in ``LOOSE_CONTOURS``) or ``none`` (reads nothing from the images);
    ``card`` is this sub-model's part of the manifest (cohort, n, events, metrics, conformal thresholds, …).
    """

    id: str
    task: str
    kind: str
    inputs: tuple[str, ...]
    contour: str
    learner: Learner
    card: Mapping[str, Any]

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Its performance: in cross-validation, then on cohorts that it was fitted without."""
        return tuple(read(Metric, metric) for metric in self.card["metrics"])

    @property
    def images(self) -> frozenset[str]:
        """The modalities of the images that its inputs are measured in."""
        return frozenset(found for name in self.inputs if (found := image_of(name)) is not None)

    def accepts(self, values: Mapping[str, float], contour_method: str) -> bool:
        """True if every input is known and the contour is of the kind that the sub-model was made for."""
        fits = self.contour != "loose" or contour_method in LOOSE_CONTOURS
        return fits and all(usable(values, name) for name in self.inputs)

    def estimate(self, values: Mapping[str, float]) -> Estimate:
        """What it says of inputs in their natural units (sex, smoking coded as 0/1)."""
        return endpoint_of(self.task).estimate(self.learner, vector(values, self.inputs), self.card)

    def contributions(self, values: Mapping[str, float]) -> dict[str, float]:
        """Share of each input in the log-odds beyond those of the typical patient of the manifest (median, majority)."""
        typical = vector(self.card["typical"], self.inputs)[0]
        shares = shapley(self.learner.log_odds, vector(values, self.inputs)[0], typical)
        return dict(zip(self.inputs, (float(share) for share in shares), strict=True))

    def distance(self, values: Mapping[str, float]) -> float:
        """Mahalanobis distance of the patient from the middle of the training patients, in the units of :func:`vector`."""
        known = self.card["distance"]
        off = vector(values, self.inputs)[0] - np.array(known["mean"])
        return float(np.sqrt(max(off @ np.array(known["precision"]) @ off, 0.0)))


@dataclass(frozen=True, eq=False)
class EnsembleModel:
    """All sub-models of a bundle, in the order in which they are preferred."""

    bundle: Bundle
    sub_models: tuple[SubModel, ...]

    @property
    def images(self) -> frozenset[frozenset[str]]:
        """The sets of images that its sub-models read; the empty one only if none of them reads an image."""
        return frozenset(m.images for m in self.sub_models if m.images) or frozenset([frozenset()])

    def candidates(self, task: str, values: Mapping[str, float], contour_method: str) -> list[SubModel]:
        """The sub-models of a task that may speak about these values, best first: contour-robust ones lead, among them those
        that use most of what is known, and the stack before the regression on the same inputs."""
        rank = {"any": 0, "loose": 1, "none": 2}
        fitting = [m for m in self.sub_models if m.task == task and m.accepts(values, contour_method)]
        return sorted(fitting, key=lambda m: (rank[m.contour], -len(set(m.inputs) & set(CLINICAL_INPUTS)), m.kind != "stack"))


def load_ensemble(bundle: Bundle) -> EnsembleModel:
    """Sub-models of a verified bundle of kind ``ensemble``.

    Raises :class:`ModelError` if the tensors are not those that the manifest describes, or if the stored self-test does
    not come out (tolerance 1e-6).
    """
    manifest = bundle.manifest
    check_described(manifest)
    try:
        tensors = load_tensors(bundle.files[TENSORS])
        sub_models = tuple(_sub_model(card, tensors) for card in manifest.sub_models)
        model = EnsembleModel(bundle, sub_models)
        run_self_test(model)
    except (LookupError, TypeError, ValueError, SafetensorError) as error:  # what a card or a tensor may lack or be
        raise refusal(
            "manifest",
            f"Bundle '{manifest.name}' is not what its manifest says ({error!r}).",
            "a sound bundle.",
        ) from error
    return model


def _sub_model(card: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> SubModel:
    inputs = tuple(card["inputs"])
    if not 0 < len(inputs) <= MAX_INPUTS or set(card["typical"]) != set(inputs):
        raise ValueError(f"'{card['id']}' does not say what it reads")
    learner = from_tensors(card["kind"], tensors, card["id"], len(inputs))
    return SubModel(card["id"], card["task"], card["kind"], inputs, card["contour"], learner, card)


def run_self_test(model: EnsembleModel) -> None:
    """Compare the stored outputs for the stored inputs with what the loaded sub-models give now."""
    test = model.bundle.manifest.self_test
    by_id = {m.id: m for m in model.sub_models}
    if set(test.outputs) != set(by_id):
        raise refusal("self_test", "The self-test does not cover every sub-model.", "one output per sub-model.")
    for name, expected in test.outputs.items():
        found, stored = np.array(by_id[name].estimate(test.inputs).values), np.atleast_1d(np.array(expected, float))
        if found.shape != stored.shape or not (np.abs(found - stored) <= SELF_TEST_TOLERANCE).all():
            raise refusal("self_test", f"Sub-model '{name}' gives {_figures(found)} in its self-test.", f"{_figures(stored)}.")


def _figures(values: np.ndarray) -> str:
    return ", ".join(f"{value:.6f}" for value in values)
