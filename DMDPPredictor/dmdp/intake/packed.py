"""A mask as a few kilobytes of JSON: the bits of the box that holds it, and where that box lies."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import UsageError
from ..images.volume import Geometry


def pack(mask: np.ndarray, geometry: Geometry) -> dict[str, Any]:
    """A mask (bool, z, y, x, not empty) on its grid as plain JSON."""
    inside = [np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    lower, upper = [int(i[0]) for i in inside], [int(i[-1]) + 1 for i in inside]
    box = mask[tuple(slice(a, b) for a, b in zip(lower, upper, strict=True))]
    return {
        "shape": list(geometry.shape),
        "affine": [list(row) for row in geometry.affine],
        "lower": lower,
        "size": list(box.shape),
        "bits": base64.b64encode(np.packbits(box)).decode("ascii"),
    }


def unpack(packed: Mapping[str, Any]) -> tuple[np.ndarray, Geometry]:
    """The mask (bool, z, y, x) and its grid. Raises :class:`UsageError` for what :func:`pack` has not made."""
    try:
        shape = tuple(int(n) for n in packed["shape"])
        geometry = Geometry(shape, tuple(tuple(float(v) for v in row) for row in np.reshape(packed["affine"], (4, 4))))
        lower, size = (tuple(int(n) for n in packed[name]) for name in ("lower", "size"))
        bits = np.frombuffer(base64.b64decode(packed["bits"], validate=True), np.uint8)
        mask = np.zeros(shape, bool)
        window = tuple(slice(a, a + n) for a, n in zip(lower, size, strict=True))
        mask[window] = np.unpackbits(bits, count=int(np.prod(size))).reshape(size)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            "mask.packed",
            f"A packed mask cannot be read ({type(error).__name__}).",
            "a mask as this program packs it.",
            "Start it again.",
        ) from error
    return mask, geometry
