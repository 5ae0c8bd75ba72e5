"""The voxels of a series, with their geometry and unit."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..case import Volume
from ..errors import DicomError
from .headers import is_complete
from .series import Series

PET_UNITS = {"BQML": "Bq/ml", "CNTS": "counts", "GML": "SUVbw g/ml"}


def read_series(series: Series) -> Volume:
    """Read a series: HU for CT; for PET ``Bq/ml``, ``counts`` or ``SUVbw g/ml`` as its Units say, each slice with its own
    rescale slope. JPEG-LS and the other usual compressions are read.

    Raises :class:`DicomError` for files that are cut off or cannot be decoded, and for values that are not finite.
    """
    sitk.ProcessObject.GlobalWarningDisplayOff()  # 0.02 mm of rounding between slices is no news to a person
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames([str(path) for path in series.files])
    reader.SetOutputPixelType(sitk.sitkFloat32)
    try:
        array = sitk.GetArrayFromImage(reader.Execute())
    except RuntimeError as error:
        broken = [path.name for path in series.files if not _readable(path)]
        raise DicomError(
            "dicom.pixels",
            f"The pixels of {series.label} cannot be read: {', '.join(broken[:3]) or str(error).splitlines()[-1]}.",
            "complete files in a compression that GDCM knows.",
            "Export the series again, uncompressed if possible.",
        ) from error
    broken = [path.name for path in series.files if not is_complete(path)]
    if broken:
        raise DicomError(
            "dicom.truncated",
            f"{len(broken)} file(s) of {series.label} are cut off: {', '.join(broken[:3])}.",
            "complete files.",
            "Copy or export the series again.",
        )
    if not np.isfinite(array).all():
        raise DicomError(
            "image.not_finite",
            f"{series.label} holds values that are not numbers (NaN or infinite).",
            "finite values in every voxel.",
            "Export the series again; check its rescale slope and intercept.",
        )
    header = series.headers[0]
    unit = "HU" if series.modality == "CT" else PET_UNITS.get(str(header.get("Units", "")).upper(), "unknown")
    return Volume(
        array,
        series.geometry,
        unit,
        {
            "modality": "PET" if series.modality == "PT" else series.modality,
            "series_uid": series.uid,
            "study_uid": series.study_uid,
            "frame_of_reference_uid": series.frame_of_reference_uid,
            "slices": len(series.files),
            "slice_thickness_mm": _float(header.get("SliceThickness")),
            "manufacturer": str(header.get("Manufacturer", "")),
        },
    )


def _readable(path) -> bool:
    try:
        sitk.ReadImage(str(path))
    except RuntimeError:
        return False
    return True


def _float(value) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
