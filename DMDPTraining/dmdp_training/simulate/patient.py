"""One simulated patient: anatomy as ellipsoids in LPS millimetres, seen by a CT and by a PET.

The labels are invented so that a network has something to learn, and mean nothing biologically: EGFR 1 gives the tumour a
ground-glass margin in CT; subtype 1 gives it a hollow (necrotic) centre in PET and CT. Size, uptake and place do not depend on
them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dmdp.images.mask import Mask
from dmdp.images.resampling import sample
from dmdp.images.volume import SUVBW, Geometry, Volume
from dmdp.patients.case import CT, PET, Case, Clinical, Lesion
from scipy import ndimage

from .sites import axes
from .thorax import Anatomy, ellipsoid, paint_thorax

CT_GRID = Geometry.from_spacing((100, 192, 192), (3.0, 2.0, 2.0), (-191.0, -191.0, -150.0))
PET_GRID = Geometry.from_spacing((100, 96, 96), (3.0, 4.0, 4.0), (-190.0, -190.0, -150.0))
PET_FWHM_MM = 6.0
RIM_MM = 7.0


@dataclass(frozen=True, eq=False)
class SimulatedPatient:
    """What the scanner saw and what is true.

    ``ct`` in HU (100, 192, 192), ``pet`` in SUVbw (100, 96, 96); ``lesion_ct`` and ``lesion_pet`` the true solid tumour on these
    grids; ``seed_lps`` the centre of the PET voxel of highest uptake inside it (mm).
    """

    seed: int
    ct: Volume
    pet: Volume
    lesion_ct: Mask
    lesion_pet: Mask
    labels: dict[str, int]
    clinical: Clinical
    weight_kg: float
    height_m: float
    seed_lps: tuple[float, float, float]

    @property
    def case(self) -> Case:
        """The patient with the true contours, as drawn on each image."""
        lesions = {CT: Lesion(self.lesion_ct, "manual", CT), PET: Lesion(self.lesion_pet, "manual", PET)}
        return Case({CT: self.ct, PET: self.pet}, lesions, self.clinical)


@dataclass(frozen=True)
class _Tumour:
    centre: np.ndarray
    radii: np.ndarray
    uptake: float
    rim: bool
    hollow: bool


def simulate_patient(seed: int) -> SimulatedPatient:
    """The patient of a seed; the same seed gives the same voxels."""
    rng = np.random.default_rng(seed)
    tumour = _tumour(rng)
    x, y, z = (axis.astype(np.float32) for axis in axes(CT_GRID))
    hu, suv = _thorax((x, y, z), rng)
    solid = _add_tumour(hu, suv, (x, y, z), tumour)
    hu = ndimage.gaussian_filter(hu, 0.5) + ndimage.gaussian_filter(rng.normal(0, 45, hu.shape), 0.6).astype(np.float32)
    sigma = PET_FWHM_MM / 2.355 / np.array(CT_GRID.spacing)
    pet = sample(ndimage.gaussian_filter(suv, sigma), CT_GRID, PET_GRID, order=1, outside=0.0)
    noise = ndimage.gaussian_filter(rng.normal(0, 1, pet.shape), 0.7).astype(np.float32)
    pet = np.maximum(pet + 0.12 * np.sqrt(np.maximum(pet, 0.05)) * noise, 0.0)
    on_pet = ellipsoid(axes(PET_GRID), tumour.centre, tumour.radii) <= 1
    sex = "F" if rng.random() < 0.5 else "M"
    seen = Volume(pet, PET_GRID, SUVBW, {"modality": "PET", "source": "simulated"})
    return SimulatedPatient(
        seed=seed,
        ct=Volume(np.clip(np.round(hu), -1024, 3000), CT_GRID, "HU", {"modality": "CT", "source": "simulated"}),
        pet=seen,
        lesion_ct=Mask(solid, CT_GRID),
        lesion_pet=Mask(on_pet, PET_GRID),
        labels={"EGFR": int(tumour.rim), "subtype": int(tumour.hollow)},
        clinical=Clinical(float(rng.integers(45, 82)), sex, "ever" if rng.random() < 0.7 else "never"),
        weight_kg=float(rng.integers(50, 100)),
        height_m=float(rng.integers(155, 190)) / 100.0,
        seed_lps=tuple(float(v) for v in PET_GRID.to_lps(seen.hottest(on_pet))),
    )


def _tumour(rng: np.random.Generator) -> _Tumour:
    side = rng.choice([-1.0, 1.0])
    centre = np.array([side * rng.uniform(60, 90), rng.uniform(-30, 35), rng.uniform(0, 80)])
    radii = rng.uniform(13, 24) * rng.uniform(0.85, 1.15, 3)
    return _Tumour(centre, radii, rng.uniform(6, 16), bool(rng.integers(2)), bool(rng.integers(2)))


def _thorax(points, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """HU and SUV of the body without the tumour, at ``points``: LPS x, y, z in mm that broadcast to (z, y, x)."""
    heart, *kidneys = rng.uniform(1.8, 5.0), rng.uniform(8, 25), rng.uniform(8, 25)
    hu, suv = paint_thorax(Anatomy(1.0, -850.0, 1.6, heart, tuple(kidneys), 2.1, great_vessels=False), points)
    texture = ndimage.gaussian_filter(rng.normal(0, 1, hu.shape), 2.0).astype(np.float32)
    return hu + np.where(hu < -700, 400 * np.maximum(texture, 0), 60 * texture), suv


def _add_tumour(hu, suv, points, tumour: _Tumour) -> np.ndarray:
    """Put the tumour into ``hu`` and ``suv`` (changed in place); returns its mask."""
    level = np.sqrt(ellipsoid(points, tumour.centre, tumour.radii))
    solid = level <= 1
    if tumour.rim:
        margin = (level > 1) & (np.sqrt(ellipsoid(points, tumour.centre, tumour.radii + RIM_MM)) <= 1) & (hu < -500)
        hu[margin] = -480
        suv[margin] = np.maximum(suv[margin], 0.8)
    hu[solid] = 45
    suv[solid] = tumour.uptake
    if tumour.hollow:
        core = level <= 0.55
        hu[core] = 12
        suv[core] = 0.15 * tumour.uptake
    return solid
