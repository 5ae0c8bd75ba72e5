"""The applicability verdict: acquisition, anatomy and every feature against what the models were made on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .. import words
from ..bundles.manifest import TrainingRange
from ..ensemble.model import SubModel
from ..feature import Feature
from ..patients.audit import SuvAudit
from ..patients.case import CT, PET, Case
from ..tracers import USUAL_UPTAKE, is_fdg
from .images import without_images
from .lung import LungPosition
from .verdict import Applicability, Reason

UPTAKE_CAUTION = (30.0, 180.0)  # minutes
MAX_PET_SPACING = 6.0  # mm; the coarsest of the training cohorts has 5.5 × 5.5 × 5 mm
MAX_CT_SPACING = 5.0  # mm
MAX_OFFSET = 10.0  # mm
MOSTLY_AIR_HU, MAX_AERATED = -500.0, 0.5
SIZE_FEATURE = "MTV_3"


def assess(
    case: Case,
    features: Mapping[str, Feature],
    values: Mapping[str, float],
    used: Sequence[SubModel],
    training: Mapping[str, TrainingRange],
    lung: LungPosition | None,
    offset_mm: float | None,
) -> Applicability:
    """Collect every reason for doubt; a check that a missing image prevents is one, too.

    ``values`` are the features and clinical facts as the sub-models read them; ``used`` are the sub-models whose probability
    is shown first; ``training`` maps a feature name to its range in the training cohorts. A feature that a used
    sub-model reads, or the lesion volume, outside that range makes the case *outside*; any other feature only asks for caution.
    ``lung`` is None without a CT. ``offset_mm`` is the distance between the PET and CT contours.
    """
    read = {name for model in used for name in model.inputs} | {SIZE_FEATURE}
    reasons = [
        *_missing(case),
        *(_lung(lung) if lung is not None else ()),
        *(_acquisition(case.suv_audit) if case.has(PET) else ()),
        *_spacing(case),
        *_offset(offset_mm),
        *_aerated(case),
        *range_reasons({**_values(features), **_clinical(case)}, read, training),
        *_distance(used, values),
    ]
    return Applicability(tuple(sorted(reasons, key=lambda reason: reason.level != "outside")))


def _values(features: Mapping[str, Feature]) -> dict[str, tuple[float, str]]:
    return {name: (feature.value, feature.unit) for name, feature in features.items()}


def _clinical(case: Case) -> dict[str, tuple[float, str]]:
    return {} if case.clinical.age is None else {"age": (case.clinical.age, "years")}


def _missing(case: Case) -> Iterator[Reason]:
    for modality, sentence in zip(case.missing, without_images(case.missing), strict=True):
        yield Reason(f"images.no_{modality.lower()}", sentence, f"a {modality} as well", "caution")


def _lung(lung: LungPosition) -> Iterator[Reason]:
    if not lung.inside_or_next_to_lung:
        yield Reason("anatomy.not_lung", lung.sentence, "a lesion in or next to the lung", "outside")


def _acquisition(audit: SuvAudit | None) -> Iterator[Reason]:
    low, high = USUAL_UPTAKE
    usual = f"{low:.0f} to {high:.0f} min"
    if audit is None:
        yield Reason(
            "acquisition.unknown",
            "The PET came as SUV already: uptake time and tracer are unknown.",
            f"FDG, {usual} after injection",
            "caution",
        )
        return
    minutes = audit.uptake_minutes
    if minutes is None:
        yield Reason("acquisition.uptake_unknown", "The uptake time is unknown.", usual, "caution")
    elif not low <= minutes <= high:
        yield Reason(
            "acquisition.uptake",
            f"Scanned {minutes:.0f} min after injection.",
            usual,
            "caution" if UPTAKE_CAUTION[0] <= minutes <= UPTAKE_CAUTION[1] else "outside",
        )
    if not audit.tracer:
        yield Reason("acquisition.tracer_unknown", "The header names no tracer.", "FDG", "caution")
    elif not is_fdg(audit.tracer):
        yield Reason("acquisition.tracer", f"The tracer is '{audit.tracer}'.", "FDG", "outside")


def _spacing(case: Case) -> Iterator[Reason]:
    for image, limit in ((PET, MAX_PET_SPACING), (CT, MAX_CT_SPACING)):
        coarsest = max(case.require(image).geometry.spacing) if case.has(image) else 0.0
        if coarsest > limit + 1e-3:
            yield Reason(
                f"acquisition.spacing_{image.lower()}",
                f"{image} voxels measure up to {coarsest:.1f} mm.",
                f"at most {limit:.0f} mm",
                "outside" if coarsest > 2 * limit else "caution",
            )


def _offset(offset_mm: float | None) -> Iterator[Reason]:
    if offset_mm is not None and offset_mm > MAX_OFFSET:
        yield Reason(
            "alignment.offset",
            f"The PET and CT contours are centred {offset_mm:.0f} mm apart.",
            f"at most {MAX_OFFSET:.0f} mm",
            "caution",
        )


def _aerated(case: Case) -> Iterator[Reason]:
    """Doubt about a lesion outlined on the PET alone that lies in aerated lung on the CT: it may have moved with the breath."""
    if not case.has(CT, PET) or case.ct_lesion.modality == CT:
        return
    inside = case.ct.array[case.ct_lesion.mask.array]
    share = float((inside < MOSTLY_AIR_HU).mean()) if inside.size else 0.0
    if share > MAX_AERATED:
        yield Reason(
            "alignment.aerated",
            f"{share:.0%} of the lesion's place is aerated lung on the CT: PET and CT may not lie on one another.",
            f"at most {MAX_AERATED:.0%}; draw the lesion on the CT, or register the images",
            "caution",
        )


def _distance(used: Sequence[SubModel], values: Mapping[str, float]) -> Iterator[Reason]:
    """Doubt about a patient whose inputs each lie in range while their combination is unlike that of every training patient."""
    worst: dict[tuple[str, ...], tuple[float, float]] = {}
    for model in used:
        found = (model.distance(values), model.card["distance"]["quantiles"]["0.99"])
        if found[0] > found[1] and found > worst.get(model.inputs, (0.0, 0.0)):
            worst[model.inputs] = found
    for inputs, (distance, limit) in worst.items():
        yield Reason(
            "range.together",
            f"Together, {words.names(inputs)} are unlike those of the training patients (Mahalanobis distance {distance:.1f}).",
            f"at most {limit:.1f}, as in 99 % of them",
            "caution",
        )


def range_reasons(
    values: Mapping[str, tuple[float, str]], read: set[str], training: Mapping[str, TrainingRange]
) -> Iterator[Reason]:
    for name, (value, unit) in values.items():
        if name not in training:
            continue
        low, high = training[name].range
        if not low <= value <= high:  # NaN is not in range either
            suffix = "" if unit in ("", "1") else f" {unit}"
            yield Reason(
                f"range.{name}",
                f"{words.name(name)} is {value:.3g}{suffix}." if value == value else f"{words.name(name)} cannot be computed.",
                f"{low:.3g} to {high:.3g}{suffix}, as in the training cohorts",
                "outside" if name in read else "caution",
            )
