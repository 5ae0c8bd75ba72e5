"""A mask as a few kilobytes of JSON: the bits of the box that encloses it, and the position of that box."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import UsageError
from ..images.mask import Mask
from ..images.volume import Geometry


def pack(mask: Mask) -> dict[str, Any]:
    """A mask (not empty) on its grid as plain JSON."""
    window = mask.box()
    box = mask.array[window]
    return {
        "shape": list(mask.geometry.shape),
        "affine": [list(row) for row in mask.geometry.affine],
        "lower": [side.start for side in window],
        "size": list(box.shape),
        "bits": base64.b64encode(np.packbits(box).data).decode("ascii"),
    }


def unpack(packed: Mapping[str, Any]) -> Mask:
    """The mask on its grid. Raises :class:`UsageError` for what :func:`pack` has not made."""
    try:
        geometry = Geometry.from_matrix(packed["shape"], np.reshape(packed["affine"], (4, 4)))
        lower, size = (tuple(int(n) for n in packed[name]) for name in ("lower", "size"))
        bits = np.frombuffer(base64.b64decode(packed["bits"], validate=True), np.uint8)
        mask = np.zeros(geometry.shape, bool)
        window = tuple(slice(a, a + n) for a, n in zip(lower, size, strict=True))
        mask[window] = np.unpackbits(bits, count=int(np.prod(size))).reshape(size)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            "mask.packed",
            f"A packed mask cannot be read ({type(error).__name__}).",
            "a mask as this program packs it.",
            "Start it again.",
        ) from error
    return Mask(mask, geometry)
