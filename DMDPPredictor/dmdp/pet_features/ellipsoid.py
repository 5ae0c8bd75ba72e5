"""Heterogeneity as the departure from an ellipsoidal lesion whose uptake falls from its centre outwards.

The model is that of O'Sullivan, Roy and Eary (Biostatistics 2003;4:433) and Eary et al. (J Nucl Med 2008;49:1973), written
from its published description.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import isotonic_regression, minimize

from ..images.volume import Volume
from ..patients.case import Lesion

MIN_VOXELS = 9  # one more than the model has parameters
ITERATIONS = 25


def heterogeneity(pet: Volume, lesion: Lesion) -> dict[str, float]:
    """``het0`` = 100 · mean(r²)/mean(y²) and ``het1`` = 100 · mean(r²)/var(y), in %.

    r are the residuals of the SUV y after a decreasing (isotonic) fit on the radius of an ellipsoid, whose centre and axes (8
    parameters) start from the uptake-weighted moments and are optimised. NaN if the lesion is flat in space or in uptake,
    or has fewer than nine voxels.
    """
    y = pet.array[lesion.mask.array].astype(np.float64)
    if len(y) < MIN_VOXELS or np.ptp(y) <= 1e-6 * abs(y.mean()):
        return {"het0": np.nan, "het1": np.nan}
    z = _whiten(lesion.mask.points, y)
    if z is None:
        return {"het0": np.nan, "het1": np.nan}
    # directions and cubic steps, not gradients: the isotonic fit makes the objective only piecewise smooth
    start = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    best = minimize(
        lambda theta: _residual(theta, z, y),
        start,
        method="Powell",
        options={"maxiter": ITERATIONS, "xtol": 1e-3, "ftol": 1e-4},
    )
    residual = min(float(best.fun), _residual(start, z, y))
    return {"het0": 100.0 * residual / float((y**2).mean()), "het1": 100.0 * residual / float(y.var())}


def _whiten(x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """Voxel centres in the frame of the uptake-weighted covariance; None if they lie in a plane."""
    weights = np.maximum(y, y.mean() / 100.0)
    centre = np.average(x, axis=0, weights=weights)
    values, vectors = np.linalg.eigh(np.cov((x - centre).T, aweights=weights, ddof=0))
    if values[0] <= 1e-9 * values[-1]:
        return None
    return (x - centre) @ vectors / np.sqrt(values)


def _residual(theta: np.ndarray, z: np.ndarray, y: np.ndarray) -> float:
    """Mean squared residual of the decreasing fit on t = |Rᵀ(z − u)|²; theta = (u, the five free entries of R)."""
    a1, a2, a3, a4, a5 = theta[3:]
    factor = np.array([[a1, 0.0, 0.0], [a2, a4, 0.0], [a3, a5, 1.0]])
    t = (((z - theta[:3]) @ factor) ** 2).sum(axis=1)
    order = np.lexsort((-y, t))
    ordered = y[order]
    return float(((ordered - isotonic_regression(ordered, increasing=False).x) ** 2).mean())
