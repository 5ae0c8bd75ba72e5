"""The kinds of models that a bundle may hold: how each is loaded, whether it answers, and its known performance."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .bundles.bundle import Bundle, refusal
from .bundles.card import Metric
from .bundles.manifest import Manifest
from .documents.codec import read
from .errors import ModelError
from .feature import Feature
from .images.volume import Volume
from .network.opinion import NetworkOpinion
from .patients.case import Case
from .progress import Progress

if TYPE_CHECKING:
    from .ensemble.model import EnsembleModel
    from .network.model import NetworkModel


Opinion = Callable[[Any, Case, Mapping[str, Feature], str, bool, str, Progress], tuple[NetworkOpinion, Mapping[str, Volume]]]
Known = list[tuple[Metric, tuple[str, ...]]]


@dataclass(frozen=True)
class ModelKind:
    """A kind of model; another one is an entry of :data:`KINDS`.

    Attributes
    ----------
    name : str
        As in the manifest of a bundle.
    load : callable
        From a verified bundle to the model, which keeps it as ``bundle`` and has passed its self-test. One that answers has the
        ``sub_models`` and ``candidates`` of :class:`dmdp.ensemble.model.EnsembleModel`. It raises
        :class:`dmdp.errors.ModelError`, or :class:`dmdp.errors.MissingPackage` if a package that the model needs is absent.
    performance : callable
        From a task and a manifest to what is known of how well the model does, to be shown: metrics of the manifest, each with
        the inputs that it was found with, or with none if the metric tells its protocol.
    opinion : callable or None
        From the model, the case, the PET features, the device, whether a second opinion on the maps is wanted, the back-end and
        the progress to what it says, which is kept apart from the answer, and its maps. None for a model that answers.
    """

    name: str
    load: Callable[[Bundle], Any]
    performance: Callable[[str, Manifest], Known]
    opinion: Opinion | None = None


def _ensemble(bundle: Bundle) -> EnsembleModel:
    from .ensemble.model import load_ensemble

    return load_ensemble(bundle)


def _stacks(task: str, manifest: Manifest) -> Known:
    """Of the stacks that speak about any contour: with no clinical fact, and with all of them."""
    cards = [
        card for card in manifest.sub_models if card["task"] == task and card["contour"] == "any" and card["kind"] == "stack"
    ]
    shown = sorted(cards, key=lambda card: len(card["inputs"]))[:: max(len(cards) - 1, 1)]
    return [(read(Metric, card["metrics"][0]), tuple(card["inputs"])) for card in shown]


def _network(bundle: Bundle) -> NetworkModel:
    from .network.model import load_network_model

    return load_network_model(bundle)


def _own_metrics(task: str, manifest: Manifest) -> Known:
    return [(metric, ()) for metric in manifest.metrics if metric.task == task]


def _shown(
    model: NetworkModel,
    case: Case,
    features: Mapping[str, Feature],
    device: str,
    second_opinion: bool,
    backend: str,
    progress: Progress,
) -> tuple[NetworkOpinion, Mapping[str, Volume]]:
    from .explain.opinion import network_opinion

    return network_opinion(model, case, features, device, second_opinion, backend, progress)


KINDS = {
    kind.name: kind for kind in (ModelKind("ensemble", _ensemble, _stacks), ModelKind("network", _network, _own_metrics, _shown))
}
ANSWERING = tuple(name for name, kind in KINDS.items() if kind.opinion is None)
APART = tuple(name for name, kind in KINDS.items() if kind.opinion is not None)


def kind_of(bundle: Bundle) -> ModelKind:
    """The kind of a bundle; raises :class:`dmdp.errors.ModelError` for one that this version does not know."""
    name = bundle.manifest.kind
    if name not in KINDS:
        raise refusal("kind", f"'{bundle.name}' is a model of the kind '{name}'.", f"one of {', '.join(KINDS)}.")
    return KINDS[name]


def load_model(bundle: Bundle) -> Any:
    """The model of a verified bundle, by its kind; raises as :attr:`ModelKind.load` and :func:`kind_of`."""
    return kind_of(bundle).load(bundle)


def check_images(model, given: Collection[str]) -> None:
    """Raise :class:`ModelError` that names the model and the image that it needs, if none of its sub-models can answer from the
    images that are ``given`` (modalities). Sub-models that read no image count only if the model has no others.
    """
    if not given or any(wanted <= set(given) for wanted in model.images):
        return  # without any image the case is refused, whatever the model
    lacking = " and the ".join(sorted((sorted(wanted - set(given)) for wanted in model.images), key=len)[0])
    raise ModelError(
        "model.needs_image",
        f"The model '{model.bundle.name}' needs the {lacking}, and only the {' and the '.join(given)} is given.",
        "every image that the model reads.",
        f"Give the {lacking} as well, choose another model, or measure without one: dmdp features.",
    )
