"""From a verified bundle to a model that can speak, by the bundle's kind."""

from __future__ import annotations

from collections.abc import Collection

from .bundles.bundle import Bundle
from .errors import ModelError


def load_model(bundle: Bundle):
    """An :class:`~dmdp.ensemble.model.EnsembleModel` or a :class:`~dmdp.network.model.NetworkModel`; both run the
    bundle's self-test while they load. Raises :class:`ModelError`, or :class:`MissingPackage` for a network without
    torch."""
    if bundle.manifest["kind"] == "network":
        from .network.model import load_network_model

        return load_network_model(bundle)
    from .ensemble.model import load_ensemble

    return load_ensemble(bundle)


def check_images(model, given: Collection[str]) -> None:
    """Raise :class:`ModelError` that names the model and the image that it needs, if nothing of it can answer from the images
    that are ``given`` (modalities). What reads no image at all does not stand in for what does."""
    if not given or any(wanted <= set(given) for wanted in model.images):
        return  # without any image the case is refused, whatever the model
    lacking = " and the ".join(min((sorted(wanted - set(given)) for wanted in model.images), key=len))
    raise ModelError(
        "model.needs_image",
        f"The model '{model.bundle.name}' needs the {lacking}, and only the {' and the '.join(given)} is given.",
        "every image that the model reads.",
        f"Give the {lacking} as well, choose another model, or measure without one: dmdp features.",
    )
