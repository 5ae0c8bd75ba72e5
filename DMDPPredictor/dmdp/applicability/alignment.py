"""Whether PET and CT contour lie in the same place."""

from __future__ import annotations

import numpy as np

from ..patients.case import Case


def pet_ct_offset(case: Case) -> float | None:
    """Distance (mm) between the centres of the PET and the CT contour, where both were drawn; else None."""
    if case.ct_lesion.modality != "CT":
        return None
    return float(np.linalg.norm(case.pet_lesion.centroid - case.ct_lesion.centroid))
