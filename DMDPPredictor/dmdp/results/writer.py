"""The numbers and images of a finished prediction as files; :mod:`dmdp.results.layout` names them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..documents.codec import json_text
from ..images.files import write_mask, write_volume
from ..images.volume import Volume
from ..jobs.job import Job
from ..network.model import DEMONSTRATION_LABEL
from ..patients.case import Case
from ..prediction.document import Prediction
from ..regions.ct_regions import Regions
from . import layout
from .origin import write_origin

HEADERS = {  # of heatmap files, by whether the network is a demonstration; a NIfTI header has room for 79 characters
    True: DEMONSTRATION_LABEL.replace("; ", ";"),
    False: "research use only; not validated elsewhere; shows the network, not the biology",
}


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
    write_mask(folder / layout.LESION_PET, case.pet_lesion.mask, case.pet_lesion.geometry)
    write_mask(folder / layout.LESION_CT, case.ct_lesion.mask, case.ct_lesion.geometry)
    if regions is not None:
        write_mask(folder / layout.REGIONS, regions.labels, regions.geometry)
    header = HEADERS[prediction.network is None or prediction.network.demonstration]
    for name, heatmap in heatmaps.items():
        write_volume(folder / layout.heatmap_file(name), heatmap, header)
