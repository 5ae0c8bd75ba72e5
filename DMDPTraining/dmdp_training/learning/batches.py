"""Batches of an epoch; what is in them, and in which order, follows from the seed, the epoch and the patient alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from dmdp.network.config import NetworkConfig
from dmdp.network.model import tabular_row
from torch import Tensor

from .augment import NONE, Augmentation, augment_patient, augment_values
from .examples import Example, label_array

ORDER, CHANGE, WEIGHTS = 0, 1, 2  # which random numbers of an epoch


@dataclass(frozen=True, eq=False)
class Batch:
    """``images`` (B, 2, z, y, x); ``values`` (B, F), NaN if missing; ``labels`` (B, targets), NaN if unknown; ``patients``
    (B,) int64; ``present`` (B, 2) bool for CT and PET; ``lesions`` (B, 1, z, y, x) for a network with a
    decoder, NaN for a patient without an outline."""

    images: Tensor
    values: Tensor
    labels: Tensor
    patients: Tensor
    present: Tensor
    lesions: Tensor | None = None

    def to(self, device: str) -> Batch:
        """The same on another device."""
        moved = (getattr(self, name) for name in self.__dataclass_fields__)
        return Batch(*(None if one is None else one.to(device) for one in moved))


class Data:
    """Examples with their tables and labels, ready to be drawn from. ``numbers`` of patients come from their order here."""

    def __init__(self, examples: Sequence[Example], config: NetworkConfig):
        self.examples, self.config = list(examples), config
        self.values = np.array([tabular_row(config, e.values) for e in examples], np.float32).reshape(len(self.examples), -1)
        self.labels = label_array(examples, config.tasks)
        order = {name: number for number, name in enumerate(dict.fromkeys(e.patient for e in examples))}
        self.patients = np.array([order[e.patient] for e in examples])

    def __len__(self) -> int:
        return len(self.examples)

    def batch(self, rows: Sequence[int], how: Augmentation = NONE, seed: int = 0, epoch: int = 0) -> Batch:
        """The batch of some rows, changed as ``how`` says."""
        images, values, present, lesions = [], [], [], []
        for row in rows:
            rng, example = np.random.default_rng([seed, epoch, CHANGE, int(row)]), self.examples[row]
            lesion = example.lesion if self.config.decoder else None
            changed, left, moved = augment_patient(example.images, lesion, example.present, how, rng, self.config.spacing)
            images.append(changed)
            present.append(left)
            lesions.append(np.full(changed.shape[1:], np.nan, np.float32) if moved is None else moved)
            values.append(augment_values(self.values[row], self.values, how, rng))
        return Batch(
            torch.from_numpy(np.stack(images)),
            torch.from_numpy(np.stack(values)),
            torch.from_numpy(self.labels[rows]),
            torch.from_numpy(self.patients[rows]),
            torch.tensor(present),
            torch.from_numpy(np.stack(lesions)[:, None]) if self.config.decoder else None,
        )

    def plain(self, size: int) -> Iterator[Batch]:
        """All rows in order, unchanged."""
        for start in range(0, len(self), size):
            yield self.batch(np.arange(start, min(start + size, len(self))))


def shuffled(count: int, size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Row numbers of the batches of an epoch: each of ``count`` rows once, in batches as even as can be of at most ``size``."""
    order = np.random.default_rng([seed, epoch, ORDER]).permutation(count)
    return np.array_split(order, -(-count // size))


def seed_weights(seed: int, epoch: int) -> None:
    """Set torch's own generator (dropout) to what belongs to an epoch."""
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch, WEIGHTS]).generate_state(1, np.uint64)[0] >> 1))
