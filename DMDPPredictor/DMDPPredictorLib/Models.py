"""The installed models that the panel offers."""

from __future__ import annotations

from dmdp.bundle import read_bundle
from dmdp.errors import ModelError
from dmdp.resources import installed_bundles

DEMONSTRATION = "demo-network"


def ensembleNames() -> list[str]:
    """Names of the installed bundles that answer; demonstration networks and damaged bundles are left out."""
    return sorted(name for name, path in installed_bundles().items() if _kind(path) == "ensemble")


def _kind(path) -> str:
    try:
        return read_bundle(path).manifest["kind"]
    except ModelError:
        return ""
