"""The radiomics engine against PyRadiomics and others: CPU time, peak memory and the worst difference, measured in one run.

``python Testing/benchmarks/radiomics.py [--data FOLDER] [--quick] [--rounds N] [--json FILE]``; FOLDER holds ``ibsi1`` of the
public data. Its CT phantom, mirrored at its faces, fills a CT of 512 × 512 × 300 voxels. The large lesion is the phantom's tumour
(356 ml), the small one the 32 ml round its innermost voxel; the six regions are thirds by density, inside and 6 mm around.

From files, both sides read what they compute from: stock PyRadiomics image and mask for every region, the engine the image once.
On the crop, both sides get the same arrays. Every measurement is a process of its own with one thread, sides take turns, and each
side has made one small extraction before the clock starts; compilation is a row of its own. flash-radiomics and pictologics are
measured where they import: the first binned the wavelet bands differently when this was written and has excess kurtosis, the
second follows IBSI, names and computes other features, and so is timed only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "PICTOLOGICS_NUM_THREADS"):
    os.environ[name] = "1"
os.environ |= {"ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1", "PICTOLOGICS_DISABLE_WARMUP": "1"}
HERE, PROJECT = Path(__file__).resolve().parent, Path(__file__).resolve().parents[2]
# not this folder, in which this file would stand for PyRadiomics
sys.path[:] = [str(PROJECT / "DMDPPredictor"), *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE)]

import numpy as np
import SimpleITK as sitk
from dmdp.images.files import read_mask, read_volume, to_sitk, write_mask, write_volume
from dmdp.images.volume import Geometry, Volume
from dmdp.radiomics.engine import extract
from dmdp.radiomics.grid import bounds
from dmdp.radiomics.parameters import as_parameters
from dmdp.radiomics.profile import read_profile
from dmdp.radiomics.reference import extract_by_pyradiomics, extractor
from scipy import ndimage

SHAPE, QUICK_SHAPE = (300, 512, 512), (120, 256, 256)
PROFILE = read_profile(PROJECT / "Resources/Profiles/radiomics_v1.json")
ORIGINAL = replace(PROFILE, wavelet=None)
SMALL_ML, AROUND_MM, MARGIN = 32.0, 6.0, 40

Found = dict[str, dict[str, float]]


def scene(data: Path, shape: tuple[int, int, int]) -> tuple[Volume, np.ndarray]:
    """The phantom in the middle of a CT of ``shape``, with its own mirror images around it, and its tumour."""
    ct, (mask, _) = read_volume(data / "ibsi1/ct_phantom/image.nii.gz", "HU"), read_mask(data / "ibsi1/ct_phantom/mask.nii.gz")
    gaps = [(a - b) // 2 for a, b in zip(shape, mask.shape, strict=True)]
    around = [(gap, a - b - gap) for gap, a, b in zip(gaps, shape, mask.shape, strict=True)]
    image = np.pad(ct.array, around, mode="symmetric")
    return Volume(image, Geometry.from_spacing(shape, ct.geometry.spacing), "HU"), np.pad(mask, around)


def lesion(image: Volume, tumour: np.ndarray, size: str) -> np.ndarray:
    """The tumour, or of it the voxels nearest to its innermost one."""
    if size == "large":
        return tumour
    spacing = image.geometry.spacing
    inside = np.argwhere(tumour)
    middle = inside[ndimage.distance_transform_edt(tumour, sampling=spacing)[tumour].argmax()]
    nearest = np.argsort((((inside - middle) * spacing) ** 2).sum(axis=1), kind="stable")
    found = np.zeros_like(tumour)
    found[tuple(inside[nearest[: int(SMALL_ML / image.geometry.voxel_ml)]].T)] = True
    return found


def six_regions(image: Volume, whole: np.ndarray) -> dict[str, np.ndarray]:
    """Thirds by smoothed density, of the lesion and of what lies around it: scattered, as habitats are."""
    box = tuple(slice(max(side.start - 10, 0), side.stop + 10) for side in bounds(whole))
    spacing, inside = image.geometry.spacing, whole[box]
    away = ndimage.distance_transform_edt(~inside, sampling=spacing)
    smooth = ndimage.gaussian_filter(image.array[box], 1.0 / np.array(spacing))
    masks = {}
    for where, zone in (("inside", inside), ("around", (away > 0) & (away <= AROUND_MM))):
        third = np.searchsorted(np.quantile(smooth[zone], [1 / 3, 2 / 3]), smooth)
        for number, word in enumerate(("low", "middle", "high")):
            masks[f"{where} {word}"] = np.zeros_like(whole)
            masks[f"{where} {word}"][box] = zone & (third == number)
    return masks


def crop(image: Volume, masks: dict[str, np.ndarray]) -> tuple[Volume, dict[str, np.ndarray]]:
    """What somebody who computes in memory would hand over."""
    box = bounds(np.logical_or.reduce(list(masks.values())))
    ends = zip(box, image.array.shape, strict=True)
    window = tuple(slice(max(side.start - MARGIN, 0), min(side.stop + MARGIN, end)) for side, end in ends)
    low, size = [side.start for side in window], [side.stop - side.start for side in window]
    small = Volume(image.array[window], image.geometry.crop(low, size), image.unit)
    return small, {name: mask[window] for name, mask in masks.items()}


def write_scene(folder: Path, image: Volume, masks: dict[str, np.ndarray]) -> None:
    folder.mkdir()
    write_volume(folder / "image.nrrd", image)
    for name, mask in masks.items():
        write_mask(folder / f"{name}.nrrd", mask, image.geometry)


def read_scene(folder: Path) -> tuple[Volume, dict[str, np.ndarray]]:
    names = sorted(path for path in folder.glob("*.nrrd") if path.stem != "image")
    return read_volume(folder / "image.nrrd", "HU"), {path.stem: read_mask(path)[0] for path in names}


def engine_from_files(folder: Path) -> Found:
    """Read by SimpleITK, as PyRadiomics does, and looked at where it lies: copying it costs more than the features."""
    files = {path.stem: sitk.ReadImage(str(path)) for path in folder.glob("*.nrrd")}
    arrays = {name: sitk.GetArrayViewFromImage(file) for name, file in files.items()}
    image = Volume(arrays.pop("image"), Geometry.from_sitk(files["image"]), "HU")
    return extract(image, {name: arrays[name].view(bool) for name in sorted(arrays)}, PROFILE)


def stock(folder: Path, information: bool = True) -> Found:
    """PyRadiomics as most people run it: paths of image and mask, once per region."""
    made, found = extractor(PROFILE, information), {}
    for path in sorted(folder.glob("*.nrrd")):
        if path.stem != "image":
            values = made.execute(str(folder / "image.nrrd"), str(path))
            found[path.stem] = {key: float(value) for key, value in values.items() if not key.startswith("diagnostics")}
    return found


def stock_without_information(folder: Path) -> Found:
    return stock(folder, information=False)


def engine_in_memory(image: Volume, masks: dict[str, np.ndarray]) -> Found:
    return extract(image, masks, PROFILE)


def engine_of_the_original(image: Volume, masks: dict[str, np.ndarray]) -> Found:
    return extract(image, masks, ORIGINAL)


def pyradiomics_in_memory(image: Volume, masks: dict[str, np.ndarray]) -> Found:
    return extract_by_pyradiomics(image, masks, PROFILE)


def flash_in_memory(image: Volume, masks: dict[str, np.ndarray]) -> Found:
    from flash_radiomics import RadiomicsFeatureExtractor

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.json"
        settings.write_text(json.dumps(as_parameters(PROFILE)), encoding="utf-8")
        made, picture = RadiomicsFeatureExtractor(str(settings), backend="cpu"), to_sitk(image.array, image.geometry)
        for name, mask in masks.items():
            label = to_sitk(mask.astype(np.uint8), image.geometry)
            values = made.execute(picture, label, label=1, output_hdf5_path=str(Path(folder) / "found.h5"))
            found[name] = {key: float(value) for key, value in values.items() if key.startswith(("original", "wavelet"))}
    return found


def pictologics_in_memory(image: Volume, masks: dict[str, np.ndarray]) -> Found:
    from pictologics import RadiomicsPipeline
    from pictologics.loader import Image

    pipeline = RadiomicsPipeline()
    steps = [
        {"step": "resample", "params": {"new_spacing": (1.0, 1.0, 1.0)}},
        {"step": "discretise", "params": {"method": "FBS", "bin_width": 25.0, "min_val": -1000.0}},
        {"step": "extract_features", "params": {"families": ["intensity", "morphology", "texture", "histogram"]}},
    ]
    pipeline.add_config("original", steps)
    spacing, origin = image.geometry.spacing[::-1], tuple(image.geometry.matrix[:3, 3])
    picture, found = Image(image.array.transpose(2, 1, 0).astype(float), spacing, origin, modality="CT"), {}
    for name, mask in masks.items():
        label = Image(mask.transpose(2, 1, 0).astype(np.uint8), spacing, origin)
        found[name] = dict(pipeline.run(picture, label, config_names=["original"])["original"])
    return found


def measured(function, folder: Path, in_memory: bool) -> tuple[Found, float, float]:
    """(features, CPU seconds, MB beyond what was held before) of one call in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured_here, function, folder, in_memory).result()


