"""What a saved scene still holds of a result, in small files: the answer and, where it is there, the contour with its CT regions.

A folder with ``scene.json`` beside ``prediction.json``, and masks cropped to what they mark (``.npy``). Writing takes no time
and no package but numpy, as Slicer's window waits for it; :mod:`dmdp.report.from_scene` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..documents.codec import json_text
from ..images.volume import Geometry, Volume
from ..prediction.document import Prediction
from ..results.layout import PREDICTION

FILE, SCHEMA = "scene.json", 1
LESION, REGIONS = "lesion.npy", "regions.npy"


@dataclass(frozen=True, eq=False)
class Drawn:
    """The contour in the scene: ``mask`` bool (z, y, x) on the grid of the image that it was drawn ``on`` (``pet`` or ``ct``),
    and the grids of both images, LPS mm."""

    mask: np.ndarray
    on: str
    pet: Geometry
    ct: Geometry


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
    if drawn is not None and drawn.mask.any():
        lower = _write_cropped(folder / LESION, drawn.mask)
        document["lesion"] = {"on": drawn.on, "lower": lower, "grids": {"pet": _grid(drawn.pet), "ct": _grid(drawn.ct)}}
    if regions is not None and regions.array.any():
        lower = _write_cropped(folder / REGIONS, regions.array)
        document["regions"] = {"lower": lower, "grid": _grid(regions.geometry)}
    (folder / PREDICTION).write_text(json_text(prediction), encoding="utf-8")
    (folder / FILE).write_text(json_text(document), encoding="utf-8")
    return folder


def geometry_from(said: dict[str, Any]) -> Geometry:
    """A grid of ``scene.json``; raises ``KeyError``, ``TypeError`` or ``ValueError`` where it is none."""
    return Geometry(tuple(int(n) for n in said["shape"]), tuple(tuple(float(v) for v in row) for row in said["affine"]))


def _write_cropped(path: Path, labels: np.ndarray) -> list[int]:
    """Write the part of ``labels`` (z, y, x) that holds any as uint8; returns where it begins in them."""
    box = []
    for axis in range(3):
        marked = np.flatnonzero(labels.any(axis=tuple(other for other in range(3) if other != axis)))
        box.append(slice(int(marked[0]), int(marked[-1]) + 1))
    np.save(path, labels[tuple(box)].astype(np.uint8), allow_pickle=False)
    return [part.start for part in box]


def _grid(geometry: Geometry) -> dict[str, Any]:
    return {"shape": geometry.shape, "affine": geometry.affine}
