"""The numbers and images of a finished prediction as files; :mod:`dmdp.results.layout` names them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..documents.codec import json_text
from ..evidence import evidence_of
from ..images.files import write_mask, write_volume
from ..images.volume import Volume
from ..jobs.job import Job
from ..patients.case import Case
from ..prediction.document import Prediction
from ..regions.ct_regions import Regions
from . import layout
from .origin import write_origin


def write_result(
    folder: Path,
    case: Case,
    prediction: Prediction,
    regions: Regions | None,
    heatmaps: Mapping[str, Volume],
    job: Job,
    out: Path,
) -> None:
    """Write prediction, job, contours, regions and heatmaps into ``folder``, from where they will move to ``out``.

    Report, pictures and tables are written by :mod:`dmdp.report`.
    """
    (folder / layout.PREDICTION).write_text(json_text(prediction), encoding="utf-8")
    write_origin(folder, job, out)
    for modality, lesion in case.lesions.items():
        write_mask(folder / layout.LESIONS[modality], lesion.mask.array, lesion.geometry)
    if regions is not None:
        write_mask(folder / layout.REGIONS, regions.labels, regions.geometry)
    for name, heatmap in heatmaps.items():
        write_volume(folder / layout.heatmap_file(name), heatmap, evidence_of(prediction.network).header)
