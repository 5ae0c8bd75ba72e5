"""From a verified bundle to a model that can speak, by the bundle's kind."""

from __future__ import annotations

from .bundles.bundle import Bundle


def load_model(bundle: Bundle):
    """An :class:`~dmdp.ensemble.model.EnsembleModel` or a :class:`~dmdp.network.model.NetworkModel`; both run the
    bundle's self-test while they load. Raises :class:`ModelError`, or :class:`MissingPackage` for a network without
    torch."""
    if bundle.manifest.kind == "network":
        from .network.model import load_network_model

        return load_network_model(bundle)
    from .ensemble.model import load_ensemble

    return load_ensemble(bundle)
