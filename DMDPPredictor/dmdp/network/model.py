"""A network bundle in memory: verified, ready to run on a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..bundles.bundle import Bundle, refusal
from ..endpoints.answers import Said
from ..endpoints.base import numbers
from ..endpoints.registry import check_described
from ..errors import MissingPackage
from ..evidence import DEMONSTRATION, TRAINED, Evidence, evidence_of
from ..inputs import as_read, usable
from .config import CROP_MM, NetworkConfig

WEIGHTS = "network.safetensors"
SELF_TEST_TOLERANCE = 1e-3
SELF_TEST_SEED = 7  # of new bundles; each names its own


@dataclass(frozen=True, eq=False)
class NetworkModel:
    """The loaded networks (one, or an ensemble) and the bundle that they came from."""

    bundle: Bundle
    members: Any

    @property
    def network(self) -> Any:
        """The first network; all members have its configuration."""
        return self.members.networks[0]

    @property
    def evidence(self) -> Evidence:
        """How far it was tested."""
        return evidence_of(self.bundle.manifest)

    @property
    def images(self) -> frozenset[frozenset[str]]:
        """The one set of images that it reads, by modality."""
        return frozenset([frozenset(name.upper() for name in self.network.config.modalities)])

    @property
    def label(self) -> str:
        """What every map and number of it must be marked with."""
        if self.evidence is DEMONSTRATION:
            return DEMONSTRATION.label
        cohorts = " and ".join(f"{cohort.title or cohort.name}, n = {cohort.n}" for cohort in self.bundle.manifest.cohorts)
        return f"network trained on {cohorts}, {TRAINED.label}"

    def probabilities(
        self, images: np.ndarray, rows: Sequence[Mapping[str, float]], device: str = "auto", backend: str = "auto", batch: int = 8
    ) -> tuple[list[dict[str, Said]], str | None]:
        """Probabilities by task for many patients, without heatmaps, and a note if the CPU had to stand in.

        ``images`` float32 (N, 2, z, y, x), ``rows`` their values by name; on the GPU in half precision, on the CPU by a
        ``backend`` of :mod:`dmdp.network.backend`.
        """
        import torch

        from .device import on_device

        if not rows:
            return [], None
        config = self.network.config
        table = torch.from_numpy(np.array([tabular_row(config, row) for row in rows]).reshape(len(rows), -1))
        parts = [slice(start, start + batch) for start in range(0, len(rows), batch)]

        def work(where: str):
            found = [
                torch.cat([run(torch.from_numpy(images[one]), table[one]) for one in parts])
                for run in self.forwards(where, backend)
            ]
            return torch.stack(found, dim=1)

        logits, note = on_device(work, device)
        return [self.members.calibrated(one) for one in logits], note

    def forwards(self, where: str, backend: str = "auto", half: bool = True) -> tuple[Any, ...]:
        """A function (images (B, 2, z, y, x), values (B, F) or None) → outputs (B, widths) per member: on ``cuda``, in half
        precision unless small differences matter; on ``cpu`` by a ``backend`` of :mod:`dmdp.network.backend`."""
        from .backend import forward_of, on_gpu

        return tuple(on_gpu(n, half) if where == "cuda" else forward_of(n, backend)[0] for n in self.members.networks)

    @cached_property
    def _frozen(self) -> tuple[Any, ...]:
        from .backend import frozen

        return tuple(frozen(network) for network in self.members.networks)

    def ready(self, where: str) -> tuple[Any, ...]:
        """The members, ready for answers and gradients on ``cpu`` or ``cuda``; the loaded networks stay unchanged."""
        from .backend import ready_on

        return self._frozen if where == "cpu" else tuple(map(ready_on(where), self.members.networks))


def load_network_model(bundle: Bundle) -> NetworkModel:
    """Build the network of a verified bundle, load its weights (safetensors), and run its self-test.

    Raises :class:`ModelError` if weights and configuration do not fit or the self-test fails (tolerance 1e-3), and
    :class:`MissingPackage` without torch.
    """
    try:
        import torch
        from safetensors import SafetensorError
        from safetensors.torch import load
    except ImportError as error:
        raise MissingPackage("torch", "the network", "network") from error
    from .dmdp import Dmdp
    from .members import Members

    manifest = bundle.manifest
    check_described(manifest)
    try:
        config = NetworkConfig.from_json(manifest.network or {})
        networks = tuple(_network(Dmdp(config), load(bundle.files[name])) for name in manifest.members or (WEIGHTS,))
        members = Members(networks, manifest.calibration)
        images = self_test_images(int(manifest.self_test.inputs["seed"]), config.shape)
        said = members.probabilities(torch.from_numpy(images), None)
        both: tuple[Mapping[str, Any], ...] = (said, manifest.self_test.outputs)
        found, expected = ([p for task in config.tasks for p in numbers(outputs[task])] for outputs in both)
        if manifest.tasks != config.tasks:
            raise ValueError("tasks")
    except (LookupError, TypeError, ValueError, RuntimeError, SafetensorError) as error:  # RuntimeError: weights do not fit
        raise refusal(
            "network",
            f"The network of '{manifest.name}' cannot be built ({type(error).__name__}).",
            "fitting weights.",
        ) from error
    if len(found) != len(expected) or not np.allclose(found, expected, atol=SELF_TEST_TOLERANCE):
        raise refusal(
            "self_test",
            f"Network '{manifest.name}' gives {found} in its self-test.",
            f"{expected}.",
        )
    return NetworkModel(bundle, members)


def _network(network: Any, weights: Mapping[str, Any]) -> Any:
    """An untrained network with stored weights in it, in full precision."""
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    return network.eval()


def self_test_images(seed: int, shape: tuple[int, int, int] = CROP_MM) -> np.ndarray:
    """The input of the self-test: uniform in −1…1 from numpy's Philox generator, float32 (1, 2, z, y, x)."""
    return np.random.Generator(np.random.Philox(seed)).uniform(-1, 1, (1, 2, *shape)).astype(np.float32)


def tabular_row(config: NetworkConfig, values: Mapping[str, float]) -> np.ndarray:
    """The table inputs (F,) as :func:`dmdp.inputs.as_read` has them and standardised, NaN if missing."""
    row = np.full(len(config.tabular), np.nan, np.float32)
    for i, name in enumerate(config.tabular):
        if usable(values, name):
            row[i] = (as_read(values[name], name) - config.tabular_mean[i]) / config.tabular_sd[i]
    return row
