"""What a saved scene still holds of a result, in small files: the answer and, if it is there, the contour with its CT regions.

A folder with ``scene.json`` beside ``prediction.json``, and masks cropped to what they mark (``.npy``). Writing takes no time
and no package but numpy, as Slicer's window waits for it; :mod:`dmdp.report.from_scene` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..documents.codec import json_text
from ..images.mask import Mask
from ..images.volume import Geometry, Volume
from ..prediction.document import Prediction
from ..results.layout import PREDICTION

FILE, SCHEMA = "scene.json", 1
LESION, REGIONS = "lesion.npy", "regions.npy"


@dataclass(frozen=True, eq=False)
class Drawn:
    """The contour in the scene: a ``mask`` on the grid of the image that it was drawn ``on`` (``pet`` or ``ct``), and the
    ``grids`` of all images by these names."""

    mask: Mask
    on: str
    grids: Mapping[str, Geometry]


def is_remains(folder: Path) -> bool:
    """True for a folder that :func:`write_remains` wrote."""
    return (folder / FILE).is_file()


def write_remains(
    folder: Path, prediction: Prediction, created: datetime, drawn: Drawn | None = None, regions: Volume | None = None
) -> Path:
    """Write what a scene holds of the result that was made at ``created`` (local time) into an existing ``folder``.

    ``regions`` are the labels of the CT regions, on any grid.
    """
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "created": created.isoformat(timespec="seconds"),
        "lesion": None,
        "regions": None,
    }
    if drawn is not None and drawn.mask:
        lower = _write_cropped(folder / LESION, drawn.mask.array, drawn.mask)
        grids = {name: _grid(geometry) for name, geometry in drawn.grids.items()}
        document["lesion"] = {"on": drawn.on, "lower": lower, "grids": grids}
    if regions is not None and regions.array.any():
        lower = _write_cropped(folder / REGIONS, regions.array, Mask(regions.array > 0, regions.geometry))
        document["regions"] = {"lower": lower, "grid": _grid(regions.geometry)}
    (folder / PREDICTION).write_text(json_text(prediction), encoding="utf-8")
    (folder / FILE).write_text(json_text(document), encoding="utf-8")
    return folder


def geometry_from(said: dict[str, Any]) -> Geometry:
    """A grid of ``scene.json``; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it is none."""
    return Geometry.from_matrix(said["shape"], said["affine"])


def _write_cropped(path: Path, labels: np.ndarray, marked: Mask) -> list[int]:
    """Write the part of ``labels`` (z, y, x) that is ``marked`` as uint8; returns where it begins in them."""
    box = marked.box()
    np.save(path, labels[box].astype(np.uint8), allow_pickle=False)
    return [side.start for side in box]


def _grid(geometry: Geometry) -> dict[str, Any]:
    return {"shape": geometry.shape, "affine": geometry.affine}
