"""The values that the scanner stored, bit for bit: no rescaling, and no inversion for a display that is white on black."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from ..session import new_folder
from .headers import lacks_preamble

ALLOCATED = {8: "u1", 16: "u2", 32: "u4"}


class Unreadable(ValueError):
    """Pixels that cannot be decoded; the text says why as the end of a sentence."""


class CutOff(Unreadable):
    """A file that ends before its pixels do."""


class StoredPixels:
    """Decodes frames of DICOM files one after the other; close it, or use it with ``with``, to remove what it wrote.

    Compressed frames are decoded by GDCM (in SimpleITK) from a file that holds nothing but the frame: what else a header says
    cannot change the values.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._last: tuple[Path, Dataset] | None = None

    def __enter__(self) -> StoredPixels:
        return self

    def __exit__(self, *_) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def frame(self, path: Path, number: int = 0) -> np.ndarray:
        """Integers (y, x) of a frame, counted from 0. Raises :class:`Unreadable`."""
        if self._last is None or self._last[0] != path:
            self._last = (path, _dataset(path))
        dataset = self._last[1]
        if int(dataset.get("SamplesPerPixel", 1) or 1) != 1:
            raise Unreadable("they are colours")
        if "PixelData" not in dataset:
            raise CutOff("the file ends before them")
        syntax = _syntax(dataset)
        if syntax.is_compressed and not syntax.is_deflated:
            return self._decoded(dataset, number)
        return _native(dataset, number, "<" if syntax.is_little_endian else ">")

    def _decoded(self, dataset: Dataset, number: int) -> np.ndarray:
        count = int(dataset.get("NumberOfFrames", 1) or 1)
        try:
            content = get_frame(dataset.PixelData, number, number_of_frames=count)
        except (ValueError, EOFError, IndexError) as error:
            raise CutOff("a compressed frame is not whole") from error
        if self._folder is None:
            self._folder = new_folder("frame")
        file = self._folder / "frame.dcm"
        _alone(dataset, content).save_as(file, enforce_file_format=True)
        try:
            values = sitk.GetArrayFromImage(sitk.ReadImage(str(file)))
        except RuntimeError as error:
            raise Unreadable("their compression cannot be decoded") from error
        values = values.reshape(values.shape[-2:])
        if values.shape != (int(dataset.Rows), int(dataset.Columns)):
            raise Unreadable("they have another number of rows or columns than their header says")
        return values


def _dataset(path: Path) -> Dataset:
    try:
        return pydicom.dcmread(path, force=lacks_preamble(path))
    except (EOFError, AttributeError, KeyError, TypeError, NotImplementedError) as error:
        raise CutOff("the file is damaged or cut off") from error


def _syntax(dataset: Dataset) -> pydicom.uid.UID:
    """The transfer syntax; if the file meta group is missing, the one that its bytes were read with."""
    named = getattr(dataset, "file_meta", FileMetaDataset()).get("TransferSyntaxUID")
    if named:
        return named
    implicit, little = dataset.original_encoding
    if dataset["PixelData"].is_undefined_length:
        raise Unreadable("they are compressed, and (0002,0010) TransferSyntaxUID is missing")
    if not little:
        return pydicom.uid.ExplicitVRBigEndian
    return ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def _native(dataset: Dataset, number: int, order: str) -> np.ndarray:
    """A frame of uncompressed pixels; bits beyond HighBit and below the stored ones are not pixels (PS3.5 8.1.1)."""
    allocated, rows, columns = int(dataset.BitsAllocated), int(dataset.Rows), int(dataset.Columns)
    if allocated not in ALLOCATED:
        raise Unreadable(f"they have {allocated} bits each")
    kind = np.dtype(order + ALLOCATED[allocated])
    size = rows * columns * kind.itemsize
    content = dataset.PixelData[number * size : (number + 1) * size]
    if len(content) < size:
        raise CutOff("the file ends before them")
    values = np.frombuffer(content, kind).reshape(rows, columns).astype(kind.newbyteorder("="))
    stored = int(dataset.get("BitsStored") or allocated)
    high = int(dataset.get("HighBit", stored - 1))
    if not 0 < stored <= high + 1 <= allocated:
        raise Unreadable(f"{stored} bits up to bit {high} of {allocated} are said to be stored")
    values <<= allocated - 1 - high
    if int(dataset.get("PixelRepresentation") or 0):
        values = values.view(f"i{kind.itemsize}")
    return values >> (allocated - stored)


def _alone(dataset: Dataset, content: bytes) -> FileDataset:
    """A file of one compressed frame, with what its decoder needs and nothing that changes its values."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    meta.TransferSyntaxUID = dataset.file_meta.TransferSyntaxUID
    alone = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    alone.SOPClassUID, alone.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    for keyword in ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        setattr(alone, keyword, dataset[keyword].value)
    alone.SamplesPerPixel, alone.PhotometricInterpretation = 1, "MONOCHROME2"
    alone.PixelData = encapsulate([content])
    alone["PixelData"].is_undefined_length = True
    return alone
