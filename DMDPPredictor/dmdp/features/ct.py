"""Radiomics features of the CT regions of one patient, by a profile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import SimpleITK as sitk

from ..errors import InputError
from ..feature import Feature
from ..images.axes import storage
from ..images.files import to_sitk
from ..images.volume import Geometry, Volume
from ..patients.case import Case
from ..radiomics.backend import compute
from ..radiomics.catalogue import described
from ..radiomics.names import feature_names
from ..radiomics.parameters import Parameters
from ..radiomics.profile import Profile
from ..regions.ct_regions import MIN_REGION, Regions
from ..regions.names import MEANINGS
from .document import CtFeaturesReport

CROP_MM = 32.0  # a cubic B-spline's memory of farther voxels is below 1e-6 for voxels up to 3 mm
SIX = tuple(f"reg{number}" for number in MEANINGS)
TUMOUR = "tumour"


@dataclass(frozen=True, eq=False)
class CtFeatures:
    """Features of the CT regions.

    ``regions`` region → name → feature, every region with every feature of the profile (NaN if the region is ``absent``, which
    says why). ``profile`` and ``profile_hash`` name the settings, ``backend`` the program that computed, ``contour`` where the
    lesion was drawn; ``notes`` are sentences for the person who reads the table.
    """

    regions: Mapping[str, Mapping[str, Feature]]
    absent: Mapping[str, str]
    profile: str
    profile_hash: str
    backend: str
    contour: str
    notes: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Feature]:
        """``<image>_<class>_<feature>_<region>`` → feature: the names of the published tables, by which bundles ask."""
        return {
            f"{name}_{region}": replace(feature, name=f"{name}_{region}", definition=f"{feature.definition}; in {region}")
            for region, features in self.regions.items()
            for name, feature in features.items()
        }

    def report(self) -> CtFeaturesReport:
        """The part of ``prediction.json`` about them; the numbers are in ``ct_features.csv``."""
        values = [feature.value for features in self.regions.values() for feature in features.values()]
        return CtFeaturesReport(
            profile=self.profile,
            profile_hash=self.profile_hash,
            backend=self.backend,
            contour=self.contour,
            regions=tuple(self.regions),
            absent=dict(self.absent),
            computed=int(np.isfinite(values).sum()),
            asked=len(values),
        )


def ct_features(
    case: Case, regions: Regions, settings: Profile | Parameters, names: Sequence[str] = SIX, backend: str = "auto"
) -> CtFeatures:
    """Features of the regions ``names`` (of :meth:`Regions.masks`) in the CT of a case.

    By a profile of ours the CT is interpolated once, by cubic B-splines, onto the regions' 1 mm grid. By a PyRadiomics parameter
    file it is taken as it is stored, whole and on its own grid, with ``tumour`` as drawn and the other regions carried over: what
    the file asks for is done to the image that PyRadiomics would be given. Raises :class:`dmdp.errors.InputError` for settings
    that nothing here computes.
    """
    masks = {name: mask for name, mask in regions.masks().items() if name in names}
    notes: tuple[str, ...] = ()
    if isinstance(settings, Parameters):
        names, notes = tuple(dict.fromkeys((*names, TUMOUR))), _as_stored(case.ct)
        masks = {name: mask.onto(case.ct.geometry) for name, mask in masks.items()}
        masks[TUMOUR] = case.ct_lesion.mask
        found = compute(case.ct, masks, settings, backend, whole_numbers=case.ct.provenance.get("stored", "f") in "iu")
    else:
        found = compute(bspline_onto(case.ct, regions.geometry), masks, settings, backend)
    name, sha256, asked = _described(settings)
    notes = (*notes, *_left_out(asked, found.features))
    empty = dict.fromkeys(asked or _union(found.features), float("nan"))
    measured = {region: {**empty, **found.features.get(region, {})} for region in names}
    small = f"smaller than {MIN_REGION} voxels of 1 mm³"
    return CtFeatures(
        regions={r: {n: described(n, value, "HU") for n, value in values.items()} for r, values in measured.items()},
        absent={**{name: small for name in names if name not in masks}, **found.absent},
        profile=name,
        profile_hash=sha256,
        backend=found.backend,
        contour=f"contour from {case.ct_lesion.modality}",
        notes=notes,
    )


def _as_stored(ct: Volume) -> tuple[str, ...]:
    """Notes on features that follow a parameter file."""
    notes = (
        "By the parameter file on the CT's own grid, as PyRadiomics: 'tumour' is the contour as drawn, the others carried over.",
    )
    stored = storage(ct.geometry)
    if stored is None:
        return notes
    return (
        *notes,
        f"The CT is stored in {stored}: 2-D diameters and force2D follow the array, as PyRadiomics does, not the patient.",
    )


def _left_out(asked: Sequence[str], found: Mapping[str, Mapping[str, float]]) -> tuple[str, ...]:
    """Say which images of the settings PyRadiomics, and the engine with it, leaves out as too thin for their filter."""
    prefixes = dict.fromkeys(name.split("_", 1)[0] for name in asked)
    has = {region: {name.split("_", 1)[0] for name in values} for region, values in found.items()}
    lacking = {prefix: [region for region in has if prefix not in has[region]] for prefix in prefixes}
    return tuple(
        f"{prefix} is left out of {', '.join(regions)}: too few voxels along an axis for this filter, as PyRadiomics has it."
        for prefix, regions in lacking.items()
        if regions
    )


def _described(settings: Profile | Parameters) -> tuple[str, str, tuple[str, ...]]:
    """Name and SHA-256 of the settings, and the features that they make; none if only PyRadiomics knows these."""
    if isinstance(settings, Profile):
        return settings.name, settings.hash, feature_names(settings)
    if settings.profile is not None:
        return _described(settings.profile)
    text = json.dumps(settings.document, sort_keys=True, default=str)
    return "parameter file", hashlib.sha256(text.encode()).hexdigest(), ()


def _union(features: Mapping[str, Mapping[str, float]]) -> dict[str, None]:
    return {name: None for values in features.values() for name in values}


def bspline_onto(ct: Volume, onto: Geometry) -> Volume:
    """The CT (HU) at the voxel centres of a grid; −1000 beyond the CT.

    Raises :class:`InputError` for a CT of fewer than three voxels along an axis.
    """
    if min(ct.geometry.shape) < 3:
        raise InputError(
            "ct.two_voxels",
            f"A CT of {' × '.join(map(str, ct.geometry.shape[::-1]))} voxels.",
            "three voxels along each axis: between two no cubic spline is defined.",
            "Give the whole series.",
        )
    index = ct.geometry.to_index(onto.corners())
    room = CROP_MM / np.array(ct.geometry.spacing)
    low = np.clip(np.floor(index.min(axis=0) - room), 0, None).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0) + room).astype(int) + 1, ct.geometry.shape)
    low = np.minimum(low, high - 1)
    part = ct.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    source = to_sitk(part, ct.geometry.crop(low, part.shape))
    target = to_sitk(np.zeros(onto.shape, np.uint8), onto)
    moved = sitk.Resample(source, target, sitk.Transform(), sitk.sitkBSpline, -1000.0, sitk.sitkFloat32)
    return Volume(sitk.GetArrayFromImage(moved), onto, ct.unit, ct.provenance)
