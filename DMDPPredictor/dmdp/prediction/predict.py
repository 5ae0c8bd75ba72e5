"""Case and models in, prediction out. No file is read or written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from ..applicability.alignment import pet_ct_offset
from ..applicability.assess import assess
from ..applicability.lung import LungPosition
from ..bundles.card import ModelCard
from ..bundles.manifest import TrainingRange
from ..delineation.perturb import STEP_MM, perturbed
from ..delineation.pet import delineate
from ..endpoints.answers import Alternative, Answer, Common, Contribution, NoAnswer
from ..endpoints.registry import endpoint_of
from ..ensemble.model import EnsembleModel, SubModel
from ..errors import LesionError, ModelError
from ..feature import Feature
from ..images.volume import triple
from ..inputs import CLINICAL_INPUTS, clinical_values, usable
from ..network.opinion import NetworkOpinion
from ..patients.case import CT, PET, Case
from ..pet_features import pet_features
from ..pet_features.intensity import hottest_point
from ..progress import Progress, part, silent
from ..regions.document import RegionsReport
from .document import ContourReport, FeatureReading, InputsReport, Prediction

if TYPE_CHECKING:
    from ..features.ct import CtFeatures

NOBODY = "No sub-model accepts what is known of this lesion."
SPREAD_METHODS = ("suv4", "suv2.5", "pet41")


def predict(
    case: Case,
    pet: Mapping[str, Feature],
    models: Sequence[EnsembleModel],
    lung: LungPosition | None,
    *,
    prevalence: Mapping[str, float] | None = None,
    regions: RegionsReport | None = None,
    ct: CtFeatures | None = None,
    network: NetworkOpinion | None = None,
    versions: Mapping[str, str] | None = None,
    hashes: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> Prediction:
    """The prediction for a case from machine-learning bundles, the first of which leads; without any, what was measured.

    The case has the images that the bundles need (:func:`dmdp.models.check_images`), and a lesion. ``pet`` holds the PET
    features, none without a PET; ``lung`` says where the lesion lies, None without a CT; ``prevalence`` gives the local share of
    the positive class per task, for the displayed probability only; ``ct`` holds the features of the CT regions, if they were
    measured; ``regions``, ``network``, ``versions`` of packages and ``hashes`` of inputs and models are carried into the
    result as they are.

    Raises :class:`ModelError` if no sub-model accepts what is known.
    """
    progress(0.0, "asking the sub-models")
    features = {**pet, **asked_for(models, ct)}
    values = {**{name: f.value for name, f in features.items()}, **clinical_values(case.clinical)}
    headline: dict[str, SubModel] = {}
    tasks: dict[str, Answer] = {}
    for name in dict.fromkeys(name for model in models for name in model.bundle.manifest.tasks):
        candidates = [(model, sub_model) for model in models for sub_model in _candidates(model, name, values, case)]
        if candidates:
            headline[name] = candidates[0][1]
            tasks[name] = _answer(name, candidates, values, (prevalence or {}).get(name))
        else:
            tasks[name] = NoAnswer(endpoint_of(name).title, NOBODY)
    if models and not headline:
        raise ModelError(
            "model.no_sub_model",
            NOBODY,
            "a lesion with positive uptake.",
            "Check the contour and the SUV of the PET.",
        )
    training = {k: v for model in reversed(models) for k, v in model.bundle.manifest.features.items()}
    spread, moved = {}, {}
    if case.has(PET):
        spread = _spread(case, headline, values, part(progress, 0.3, 0.6))
        progress(0.6, "moving the contour by a millimetre")
        moved = _moved(case, headline, values)
    return Prediction(
        applicability=assess(case, features, values, list(headline.values()), training, lung, pet_ct_offset(case)),
        tasks=tasks,
        suv_audit=case.suv_audit,
        inputs=_inputs(case, headline, features),
        contour=_contour(case, spread, moved),
        features={name: _feature(f, training.get(name)) for name, f in features.items()},
        regions=regions,
        ct_features=None if ct is None else ct.report(),
        network=network,
        models=tuple(_card(model) for model in models),
        notes=case.notes,
        versions=dict(versions or {}),
        hashes=dict(hashes or {}),
    )


def _candidates(model: EnsembleModel, task: str, values: Mapping[str, float], case: Case) -> list[SubModel]:
    """The sub-models that may answer, best first; if others of the model lack their image, only those that read one: clinical
    facts alone do not replace an image unless that was asked for.
    """
    found = model.candidates(task, values, case.lesion.method)
    return found if case.has(*frozenset().union(*model.images)) else [sub_model for sub_model in found if sub_model.images]


def asked_for(models: Sequence[EnsembleModel], ct: CtFeatures | None) -> dict[str, Feature]:
    """The features of CT regions that a sub-model reads; the others stay in their table."""
    read = {name for model in models for sub_model in model.sub_models for name in sub_model.inputs}
    return {name: ct.by_name[name] for name in sorted(read & ct.by_name.keys())} if ct else {}


def _answer(
    name: str, candidates: Sequence[tuple[EnsembleModel, SubModel]], values: Mapping[str, float], local: float | None
) -> Answer:
    model, chosen = candidates[0]
    endpoint = endpoint_of(name)
    common = Common(
        title=endpoint.title,
        interval_kind=chosen.card["interval_kind"],
        set_kind=endpoint.set_kind,
        contributions=_contributions(chosen, values),
        model=model.bundle.name,
        sub_model=chosen.id,
        kind=chosen.kind,
        inputs=chosen.inputs,
        cohort=chosen.card["cohort"],
        n=chosen.card["n"],
        metrics=chosen.metrics,
        notes=_doubts(chosen),
        alternatives=tuple(_alternative(m, s, values) for m, s in candidates[1:]),
    )
    return endpoint.answer(chosen.estimate(values), chosen.card, common, local)


def _contributions(model: SubModel, values: Mapping[str, float]) -> tuple[Contribution, ...]:
    """The contributions of the inputs, largest first."""
    shares = model.contributions(values)
    found = (Contribution(name, float(values[name]), model.card["typical"][name], share) for name, share in shares.items())
    return tuple(sorted(found, key=lambda c: -abs(c.log_odds)))


def _doubts(model: SubModel) -> tuple[str, ...]:
    internal = model.metrics[0]
    low, high = internal.interval
    if low > 0.5:
        return ()
    return (
        f"In cross-validation this sub-model could not be told from chance ({internal.metric} {internal.value:.2f}, "
        f"95 % interval {low:.2f} to {high:.2f}).",
    )


def _alternative(model: EnsembleModel, sub_model: SubModel, values: Mapping[str, float]) -> Alternative:
    estimate = sub_model.estimate(values)
    return Alternative(
        model.bundle.name,
        sub_model.id,
        sub_model.kind,
        estimate.probability,
        estimate.interval,
        sub_model.inputs,
        sub_model.contour,
    )


def _spread(
    case: Case, headline: Mapping[str, SubModel], values: Mapping[str, float], progress: Progress
) -> dict[str, dict[str, float | None]]:
    """The probability of each task had the lesion been outlined by other rules; None if a rule finds no lesion."""
    seed = case.pet_lesion.seed or hottest_point(case.pet, case.pet_lesion)
    spread: dict[str, dict[str, float | None]] = {task: {} for task in headline}
    for position, method in enumerate(SPREAD_METHODS):
        progress(position / len(SPREAD_METHODS), f"trying the contour {method}")
        try:
            lesion = delineate(case.pet, seed, method)
            other = {**values, **{n: f.value for n, f in pet_features(case.pet, lesion).items()}}
        except LesionError:
            other = None
        for task, model in headline.items():
            spread[task][method] = (
                None
                if other is None or not all(np.isfinite(other[name]) for name in model.inputs)
                else model.estimate(other).probability
            )
    return spread


def _moved(case: Case, headline: Mapping[str, SubModel], values: Mapping[str, float]) -> dict[str, tuple[float, float] | None]:
    """The lowest and highest probability of each task had the contour been drawn a millimetre off; None if unknown."""
    others = []
    for lesion in perturbed(case.pet_lesion).values():
        with suppress(LesionError):  # a tiny lesion may leave too few voxels
            others.append({**values, **{name: feature.value for name, feature in pet_features(case.pet, lesion).items()}})
    found = {}
    for task, model in headline.items():
        known = [model.estimate(v).probability for v in (values, *others) if all(usable(v, name) for name in model.inputs)]
        found[task] = (min(known), max(known)) if len(known) > 1 else None
    return found


def _inputs(case: Case, headline: Mapping[str, SubModel], features: Mapping[str, Feature]) -> InputsReport:
    clinical = case.clinical
    given = {"age": clinical.age, "sex": clinical.sex, "smoking": clinical.smoking}
    read = {name for model in headline.values() for name in model.inputs}
    return InputsReport(
        used={name: features[name].value if name in features else given[name] for name in sorted(read)},
        missing=tuple(name for name in CLINICAL_INPUTS if given[name] is None),
        given_but_unused=tuple(name for name in CLINICAL_INPUTS if given[name] is not None and name not in read),
    )


def _contour(case: Case, spread: Mapping[str, Any], moved: Mapping[str, Any]) -> ContourReport:
    lesion = case.lesion
    return ContourReport(
        method=lesion.method,
        modality=lesion.modality,
        volume_ml=lesion.volume_ml,
        seed_lps_mm=lesion.seed,
        centroid_lps_mm=triple(float, lesion.centroid),
        ct_volume_ml=case.ct_lesion.volume_ml if case.has(CT) else None,
        notes=tuple(note for name in (PET, CT) if case.has(name) for note in case.lesions[name].notes),
        spread=spread,
        moved_mm=STEP_MM,
        moved=moved,
    )


def _feature(feature: Feature, training: TrainingRange | None) -> FeatureReading:
    value = feature.value if np.isfinite(feature.value) else None
    return FeatureReading(
        value=value,
        unit=feature.unit,
        definition=feature.definition,
        source=feature.source,
        training_range=training.range if training else None,
        in_range=None if training is None or value is None else bool(training.range[0] <= value <= training.range[1]),
        percentile=None if training is None or value is None else _percentile(value, training),
    )


def _percentile(value: float, training: TrainingRange) -> float:
    """Where a value lies among the training patients, 0 to 100; between the percentiles of the manifest by interpolation."""
    low, high = training.range
    known = {0.0: low, **{float(q): v for q, v in training.percentiles.items()}, 100.0: high}
    ranks = sorted(known)
    return float(np.interp(value, [known[q] for q in ranks], ranks))


def _card(model: EnsembleModel) -> ModelCard:
    manifest = model.bundle.manifest
    return ModelCard(
        name=manifest.name,
        version=manifest.version,
        kind=manifest.kind,
        cohorts=manifest.cohorts,
        intended_use=manifest.intended_use,
        training_contour=manifest.training_contour,
        source=manifest.source,
        excluded=manifest.excluded,
        hash=model.bundle.sha256,
    )
