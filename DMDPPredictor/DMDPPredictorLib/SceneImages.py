"""How an image of the scene reaches the worker: by its DICOM files, or copied piece by piece into a file of our own.

Reading and writing whole volumes takes seconds, in which a window would stand still. What was loaded from DICOM is therefore read
again by the worker, which recognises it by some of its voxels; all else is copied once, a few megabytes at a time.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import slicer
from dmdp.errors import DmdpError
from dmdp.images.volume import Geometry
from dmdp.session import new_folder

from .Nodes import geometryFromNode, isMoved, localGeometry, worldTransform
from .PetSource import dicomFiles, isSuv, unknown

PIECE_BYTES = 4 << 20
SAMPLES = 6  # along each axis
NRRD_TYPES = {"i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32", "u4": "uint32", "f4": "float",
              "f8": "double", "i8": "int64", "u8": "uint64"}  # fmt: skip
NOT_ITS_FILES = ("image.changed.ct", "dicom.no_ct")  # a CT that is taken as it stands in the scene

Given = Generator[None, None, dict[str, Any]]  # yields between small steps; returns a part of a job's arguments


class SceneImages:
    """Gives images of the scene to jobs; what was copied or looked through once is remembered until the image changes."""

    def __init__(self):
        self._remembered: dict[tuple[str, str], tuple[Any, Any]] = {}  # by node and purpose: state, value
        self._edited: set[tuple] = set()

    def ct(self, node) -> Given:
        """``ct`` of a job. Raises :class:`GeometryError` for a node without an image or under a transform that bends it."""
        files = dicomFiles(node) if _hasImage(node) and _state(node) not in self._edited else ()
        if files:
            return {"ct": (yield from self._files(node, files))}
        return {"ct": (yield from self._copy(node))}

    def pet(self, node) -> Given:
        """``pet`` of a job: its DICOM files, so that its SUV has an audit, or its voxels if they are in SUV.

        Raises :class:`dmdp.errors.SuvError` if neither is there.
        """
        if _hasImage(node) and not isSuv(node):
            files = dicomFiles(node)
            if not files:
                raise unknown(node)
            return {"pet": (yield from self._files(node, files))}
        return {"pet": (yield from self._copy(node)), "pet_is_suv": True}

    def learn(self, error: DmdpError, ctNode) -> bool:
        """After a job failed: True if the CT is no longer what its files hold and will be taken from the scene next time."""
        if error.code not in NOT_ITS_FILES or ctNode is None or _state(ctNode) in self._edited:
            return False
        self._edited.add(_state(ctNode))
        return True

    def _files(self, node, files) -> Generator[None, None, dict[str, Any]]:
        moved = worldTransform(node).tolist() if isMoved(node) else None
        seen = yield from self._once(node, "seen", lambda: _seen(node))
        return {"files": [str(path) for path in files], "moved": moved, "seen": seen}

    def _copy(self, node) -> Generator[None, None, str]:
        geometry = geometryFromNode(node)
        raw = yield from self._once(node, "copy", lambda: _copied(node))
        header = raw.with_name(f"{abs(hash(geometry))}.nhdr")  # where it stands may change while its voxels stay
        header.write_text(_nrrdHeader(slicer.util.arrayFromVolume(node).dtype, geometry, raw.name), encoding="ascii")
        return str(header)

    def _once(self, node, purpose: str, steps) -> Generator[None, None, Any]:
        key, state = (node.GetID(), purpose), _state(node)
        if self._remembered.get(key, (None,))[0] != state or _isGone(self._remembered[key][1]):
            former = self._remembered.pop(key, (None, None))[1]
            if isinstance(former, Path):
                former.unlink(missing_ok=True)
            value = yield from steps()
            self._remembered[key] = (state, value)
        return self._remembered[key][1]


def _hasImage(node) -> bool:
    return node is not None and node.GetImageData() is not None


def _isGone(value) -> bool:
    return isinstance(value, Path) and not value.is_file()


def _state(node) -> tuple:
    """Another one when the voxels may be others."""
    return node.GetID(), node.GetImageData().GetMTime()


def _seen(node) -> Generator[None, None, dict[str, Any]]:
    """By what the image is recognised: :class:`dmdp.intake.source.Seen` as JSON."""
    array, geometry = slicer.util.arrayFromVolume(node), localGeometry(node)
    index = np.stack(
        np.meshgrid(*(np.linspace(0, n - 1, min(n, SAMPLES)).round().astype(int) for n in array.shape), indexing="ij"), axis=-1
    ).reshape(-1, 3)
    points, values = geometry.to_lps(index), array[tuple(index.T)].astype(float)
    total, top = 0.0, 0.0
    for piece in _pieces(array):
        total += float(piece.sum(dtype=np.float64))
        top = max(top, float(piece.max()), -float(piece.min()))
        yield
    return {"points": points.tolist(), "values": values.tolist(), "top": top, "total": total, "voxels": int(array.size)}


def _copied(node) -> Generator[None, None, Path]:
    """The voxels in a file without a header."""
    path = new_folder("image") / "voxels.raw"
    with path.open("wb") as stream:
        for piece in _pieces(slicer.util.arrayFromVolume(node)):
            stream.write(np.ascontiguousarray(piece).data)
            yield
    return path


def _pieces(array: np.ndarray):
    """Slabs of a few megabytes along the first axis."""
    slices = max(1, PIECE_BYTES // max(1, array[0].nbytes))
    return (array[start : start + slices] for start in range(0, len(array), slices))


def _nrrdHeader(kind: np.dtype, geometry: Geometry, data: str) -> str:
    """The header of a NRRD file (teem.sourceforge.net/nrrd/format.html) whose voxels lie in the file ``data`` beside it."""
    columns = geometry.matrix[:3, [2, 1, 0, 3]].T.tolist()  # along x, y, z, and the first voxel
    *directions, origin = ("(" + ",".join(map(repr, column)) + ")" for column in columns)
    lines = (
        "NRRD0005",
        f"type: {NRRD_TYPES[np.dtype(kind).str[1:]]}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, geometry.shape[::-1]))}",
        f"space directions: {' '.join(directions)}",
        "kinds: domain domain domain",
        f"endian: {'big' if np.dtype(kind).str[0] == '>' else 'little'}",
        "encoding: raw",
        f"space origin: {origin}",
        f"data file: {data}",
    )
    return "\n".join(lines) + "\n"
