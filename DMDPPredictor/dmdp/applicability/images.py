"""What cannot be said of a patient who lacks an image."""

from __future__ import annotations

from collections.abc import Iterable

from ..patients.case import CT, PET

COSTS = {
    CT: "the CT regions, their features, and whether the lesion lies in or next to the lung",
    PET: "SUV, the PET features, uptake time and tracer",
}


def without_images(missing: Iterable[str]) -> tuple[str, ...]:
    """A sentence for each modality that is missing: what is therefore not measured and not checked."""
    return tuple(f"There is no {modality}: {COSTS[modality]} are not known." for modality in missing)
