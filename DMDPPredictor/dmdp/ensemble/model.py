"""A machine-learning bundle in memory: its sub-models, verified by the self-test, ready to estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from safetensors.numpy import load as load_tensors

from ..bundle import Bundle, refusal
from . import skops_file
from .inputs import CLINICAL_INPUTS, usable, vector

INTERVAL_KIND = "uncertainty of the model fit (90 %, bootstrap of the regression and its calibration)"
SELF_TEST_TOLERANCE = 1e-6
# contours that enclose the whole lesion, as the published ones do; a fixed share of the maximum does not
LOOSE_CONTOURS = ("manual", "auto", "suv4", "suv3", "suv2.5")


@dataclass(frozen=True)
class Estimate:
    """The probability of a task's positive class, with its 90 % interval."""

    probability: float
    interval: tuple[float, float]


@dataclass(frozen=True, eq=False)
class SubModel:
    """One calibrated estimator for one task and one set of inputs.

    ``contour`` is ``any``, ``loose`` (only for contours in ``LOOSE_CONTOURS``) or ``none`` (reads nothing from the images);
    ``card`` is this sub-model's part of the manifest (cohort, n, events, metrics, …).
    """

    id: str
    task: str
    inputs: tuple[str, ...]
    contour: str
    estimator: Any
    calibration: tuple[float, float]
    bootstrap: np.ndarray
    card: Mapping[str, Any]

    def accepts(self, values: Mapping[str, float], contour_method: str) -> bool:
        """True where every input is known and the contour is of the kind that the sub-model was made for."""
        fits = self.contour != "loose" or contour_method in LOOSE_CONTOURS
        return fits and all(usable(values, name) for name in self.inputs)

    def estimate(self, values: Mapping[str, float]) -> Estimate:
        """Probability and interval for inputs in their natural units (sex, smoking coded as 0/1).

        ``bootstrap`` holds one row of (intercept, weights…) of the calibrated log-odds per resample, shape (B, 1+p).
        """
        row = vector(values, self.inputs)
        slope, intercept = self.calibration
        probability = float(_sigmoid(slope * self.estimator.decision_function(row)[0] + intercept))
        resampled = _sigmoid(self.bootstrap[:, 0] + self.bootstrap[:, 1:] @ row[0])
        low, high = np.quantile(resampled, [0.05, 0.95])
        return Estimate(probability, (min(float(low), probability), max(float(high), probability)))


@dataclass(frozen=True, eq=False)
class EnsembleModel:
    """All sub-models of a bundle, in the order in which they are preferred."""

    bundle: Bundle
    sub_models: tuple[SubModel, ...]

    def candidates(self, task: str, values: Mapping[str, float], contour_method: str) -> list[SubModel]:
        """The sub-models of a task that may speak about these values, best first: contour-robust ones lead, and
        among them those that use most of what is known."""
        rank = {"any": 0, "loose": 1, "none": 2}
        fitting = [m for m in self.sub_models if m.task == task and m.accepts(values, contour_method)]
        return sorted(fitting, key=lambda m: (rank[m.contour], -len(set(m.inputs) & set(CLINICAL_INPUTS))))


def load_ensemble(bundle: Bundle) -> EnsembleModel:
    """Sub-models of a verified bundle of kind ``ensemble``.

    Raises :class:`ModelError` where a file holds a type that is not allowed, where the manifest does not describe it, or
    where the stored self-test does not come out (tolerance 1e-6).
    """
    manifest = bundle.manifest
    try:
        bootstrap = load_tensors(bundle.files["bootstrap.safetensors"])
        sub_models = tuple(
            SubModel(
                id=card["id"],
                task=card["task"],
                inputs=tuple(card["inputs"]),
                contour=card["contour"],
                estimator=skops_file.load(bundle.files[card["file"]], card["file"]),
                calibration=(float(card["calibration"]["slope"]), float(card["calibration"]["intercept"])),
                bootstrap=bootstrap[card["id"]],
                card=card,
            )
            for card in manifest["sub_models"]
        )
        model = EnsembleModel(bundle, sub_models)
        run_self_test(model)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise refusal(
            "manifest",
            f"Bundle '{manifest['name']}' is not what its manifest says ({error!r}).",
            "a sound bundle.",
        ) from error
    return model


def run_self_test(model: EnsembleModel) -> None:
    """Compare the stored outputs for the stored inputs with what the loaded sub-models give now."""
    test = model.bundle.manifest["self_test"]
    by_id = {m.id: m for m in model.sub_models}
    if set(test["outputs"]) != set(by_id):
        raise refusal("self_test", "The self-test does not cover every sub-model.", "one output per sub-model.")
    for name, expected in test["outputs"].items():
        found = by_id[name].estimate(test["inputs"]).probability
        if not abs(found - float(expected)) <= SELF_TEST_TOLERANCE:
            raise refusal("self_test", f"Sub-model '{name}' gives {found:.6f} in its self-test.", f"{expected:.6f}.")


def _sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))
