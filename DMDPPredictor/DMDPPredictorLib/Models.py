"""The installed models: their description, and removing them. The worker adds and checks them."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from html import escape

from dmdp import words
from dmdp.bundles.bundle import read_bundle
from dmdp.bundles.card import Metric
from dmdp.bundles.manifest import Manifest
from dmdp.documents.codec import Malformed
from dmdp.errors import DmdpError, ModelError
from dmdp.models import KINDS, Known
from dmdp.resources import installed_bundles, user_data_folder
from slicer.i18n import tr as _


def modelNames(kinds: Collection[str]) -> list[str]:
    """Names of the installed bundles of some kinds (:data:`dmdp.models.KINDS`); damaged ones are left out."""
    return sorted(name for name, path in installed_bundles().items() if _kind(path) in kinds)


def cardText(name: str) -> str:
    """What a model is for, from whom it learnt, and how well it did: rich text for the panel."""
    path = installed_bundles().get(name)
    if path is None:
        return ""
    try:
        return _card(read_bundle(path).manifest)
    except DmdpError as error:
        return f"<p>{escape(str(error))}</p>"
    except (LookupError, Malformed):  # a bundle vouches for its numbers, not for what it says of its sub-models
        return f"<p>{_('This model has no card that can be read.')}</p>"


def isRemovable(name: str) -> bool:
    """True for models that the user added; those that came with the extension stay."""
    path = installed_bundles().get(name)
    return path is not None and path.is_relative_to(user_data_folder())


def removeModel(name: str) -> None:
    """Remove a model that the user added."""
    path = installed_bundles()[name]
    if isRemovable(name):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _card(manifest: Manifest) -> str:
    cohorts = ", ".join(f"{cohort.name} (n = {cohort.n})" for cohort in manifest.cohorts)
    performance = KINDS[manifest.kind].performance
    tasks = "".join(f"<li>{_performance(task, performance(task, manifest))}</li>" for task in manifest.tasks)
    return (
        f"<p>{escape(manifest.intended_use)}</p><p>{_('Cohorts:')} {escape(cohorts)}</p>"
        f"<ul>{tasks}</ul><p>{_('Version')} {escape(manifest.version)}</p>"
    )


def _performance(task: str, known: Known) -> str:
    """What is known of a task: metrics, each with the inputs that it was found with or by its protocol."""
    of = [f"{_('from')} {words.names(inputs)}" if inputs else metric.protocol for metric, inputs in known]
    said = [f"{_metric(metric)}, {how}" for (metric, _inputs), how in zip(known, of, strict=True)]
    return escape(f"{task}: {'; '.join(said) or _('no performance is given')}")


def _metric(metric: Metric) -> str:
    low, high = metric.interval
    return f"{metric.metric} {metric.value:.2f} ({low:.2f} – {high:.2f}), n = {metric.n}"


def _kind(path) -> str:
    try:
        return read_bundle(path).manifest.kind
    except ModelError:
        return ""
