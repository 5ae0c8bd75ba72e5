"""DICOM Segmentation (PS3.3 A.51) of the lesion on the PET, and of the lesion and its regions on the CT.

Frames lie on the source's own slices, in its frame of reference (LPS mm), or on the grid onto which its slices were resampled;
a frame without a marked voxel is left out, as the standard allows.
"""

from __future__ import annotations

from dataclasses import dataclass

import highdicom as hd
import numpy as np

from ... import RESEARCH_USE_ONLY, __version__
from ...delineation.methods import MANUAL, ORIGINS
from ...images.mask import Mask
from ...images.resampling import sample
from ...images.volume import Volume
from ...regions.names import MEANINGS, REGION_COLOURS
from . import codes
from .identity import Identity
from .own_grid import measures, orientation, positions
from .references import leading, refer_to
from .schemes import private_scheme
from .source import Source

LESION_COLOUR = "#e69f00"
SHORT_SENTENCE = "Research use only. Not for diagnosis."


@dataclass(frozen=True, eq=False)
class Segment:
    """One segment: ``mask`` bool (z, y, x) on the source's grid, and how it is described (SegmentDescription)."""

    mask: np.ndarray
    description: hd.seg.SegmentDescription


def lesion_on_pet(source: Source, lesion: Mask, method: str, identity: Identity) -> hd.seg.Segmentation:
    """The lesion on the PET's grid; ``method`` is a name of :data:`dmdp.delineation.methods.ORIGINS`. Segment 1 is the lesion."""
    segments = [_lesion(lesion, method, identity)]
    return _segmentation(source, segments, identity, "pet", 9101, "Research use only: lesion on PET")


def lesion_and_regions_on_ct(
    source: Source, lesion: Mask, regions: Volume | None, method: str, identity: Identity
) -> hd.seg.Segmentation:
    """The lesion on the CT's grid, and the regions (labels 1…6 on their 1 mm grid) carried onto it by nearest neighbour."""
    segments = [_lesion(lesion, method, identity)]
    if regions is not None:
        labels = regions_on(source, regions)
        present = [number for number in MEANINGS if (labels == number).any()]
        segments += [_region(labels == number, number, position + 2) for position, number in enumerate(present)]
    return _segmentation(source, segments, identity, "ct", 9102, "Research use only: lesion and regions on CT")


def regions_on(source: Source, regions: Volume) -> np.ndarray:
    """Region labels uint8 (z, y, x) on the source's grid, nearest neighbour, 0 elsewhere."""
    onto, labels = source.geometry, np.zeros(source.geometry.shape, np.uint8)
    index = onto.to_index(regions.geometry.corners(0.5))
    lower = np.clip(np.floor(index.min(axis=0)).astype(int), 0, onto.shape)
    upper = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, lower, onto.shape)
    if np.all(upper > lower):
        box = tuple(slice(a, b) for a, b in zip(lower, upper, strict=True))
        labels[box] = sample(regions.array, regions.geometry, onto.crop(lower, upper - lower), order=0, outside=0)
    return labels


def _lesion(lesion: Mask, method: str, identity: Identity) -> Segment:
    algorithm = ORIGINS[method].algorithm if method in ORIGINS else "SEMIAUTOMATIC"
    description = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="Lesion",
        segmented_property_category=codes.ABNORMAL,
        segmented_property_type=codes.NEOPLASM,
        algorithm_type=algorithm,
        algorithm_identification=(
            None if algorithm == MANUAL.algorithm else _algorithm(f"DMDP contour {method}", codes.NEIGHBOURHOOD)
        ),
        tracking_uid=identity.uid("lesion"),
        tracking_id="Index lesion",
        display_color=hd.color.CIELabColor.from_string(LESION_COLOUR),
    )
    description.SegmentDescription = f"Contour '{method}'. {RESEARCH_USE_ONLY}"
    return Segment(lesion.array, description)


def _region(mask: np.ndarray, number: int, position: int) -> Segment:
    description = hd.seg.SegmentDescription(
        segment_number=position,
        segment_label=codes.plain(MEANINGS[number])[:64],
        segmented_property_category=codes.TISSUE,
        segmented_property_type=codes.region(number, MEANINGS[number]),
        algorithm_type="AUTOMATIC",
        algorithm_identification=_algorithm("DMDP ct_regions_v1", codes.HISTOGRAM),
        display_color=hd.color.CIELabColor.from_string(REGION_COLOURS[number - 1]),
    )
    description.SegmentDescription = f"Carried from a 1 mm grid onto the CT's (nearest neighbour). {RESEARCH_USE_ONLY}"
    return Segment(mask, description)


def _algorithm(name: str, family) -> hd.AlgorithmIdentificationSequence:
    return hd.AlgorithmIdentificationSequence(name=name, family=family, version=__version__, source="DMDP for 3D Slicer")


def _segmentation(
    source: Source, segments: list[Segment], identity: Identity, role: str, number: int, description: str
) -> hd.seg.Segmentation:
    """Only the slices from the first to the last marked one are referenced, which keeps memory and file small."""
    marked = np.flatnonzero(np.any([segment.mask.any(axis=(1, 2)) for segment in segments], axis=0))
    first, last = int(marked[0]), int(marked[-1])
    slab, geometry = slice(first, last + 1), source.geometry
    own: dict = {} if source.slices_are_grid else {
        "pixel_measures": measures(geometry), "plane_orientation": orientation(geometry),
        "plane_positions": positions(geometry, range(first, last + 1)),
    }  # fmt: skip
    images = source.images(first, last)
    dataset = hd.seg.Segmentation(
        source_images=leading(images),
        pixel_array=np.stack([segment.mask[slab] for segment in segments], axis=-1).astype(np.uint8),
        segmentation_type="BINARY",
        segment_descriptions=[segment.description for segment in segments],
        content_label=f"LESION_{role.upper()}",
        content_description=SHORT_SENTENCE,
        coding_schemes=[private_scheme()],
        **own,
        **identity.arguments(f"segmentation_{role}", number, description),
    )
    refer_to(dataset, images)
    identity.finish(dataset, f"segmentation_{role}")
    return dataset
