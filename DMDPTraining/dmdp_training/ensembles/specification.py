"""The list of sub-models: a task, what is read of the images and of the patient, and how it is learned."""

from __future__ import annotations

from dataclasses import dataclass

from ..cohorts.published import ENDPOINTS
from ..endpoints.registry import study_of

ROBUST = ("suv_max", "suv_peak")
# never suv_area (its definition differs between the cohorts), het0 (measured on another contour than the rest),
# suv_mean_sd_* and type_* (definitions unknown)
LOOSE = (*ROBUST, "suv_mean", "suv_sd", "suv_skew", "suv_kurtosis", "MTV_3")
CLINICAL = ((), ("sex",), ("age", "sex"), ("age", "sex", "smoking"))


@dataclass(frozen=True)
class Specification:
    """What a sub-model reads, and its ``kind`` (of the learners of its endpoint).

    ``contour`` is any, loose or none, as in :class:`dmdp.ensemble.model.SubModel`.
    """

    task: str
    kind: str
    contour: str
    images: tuple[str, ...]
    clinical: tuple[str, ...]

    @property
    def id(self) -> str:
        """Name within the bundle, e.g. ``EGFR-robust-age-sex-stack``."""
        read = {"any": "robust", "loose": "contour", "none": "clinical"}[self.contour]
        return "-".join((self.task, read, *self.clinical, *(("stack",) if self.kind == "stack" else ())))

    @property
    def inputs(self) -> tuple[str, ...]:
        """All inputs in the order of the learner's columns."""
        return self.images + self.clinical


def specifications() -> tuple[Specification, ...]:
    """Every sub-model: each set of image inputs with each set of known clinical inputs, with each learner of the
    endpoint, such as the stack and the regression beside it; clinical-only ones with the last, such as the regression (two or
    three inputs leave a forest nothing to find)."""
    imaging = (("any", ROBUST), ("loose", LOOSE))
    return tuple(
        specification
        for task in ENDPOINTS
        for specification in (
            *(
                Specification(task, kind, contour, images, known)
                for contour, images in imaging
                for known in CLINICAL
                for kind in study_of(task).learners
            ),
            *(Specification(task, study_of(task).learners[-1], "none", (), known) for known in CLINICAL if len(known) > 1),
        )
    )
