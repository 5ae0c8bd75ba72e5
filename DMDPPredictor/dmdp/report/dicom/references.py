"""Which objects of a series a DICOM object of ours refers to: every one that holds a slice of it."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from pydicom.dataset import Dataset

from ...dicom.frames import CLASSES as MULTI_FRAME


def leading(images: Sequence[Dataset]) -> list[Dataset]:
    """The headers from which an object is made: all slices, but of multi-frame objects the first, as highdicom takes one."""
    return list(images[:1] if str(images[0].SOPClassUID) in MULTI_FRAME else images)


def refer_to(dataset: Dataset, images: Sequence[Dataset]) -> None:
    """Add to the references of ``dataset`` those of the ``images`` that it was not made from (see :func:`leading`)."""
    for image in images[len(leading(images)) :]:
        for holder in (dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence, dataset.get("SourceImageSequence")):
            if holder:
                item = copy.deepcopy(holder[0])
                item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
                holder.append(item)
