"""The installed models: what they are, and removing them. Adding and checking them is the worker's."""

from __future__ import annotations

import shutil
from html import escape

from dmdp import words
from dmdp.bundles.bundle import read_bundle
from dmdp.bundles.card import Metric
from dmdp.bundles.manifest import Manifest
from dmdp.documents.codec import Malformed, read
from dmdp.errors import DmdpError, ModelError
from dmdp.resources import installed_bundles, user_data_folder
from slicer.i18n import tr as _


def modelNames(kind: str) -> list[str]:
    """Names of the installed bundles of a kind: ``ensemble`` (they answer) or ``network``; damaged ones are left out."""
    return sorted(name for name, path in installed_bundles().items() if _kind(path) == kind)


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
    performance = _ofNetwork if manifest.kind == "network" else _ofStacks
    tasks = "".join(f"<li>{performance(task, manifest)}</li>" for task in manifest.tasks)
    return (
        f"<p>{escape(manifest.intended_use)}</p><p>{_('Cohorts:')} {escape(cohorts)}</p>"
        f"<ul>{tasks}</ul><p>{_('Version')} {escape(manifest.version)}</p>"
    )


def _ofNetwork(task: str, manifest: Manifest) -> str:
    """A network's performance, with the protocol that it was found by."""
    said = "; ".join(f"{_metric(metric)}, {metric.protocol}" for metric in manifest.metrics if metric.task == task)
    return escape(f"{task}: {said or _('no performance is given')}")


def _ofStacks(task: str, manifest: Manifest) -> str:
    """The validated performance of the stacks that speak about any contour: with no clinical fact, and with all of them."""
    cards = [
        card for card in manifest.sub_models if card["task"] == task and card["contour"] == "any" and card["kind"] == "stack"
    ]
    said = []
    for card in sorted(cards, key=lambda card: len(card["inputs"]))[:: max(len(cards) - 1, 1)]:
        said.append(f"{_metric(read(Metric, card['metrics'][0]))}, {_('from')} {words.names(card['inputs'])}")
    return escape(f"{task}: {'; '.join(said)}")


def _metric(metric: Metric) -> str:
    low, high = metric.interval
    return f"{metric.metric} {metric.value:.2f} ({low:.2f} – {high:.2f}), n = {metric.n}"


def _kind(path) -> str:
    try:
        return read_bundle(path).manifest.kind
    except ModelError:
        return ""
