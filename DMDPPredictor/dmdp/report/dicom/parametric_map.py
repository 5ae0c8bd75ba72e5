"""DICOM Parametric Map (PS3.3 A.75) of a heatmap: the network's crop only, float32, with its real-world-value mapping."""

from __future__ import annotations

from dataclasses import dataclass

import highdicom as hd
import numpy as np
from pydicom.sr.coding import Code

from ... import RESEARCH_USE_ONLY
from ...evidence import Evidence
from ...images.volume import Geometry, Volume
from .. import maps
from . import codes
from .identity import Identity
from .own_grid import measures, orientation, positions
from .references import leading, refer_to
from .schemes import private_scheme
from .source import Source


@dataclass(frozen=True)
class Quantity:
    """What the values of a map are: ``label`` (SH, 16 characters), ``explanation`` (LO, 64 characters) and ``code``."""

    label: str
    explanation: str
    code: Code


QUANTITIES = {
    maps.GRAD_CAM: Quantity("GRADCAM", "Gradient-weighted activation, 0 to 1; see Image Comments", codes.GRADIENT_ACTIVATION),
    maps.OCCLUSION: Quantity("OCCLUSION", "Occlusion sensitivity, 0 to 1; see Image Comments", codes.OCCLUSION),
}


def parametric_map(
    source: Source, name: str, heatmap: Volume, label: str, evidence: Evidence, number: int, identity: Identity
) -> hd.pm.ParametricMap:
    """The map ``name`` (``<task>_<modality>_<stage>``) on its own box of the CT's voxels.

    Stored value = real-world value, unit 1, 0…1; quantity: gradient-weighted class activation (130403, DCM), or for an occlusion
    map the fall of the log-odds (OCCLUSION, 99DMDP). ``label`` says what the network is, and stands in ImageComments;
    ``evidence`` says the same in short.
    """
    geometry = heatmap.geometry
    role = f"map_{name}"
    quantity = QUANTITIES[maps.kind(maps.split(name)[2])]
    images = _covered(source, geometry)
    dataset = hd.pm.ParametricMap(
        source_images=leading(images),
        pixel_array=heatmap.array,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[
            hd.pm.RealWorldValueMapping(
                lut_label=quantity.label,
                lut_explanation=quantity.explanation,
                unit=codes.ONE,
                value_range=(0.0, 1.0),
                slope=1.0,
                intercept=0.0,
                quantity_definition=quantity.code,
            )
        ],
        window_center=0.5,
        window_width=1.0,
        coding_schemes=[private_scheme()] if quantity.code.scheme_designator == codes.SCHEME else None,
        content_label="HEATMAP",
        content_description=f"Research use only: {evidence.short}",
        content_qualification="RESEARCH",
        pixel_measures=measures(geometry),
        plane_orientation=orientation(geometry),
        plane_positions=positions(geometry, range(geometry.shape[0])),
        **identity.arguments(role, number, f"Research use only: {evidence.network} map {name.replace('_', ' ')}"[:64]),
    )
    dataset.ImageComments = f"{label[0].upper()}{label[1:]}. {maps.FOR_THE_POSITIVE_CLASS} {RESEARCH_USE_ONLY}"
    dataset.Laterality = ""  # type 2C of the General Series: which side is not asserted
    refer_to(dataset, images)
    identity.finish(dataset, role)
    return dataset


def _covered(source: Source, geometry: Geometry) -> list:
    """The headers of the CT slices that the map lies on."""
    ends = source.geometry.to_index(geometry.to_lps([(0, 0, 0), (geometry.shape[0] - 1, 0, 0)]))[:, 0]
    first, last = (int(v) for v in np.clip(np.round(ends), 0, source.geometry.shape[0] - 1))
    return source.images(first, last)
