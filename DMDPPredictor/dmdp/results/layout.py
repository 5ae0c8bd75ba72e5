"""The names of a result's files: the one list for what writes, reads, exports and shows results."""

from __future__ import annotations

from pathlib import Path

from ..atomic import PREDICTION as KIND

PREDICTION = "prediction.json"
ORIGIN = KIND.marker  # the job that made the result, and what was written
PRIVATE = "inputs.json"  # paths of the job that may name a person; no export takes it along
REPORT, PICTURES = "report.html", "pictures"
FEATURES, CT_FEATURES = "features.csv", "ct_features.csv"
LESIONS = {"PET": "lesion_pet.nii.gz", "CT": "lesion_ct.nii.gz"}  # by the modality of the image
REGIONS = "regions.nii.gz"
_HEATMAP, _SUFFIX = "heatmap_", ".nii.gz"


def heatmap_file(name: str) -> str:
    """The file of the heatmap ``<task>_<modality>_<stage>``."""
    return f"{_HEATMAP}{name}{_SUFFIX}"


def heatmap_files(folder: Path) -> dict[str, Path]:
    """The heatmaps of a result by name, in the order of their names."""
    return {path.name.removeprefix(_HEATMAP).removesuffix(_SUFFIX): path for path in sorted(folder.glob(heatmap_file("*")))}
