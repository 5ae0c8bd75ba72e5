"""The study half of an endpoint of ordered classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from dmdp.endpoints.ordinal import class_probabilities

from ..statistics.ordinal import concordance, mean_concordance, quadratic_kappa
from ..statistics.platt import FLAT
from ..statistics.proportional_odds import Cuts, calibration
from ..statistics.roc import delong
from .base import Study, known
from .scans import by_patient

SEED = 0  # of the bootstrap over patients


class OrdinalStudy(Study):
    """The c-index, the AUC at each cut, quadratic kappa; proportional odds for calibration and as learner."""

    measure = "c-index"
    learners = ("proportional_odds",)

    def score(self, outputs: np.ndarray, targets: np.ndarray) -> float | None:
        """The c-index; None if all patients are of one class."""
        rows = known(targets)
        y = targets[rows].sum(axis=1).astype(int)
        return float(concordance(self.endpoint.score(outputs[rows])[None], y)[0]) if len(set(y.tolist())) > 1 else None

    def calibrate(self, outputs: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
        """Slope of the score, and cuts."""
        rows = known(targets)
        return _json(self._fitted(self.endpoint.score(outputs[:, rows]), targets[rows].sum(axis=1).astype(int)))

    def metrics(self, names: Sequence[str], outputs: np.ndarray, targets: np.ndarray) -> list[dict[str, Any]]:
        """The c-index; the AUC of the score at each cut; kappa of the most probable classes, whose calibration saw the
        patients."""
        scores, y = by_patient(names, self.endpoint.score(outputs), targets.sum(axis=1))
        value, interval = mean_concordance(scores, y, SEED)
        found = [{"metric": "c-index", "value": value, "interval": interval, "n": len(y)}]
        for cut, name in enumerate(self.endpoint.classes[1:]):
            above = (y > cut).astype(int)
            area = delong(scores, above)
            last = cut + 2 == len(self.endpoint.classes)
            at_least = name if last else f"{name} or higher"
            found.append({"metric": f"AUC, {at_least}", "value": area.value, "interval": area.interval, "n": len(y)})
            found[-1]["events"] = int(above.sum())
        probabilities = class_probabilities(self._fitted(scores, y).above(scores.mean(axis=0)))
        kappa = quadratic_kappa(probabilities.argmax(axis=1), y, len(self.endpoint.classes), SEED)
        return [*found, {"metric": "quadratic kappa", "value": kappa.value, "interval": kappa.interval, "n": len(y)}]

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the columns with the probabilities say that the calibration, unlike the network, saw the row."""
        return "label", "score", *(f"probability_of_{name}_calibration_saw_row" for name in self.endpoint.classes)

    def cells(self, outputs: np.ndarray, targets: np.ndarray, calibration: Mapping[str, Any]) -> list[object]:
        """Class, score, probabilities of the classes."""
        score, label = float(self.endpoint.score(outputs)), targets.sum()
        probabilities = class_probabilities(Cuts(**calibration).above(np.array(score)))
        return ["" if np.isnan(label) else int(label), f"{score:.4f}", *(f"{p:.4f}" for p in probabilities)]

    def counted(self, y: np.ndarray) -> dict[str, Any]:
        """Each class."""
        return {"counts": np.bincount(y, minlength=len(self.endpoint.classes)).tolist()}

    def calibration_json(self, calibration: Cuts) -> dict[str, Any]:
        """Slope and cuts."""
        return {"method": "proportional odds on out-of-fold scores", **_json(calibration)}

    def probabilities(self, scores: np.ndarray, calibration: Cuts) -> np.ndarray | None:
        """Of each class; None for a flat calibration, whose scores differ by nothing."""
        return None if calibration.slope <= FLAT else class_probabilities(scores[:, None] - np.array(calibration.cuts))

    def discrimination(self, scores: np.ndarray, y: np.ndarray, seed: int) -> tuple[float, tuple[float, float]]:
        """The c-index."""
        return mean_concordance(scores, y, seed)

    def _fitted(self, scores: np.ndarray, y: np.ndarray) -> Cuts:
        return calibration(scores, y, len(self.endpoint.classes))


def _json(found: Cuts) -> dict[str, Any]:
    return {"slope": found.slope, "cuts": list(found.cuts)}
