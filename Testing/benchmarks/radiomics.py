"""The radiomics engine against PyRadiomics: CPU time, peak memory and the worst difference, measured in one run.

``python Testing/benchmarks/radiomics.py --data FOLDER [--quick] [--json FILE]``; FOLDER holds ``lung_ct`` of the public data.
A real tumour with its surroundings is set into a CT of 512 × 512 × 300 voxels. The peers: PyRadiomics as most people run it,
from files with its defaults and with ``additionalInfo`` off, and PyRadiomics in memory on the crop. Every measurement runs in a
process of its own with one thread; sides take turns.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
    os.environ[name] = "1"
PROJECT = Path(__file__).resolve().parents[2]
sys.path[0] = str(PROJECT / "DMDPPredictor")  # and no longer this folder, in which this file would stand for PyRadiomics

import numpy as np
from dmdp.case import Geometry, Volume
from dmdp.files import read_mask, read_volume, write_mask, write_volume
from dmdp.radiomics.engine import extract
from dmdp.radiomics.profile import Profile, read_profile
from dmdp.radiomics.reference import extract_by_pyradiomics

SHAPE = (300, 512, 512)
SPACING = (1.5, 0.9, 0.9)


def scene(data: Path, regions: int, quick: bool) -> tuple[Volume, dict[str, np.ndarray]]:
    """A tumour of LUNG1-001 in a large CT, and ``regions`` parts of it (by distance from its middle)."""
    ct, (mask, _) = read_volume(data / "lung_ct/LUNG1-001_ct.nii.gz", "HU"), read_mask(data / "lung_ct/LUNG1-001_gtv.nii.gz")
    shape = (120, 256, 256) if quick else SHAPE
    grid = Geometry.from_spacing(shape, SPACING)
    rng = np.random.default_rng(0)
    image = rng.normal(-600, 60, shape).astype(np.float32)
    whole = np.zeros(shape, bool)
    size = [min(a, b) for a, b in zip(ct.array.shape, shape, strict=True)]
    start = [(b - a) // 2 for a, b in zip(size, shape, strict=True)]
    window = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
    source = tuple(slice(0, n) for n in size)
    image[window], whole[window] = ct.array[source], mask[source]
    distance = np.linalg.norm(np.argwhere(whole) - np.argwhere(whole).mean(axis=0), axis=1)
    limits = np.quantile(distance, np.linspace(0, 1, regions + 1)[1:-1])
    labels = np.zeros(shape, np.uint8)
    labels[whole] = 1 + np.searchsorted(limits, distance)
    return Volume(image, grid, "HU"), {f"region {n}": labels == n for n in range(1, regions + 1)}


def crop(image: Volume, masks: dict[str, np.ndarray], margin: int = 40) -> tuple[Volume, dict[str, np.ndarray]]:
    """What an in-memory user of PyRadiomics would hand over."""
    found = np.argwhere(np.logical_or.reduce(list(masks.values())))
    low, high = np.maximum(found.min(axis=0) - margin, 0), np.minimum(found.max(axis=0) + margin + 1, image.array.shape)
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    small = Volume(image.array[window], image.geometry.crop(low, high - low), image.unit)
    return small, {name: mask[window] for name, mask in masks.items()}


def from_files(image: Volume, masks: dict[str, np.ndarray], profile: Profile, info: bool) -> dict[str, dict[str, float]]:
    """Stock PyRadiomics: image and masks as files, once per region."""
    from dmdp.radiomics.reference import extractor

    with tempfile.TemporaryDirectory() as folder:
        picture = write_volume(Path(folder) / "image.nrrd", image)
        made, found = extractor(profile, info), {}
        for name, mask in masks.items():
            path = write_mask(Path(folder) / "mask.nrrd", mask, image.geometry)
            values = made.execute(str(picture), str(path))
            found[name] = {key: float(value) for key, value in values.items() if not key.startswith("diagnostics")}
    return found


def measured(function, arguments) -> tuple[dict, float, float]:
    """(result, CPU seconds, peak MB beyond the start) in a process of its own, after one warm call on a small region."""
    handed_over[:] = function, arguments  # the forked process inherits them, with no copying between the two
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        return pool.submit(_measured_here).result()


handed_over: list = []


def _measured_here() -> tuple[dict, float, float]:
    function, (image, masks, profile, *rest) = handed_over
    function(*crop(image, {"warm": next(iter(masks.values()))}), profile, *rest)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.process_time()
    found = function(image, masks, profile, *rest)
    spent = time.process_time() - start
    return found, spent, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before.ru_maxrss) / 1024


def worst(ours: dict, theirs: dict) -> float:
    """The largest relative difference over all regions and features; raises where the names differ."""
    differences = []
    for region, values in theirs.items():
        if set(values) != set(ours[region]):
            raise SystemExit(f"{region}: the two sides computed different features")
        for name, value in values.items():
            scale = max(abs(value), abs(ours[region][name]))
            differences.append(abs(ours[region][name] - value) / scale if scale > 1e-9 else 0.0)
    return float(np.nanmax(differences))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("DMDP_TEST_DATA", PROJECT.parent / "shared/data")))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    profile = read_profile(PROJECT / "Resources/Profiles/radiomics_v1.json")
    rounds, rows = (1 if options.quick else 3), []
    start = time.perf_counter()
    extract(*crop(*scene(options.data, 1, True)), profile)
    print(f"first call, with compilation or from the cache: {time.perf_counter() - start:.1f} s")
    for regions in (1, 6):
        image, masks = scene(options.data, regions, options.quick)
        small, small_masks = crop(image, masks)
        peers = {
            "PyRadiomics from files": (from_files, (image, masks, profile, True)),
            "PyRadiomics from files, additionalInfo off": (from_files, (image, masks, profile, False)),
            "PyRadiomics in memory on the crop": (extract_by_pyradiomics, (small, small_masks, profile)),
        }
        if options.quick:
            peers.pop("PyRadiomics from files, additionalInfo off")
        for peer, (function, arguments) in peers.items():
            pairs = [(measured(extract, (image, masks, profile)), measured(function, arguments)) for _ in range(rounds)]
            ours, theirs = (statistics.median(pair[side][1] for pair in pairs) for side in (0, 1))
            row = {
                "name": f"radiomics_v1, {regions} region{'s' if regions > 1 else ''}",
                "peer": peer,
                "ours_cpu_s": ours,
                "peer_cpu_s": theirs,
                "ratio": theirs / ours,
                "worst_relative_difference": worst(pairs[0][0][0], pairs[0][1][0]),
                "ours_peak_mb": statistics.median(pair[0][2] for pair in pairs),
                "peer_peak_mb": statistics.median(pair[1][2] for pair in pairs),
            }
            rows.append(row)
            print(
                f"{row['name']:28s} {peer:44s} {ours:7.2f} s against {theirs:7.2f} s: {row['ratio']:5.1f} times, "
                f"worst difference {row['worst_relative_difference']:.1e}, "
                f"{row['ours_peak_mb']:.0f} against {row['peer_peak_mb']:.0f} MB"
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
