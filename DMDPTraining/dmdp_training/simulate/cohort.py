"""The patients of the simulated cohort: anatomy, tumour, site and labels of a seed, seen by a CT and a PET.

What a person would measure first (volume, SUVmax, mean SUV, mean HU) is set to values drawn before the labels, so that a model
has to look at patterns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dmdp.images.mask import Mask
from dmdp.images.resampling import sample
from dmdp.images.volume import SUVBW, Geometry, Volume
from dmdp.network.crop import Crop, crop_case
from dmdp.patients.case import Clinical
from scipy import ndimage

from .labels import Factors, draw_factors, known_labels, true_labels
from .lesion import MARGIN_HU, Tumour, density_pattern, draw_tumour, level, uptake_pattern
from .patient import SimulatedPatient
from .sites import SITES, Site, axes, grid
from .thorax import Anatomy, draw_anatomy, paint_thorax, paint_tube

STREAM = 0x51A1  # keeps these seeds apart from those of the first simulated patients
NEAR_MM = np.array([66.0, 66.0, 56.0])  # x, y, z: a box that holds the network's crop whatever the breathing
LESION_BOX_MM = 48.0


@dataclass(frozen=True, eq=False)
class Truth:
    """What is true of a seed before any scanner: ``mismatch`` is how far (mm, LPS) the PET's tumour lies from the CT's."""

    seed: int
    factors: Factors
    known: dict[str, int]
    anatomy: Anatomy
    tumour: Tumour
    site: Site
    mismatch: np.ndarray
    clinical: Clinical
    weight_kg: float
    height_m: float


def draw_truth(seed: int) -> Truth:
    """The truth of a seed; independent streams of random numbers, so that no label can follow from how much was drawn."""
    body, tumour, label, person = _streams(seed)[:4]
    factors = draw_factors(label)
    return Truth(
        seed,
        factors,
        known_labels(true_labels(factors), label),
        draw_anatomy(body),
        draw_tumour(factors, tumour),
        SITES[int(person.integers(len(SITES)))],
        np.array([person.normal(0, 1), person.normal(0, 1), -person.uniform(0, 8)]),  # PET in mid-breath, CT breathed in
        Clinical(
            float(person.integers(45, 82)) if person.random() < 0.95 else None,
            ("F" if person.random() < 0.5 else "M") if person.random() < 0.95 else None,
            ("ever" if person.random() < 0.7 else "never") if person.random() < 0.8 else None,
        ),
        float(person.integers(50, 100)),
        float(person.integers(155, 190)) / 100.0,
    )


def truth_of_labels(seed: int) -> Factors:
    """Only the factors of a seed, from which its labels follow."""
    return draw_factors(_streams(seed)[2])


def _streams(seed: int) -> list[np.random.Generator]:
    return [np.random.default_rng(s) for s in np.random.SeedSequence([STREAM, seed]).spawn(6)]


def simulate_hard_patient(seed: int, near: bool = False) -> SimulatedPatient:
    """The patient of a seed, the same on every call; ``labels`` holds the known ones only.

    ``near`` simulates only a box round the tumour that holds the network's crop (tens of milliseconds rather than seconds);
    anatomy and tumour are the same, the noise is another.
    """
    truth = draw_truth(seed)
    noise_ct, noise_pet = _streams(seed)[4:]
    box = (truth.tumour.centre, NEAR_MM) if near else (None, None)
    ct_grid, pet_grid = grid(truth.site.ct_spacing, *box), grid(truth.site.pet_spacing, *box)
    hu, suv = paint_thorax(truth.anatomy, axes(ct_grid))
    small = grid(truth.site.ct_spacing, truth.tumour.centre, np.full(3, LESION_BOX_MM))
    ct, lesion_ct = _scan_ct(truth, hu, suv, ct_grid, small, noise_ct)
    pet, lesion_pet = _scan_pet(truth, suv, ct_grid, pet_grid, small, noise_pet)
    source = {"source": "simulated", "site": truth.site.name}
    seen = Volume(pet, pet_grid, SUVBW, {"modality": "PET", **source})
    return SimulatedPatient(
        seed=seed,
        ct=Volume(ct, ct_grid, "HU", {"modality": "CT", **source}),
        pet=seen,
        lesion_ct=Mask(lesion_ct, ct_grid),
        lesion_pet=Mask(lesion_pet, pet_grid),
        labels=dict(truth.known),
        clinical=truth.clinical,
        weight_kg=truth.weight_kg,
        height_m=truth.height_m,
        seed_lps=tuple(float(v) for v in pet_grid.to_lps(seen.hottest(lesion_pet))),
    )


def hard_crop(seed: int, spacing: int = 1) -> tuple[Crop, SimulatedPatient]:
    """The network's crop (48, 96, 96), or in voxels of ``spacing`` mm, round the true PET lesion of a seed, and the box that
    it was cut from."""
    patient = simulate_hard_patient(seed, near=True)
    return crop_case(patient.case, spacing), patient


def _window(part: Geometry, whole: Geometry) -> tuple[slice, ...]:
    """Where the voxels of ``part`` lie in ``whole``; both are pieces of one grid, and the part may reach beyond."""
    start = np.rint(whole.to_index(part.to_lps((0, 0, 0)))).astype(int)
    return tuple(slice(int(a), int(a + n)) for a, n in zip(start, part.shape, strict=True))


def _scan_ct(truth: Truth, hu, suv, ct_grid, small, rng) -> tuple[np.ndarray, np.ndarray]:
    """HU as scanned, and the tumour's mask; takes the tumour's place out of ``suv`` (in place)."""
    tumour, site, window, points = truth.tumour, truth.site, _window(small, ct_grid), axes(small)
    rise = level(tumour, points)
    solid = rise <= 1
    lung = hu[window] < -500
    if tumour.margin_mm:
        outer = rise * tumour.radius <= tumour.radius + tumour.margin_mm
        hu[window][outer & lung] = MARGIN_HU
    for spicule in tumour.spicules:
        paint_tube(hu[window], suv[window], points, spicule, -100.0, None, lung)
    hu[window][solid] = (tumour.mean_hu + density_pattern(tumour, points))[solid]
    suv[window][solid] = 0.0
    texture = ndimage.gaussian_filter(rng.normal(0, 1, hu.shape).astype(np.float32), 2.0)
    hu += np.where(hu < -700, 300 * np.maximum(texture, 0), 0)  # fine vessels of the lung
    seen = ndimage.gaussian_filter(hu, site.ct_blur)
    share = ndimage.gaussian_filter(solid.astype(np.float32), site.ct_blur)
    seen[window] += (tumour.mean_hu - seen[window][solid].mean()) / share[solid].mean() * share
    seen += ndimage.gaussian_filter(rng.normal(0, site.ct_noise, hu.shape).astype(np.float32), 0.6)
    mask = np.zeros(ct_grid.shape, bool)
    mask[window] = solid
    return np.clip(np.round(seen), -1024, 3000), mask


def _scan_pet(truth: Truth, suv, ct_grid, pet_grid, small, rng) -> tuple[np.ndarray, np.ndarray]:
    """SUV as scanned, and the tumour's mask in the position that the PET shows."""
    tumour, site, points = truth.tumour, truth.site, axes(small)
    sigma_mm = np.hypot(site.fwhm / 2.355, [site.motion, 0.0, 0.0])
    sigma = sigma_mm / np.array(ct_grid.spacing)
    solid = (level(tumour, points) <= 1).astype(np.float32)

    def on_pet(values, geometry):
        moved = Geometry.from_spacing(geometry.shape, geometry.spacing, geometry.matrix[:3, 3] + truth.mismatch)
        return sample(ndimage.gaussian_filter(values, sigma), moved, pet_grid, order=1, outside=0.0)

    around = on_pet(suv, ct_grid)
    flat, peaked = on_pet(solid, small), on_pet(solid * uptake_pattern(tumour, points), small)
    shifted = tuple(p - np.float32(m) for p, m in zip(axes(pet_grid), truth.mismatch, strict=True))
    mask = level(tumour, shifted) <= 1
    pet = around + _tumour_uptake(around, flat, peaked, mask, tumour)
    noise = ndimage.gaussian_filter(rng.normal(0, 1, pet.shape).astype(np.float32), 0.7)
    pet = np.maximum(pet + site.pet_noise * np.sqrt(np.maximum(pet, 0.05)) * noise, 0.0)
    return pet * site.suv_gain, mask


def _tumour_uptake(around, flat, peaked, mask, tumour: Tumour) -> np.ndarray:
    """The tumour's uptake whose maximum, and whose ratio of maximum to mean, are those that were drawn.

    Uptake is a mixture of an even part and of the pattern; a larger share of the pattern raises the ratio, whatever the pattern.
    """
    inside = (around[mask], flat[mask], peaked[mask])
    shares = np.linspace(0.0, 1.0, 41)
    found = [_scaled(inside, share, tumour.suv_max) for share in shares]
    best = int(np.argmin([abs(ratio - tumour.max_to_mean) for _, ratio in found]))
    share, scale = shares[best], found[best][0]
    return np.float32(scale) * ((1 - np.float32(share)) * flat + np.float32(share) * peaked)


def _scaled(inside, share: float, suv_max: float) -> tuple[float, float]:
    """The scale that gives the maximum, and the ratio of maximum to mean that follows."""
    around, flat, peaked = inside
    pattern, scale = (1 - share) * flat + share * peaked, suv_max
    for _ in range(4):
        top = int(np.argmax(around + scale * pattern))
        scale = max((suv_max - around[top]) / max(pattern[top], 1e-6), 0.0)
    seen = around + scale * pattern
    return scale, float(seen.max() / seen.mean())
