"""Whether PET and CT contour lie in the same place."""

from __future__ import annotations

import numpy as np

from ..patients.case import CT, PET, Case


def pet_ct_offset(case: Case) -> float | None:
    """Distance (mm) between the centres of the PET and the CT contour, if both were drawn; else None."""
    if not case.has(CT, PET) or case.ct_lesion.modality != CT or case.pet_lesion.modality == CT:
        return None
    return float(np.linalg.norm(case.pet_lesion.centroid - case.ct_lesion.centroid))
