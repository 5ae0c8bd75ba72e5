"""The whole way for one patient: read, predict, explain, and write the result folder in one step."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import __version__
from .applicability.lung import LungPosition, lung_position
from .atomic import PREDICTION, result_folder
from .bundles.bundle import Bundle, read_bundle
from .errors import MissingPackage, ModelError, UsageError, base_name
from .evidence import DEMONSTRATION, evidence_of
from .images.volume import Volume
from .intake.prepare import prepare_case, read_from
from .intake.row import PatientRow
from .jobs.job import Job
from .models import check_images, kind_of, load_model
from .network.opinion import NetworkOpinion
from .patients.case import CT, MODALITIES, PET, Case
from .pet_features import pet_features
from .prediction.document import CONTOUR_HASHES, IMAGE_HASHES, IMAGES, Prediction
from .prediction.predict import predict
from .progress import Progress, part, silent
from .radiomics import DEFAULT_PROFILE
from .regions.ct_regions import Regions, ct_regions
from .regions.thorax import find_thorax
from .report.html import render
from .report.pictures import write_pictures
from .report.tables import ct_features_csv, features_csv
from .resources import BUNDLE_SUFFIXES, find_bundle, is_path
from .results import layout
from .results.reader import mask_sha256
from .results.writer import write_result

if TYPE_CHECKING:
    from .features.ct import CtFeatures
    from .network.model import NetworkModel


def predict_to_folder(
    row: PatientRow,
    models: Sequence[str | Path],
    out: str | Path,
    job: Job,
    device: str = "auto",
    prevalence: Mapping[str, float] | None = None,
    second_opinion: bool = False,
    backend: str = "auto",
    progress: Progress = silent,
    overwrite: bool = False,
) -> Prediction:
    """Predict for one patient and write the result folder (:mod:`dmdp.results.layout`), which appears whole or not at all.

    An earlier result at ``out`` is replaced if it was made from the same images, or with ``overwrite``
    (:func:`dmdp.atomic.result_folder`).

    ``models`` are bundle names or paths; the first machine-learning bundle leads, and there is one at least, unless a network
    looks at the only image there is. What a network says, at most one, is kept apart;
    ``second_opinion`` adds occlusion maps to its heatmaps, computed by a ``backend`` of :mod:`dmdp.network.backend`.

    Raises :class:`dmdp.errors.DmdpError` subclasses.
    """
    found = [find_bundle(name) for name in models]
    with result_folder(out, PREDICTION, overwrite=overwrite, inputs=[*read_from(row), *found]) as aside:
        progress(0.0, "checking the models")
        bundles = [read_bundle(path) for path in found]
        kinds = [kind_of(bundle) for bundle in bundles]
        ensembles = [kind.load(bundle) for kind, bundle in zip(kinds, bundles, strict=True) if kind.opinion is None]
        network, opinion = _network([bundle for kind, bundle in zip(kinds, bundles, strict=True) if kind.opinion])
        given = {modality for modality in MODALITIES if row.has(modality)}
        if not ensembles and (network is None or len(given) == len(MODALITIES)):
            raise ModelError(
                "model.no_ensemble",
                "No machine-learning bundle among the models.",
                "at least one, as what a network says is kept apart from the answer.",
                "Add --model published-pet-clinical.",
            )
        for model in (*ensembles, *([network] if network is not None else ())):
            check_images(model, given)
        case = prepare_case(row, part(progress, 0.05, 0.3))
        hashes = _input_hashes(case)
        aside.made_from({name: hashes[name] for name in IMAGES if name in hashes})
        progress(0.3, "looking where the lesion lies")
        lung, regions = _on_ct(case) if case.has(CT) else (None, None)
        progress(0.35, "measuring the CT regions")
        ct, ct_notes = _measure(case, regions)
        progress(0.4, "measuring the PET features")
        features = pet_features(case.pet, case.pet_lesion) if case.has(PET) else {}
        heatmaps: Mapping[str, Volume] = {}
        if network is not None and (ask := kind_of(network.bundle).opinion) is not None:
            opinion, heatmaps = ask(network, case, features, device, second_opinion, backend, part(progress, 0.4, 0.55))
        prediction = predict(
            case,
            features,
            ensembles,
            lung,
            prevalence=prevalence,
            regions=None if regions is None else regions.report(ct_notes),
            ct=ct,
            network=opinion,
            versions=_versions(network),
            hashes={**hashes, **{b.name: b.sha256 for b in bundles}},
            progress=part(progress, 0.55, 0.75),
        )
        prediction = replace(prediction, notes=(*prediction.notes, *_files_said(models, bundles)))
        progress(0.75, "writing the results")
        write_result(aside.folder, case, prediction, regions, heatmaps, job, Path(out))
        _write_report(aside.folder, case, prediction, regions, ct, heatmaps)
        progress(0.98, "done, moving the results into place")
    progress(1.0, "results written")
    return prediction


def _files_said(models: Sequence[str | Path], bundles: Sequence[Bundle]) -> tuple[str, ...]:
    """The file of each model that was named by its path: its name alone does not distinguish it from an installed one."""
    named = [(given, bundle) for given, bundle in zip(models, bundles, strict=True) if is_path(given, BUNDLE_SUFFIXES)]
    return tuple(f"The model {b.name} was read from '{base_name(given)}' (SHA-256 {b.sha256})." for given, b in named)


def _on_ct(case: Case) -> tuple[LungPosition, Regions | None]:
    """Where the lesion lies towards the lung, and its CT regions."""
    thorax = find_thorax(case.ct)
    return lung_position(thorax, case.ct_lesion), ct_regions(case.ct, case.ct_lesion, thorax)


def _measure(case: Case, regions: Regions | None) -> tuple[CtFeatures | None, tuple[str, ...]]:
    """Features of the CT regions, or why there are none: a missing package must not stop the prediction."""
    if regions is None:
        return None, ()
    try:
        from .features.ct import ct_features
        from .radiomics.backend import find_settings

        return ct_features(case, regions, find_settings(DEFAULT_PROFILE)), ()
    except MissingPackage as error:
        return None, (f"Features of the CT regions were not computed. {error}",)


def _network(bundles: Sequence[Bundle]) -> tuple[NetworkModel | None, NetworkOpinion | None]:
    """The network, ready to run; or, if torch is missing, its substitute in the result, which is complete without it."""
    if len(bundles) > 1:
        raise UsageError(
            "model.networks",
            f"{len(bundles)} networks among the models: {', '.join(b.name for b in bundles)}.",
            "at most one.",
            "Run them one after the other, each into a folder of its own.",
        )
    try:
        return (load_model(bundles[0]) if bundles else None), None
    except MissingPackage as error:
        (bundle,) = bundles
        demonstration = evidence_of(bundle.manifest) is DEMONSTRATION
        return None, NetworkOpinion(None, demonstration, bundle.name, note=str(error))


def _versions(network: NetworkModel | None) -> dict[str, str]:
    """Of the packages that computed the numbers."""
    names = ("dmdp", "numpy", "scipy", "SimpleITK", *(("torch",) if network is not None else ()))
    return {name: __version__ if name == "dmdp" else _version(name) for name in names}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # importable, but installed without its metadata
        return "unknown"


def _input_hashes(case: Case) -> dict[str, str]:
    """SHA-256 of what was read: voxels of the images and their contours."""
    arrays = {name: case.images[modality].array for modality, name in IMAGE_HASHES.items() if case.has(modality)}
    hashes = {name: hashlib.sha256(np.ascontiguousarray(array).data).hexdigest() for name, array in arrays.items()}
    return hashes | {name: mask_sha256(case.lesions[m].mask) for m, name in CONTOUR_HASHES.items() if case.has(m)}


def _write_report(
    folder: Path,
    case: Case,
    prediction: Prediction,
    regions: Regions | None,
    ct: CtFeatures | None,
    heatmaps: Mapping[str, Volume],
) -> None:
    (folder / layout.FEATURES).write_text(features_csv(prediction.features), encoding="utf-8")
    if ct is not None:
        (folder / layout.CT_FEATURES).write_text(ct_features_csv(ct), encoding="utf-8")
    pictures = write_pictures(folder / layout.PICTURES, case, heatmaps, regions)
    (folder / layout.REPORT).write_text(render(prediction, pictures, folder / layout.PICTURES), encoding="utf-8")
