"""A result's CT regions and heatmaps, cut to the boxes that hold something, as raw arrays that a viewer takes in at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..images.files import read_volume
from ..images.mask import Mask
from ..jobs.job import required
from ..progress import Progress
from ..results import layout
from .held import HeldPet

REGIONS = "regions"


def maps(arguments: Mapping[str, Any], held: HeldPet, progress: Progress) -> dict[str, Any]:
    """Write the arrays of the ``result`` folder into ``folder`` and describe them.

    Their names are ``regions`` and ``<task>_<modality>_<stage>``. Each is {file, affine, largest}: a .npy array (z, y, x) of
    uint8 labels or float32, where it lies (LPS, as in a Geometry), and its largest value.
    """
    result, folder = Path(required(arguments, "result")), Path(required(arguments, "folder"))
    files = layout.heatmap_files(result)
    if (result / layout.REGIONS).is_file():
        files = {REGIONS: result / layout.REGIONS, **files}
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for number, (name, path) in enumerate(files.items()):
        progress(number / len(files), "preparing the maps")
        found[name] = _cut(path, folder / f"{number}.npy", np.uint8 if name == REGIONS else np.float32)
    return {"maps": found}


def _cut(path: Path, target: Path, kind: type) -> dict[str, Any]:
    volume = read_volume(path, "1")
    marked = Mask(volume.array != 0, volume.geometry)
    window = marked.box() if marked else (slice(1),) * 3
    box = volume.array[window]
    np.save(target, box.astype(kind), allow_pickle=False)
    affine = volume.geometry.crop([side.start or 0 for side in window], box.shape).affine
    return {"file": str(target), "affine": [list(row) for row in affine], "largest": float(box.max(initial=0.0))}
