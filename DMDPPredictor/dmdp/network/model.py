"""A network bundle in memory: verified, ready to run on a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..bundle import Bundle, refusal
from ..case import Case, Volume
from ..ensemble.inputs import LOGARITHMIC, clinical_values
from ..errors import MissingPackage
from ..pet_features import pet_features
from .config import CROP_MM, NetworkConfig
from .crop import crop_pair, normalise

WEIGHTS = "network.safetensors"
DEMONSTRATION_LABEL = "demonstration network, not trained on patients; does not explain the probability"
SELF_TEST_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """A loaded network and the bundle that it came from."""

    bundle: Bundle
    network: Any

    def demonstrate(self, case: Case, device: str = "auto") -> tuple[dict[str, Any], Mapping[str, Volume]]:
        """Probabilities and heatmaps (``<task>_<modality>_<stage>``) for a case, marked as a demonstration.

        ``device`` is cpu, cuda or auto; where CUDA is asked for and cannot be used, the CPU is, and the note says so.
        """
        from ..explain.gradcam import heatmap_on

        crop = crop_pair(case.ct, case.pet, case.pet_lesion.centroid)
        values = {name: f.value for name, f in pet_features(case.pet, case.pet_lesion).items()}
        probabilities, maps, note = self._run(normalise(crop), {**values, **clinical_values(case.clinical)}, device)
        heatmaps = {
            "_".join(key): heatmap_on(case.ct.geometry, crop.geometry, heatmap, DEMONSTRATION_LABEL)
            for key, heatmap in maps.items()
        }
        return {
            "label": DEMONSTRATION_LABEL,
            "model": self.bundle.name,
            "probabilities": probabilities,
            "note": note,
        }, heatmaps

    def _run(self, images: np.ndarray, values: Mapping[str, float], device: str):
        import torch

        from ..explain.gradcam import gradcam

        batch = torch.from_numpy(images)[None]
        table = torch.from_numpy(tabular_row(self.network.config, values))[None]
        wanted = "cuda" if device in ("cuda", "auto") and torch.cuda.is_available() else "cpu"
        note = "CUDA was asked for but cannot be used here; ran on the CPU." if device == "cuda" != wanted else None
        try:
            found, maps = gradcam(self.network.to(wanted), batch.to(wanted), table.to(wanted))
        except torch.cuda.OutOfMemoryError:
            note = "The GPU ran out of memory; ran on the CPU."
            found, maps = gradcam(self.network.to("cpu"), batch, table)
        return {task: float(p) for task, p in zip(self.network.config.tasks, found, strict=True)}, maps, note


def load_network_model(bundle: Bundle) -> NetworkModel:
    """Build the network of a verified bundle, load its weights (safetensors), and run its self-test.

    Raises :class:`ModelError` where weights and configuration do not fit or the self-test fails (tolerance 1e-3), and
    :class:`MissingPackage` without torch.
    """
    try:
        import torch
        from safetensors.torch import load
    except ImportError as error:
        raise MissingPackage("torch", "the network", "network") from error
    from .dmdp import Dmdp

    manifest = bundle.manifest
    try:
        network = Dmdp(NetworkConfig.from_json(manifest["network"]))
        weights = {
            name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in load(bundle.files[WEIGHTS]).items()
        }
        network.load_state_dict(weights)
        network.eval()
        with torch.no_grad():
            found = torch.sigmoid(network(torch.from_numpy(self_test_images(manifest["self_test"]["inputs"]["seed"]))).logits)[0]
        expected = [float(manifest["self_test"]["outputs"][task]) for task in network.config.tasks]
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError, AttributeError) as error:
        raise refusal(
            "network",
            f"The network of '{manifest['name']}' cannot be built ({type(error).__name__}).",
            "fitting weights.",
        ) from error
    if not np.allclose(found.numpy(), expected, atol=SELF_TEST_TOLERANCE):
        raise refusal(
            "self_test",
            f"Network '{manifest['name']}' gives {found.tolist()} in its self-test.",
            f"{expected}.",
        )
    return NetworkModel(bundle, network)


def self_test_images(seed: int) -> np.ndarray:
    """The input of the self-test: uniform in −1…1 from numpy's Philox generator, float32 (1, 2, 48, 96, 96)."""
    return np.random.Generator(np.random.Philox(seed)).uniform(-1, 1, (1, 2, *CROP_MM)).astype(np.float32)


def tabular_row(config: NetworkConfig, values: Mapping[str, float]) -> np.ndarray:
    """The standardised table inputs (F,), NaN where missing; logarithm of the quantities in ``LOGARITHMIC``."""
    row = np.full(len(config.tabular), np.nan, np.float32)
    for i, name in enumerate(config.tabular):
        value = values.get(name, np.nan)
        if np.isfinite(value) and (value > 0 or name not in LOGARITHMIC):
            raw = np.log(value) if name in LOGARITHMIC else value
            row[i] = (raw - config.tabular_mean[i]) / config.tabular_sd[i]
    return row
