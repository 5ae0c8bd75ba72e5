"""One pass over the patients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from dmdp.errors import ModelError
from dmdp.network.contrast import aligned_loss
from dmdp.network.dmdp import Dmdp, Output
from dmdp.network.losses import endpoint_loss, joint_loss, outline_loss
from dmdp.network.weighting import alignment_weight, weighted
from torch import Tensor

from .batches import Batch, Data, seed_weights, shuffled
from .settings import TrainingSettings
from .state import State, contrasts


def one_epoch(
    state: State, data: Data, settings: TrainingSettings, weights: Tensor | None, watch: Callable[[float], None]
) -> dict[str, float]:
    """Change ``state`` by an epoch and return the mean of each part of the loss. ``weights`` (targets, 2) of the classes;
    ``watch`` hears the share that is done. Raises :class:`ModelError` if the loss is not a number."""
    seed_weights(settings.seed, state.epoch)
    batches = shuffled(len(data), settings.batch, settings.seed, state.epoch)
    steps = -(-len(batches) // settings.accumulate)
    totals: dict[str, list[float]] = {}
    state.network.train()
    for start in range(0, len(batches), settings.accumulate):
        group = batches[start : start + settings.accumulate]
        _set_rate(state, settings.rate(state.step, steps))
        state.optimiser.zero_grad(set_to_none=True)
        for number, rows in enumerate(group):
            batch = data.batch(rows, settings.augmentation, settings.seed, state.epoch).to(settings.device)
            loss, parts = _loss(state, batch, settings, weights)
            if not torch.isfinite(loss):
                raise _diverged(state.epoch, parts)
            (loss / len(group)).backward()
            for name, value in parts.items():
                totals.setdefault(name, []).append(float(value.detach()))
            watch((start + number + 1) / len(batches))
        everything = [p for part in state.optimiser.param_groups for p in part["params"]]
        torch.nn.utils.clip_grad_norm_(everything, settings.clip)
        state.optimiser.step()
        if state.learned is not None:
            state.learned.clamp()
        state.average.update(state.network, state.step)
        state.step += 1
    return {name: sum(values) / len(values) for name, values in totals.items()}


def _set_rate(state: State, rate: float) -> None:
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["times"]


def _loss(state: State, batch: Batch, settings: TrainingSettings, weights: Tensor | None) -> tuple[Tensor, dict[str, Tensor]]:
    network: Dmdp = state.network
    fast = settings.amp and settings.device == "cuda"
    with torch.autocast(settings.device, torch.bfloat16, enabled=fast):
        output = network(batch.images, batch.values if network.config.tabular else None)
    parts: dict[str, Tensor] = {}
    if torch.isfinite(batch.labels).any():
        parts["task"] = (
            joint_loss(output.joint.float(), batch.labels, settings.smoothing)
            if output.joint is not None
            else endpoint_loss(network.config.endpoints, output.logits.float(), batch.labels, settings.smoothing, weights)
        )
    if batch.lesions is not None and torch.isfinite(batch.lesions).any():
        parts["outline"] = outline_loss(output.outline, batch.lesions)
    for name in contrasts(network.config, settings):
        first, second, present = _views(name, output, batch)
        if present.any():
            parts[name] = aligned_loss(first, second, batch.patients, present, state.queues.get(name), settings.temperature)
    if not parts:
        return output.logits.sum() * 0.0, parts
    if state.learned is not None:
        return state.learned(parts), parts
    beta = alignment_weight(state.epoch, settings.epochs, settings.alignment, settings.ramp)
    return weighted(parts, {"image_table": beta, "ct_pet": beta, "outline": settings.outline}), parts


def _views(name: str, output: Output, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """The two embeddings that a contrastive part compares, and the patients that have both."""
    if name == "ct_pet":
        return output.modality["ct"], output.modality["pet"], batch.present.all(dim=1)
    return output.image, output.table, torch.isfinite(batch.values).any(dim=1)


def _diverged(epoch: int, parts: dict[str, Tensor]) -> ModelError:
    said = ", ".join(f"{name} {float(value.detach()):.3g}" for name, value in parts.items())
    return ModelError(
        "training.diverged",
        f"The loss is not a number in epoch {epoch + 1} ({said}).",
        "finite losses.",
        "Lower the learning rate, or look for images with values that are not numbers; earlier epochs are kept.",
    )
