"""Questions about model bundles, whose self-tests import what the models need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..bundles.bundle import read_bundle, write_bundle
from ..errors import OutputError
from ..jobs.job import required
from ..models import load_model
from ..progress import Progress
from ..resources import find_bundle, installed_bundles, user_data_folder
from .held import HeldPet


def verify_model(arguments: Mapping[str, Any], held: HeldPet, progress: Progress) -> dict[str, Any]:
    """Check hashes and self-test of the installed bundle ``name``; raises :class:`dmdp.errors.ModelError`."""
    bundle = read_bundle(find_bundle(required(arguments, "name")))
    load_model(bundle)
    return {"name": bundle.name, "sha256": bundle.sha256}


def add_model(arguments: Mapping[str, Any], held: HeldPet, progress: Progress) -> dict[str, Any]:
    """Check the bundle at ``path`` (a folder or a zip) and copy it to the user's own models.

    Raises :class:`dmdp.errors.ModelError` for a bundle that is refused, :class:`OutputError` if one of its name is there.
    """
    bundle = read_bundle(Path(required(arguments, "path")))
    load_model(bundle)  # its self-test runs here
    name = bundle.manifest.name
    target = user_data_folder() / "Models" / name
    if name in installed_bundles() or target.exists():
        raise OutputError(
            "bundle.exists", f"A model '{name}' is installed already.", "another name.", "Remove the installed one first."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bundle(target, bundle.manifest, bundle.files)
    return {"name": name, "sha256": bundle.sha256}
