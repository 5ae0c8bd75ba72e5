"""The voxels of a series, with their geometry and unit."""

from __future__ import annotations

import numpy as np

from ..errors import DicomError
from ..images.volume import SUVBW, Volume
from .hounsfield import has_air_and_tissue, in_hounsfield, not_hounsfield, shift_of
from .numbers import POSITIVE, read_number
from .pixels import CutOff, StoredPixels, Unreadable
from .rescale import Rescale, rescale_of
from .series import Series

PET_UNITS = {"BQML": "Bq/ml", "CNTS": "counts", "GML": SUVBW}
INVERTED = "MONOCHROME1"


def read_series(series: Series) -> Volume:
    """Read a series: HU for CT; for PET ``Bq/ml``, ``counts`` or ``SUVbw g/ml`` as its Units say, each slice with its own
    rescale slope. JPEG-LS and the other usual compressions are read.

    ``notes`` of the provenance are the sentences of the series and those on its values; ``unlike_viewer``, if it is there,
    says why a viewer may show something else. Raises :class:`DicomError` for files that are cut off or cannot be decoded, for
    values that are not finite, and for a CT whose values cannot be told to be HU.
    """
    scale = rescale_of(series.headers)
    array = _scaled(series, scale)
    if not np.isfinite(array).all():
        raise DicomError(
            "image.not_finite",
            f"{series.label} holds values that are not numbers (NaN or infinite).",
            "finite values in every voxel.",
            "Export the series again; check its rescale slope and intercept.",
        )
    header = series.headers[0]
    notes = [*series.notes, *(f"{series.label}: {note}" for note in scale.notes)]
    if scale.finding is not None:
        notes.append(_by_its_own_evidence(array, series, scale))
    unlike = []
    if series.resampling is not None:
        array = series.resampling.apply(array, outside=float(array.min()) if series.modality == "CT" else 0.0)
        unlike.append("its slices were resampled to where their headers place them")
    if any(str(h.get("PhotometricInterpretation", "")).upper() == INVERTED for h in series.headers):
        unlike.append("its files are MONOCHROME1, which some viewers read inverted")
    unit = "HU" if series.modality == "CT" else PET_UNITS.get(str(header.get("Units", "")).upper(), "unknown")
    volume = Volume(
        array,
        series.geometry,
        unit,
        {
            "modality": "PET" if series.modality == "PT" else series.modality,
            "series_uid": series.uid,
            "study_uid": series.study_uid,
            "frame_of_reference_uid": series.frame_of_reference_uid,
            "slices": len(series.files),
            "slice_thickness_mm": read_number(header, "SliceThickness", POSITIVE).value,
            "manufacturer": str(header.get("Manufacturer", "")),
            **({"unlike_viewer": "; ".join(unlike)} if unlike else {}),
        },
    )
    if unit == "HU":
        volume, shifted = in_hounsfield(volume, series.label)
        notes += shifted
    return Volume(volume.array, volume.geometry, unit, {**volume.provenance, "notes": notes})


def _scaled(series: Series, scale: Rescale) -> np.ndarray:
    """Float32 (z, y, x): the stored values times slope plus intercept, slice by slice, computed in double precision."""
    planes, cut_off = [], {}
    with StoredPixels() as pixels:
        for path, frame, (slope, intercept) in zip(series.files, series.frames, scale.factors, strict=True):
            try:
                planes.append((pixels.frame(path, frame) * slope + intercept).astype(np.float32))
            except CutOff:
                cut_off[path.name] = path
            except Unreadable as error:
                raise DicomError(
                    "dicom.pixels",
                    f"The pixels of {series.label} cannot be read from {path.name}: {error}.",
                    "complete files with one grey value per pixel, in a compression that GDCM knows.",
                    "Export the series again, uncompressed if possible.",
                ) from error
    if cut_off:
        raise DicomError(
            "dicom.truncated",
            f"{len(cut_off)} file(s) of {series.label} are cut off: {', '.join(list(cut_off)[:3])}.",
            "complete files.",
            "Copy or export the series again.",
        )
    return np.stack(planes)


def _by_its_own_evidence(array: np.ndarray, series: Series, scale: Rescale) -> str:
    """The sentence on a CT without usable rescale factors whose stored values show by themselves what they are.

    If only some slices lack theirs, the image as a whole shows nothing of them.
    """
    if scale.lacking < len(series.files):
        raise not_hounsfield(series.label, f"in {scale.lacking} of its slices {scale.finding}")
    if not (has_air_and_tissue(array) or shift_of(array)):
        raise not_hounsfield(series.label, f"{scale.finding}, and its values do not lie as HU do (air around -1000)")
    return f"{series.label}: {scale.finding}; its values lie as those of a CT do, and were taken as stored."
