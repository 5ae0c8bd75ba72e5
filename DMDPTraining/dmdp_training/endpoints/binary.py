"""The study half of an endpoint of two classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from ..statistics.metrics import auc, mean_auc
from ..statistics.platt import FLAT, Platt, smoothed_platt
from ..statistics.roc import delong
from .base import Study, known
from .scans import by_patient


class BinaryStudy(Study):
    """AUC, Platt's calibration, logistic regression and the stack."""

    measure = "AUC"
    learners = ("stack", "regression")

    def score(self, outputs: np.ndarray, targets: np.ndarray) -> float | None:
        """The AUC; None without patients of both classes."""
        rows = known(targets)
        answers = targets[rows, 0]
        return float(auc(outputs[rows, 0], answers.astype(int))) if 0 < answers.sum() < len(answers) else None

    def calibrate(self, outputs: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
        """Platt's slope and intercept."""
        rows = known(targets)
        return vars(smoothed_platt(outputs[:, rows, 0], targets[rows, 0].astype(int)))

    def metrics(self, names: Sequence[str], outputs: np.ndarray, targets: np.ndarray) -> list[dict[str, Any]]:
        """The AUC with DeLong's interval."""
        scores, y = by_patient(names, outputs[..., 0], targets[:, 0])
        area = delong(scores, y)
        return [{"metric": "AUC", "value": area.value, "interval": area.interval, "n": len(y), "events": int(y.sum())}]

    @property
    def headers(self) -> tuple[str, ...]:
        """The name of the column with the probability says that the calibration, unlike the network, saw the row."""
        return "label", "log_odds", "probability_calibration_saw_row"

    def cells(self, outputs: np.ndarray, targets: np.ndarray, calibration: Mapping[str, Any]) -> list[object]:
        """Label, log-odds, probability."""
        label, probability = targets[0], expit(Platt(**calibration)(outputs[0]))
        return ["" if np.isnan(label) else int(label), f"{outputs[0]:.4f}", f"{probability:.4f}"]

    def counted(self, y: np.ndarray) -> dict[str, Any]:
        """The positive ones."""
        return {"events": int(y.sum())}

    def calibration_json(self, calibration: Platt) -> dict[str, Any]:
        """Slope and intercept."""
        return {"method": "Platt on out-of-fold log-odds", **vars(calibration)}

    def probabilities(self, scores: np.ndarray, calibration: Platt) -> np.ndarray | None:
        """Of the negative and the positive class; None for a flat calibration, whose scores differ by nothing."""
        positive = expit(scores)
        return None if calibration.slope <= FLAT else np.column_stack([1 - positive, positive])

    def discrimination(self, scores: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, tuple[float, float]]:
        """The AUC."""
        return mean_auc(scores, y, seed)