def _measured_here(function, folder: Path, in_memory: bool) -> tuple[Found, float, float]:
    logging.disable(logging.CRITICAL)
    warm = folder.parent / "warm"
    function(*read_scene(warm)) if in_memory else function(warm)
    arguments = read_scene(folder) if in_memory else (folder,)
    held = _forget_peak()
    start = time.process_time()
    found = function(*arguments)
    return found, time.process_time() - start, _memory("VmHWM") - held


def _memory(entry: str) -> float:
    """MB of this process as Linux counts them; NaN elsewhere."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else ()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(entry)), float("nan"))


def _forget_peak() -> float:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def worst(ours: Found, theirs: Found) -> tuple[float, int]:
    """The largest relative difference over all regions and features, and how many differ by more than 1e-6."""
    differences = []
    for region, values in ours.items():
        missing = set(values) - set(theirs[region])
        if missing:
            raise SystemExit(f"{region}: the peer lacks {sorted(missing)[:3]}")
        for name, own in values.items():
            scale = max(abs(theirs[region][name]), abs(own))
            differences.append(abs(own - theirs[region][name]) / scale if scale > 1e-9 else 0.0)
    return float(np.nanmax(differences)), int((np.array(differences) > 1e-6).sum())


def compilation(folder: Path) -> dict:
    """CPU seconds of the first call after installation, and of the first call of a later process."""
    program = f"""
