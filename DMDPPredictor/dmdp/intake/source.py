"""The source of an image: a folder or a file that a person names, or the DICOM files of a series that a viewer shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, UsageError
from ..images.volume import Matrix, Volume

ALIKE = 1e-4  # of the largest value: rounding of two readers that decode the same file
REMEDY = "Load the series again from the DICOM browser, or give the changed image as a volume of its own."


@dataclass(frozen=True)
class Seen:
    """What a viewer holds of an image, by which its files are recognised as the same image.

    ``values`` are the voxels at ``points`` (LPS mm, before any movement in the viewer), ``top`` is the largest magnitude and
    ``total`` the sum of all ``voxels`` voxels.
    """

    points: tuple[tuple[float, float, float], ...]
    values: tuple[float, ...]
    top: float
    total: float
    voxels: int

    def is_of(self, volume: Volume) -> bool:
        """Whether ``volume`` is the image that was seen, up to one factor for all voxels (a PET's units)."""
        index = np.floor(volume.geometry.to_index(self.points) + 0.5).astype(int)
        if self.voxels != volume.array.size or np.any(index < 0) or np.any(index >= volume.geometry.shape):
            return False
        here, there = volume.array[tuple(index.T)].astype(np.float64), np.array(self.values)
        total = float(volume.array.sum(dtype=np.float64))
        factor = float(here @ there) / float(here @ here) if here.any() else self.total / total if total else 1.0
        tolerance = ALIKE * self.top
        return (
            factor > 0
            and bool(np.abs(factor * here - there).max(initial=0.0) <= tolerance)
            and abs(factor * total - self.total) <= tolerance * self.voxels**0.5
        )


@dataclass(frozen=True)
class ImageSource:
    """An image by its ``paths``: one folder or image file as a person names it, or with ``listed`` the DICOM files of a series.

    ``moved`` is where a viewer has put the image: a 4×4 matrix from its own LPS mm to those of the scene, None for unmoved.
    ``seen`` is what the viewer holds of it, None if nobody has looked at it.
    """

    paths: tuple[Path, ...]
    listed: bool = False
    moved: Matrix | None = None
    seen: Seen | None = None

    @classmethod
    def of(cls, given: str | Path | Mapping[str, Any] | ImageSource) -> ImageSource:
        """From a path, or from the JSON of a job: {"files": […], "moved": 4×4 or null, "seen": {…} or null}.

        Raises :class:`UsageError` for a mapping of another shape.
        """
        if isinstance(given, ImageSource):
            return given
        if not isinstance(given, Mapping):
            return cls((Path(given).expanduser(),))
        try:
            moved, seen = given.get("moved"), given.get("seen")
            return cls(
                tuple(Path(path) for path in given["files"]),
                True,
                None if moved is None else tuple(tuple(float(v) for v in row) for row in np.reshape(moved, (4, 4))),
                None
                if seen is None
                else Seen(
                    tuple((float(x), float(y), float(z)) for x, y, z in (np.reshape(point, 3) for point in seen["points"])),
                    tuple(float(v) for v in seen["values"]),
                    float(seen["top"]),
                    float(seen["total"]),
                    int(seen["voxels"]),
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                "image.source",
                f"An image is given in a way that cannot be read ({type(error).__name__}).",
                "a path, or {files, moved, seen}.",
                "Write the job again.",
            ) from error

    @property
    def where(self) -> Path | tuple[Path, ...]:
        """The place in which its DICOM files are looked for: its folder, or the listed files."""
        return self.paths if self.listed else self.paths[0]

    @property
    def read_from(self) -> tuple[Path, ...]:
        """The folder or file that is read; of listed files, which alone are read, one of each folder that they lie in."""
        return tuple({path.parent: path for path in self.paths}.values()) if self.listed else self.paths

    @property
    def is_dicom(self) -> bool:
        """True for a folder and for a list of DICOM files."""
        return self.listed or self.paths[0].is_dir()

    def placed(self, volume: Volume) -> Volume:
        """``volume``, which was read from these paths, where the viewer shows it.

        Raises :class:`InputError` (``image.changed.ct`` or ``.pet``; ``image.unlike…`` if the files themselves are the reason)
        if the viewer shows another image.
        """
        if self.seen is not None and not self.seen.is_of(volume):
            modality = volume.provenance.get("modality", "image")
            unlike = volume.provenance.get("unlike_viewer")
            if unlike is not None and (modality != "CT" or "inverted" in unlike):
                raise InputError(
                    f"image.unlike.{modality.lower()}",
                    f"What the viewer shows of this {modality} cannot be compared with its DICOM files: {unlike}.",
                    "a series that the viewer shows as its files have it.",
                    "Predict from the DICOM folder on the command line, or export the series again (even slices, MONOCHROME2).",
                )
            raise InputError(
                f"image.changed.{modality.lower()}",
                f"The {modality} in the scene is no longer what its DICOM files hold.",
                "an image that was not edited, resampled or shifted since it was loaded.",
                REMEDY,
            )
        if self.moved is None:
            return volume
        return Volume(volume.array, volume.geometry.moved(self.moved), volume.unit, volume.provenance)


Given = str | Path | Mapping[str, Any] | ImageSource
