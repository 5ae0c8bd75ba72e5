"""Parallel slices onto a true grid: even steps at right angles to the slices.

If the headers place the slices evenly within :data:`dmdp.images.volume.EVEN_MM`, they are taken as they are. Else (steps that
differ, a tilted gantry, slices shifted sideways) they are resampled between their true places.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.interpolate import CubicSpline

from ..images.volume import EVEN_MM, Geometry
from .planes import Plane

LONE_GAP, NEIGHBOURS = 1.5, 2  # a step above 1.5 × the median of itself and two steps on each side is a gap
MAX_RATIO = 6.0  # between the widest and the finest step that is common
COMMON = 10  # percent of the steps that must be as fine as the grid's
MAX_SLANT = 1.0  # sideways per mm along the normal, 45 degrees
SAME_PLACE_MM = 1e-3


@dataclass(frozen=True, eq=False)
class Resampling:
    """From slices (z, y, x) to the voxels of a grid: ``heights`` (mm along the normal, from the first) of the slices and
    their ``offsets`` (rows, columns; in pixels) from the corner of the grid."""

    heights: np.ndarray
    offsets: np.ndarray
    geometry: Geometry

    def apply(self, slices: np.ndarray, outside: float) -> np.ndarray:
        """Float32 values on ``geometry`` from float32 ``slices`` by cubic splines, which keep more of a lesion's contrast and
        noise than linear weights do, within the range of the slices; ``outside`` beyond the slices.
        """
        low, high = float(slices.min()), float(slices.max())
        if np.any(self.offsets):
            shape = self.geometry.shape[1:]
            slices = np.stack([_placed(one, offset, shape, outside) for one, offset in zip(slices, self.offsets, strict=True)])
        wanted = np.linspace(0.0, self.heights[-1], self.geometry.shape[0])
        if len(wanted) == len(self.heights) and np.abs(wanted - self.heights).max() <= EVEN_MM:
            return np.clip(slices, low, high)
        result = np.empty(self.geometry.shape, np.float32)
        for row in range(result.shape[1]):  # in rows, as the coefficients take many times the room of the values
            result[:, row] = CubicSpline(self.heights, slices[:, row], axis=0)(wanted)
        return np.clip(result, low, high, out=result)


@dataclass(frozen=True, eq=False)
class Placement:
    """The grid of a series, how its slices are brought onto it (None if they lie on it), and sentences about that."""

    geometry: Geometry
    resampling: Resampling | None = None
    notes: tuple[str, ...] = ()


def place(planes: list[Plane]) -> Placement | str:
    """The grid of parallel planes in order along their normal, or the reason why they make none."""
    normal = planes[0].normal
    origins = np.array([plane.position for plane in planes])
    along = origins @ normal
    steps = np.diff(along)
    if steps.min() < SAME_PLACE_MM:
        return "several files have the same slice position (dynamic, gated or duplicated series)"
    gaps = _gaps(steps)
    if gaps:
        widest = max(gaps, key=lambda i: steps[i])
        missing = sum(max(1, round(float(steps[i] / _local(steps, i))) - 1) for i in gaps)
        return f"about {missing} slice(s) are missing (gap of {steps[widest]:.1f} mm at {along[widest]:.1f} mm)"
    sideways = np.stack([origins @ planes[0].down, origins @ planes[0].right], axis=1)  # mm, of each first voxel
    middle = (sideways.min(axis=0) + sideways.max(axis=0)) / 2
    uneven = np.abs(along - np.linspace(along[0], along[-1], len(along)))
    if np.hypot(uneven, np.linalg.norm(sideways - middle, axis=1)).max() <= EVEN_MM:
        return Placement(_grid(planes[0], along, middle - sideways[0], len(planes), planes[0].shape))
    return _resampled(planes[0], along, steps, sideways, float(uneven.max()))


def _resampled(first: Plane, along: np.ndarray, steps: np.ndarray, sideways: np.ndarray, uneven: float) -> Placement | str:
    length = along[-1] - along[0]
    fine = float(np.percentile(steps, COMMON, method="higher"))
    if steps.max() > MAX_RATIO * steps.min():
        return f"its slices lie {steps.min():.3g} to {steps.max():.3g} mm apart, too unevenly to be resampled"
    span = sideways.max(axis=0) - sideways.min(axis=0)
    if np.linalg.norm(span) > MAX_SLANT * length:
        return f"its slices are shifted sideways by {np.linalg.norm(span):.1f} mm over {length:.1f} mm"
    notes, count, (rows, columns), corner = [], len(along), first.shape, sideways.min(axis=0)
    if uneven > EVEN_MM:
        count = round(length / fine) + 1
        notes.append(
            f"its slices lie {steps.min():.3g} to {steps.max():.3g} mm apart, up to {uneven:.1f} mm from an even grid; "
            f"it was resampled to {length / (count - 1):.3g} mm"
        )
    offsets = (sideways - corner) / first.spacing
    if np.linalg.norm(span) / 2 > EVEN_MM:
        rows, columns = (int(n + np.ceil(round(more, 6))) for n, more in zip(first.shape, offsets.max(axis=0), strict=True))
        notes.append(_said(along, sideways, span))
    else:
        corner, offsets = (sideways.min(axis=0) + sideways.max(axis=0)) / 2, np.zeros_like(offsets)
    geometry = _grid(first, along, corner - sideways[0], count, (rows, columns))
    return Placement(geometry, Resampling(along - along[0], offsets, geometry), tuple(notes))


def _said(along: np.ndarray, sideways: np.ndarray, span: np.ndarray) -> str:
    share = ((along - along[0]) / (along[-1] - along[0]))[:, None]
    straight = sideways[0] + share * (sideways[-1] - sideways[0])
    if np.abs(sideways - straight).max() <= EVEN_MM:
        tilt = float(np.degrees(np.arctan2(np.linalg.norm(span), along[-1] - along[0])))
        return (
            f"its slices are tilted by {tilt:.1f} degrees against the direction in which they are stacked (gantry tilt); they "
            "were shifted to where their headers say, onto a grid with right angles"
        )
    return f"its slices are shifted sideways by up to {np.linalg.norm(span):.1f} mm; they were resampled onto one grid"


def _gaps(steps: np.ndarray) -> list[int]:
    return [i for i, step in enumerate(steps) if step > LONE_GAP * _local(steps, i)]


def _local(steps: np.ndarray, index: int) -> float:
    return float(np.median(steps[max(0, index - NEIGHBOURS) : index + NEIGHBOURS + 1]))


def _grid(first: Plane, along: np.ndarray, shift: np.ndarray, count: int, shape: tuple[int, int]) -> Geometry:
    """Even grid through the first and last height, its corner ``shift`` (mm: down, right) from the first plane's."""
    affine = np.eye(4)
    affine[:3, 0] = first.normal * ((along[-1] - along[0]) / (count - 1))
    affine[:3, 1] = first.down * first.spacing[0]
    affine[:3, 2] = first.right * first.spacing[1]
    affine[:3, 3] = first.position + shift[0] * first.down + shift[1] * first.right
    return Geometry.from_matrix((count, *shape), affine + 0.0)  # 0.0, never -0.0


def _placed(image: np.ndarray, offset: np.ndarray, shape: tuple[int, int], outside: float) -> np.ndarray:
    """An image (y, x) with its first pixel at ``offset`` (y, x), 0 or more, of a larger one; ``outside`` beyond its pixels."""
    whole = np.floor(np.round(offset, 6)).astype(int)
    part = offset - whole
    room = [(int(before), n - m - int(before)) for n, m, before in zip(shape, image.shape, whole, strict=True)]
    placed = np.pad(image.astype(np.float32), room, mode="edge")
    if np.abs(part).max() > 1e-6:
        placed = ndimage.shift(placed, part, order=3, mode="nearest")
    inside = np.zeros(shape, bool)
    inside[tuple(slice(int(np.ceil(o)), int(o) + n) for o, n in zip(np.round(offset, 6), image.shape, strict=True))] = True
    placed[~inside] = outside
    return placed