import sys, time, importlib.util
sys.path[0:0] = sys.argv[2:]
spec = importlib.util.spec_from_file_location("bench", sys.argv[1])
bench = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bench)
start = time.process_time()
bench.engine_from_files(bench.Path({str(folder)!r}))
print(time.process_time() - start)
"""
    spent = []
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(2):
            command = [sys.executable, "-c", program, str(Path(__file__).resolve()), *sys.path]
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, env={**os.environ, "NUMBA_CACHE_DIR": cache}
            )
            spent.append(float(done.stdout.split()[-1]))
    return row("first call, compiled", "first call of a later process, from the cache", spent[0], spent[1], ratio=None)


def row(name: str, peer: str, ours: float, theirs: float, **more) -> dict:
    empty = {"worst_relative_difference": None, "ours_peak_mb": None, "peer_peak_mb": None}
    return {"name": name, "peer": peer, "ours_cpu_s": ours, "peer_cpu_s": theirs, "ratio": theirs / ours, **empty, **more}


def compared(name: str, peer: str, folder: Path, ours, theirs, in_memory: bool, rounds: int, differ: bool = True) -> dict:
    """One row: both sides in turn, ``rounds`` times; medians."""
    pairs = [(measured(ours, folder, in_memory), measured(theirs, folder, in_memory)) for _ in range(rounds)]
    own, other = ([pair[side][1] for pair in pairs] for side in (0, 1))
    far, number = worst(pairs[0][0][0], pairs[0][1][0]) if differ else (None, 0)
    found = row(
        name,
        peer,
        statistics.median(own),
        statistics.median(other),
        worst_relative_difference=far,
        ours_peak_mb=statistics.median(pair[0][2] for pair in pairs),
        peer_peak_mb=statistics.median(pair[1][2] for pair in pairs),
    )
    spread = "" if rounds == 1 else f" (ours {min(own):.2f}-{max(own):.2f}, theirs {min(other):.2f}-{max(other):.2f})"
    alike = "other features" if far is None else f"worst difference {far:.1e}, {number} above 1e-6"
    print(
        f"{name:24s} {peer:43s} {found['ours_cpu_s']:6.2f} s against {found['peer_cpu_s']:6.2f} s: {found['ratio']:5.1f} times"
        f"{spread}, {alike}, {found['ours_peak_mb']:.0f} against {found['peer_peak_mb']:.0f} MB",
        flush=True,
    )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("DMDP_TEST_DATA", PROJECT.parent / "shared/data")))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rounds, rows = 1 if options.quick else options.rounds, []
    image, tumour = scene(options.data, QUICK_SHAPE if options.quick else SHAPE)
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        small = lesion(image, tumour, "small")
        write_scene(work / "warm", *crop(image, {"warm": small & (np.indices(small.shape).sum(axis=0) % 2 == 0)}))
        rows.append(compilation(work / "warm"))
        print(f"first call: {rows[0]['ours_cpu_s']:.1f} s compiled, {rows[0]['peer_cpu_s']:.1f} s from the cache", flush=True)
        for size in ("small",) if options.quick else ("small", "large"):
            whole = lesion(image, tumour, size)
            for masks in ({"lesion": whole}, six_regions(image, whole)):
                name = f"{size} lesion, {len(masks)} region{'s' if len(masks) > 1 else ''}"
                files, cut = work / f"{name} whole", work / f"{name} crop"
                write_scene(files, image, masks)
                write_scene(cut, *crop(image, masks))
                rows.append(compared(name, "PyRadiomics from files", files, engine_from_files, stock, False, rounds))
                if not options.quick:
                    peer = "PyRadiomics from files, additionalInfo off"
                    rows.append(compared(name, peer, files, engine_from_files, stock_without_information, False, rounds))
                peer = "PyRadiomics in memory on the crop"
                rows.append(compared(name, peer, cut, engine_in_memory, pyradiomics_in_memory, True, rounds))
                if find_spec("flash_radiomics") and not (options.quick and len(masks) > 1):
                    peer = "flash-radiomics in memory on the crop"
                    rows.append(compared(name, peer, cut, engine_in_memory, flash_in_memory, True, rounds))
                if find_spec("pictologics") and not options.quick:
                    peer = "pictologics on the crop, original image"
                    rows.append(compared(name, peer, cut, engine_of_the_original, pictologics_in_memory, True, rounds, False))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
