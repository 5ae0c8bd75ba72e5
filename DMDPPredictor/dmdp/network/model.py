"""A network bundle in memory: verified, ready to run on a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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


UNCHANGED = "This map hardly depends on what the network has learned: it shows the images."


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
    def label(self) -> str:
        """What every map and number of it must be marked with."""
        if self.bundle.manifest.get("demonstration", True):
            return DEMONSTRATION_LABEL
        (cohort,) = self.bundle.manifest["cohorts"]
        known = f"network trained on {cohort['title']}, n = {cohort['n']}"
        return f"{known}, not validated elsewhere; shows the network, not the biology"

    def demonstrate(
        self, case: Case, device: str = "auto", second_opinion: bool = False
    ) -> tuple[dict[str, Any], Mapping[str, Volume]]:
        """Probabilities and heatmaps (``<task>_<modality>_<stage>``) for a case, marked as a demonstration.

        Each map comes with its shares by zone, and a warning where most of it lies elsewhere or where it hardly depends on what
        the network has learned. ``second_opinion`` adds occlusion maps (stage ``occlusion``), which need no gradients but about
        a minute. ``device`` is cpu, cuda or auto; where CUDA is asked for and cannot be used, the CPU is, and the note says so.
        """
        import torch

        from ..explain.gradcam import heatmap_on
        from ..explain.randomisation import randomisation_check
        from ..explain.zones import shares, zones
        from ..files import sample

        crop = crop_pair(case.ct, case.pet, case.pet_lesion.centroid, self.network.config.spacing)
        values = {name: f.value for name, f in pet_features(case.pet, case.pet_lesion).items()}
        row = tabular_row(self.network.config, {**values, **clinical_values(case.clinical)})
        batch, table = torch.from_numpy(normalise(crop))[None], torch.from_numpy(row)[None]
        probabilities, maps, note = self._run(batch, table, device)
        check = randomisation_check(self.network, batch, table)
        if second_opinion:
            maps |= self._occluded(batch, table)
        heatmaps = {
            "_".join(key): heatmap_on(case.ct.geometry, crop.geometry, heatmap, self.label) for key, heatmap in maps.items()
        }
        lesion = (
            sample(case.pet_lesion.mask.astype(np.float32), case.pet_lesion.geometry, crop.geometry, order=1, outside=0.0) > 0.5
        )
        where = zones(lesion, crop.geometry.spacing)
        found = {"_".join(key): shares(heatmap, where) for key, heatmap in maps.items()}
        warnings = {key: [one.warning] for key, one in found.items() if one.warning}
        for key in check.unchanged:
            warnings.setdefault("_".join(key), []).append(UNCHANGED)
        return {
            "label": self.label,
            "model": self.bundle.name,
            "probabilities": probabilities,
            "note": note,
            "zones": {key: one.to_json() for key, one in found.items()},
            "warnings": warnings,
        }, heatmaps

    def _occluded(self, batch, table) -> dict[tuple[str, str, str], np.ndarray]:
        """Where covering the image lowers a task's log-odds (first member), 0…1."""
        from ..explain.occlusion import occlusion

        falls = {key: np.maximum(fall, 0.0) for key, fall in occlusion(self.network, batch, table).items()}
        return {(*key, "occlusion"): fall / max(float(fall.max()), 1e-12) for key, fall in falls.items()}

    def _run(self, batch, table, device: str):
        from ..explain.gradcam import gradcam_of
        from .backend import channels_last
        from .device import on_device

        def work(where: str):
            if where == "cpu":
                return gradcam_of(self._frozen, channels_last(batch), table)
            return gradcam_of(self.members.networks, batch, table, where)

        (logits, maps), note = on_device(work, device)
        return dict(zip(self.network.config.tasks, self.members.calibrated(logits), strict=True)), maps, note

    @cached_property
    def _frozen(self) -> tuple[Any, ...]:
        """The members as they run on a CPU."""
        from .backend import frozen

        return tuple(frozen(network) for network in self.members.networks)

    def probabilities(
        self, images: np.ndarray, rows: Sequence[Mapping[str, float]], device: str = "auto", backend: str = "auto", batch: int = 8
    ) -> tuple[list[dict[str, float]], str | None]:
        """Probabilities by task for many patients, without heatmaps, and a note where the CPU had to stand in.

        ``images`` float32 (N, 2, z, y, x), ``rows`` their values by name; on the GPU in half precision, on the CPU by a
        ``backend`` of :mod:`dmdp.network.backend`.
        """
        import torch

        from .backend import forward_of
        from .device import on_device

        config = self.network.config
        table = torch.from_numpy(np.array([tabular_row(config, row) for row in rows]).reshape(len(rows), -1))
        parts = [slice(start, start + batch) for start in range(0, len(rows), batch)]

        def work(where: str):
            found = []
            for network in self.members.networks:
                run = _on_gpu(network) if where == "cuda" else forward_of(network, backend)[0]
                found.append(torch.cat([run(torch.from_numpy(images[one]), table[one]) for one in parts]))
            return torch.stack(found, dim=1)

        logits, note = on_device(work, device)
        return [dict(zip(config.tasks, self.members.calibrated(one), strict=True)) for one in logits], note


def _on_gpu(network: Any):
    """A function (images, values) → log-odds on the CPU, computed on the GPU in half precision."""
    import torch

    ready = network.to("cuda").eval()

    @torch.inference_mode()
    def run(images, values):
        with torch.autocast("cuda", torch.float16):
            return ready(images.cuda(), values.cuda()).logits.float().cpu()

    return run


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
    from .members import Members

    manifest = bundle.manifest
    try:
        config = NetworkConfig.from_json(manifest["network"])
        networks = tuple(_network(Dmdp(config), load(bundle.files[name])) for name in manifest.get("members", [WEIGHTS]))
        members = Members(networks, manifest.get("calibration", {}))
        images = self_test_images(manifest["self_test"]["inputs"]["seed"], config.shape)
        found = members.probabilities(torch.from_numpy(images), None)
        expected = [float(manifest["self_test"]["outputs"][task]) for task in config.tasks]
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError, AttributeError) as error:
        raise refusal(
            "network",
            f"The network of '{manifest['name']}' cannot be built ({type(error).__name__}).",
            "fitting weights.",
        ) from error
    if not np.allclose(found, expected, atol=SELF_TEST_TOLERANCE):
        raise refusal(
            "self_test",
            f"Network '{manifest['name']}' gives {found} in its self-test.",
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
    """The standardised table inputs (F,), NaN where missing; logarithm of the quantities in ``LOGARITHMIC``."""
    row = np.full(len(config.tabular), np.nan, np.float32)
    for i, name in enumerate(config.tabular):
        value = values.get(name, np.nan)
        if np.isfinite(value) and (value > 0 or name not in LOGARITHMIC):
            raw = np.log(value) if name in LOGARITHMIC else value
            row[i] = (raw - config.tabular_mean[i]) / config.tabular_sd[i]
    return row
