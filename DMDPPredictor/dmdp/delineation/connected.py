"""The connected uptake at a point of a PET and its isocontours, on the PET's own grid."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..errors import LesionError
from ..images.mask import Mask
from ..images.volume import Volume, triple
from ..patients.case import MIN_VOXELS, PET, Lesion
from .method import Seed

HIGH, LOW = 4.0, 2.5  # SUV: the lesion's own level, and the one for seeds that lie below it
FACES = ndimage.generate_binary_structure(3, 1)


def connected_region(pet: Volume, seed: Seed, method: str, *, level: float | None = None, share: float | None = None) -> Lesion:
    """The voxels of a PET in SUV at or above ``level`` that are connected (through faces) to the seed and within its radius.

    Without a ``level`` it is SUV 4, or SUV 2.5 if the seed is below 4. With a ``share`` only the voxels at or above that share of
    the maximum of this set are kept, all islands. ``method`` names the rule in the lesion and its notes.

    Raises :class:`LesionError` for a seed outside the image or without uptake and for a lesion of a single voxel.
    """
    point = seed.point
    index = pet.geometry.nearest_voxel(point)
    if index is None:
        raise LesionError(
            "seed.outside",
            f"The seed {_written(point)} lies outside the PET.",
            f"an LPS point between {_written(_corner(pet, 'low'))} and {_written(_corner(pet, 'high'))}.",
            "Place the seed inside the lesion; Slicer's R and A have the opposite sign of L and P.",
        )
    uptake = float(pet.array[index])
    if level is None:
        level = HIGH if uptake >= HIGH else LOW
    if not uptake >= level:  # so that NaN is refused too: no label below would hold the seed
        raise LesionError(
            "seed.no_uptake",
            f"At the seed {_written(point)} the SUV is {uptake:.2f}.",
            f"at least {level:g}, as in a lesion with uptake.",
            f"Point at the lesion{', choose a lower level' if level > LOW else ''}, or draw the contour by hand.",
        )
    lower, upper = _window(pet, index, seed.radius_mm)
    window = tuple(slice(a, b) for a, b in zip(lower, upper, strict=True))
    suv = pet.array[window]
    local = tuple(i - a for i, a in zip(index, lower, strict=True))
    near = _distance_mm(pet, lower, suv.shape, point) <= seed.radius_mm
    near[local] = True  # a small radius may miss the centre of the seed's own voxel
    labels, _ = ndimage.label((suv >= level) & near, structure=FACES)
    connected = labels == labels[local]
    notes = _limits(pet, window, connected, near, suv, level, seed.radius_mm)
    if share is not None:
        maximum = float(suv[connected].max())
        connected &= suv >= share * maximum
        notes += _islands(connected, local, method, share, maximum)
    if connected.sum() < MIN_VOXELS:
        raise LesionError(
            "lesion.too_small",
            f"The lesion at {_written(point)} has {int(connected.sum())} voxel.",
            f"at least {MIN_VOXELS} voxels.",
            "Choose a lower level, or draw the contour by hand.",
        )
    mask = np.zeros(pet.geometry.shape, dtype=bool)
    mask[window] = connected
    return Lesion(Mask(mask, pet.geometry), method, PET, triple(float, point), notes)


def _window(pet: Volume, index, radius_mm: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Index box (z, y, x) that holds the ball of ``radius_mm``; one voxel is to spare at every side."""
    reach = [int(np.ceil(radius_mm / s)) + 1 for s in pet.geometry.spacing]
    lower = tuple(max(0, i - r) for i, r in zip(index, reach, strict=True))
    upper = tuple(min(n, i + r + 1) for i, r, n in zip(index, reach, pet.geometry.shape, strict=True))
    return lower, upper


def _distance_mm(pet: Volume, lower, shape, point) -> np.ndarray:
    index = np.moveaxis(np.indices(shape), 0, -1) + np.array(lower)
    return np.linalg.norm(pet.geometry.to_lps(index) - np.array(point), axis=-1)


def _limits(pet, window, connected, near, suv, level, radius_mm) -> tuple[str, ...]:
    """Notes that say where the lesion was cut off instead of ending by itself."""
    notes: tuple[str, ...] = ()
    beyond = ndimage.binary_dilation(connected, FACES) & (suv >= level) & ~near
    if beyond.any():
        notes += (f"Uptake of SUV {level:g} and more goes on beyond {radius_mm:g} mm from the seed and was cut there.",)
    for axis, (part, size) in enumerate(zip(window, pet.geometry.shape, strict=True)):
        faces = np.moveaxis(connected, axis, 0)
        if (part.start == 0 and faces[0].any()) or (part.stop == size and faces[-1].any()):
            return (*notes, "The lesion touches the edge of the PET image.")
    return notes


def _islands(mask, seed_index, method: str, share: float, maximum: float) -> tuple[str, ...]:
    _, count = ndimage.label(mask, structure=FACES)
    notes: tuple[str, ...] = ()
    if count > 1:
        notes += (f"{method} leaves {count} islands at {share:.0%} of SUVmax {maximum:.1f}; all are kept.",)
    if not mask[seed_index]:
        notes += (f"The seed lies outside the {method} contour, as its SUV is below {share:.0%} of the maximum.",)
    return notes


def _corner(pet: Volume, which: str) -> np.ndarray:
    points = pet.geometry.corners()
    return points.min(axis=0) if which == "low" else points.max(axis=0)


def _written(lps) -> str:
    return "(" + ", ".join(f"{v:.1f}" for v in lps) + ")"
