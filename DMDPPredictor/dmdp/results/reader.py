"""What an export reads of a finished result folder, checked to be whole and unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np

from ..documents.codec import Malformed, parse
from ..errors import DmdpError, InputError, LesionError
from ..images.mask import Mask
from ..images.volume import Volume
from ..prediction.document import CONTOUR_HASHES, Prediction
from ..reading import read_bytes, why
from . import layout


class Part(StrEnum):
    """A part of a result that a format may be made from. A saved scene can make the page and the tables anew, without pictures
    and without features of the CT regions; other parts it no longer holds, or holds only if they were not edited.
    """

    PAGE = "page"
    TABLES = "tables"
    CONTOUR = "contour"
    REGIONS = "regions"
    HEATMAPS = "heatmaps"


@dataclass(frozen=True, eq=False)
class Result:
    """A result of ``dmdp predict``: the prediction, the contours by the modality of their image (none if a saved scene no longer
    holds them), the CT regions (labels as float32 on a 1 mm grid, None if there are none) and the heatmaps by name
    (``<task>_<modality>_<stage>``).

    ``created`` is when ``prediction.json`` was written (local time, whole seconds); ``digest`` (SHA-256) covers all of these.
    """

    prediction: Prediction
    contours: Mapping[str, Mask]
    regions: Volume | None
    heatmaps: Mapping[str, Volume]
    created: datetime
    digest: str


@dataclass(frozen=True, eq=False)
class ResultFolder:
    """The folder that ``dmdp predict`` wrote: its ``result`` as values, and its files."""

    folder: Path
    result: Result

    @classmethod
    def read(cls, folder: str | Path) -> ResultFolder:
        """Read it whole; raises as :func:`read_result`."""
        return cls(Path(folder).expanduser(), read_result(folder))

    def content(self, file: str) -> bytes | None:
        """A file of the folder; None if it is absent."""
        path = self.folder / file
        return path.read_bytes() if path.is_file() else None

    def obstacle(self, needs: Collection[Part]) -> DmdpError | None:
        """Why a format that ``needs`` these parts cannot be made from this result; None if nothing is known to be in the way."""
        if Part.HEATMAPS in needs and not self.result.heatmaps:
            return InputError(
                "export.no_maps",
                "The result holds no heatmaps, as no network was run.",
                "a result with heatmaps.",
                "Predict again with a network, then export the maps.",
            )
        return None


def read_result(folder: str | Path) -> Result:
    """Read a result folder. Raises :class:`InputError` if it is none, and :class:`LesionError` if a contour is no longer
    the one that the numbers were computed from."""
    from ..images.files import read_volume  # brings SimpleITK, which what reads a prediction alone does without

    folder = Path(folder).expanduser()
    content, prediction = read_prediction(folder)
    contours = {
        modality: _contour(folder / layout.LESIONS[modality], prediction.hashes[name])
        for modality, name in CONTOUR_HASHES.items()
        if name in prediction.hashes
    }
    regions = read_volume(folder / layout.REGIONS, "1") if (folder / layout.REGIONS).exists() else None
    heatmaps = {name: read_volume(path, "1") for name, path in layout.heatmap_files(folder).items()}
    created = datetime.fromtimestamp(int((folder / layout.PREDICTION).stat().st_mtime))
    return Result(prediction, contours, regions, heatmaps, created, digest(content, created, {"regions": regions, **heatmaps}))


def digest(content: bytes, created: datetime, volumes: Mapping[str, Volume | None]) -> str:
    """SHA-256 of a result: of ``prediction.json``, the moment and the named volumes."""
    found = hashlib.sha256(content + created.isoformat().encode())
    for name, volume in volumes.items():
        found.update(name.encode() + (b"" if volume is None else volume.array.tobytes()))
    return found.hexdigest()


def read_prediction(folder: Path) -> tuple[bytes, Prediction]:
    """The ``prediction.json`` of a folder as it stands and as a value, of this schema or a former one.

    Raises :class:`InputError` if it is none that this version reads; it says where in the document it is not.
    """
    try:
        content = read_bytes(folder / layout.PREDICTION)
        prediction = Prediction.from_json(parse(content))
        if not any(name in prediction.hashes for name in CONTOUR_HASHES.values()):
            raise Malformed(f"hashes: missing, expected {' or '.join(CONTOUR_HASHES.values())}")
        return content, prediction
    except (OSError, Malformed) as error:
        raise InputError(
            "export.no_result",
            f"'{folder.name}' is not a result of 'dmdp predict' that this version reads ({layout.PREDICTION}: {why(error)}).",
            "a folder with prediction.json and the contours.",
            "Choose the folder that 'dmdp predict' wrote, or predict again.",
        ) from error


def mask_sha256(mask: Mask) -> str:
    """SHA-256 of a contour, as ``prediction.json`` keeps it."""
    return hashlib.sha256(np.packbits(mask.array).data).hexdigest()


def _contour(path: Path, sha256: str) -> Mask:
    from ..images.files import read_mask

    mask = Mask(*read_mask(path))
    if mask_sha256(mask) != sha256:
        raise LesionError(
            "export.changed",
            f"'{path.name}' is not the contour that the numbers were computed from.",
            "the file as 'dmdp predict' wrote it.",
            "Predict again with the changed contour, then export.",
        )
    return mask
