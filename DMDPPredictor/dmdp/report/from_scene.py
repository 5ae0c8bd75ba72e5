"""A result out of what a saved scene still holds of it: the page, the tables and the contours, made anew.

The contours are proven by the hashes in ``prediction.json``, the CT regions by their volumes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..documents.codec import json_text
from ..errors import DmdpError, InputError, LesionError, MissingPackage
from ..images.mask import Mask
from ..images.volume import Volume
from ..prediction.document import CONTOUR_HASHES, Prediction
from ..reading import read_text
from ..regions.names import MEANINGS
from ..results import layout
from ..results.reader import Part, Result, digest, mask_sha256, read_prediction
from .remains import FILE, LESION, REGIONS, SCHEMA, geometry_from
from .tables import features_csv

REMARK = "Made from a saved scene: without pictures, and with no ct_features.csv beside it. Predict again for these."


@dataclass(frozen=True, eq=False)
class SceneRemains:
    """What a scene holds of a result, as a :class:`dmdp.results.reader.ResultFolder` offers it."""

    result: Result

    @classmethod
    def read(cls, folder: Path) -> SceneRemains:
        """Read it; raises :class:`InputError` if it is damaged. A contour that was edited since is left out."""
        content, prediction = read_prediction(folder)
        try:
            said = json.loads(read_text(folder / FILE))
            if said["schema"] != SCHEMA:
                raise ValueError(f"schema {said['schema']}")
            created = datetime.fromisoformat(said["created"])
            contours = _contours(folder, said["lesion"], prediction) if said["lesion"] else {}
            regions = _regions(folder, said["regions"]) if said["regions"] else None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                "export.no_scene",
                f"'{FILE}' cannot be read ({type(error).__name__}).",
                "what the scene of this version writes.",
                "Predict again, then export.",
            ) from error
        found = Result(prediction, contours, regions, {}, created, digest(content, created, {"regions": regions}))
        return cls(found)

    def content(self, file: str) -> bytes | None:
        """A file of the result, made anew; None if a scene does not hold what it takes. Raises :class:`MissingPackage`."""
        if file == layout.PREDICTION:
            return json_text(self.result.prediction).encode()
        if file == layout.FEATURES:
            return features_csv(self.result.prediction.features).encode()
        return self._page() if file == layout.REPORT else None

    def obstacle(self, needs: Collection[Part]) -> DmdpError | None:
        """Why a format that ``needs`` these parts cannot be made from the scene; None if nothing is known to be in the way."""
        if Part.HEATMAPS in needs:
            return InputError(
                "export.scene",
                "The parametric maps cannot be made from a saved scene.",
                "the result as the prediction left it.",
                "Predict again with a network, then export the maps.",
            )
        if Part.CONTOUR in needs and not self.result.contours:
            return LesionError(
                "export.changed",
                "The contour in the scene is not the one that the numbers were computed from.",
                "that contour.",
                "Predict again, then export.",
            )
        if Part.REGIONS in needs and not self._regions_fit():
            return LesionError(
                "export.regions",
                "The CT regions in the scene are not those of the prediction.",
                "these regions, unchanged.",
                "Predict again, then export.",
            )
        return None

    def _page(self) -> bytes:
        try:
            from .html import render
        except ImportError as error:
            raise MissingPackage("Jinja2", "the report from a saved scene") from error
        return render(self.result.prediction, (), Path(), REMARK).encode()

    def _regions_fit(self) -> bool:
        """Whether every region has the volume that the prediction says, within half a voxel."""
        said, found = self.result.prediction.regions, self.result.regions
        if said is None or found is None:
            return said is None and found is None
        counts = np.bincount(found.array.astype(int).ravel(), minlength=len(MEANINGS) + 1)
        voxel = found.geometry.voxel_ml
        return all(abs(counts[i] * voxel - region.volume_ml) < voxel / 2 for i, region in enumerate(said.regions, 1))


def _contours(folder: Path, said: Mapping[str, Any], prediction: Prediction) -> dict[str, Mask]:
    """The lesion on each image as the prediction read it; none of them if one has another hash."""
    on, grids = said["on"], {name: geometry_from(grid) for name, grid in said["grids"].items() if grid is not None}
    whole = np.zeros(grids[on].shape, bool)
    _put(whole, folder / LESION, said["lower"])
    drawn = Mask(whole, grids[on])
    found = {name.upper(): drawn if name == on else drawn.onto(grid) for name, grid in grids.items()}
    wanted = {modality: prediction.hashes[name] for modality, name in CONTOUR_HASHES.items() if name in prediction.hashes}
    return found if {modality: mask_sha256(mask) for modality, mask in found.items()} == wanted else {}


def _regions(folder: Path, said: Mapping[str, Any]) -> Volume:
    geometry = geometry_from(said["grid"])
    labels = np.zeros(geometry.shape, np.float32)
    _put(labels, folder / REGIONS, said["lower"])
    return Volume(labels, geometry, "1")


def _put(whole: np.ndarray, path: Path, lower: Sequence[int]) -> None:
    """Put the cropped array of a file to its place; raises ``OSError`` or ``ValueError`` if that cannot be."""
    part = np.load(path, allow_pickle=False)
    whole[tuple(slice(start, start + size) for start, size in zip(lower, part.shape, strict=True))] = part
