"""What a saved scene still holds of a result: the answer and, unless it was edited since, the contour with its CT regions.

A folder with ``scene.json`` beside ``prediction.json``. The scene writes small files only (masks cropped to what they mark); the
page, the tables and the contours on the images' grids are made anew from them, and proven by the hashes in ``prediction.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..case import Geometry, Volume
from ..errors import DmdpError, InputError, LesionError, MissingPackage
from ..files import read_mask, read_volume, resample_mask, write_mask
from ..prediction import Prediction, json_text
from ..regions.names import MEANINGS
from .result import CONTOURS, Contour, Result, digest, mask_sha256, read_prediction
from .tables import features_csv

FILE, SCHEMA = "scene.json", 1
PREDICTION, LESION, REGIONS = "prediction.json", "lesion.nrrd", "regions.nrrd"
REMARK = "Made from a saved scene: without pictures, and with no ct_features.csv beside it. Predict again for these."


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

    ``regions`` are the labels of the CT regions, on any grid. Masks go cropped, so that this takes no time.
    """
    document: dict[str, Any] = {"schema": SCHEMA, "created": created.isoformat(timespec="seconds"), "lesion": None}
    if drawn is not None and drawn.mask.any():
        lower = _write_cropped(folder / LESION, drawn.mask, drawn.pet if drawn.on == "pet" else drawn.ct)
        grids = {name: _grid(geometry) for name, geometry in (("pet", drawn.pet), ("ct", drawn.ct))}
        document["lesion"] = {"on": drawn.on, "lower": lower, "grids": grids}
    if regions is not None and regions.array.any():
        _write_cropped(folder / REGIONS, regions.array, regions.geometry)
    (folder / PREDICTION).write_text(json_text(prediction.to_json()), encoding="utf-8")
    (folder / FILE).write_text(json_text(document), encoding="utf-8")
    return folder


@dataclass(frozen=True, eq=False)
class SceneRemains:
    """What a scene holds of a result, as a :class:`dmdp.report.result.ResultFolder` offers it."""

    document: Mapping[str, Any]
    result: Result

    @classmethod
    def read(cls, folder: Path) -> SceneRemains:
        """Read it; raises :class:`InputError` where it is damaged. A contour that was edited since is left out."""
        content, prediction = read_prediction(folder / PREDICTION)
        try:
            said = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if said["schema"] != SCHEMA:
                raise ValueError(f"schema {said['schema']}")
            created = datetime.fromisoformat(said["created"])
            pet, ct = _contours(folder, said["lesion"], prediction) if said["lesion"] else (None, None)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                "export.no_scene",
                f"'{FILE}' cannot be read ({type(error).__name__}).",
                "what the scene of this version writes.",
                "Predict again, then export.",
            ) from error
        regions = read_volume(folder / REGIONS, "1") if (folder / REGIONS).exists() else None
        found = Result(prediction, pet, ct, regions, {}, created, digest(content, created, {"regions": regions}))
        return cls(json.loads(content), found)

    def content(self, file: str) -> bytes | None:
        """A file of the result, made anew; None where a scene does not hold what it takes. Raises :class:`MissingPackage`."""
        if file == PREDICTION:
            return json_text(self.document).encode()
        if file == "features.csv":
            return features_csv(self.document["features"]).encode()
        return self._page() if file == "report.html" else None

    def obstacle(self, name: str) -> DmdpError | None:
        """Why the format ``name`` cannot be made from the scene; None where nothing is known to be in the way."""
        if name == "map":
            return InputError(
                "export.scene",
                "The parametric maps cannot be made from a saved scene.",
                "the result as the prediction left it.",
                "Predict again with a network, then export the maps.",
            )
        if name in ("seg", "sr") and self.result.pet is None:
            return LesionError(
                "export.changed",
                "The contour in the scene is not the one that the numbers were computed from.",
                "that contour.",
                "Predict again, then export.",
            )
        if name == "seg" and not self._regions_fit():
            return LesionError(
                "export.regions",
                "The CT regions in the scene are not those of the prediction.",
                "these regions, unchanged.",
                "Predict again, then export.",
            )
        return None

    def _page(self) -> bytes:
        try:
            from jinja2 import UndefinedError

            from .html import render
        except ImportError as error:
            raise MissingPackage("Jinja2", "the report from a saved scene") from error
        try:
            return render(self.document, (), Path(), REMARK).encode()
        except UndefinedError as error:
            raise InputError(
                "export.older",
                f"The answer in the scene is of a version whose report cannot be made here ({error}).",
                "an answer of this version.",
                "Predict again, then export.",
            ) from error

    def _regions_fit(self) -> bool:
        """Whether every region has the volume that the prediction says, within half a voxel."""
        said, found = self.result.prediction.regions, self.result.regions
        if said is None or found is None:
            return said is None and found is None
        counts = np.bincount(found.array.astype(int).ravel(), minlength=len(MEANINGS) + 1)
        voxel = found.geometry.voxel_ml
        return all(abs(counts[i] * voxel - region["volume_ml"]) < voxel / 2 for i, region in enumerate(said["regions"], 1))


def _contours(folder: Path, said: Mapping[str, Any], prediction: Prediction) -> tuple[Contour | None, Contour | None]:
    """The lesion on PET and CT as the prediction read it; none of them where one has another hash."""
    grids = {name: _geometry(grid) for name, grid in said["grids"].items()}
    small, _ = read_mask(folder / LESION)
    lower = np.array(said["lower"])
    on = said["on"]
    mask = np.zeros(grids[on].shape, bool)
    mask[tuple(slice(a, b) for a, b in zip(lower, lower + small.shape, strict=True))] = small
    masks = {name: mask if name == on else resample_mask(mask, grids[on], grid)[0] for name, grid in grids.items()}
    if any(mask_sha256(masks[name.removesuffix("_lesion")]) != prediction.hashes[name] for name in CONTOURS):
        return None, None
    return Contour(masks["pet"], grids["pet"]), Contour(masks["ct"], grids["ct"])


def _write_cropped(path: Path, labels: np.ndarray, geometry: Geometry) -> list[int]:
    """Write the part of ``labels`` (z, y, x) that holds any; returns where it begins in them."""
    marked = [np.flatnonzero(labels.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    lower, upper = [int(m[0]) for m in marked], [max(int(m[-1]), int(m[0]) + 1) + 1 for m in marked]
    lower = [min(a, n - 2) for a, n in zip(lower, labels.shape, strict=True)]  # image files have two voxels a side at least
    cropped = labels[tuple(slice(a, b) for a, b in zip(lower, upper, strict=True))]
    write_mask(path, cropped, geometry.crop(lower, cropped.shape))
    return lower


def _grid(geometry: Geometry) -> dict[str, Any]:
    return {"shape": geometry.shape, "affine": geometry.affine}


def _geometry(said: Mapping[str, Any]) -> Geometry:
    return Geometry(tuple(said["shape"]), tuple(tuple(float(v) for v in row) for row in said["affine"]))
