"""What an export reads of a finished result folder, checked to be whole and unchanged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from ..case import Geometry, Volume
from ..errors import InputError, LesionError
from ..files import read_mask, read_volume
from ..prediction import SCHEMA, Prediction

HEATMAP_PREFIX, SUFFIX = "heatmap_", ".nii.gz"


@dataclass(frozen=True, eq=False)
class Contour:
    """``mask`` bool (z, y, x) on ``geometry``."""

    mask: np.ndarray
    geometry: Geometry


@dataclass(frozen=True, eq=False)
class Result:
    """A result of ``dmdp predict``: the prediction, both contours, the CT regions (labels as float32 on a 1 mm grid, None where
    there are none) and the heatmaps by name (``<task>_<modality>_<stage>``).

    ``created`` is when ``prediction.json`` was written (local time, whole seconds); ``digest`` (SHA-256) covers all of these.
    """

    prediction: Prediction
    pet: Contour
    ct: Contour
    regions: Volume | None
    heatmaps: Mapping[str, Volume]
    created: datetime
    digest: str


def read_result(folder: str | Path) -> Result:
    """Read a result folder. Raises :class:`InputError` where it is none, and :class:`LesionError` where a contour is no longer
    the one that the numbers were computed from."""
    folder = Path(folder).expanduser()
    file = folder / "prediction.json"
    try:
        content = file.read_bytes()
        document = json.loads(content)
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}")
        prediction = Prediction.from_json(document)
        hashes = [prediction.hashes[name] for name in ("pet_lesion", "ct_lesion")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "export.no_result",
            f"'{folder.name}' is not a result of 'dmdp predict' that this version reads ({type(error).__name__}).",
            "a folder with prediction.json and the contours.",
            "Choose the folder that 'dmdp predict' wrote, or predict again.",
        ) from error
    pet, ct = (_contour(folder / f"{name}{SUFFIX}", sha) for name, sha in zip(("lesion_pet", "lesion_ct"), hashes, strict=True))
    regions = read_volume(folder / "regions.nii.gz", "1") if (folder / "regions.nii.gz").exists() else None
    heatmaps = {
        path.name.removeprefix(HEATMAP_PREFIX).removesuffix(SUFFIX): read_volume(path, "1")
        for path in sorted(folder.glob(f"{HEATMAP_PREFIX}*{SUFFIX}"))
    }
    created = datetime.fromtimestamp(int(file.stat().st_mtime))
    digest = hashlib.sha256(content + created.isoformat().encode())
    for name, volume in {"regions": regions, **heatmaps}.items():
        digest.update(name.encode() + (b"" if volume is None else volume.array.tobytes()))
    return Result(prediction, pet, ct, regions, heatmaps, created, digest.hexdigest())


def _contour(path: Path, sha256: str) -> Contour:
    mask, geometry = read_mask(path)
    if hashlib.sha256(np.packbits(mask)).hexdigest() != sha256:
        raise LesionError(
            "export.changed",
            f"'{path.name}' is not the contour that the numbers were computed from.",
            "the file as 'dmdp predict' wrote it.",
            "Predict again with the changed contour, then export.",
        )
    return Contour(mask, geometry)
