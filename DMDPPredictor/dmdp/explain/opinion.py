"""What a network says about a case and which parts of the images it used, kept apart from the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from ..evidence import DEMONSTRATION
from ..feature import Feature
from ..images.resampling import sample
from ..images.volume import Volume
from ..inputs import clinical_values
from ..network.backend import laid_on, ready_on
from ..network.crop import Crop, crop_case, normalise
from ..network.device import on_device
from ..network.model import NetworkModel, tabular_row
from ..network.opinion import NetworkOpinion
from ..patients.case import Case, Lesion
from ..progress import Progress, part, silent
from .gradcam import Key, gradcam, heatmap_on
from .occlusion import occlusion
from .randomisation import RandomisationCheck, randomisation_check
from .zones import shares, zones

UNCHANGED = "This map hardly depends on what the network has learned: it shows the images."
UNKNOWN = "Whether this map depends on what the network has learned could not be told: one of the maps to compare is flat."
EMPTY = "This map is empty: here nothing speaks for the positive class."
LEAST_FALL = 0.01  # of the log-odds; a smaller fall is no evidence, but scaled to 1 it would look like some
OUTSIDE_SHARE = 0.01  # of the lesion, beyond what the network sees


@dataclass(frozen=True, eq=False)
class Seen:
    """``logits`` (members, widths); ``maps`` 0…1 of the crop's shape; ``check`` of the Grad-CAM maps; ``falls`` of the log-odds
    under occlusion by (task, modality), if they were asked for."""

    logits: torch.Tensor
    maps: Mapping[Key, np.ndarray]
    check: RandomisationCheck
    falls: Mapping[tuple[str, str], np.ndarray]


def network_opinion(
    model: NetworkModel,
    case: Case,
    features: Mapping[str, Feature],
    device: str = "auto",
    second_opinion: bool = False,
    backend: str = "auto",
    progress: Progress = silent,
) -> tuple[NetworkOpinion, Mapping[str, Volume]]:
    """What a network says of a case, whose PET ``features`` are known, and its heatmaps by name (``<task>_<modality>_<stage>``).

    Each map comes with its shares by zone, and with warnings if most of it lies elsewhere, if it is empty, or if it
    hardly depends on what the network has learned. ``second_opinion`` adds occlusion maps (stage ``occlusion``), which need no
    gradients but hundreds of answers, by a ``backend`` of :mod:`dmdp.network.backend`. ``device`` is cpu, cuda or auto; if
    CUDA is asked for and cannot be used, the CPU is, and the note says so.
    """
    config = model.network.config
    crop = crop_case(case, config.spacing)
    row = tabular_row(config, {**{n: f.value for n, f in features.items()}, **clinical_values(case.clinical)})
    batch, table = torch.from_numpy(normalise(crop))[None], torch.from_numpy(row)[None]

    def work(where: str) -> Seen:
        progress(0.0, "running the network")
        images, known = laid_on(where, batch), table.to(where)
        logits, maps = gradcam(model.ready(where), images, known)
        progress(0.1, "comparing its maps with those of untrained networks")
        check = randomisation_check(maps, config, images, known, ready_on(where))
        falls = {}
        if second_opinion:
            falls = occlusion(model.forwards(where, backend, half=False), config, images, known, part(progress, 0.2, 1.0))
        return Seen(logits, maps, check, falls)

    seen, note = on_device(work, device)
    maps = {**seen.maps, **{(*key, "occlusion"): _share(fall) for key, fall in seen.falls.items()}}
    where = zones(_lesion_on(crop, case.lesion), crop.geometry.spacing)
    found = {"_".join(key): shares(one, where) for key, one in maps.items()}
    opinion = NetworkOpinion(
        label=model.label,
        demonstration=model.evidence is DEMONSTRATION,
        model=model.bundle.name,
        probabilities=model.members.calibrated(seen.logits),
        note=" ".join(filter(None, (note, _cut_off(crop, case.lesion)))) or None,
        missing=tuple(name for name, value in zip(config.tabular, row, strict=True) if not np.isfinite(value)),
        zones={key: one.rounded() for key, one in found.items()},
        warnings=_warnings(seen, maps, {key: one.warning for key, one in found.items()}),
    )
    return opinion, {
        "_".join(key): heatmap_on(case.backdrop.geometry, crop.geometry, one, model.label) for key, one in maps.items()
    }


def _share(fall: np.ndarray) -> np.ndarray:
    """The fall as a share of its maximum, 0 where the log-odds rise; all 0 if they hardly fall anywhere."""
    top = float(fall.max())
    return np.maximum(fall, 0.0) / top if top >= LEAST_FALL else np.zeros_like(fall)


def _lesion_on(crop: Crop, lesion: Lesion) -> np.ndarray:
    return sample(lesion.mask.array.astype(np.float32), lesion.geometry, crop.geometry, order=1, outside=0.0) > 0.5


def _cut_off(crop: Crop, lesion: Lesion) -> str | None:
    """A warning if the network does not see the whole lesion."""
    index = crop.geometry.to_index(lesion.mask.points)
    inside = ((index >= -0.5) & (index <= np.array(crop.geometry.shape) - 0.5)).all(axis=1)
    beyond = 1 - inside.mean()
    if beyond <= OUTSIDE_SHARE:
        return None
    size = " × ".join(f"{n * mm:.0f}" for n, mm in zip(crop.geometry.shape, crop.geometry.spacing, strict=True))
    return f"{beyond:.0%} of the lesion lies beyond the {size} mm round its centre that the network sees."


def _warnings(seen: Seen, maps: Mapping[Key, np.ndarray], elsewhere: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """Warnings about single maps, by their names."""
    found: dict[str, tuple[str, ...]] = {}
    for key, one in maps.items():
        name = "_".join(key)
        said = [cut_off] if (cut_off := elsewhere[name]) else []
        if not one.any():
            said.append(EMPTY)
        elif key in seen.check.unchanged:
            said.append(UNCHANGED)
        elif key in seen.check.unknown:
            said.append(UNKNOWN)
        if key[2] == "occlusion" and one.any():
            said.append(f"Covering lowers the log-odds by at most {float(seen.falls[key[:2]].max()):.2f}.")
        if said:
            found[name] = tuple(said)
    return found
