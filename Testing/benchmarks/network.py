"""The network's speed: forward pass, all Grad-CAM maps, training step; on the CPU and, where there is one, on the GPU.

``python Testing/benchmarks/network.py [--size lite|full|quick] [--quick] [--rounds N] [--json FILE]``. One thread; sides take
turns and both compute the same, which is checked in the same run. A peer that is not installed (MONAI, captum, OpenVINO) has no
row. ``forward`` is each of our back-ends against torch as it comes, one patient at a time; ``gradcam`` is every map of every task
against one call per layer and task, as those packages are used. Peak memory is that of a process that loads a network and answers
once.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
HERE, PROJECT = Path(__file__).resolve().parent, Path(__file__).resolve().parents[2]
# not this folder, in which this file might stand for a package
sys.path[:] = [
    str(PROJECT / "DMDPPredictor"),
    str(PROJECT / "DMDPTraining"),
    *(entry for entry in sys.path if Path(entry or ".").resolve() != HERE),
]

import numpy as np
import torch
from dmdp.explain.gradcam import class_maps, enlarged
from dmdp.network.backend import channels_last, forward_of, frozen
from dmdp.network.config import SIZES
from dmdp.network.dmdp import Dmdp

LAYERS = {
    ("ct", "stage3"): "network.ct.stages.2",
    ("ct", "encoder"): "network.ct.stages.3",
    ("pet", "stage3"): "network.pet.stages.2",
    ("pet", "encoder"): "network.pet.stages.3",
    ("fused", "small"): "network.small",
    ("fused", "fusion"): "network.large",
}
BATCH = 8
MILLION = 1024 * 1024
Row = dict[str, object]


class Logits(torch.nn.Module):
    """The network as other packages want it: images in, log-odds out."""

    def __init__(self, network: Dmdp):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(images, None).logits


def case(size: str, seed: int = 0) -> tuple[Dmdp, torch.Tensor]:
    """A network whose running statistics are not those of the beginning, and a patient (1, 2, z, y, x)."""
    torch.manual_seed(seed)
    network = Dmdp(SIZES[size]()).train()
    with torch.no_grad():
        network(torch.rand(2, 2, *network.config.shape))
    return network.eval(), torch.rand(1, 2, *network.config.shape)


def timed(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of every side by round, in turns; each has run once before."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for work in sides.values():
        work()
    for _ in range(rounds):
        for name, work in sides.items():
            start = time.process_time()
            work()
            found[name].append(time.process_time() - start)
    return found


def row(name: str, peer: str | None, ours: list[float], theirs: list[float] | None, difference: float | None, **more) -> Row:
    """A row of the table; times are medians, ``spread`` the lowest and highest of ours."""
    mine = statistics.median(ours)
    other = statistics.median(theirs) if theirs else None
    return {
        "name": name,
        "peer": peer,
        "ours_cpu_s": mine,
        "peer_cpu_s": other,
        "ratio": other / mine if other else None,
        "worst_relative_difference": difference,
        "ours_peak_mb": more.pop("ours_peak_mb", None),
        "peer_peak_mb": more.pop("peer_peak_mb", None),
        "spread": [min(ours), max(ours)],
        **more,
    }


def relative(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, relative to the largest value."""
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-12))


def forward_rows(size: str, rounds: int) -> Iterator[Row]:
    """One patient, by every back-end that is installed, against eager torch; and several at a time."""
    network, images = case(size)
    names = ["onednn", *(["openvino"] if find_spec("openvino") else [])]
    runs = {"eager": forward_of(network, "eager")[0], **{name: forward_of(network, name)[0] for name in names}}
    found = timed({name: lambda run=run: run(images, None) for name, run in runs.items()}, rounds)
    expected = runs["eager"](images, None).numpy()
    default = forward_of(network, "auto")[1]
    for name in names:
        what = f"forward, {size}, {name}{' (default)' if name == default else ''}"
        difference = relative(runs[name](images, None).numpy(), expected)
        peak, plain = peak_mb(answer_once, size, name), peak_mb(answer_once, size, "eager")
        yield row(what, "eager", found[name], found["eager"], difference, ours_peak_mb=peak, peer_peak_mb=plain)
    several = images.repeat(BATCH, 1, 1, 1, 1)
    batch = timed({default: lambda: runs[default](several, None)}, max(rounds // 2, 1))[default]
    yield row(f"forward, {size}, {BATCH} patients", None, batch, None, None, patients_per_s=BATCH / statistics.median(batch))


def gradcam_rows(size: str, rounds: int) -> Iterator[Row]:
    """All maps of all tasks in one pass, against one call per layer and task."""
    network, images = case(size)
    ready, laid = frozen(network), channels_last(images)
    sides: dict[str, Callable[[], dict]] = {"ours": lambda: ours_maps(ready, laid)}
    if find_spec("monai"):
        sides["MONAI"] = lambda: monai_maps(network, images)
    if find_spec("captum"):
        sides["captum"] = lambda: captum_maps(network, images)
    found, maps = timed(sides, rounds), sides["ours"]()
    peak = peak_mb(explain_once, size)
    for peer in [name for name in sides if name != "ours"]:
        # compared cell by cell: MONAI enlarges maps half a step further on than the convolutions look
        theirs = monai_maps(network, images, upsampler=lambda size: lambda small: small) if peer == "MONAI" else sides[peer]()
        cells = class_maps(ready, laid, None)[1] if peer == "MONAI" else maps
        difference = max(relative(np.asarray(cells[key]), theirs[key]) for key in maps)
        yield row(f"gradcam, {size}, {len(maps)} maps", peer, found["ours"], found[peer], difference, ours_peak_mb=peak)
    if len(sides) == 1:
        yield row(f"gradcam, {size}, {len(maps)} maps", None, found["ours"], None, None, ours_peak_mb=peak)


def ours_maps(network: Dmdp, images: torch.Tensor) -> dict[tuple, np.ndarray]:
    """By (task, modality, stage), at the crop's size."""
    _, maps = class_maps(network, images, None)
    return {key: enlarged(one, tuple(images.shape[2:])) for key, one in maps.items()}


def monai_maps(network: Dmdp, images: torch.Tensor, **options) -> dict[tuple, np.ndarray]:
    """The same by MONAI's GradCAM; ``options`` replace its defaults."""
    from monai.visualize import GradCAM

    found = {}
    for stage, layer in LAYERS.items():
        cam = GradCAM(Logits(network).eval(), target_layers=layer, postprocessing=lambda one: one, **options)
        for number, task in enumerate(network.config.tasks):
            found[(task, *stage)] = np.asarray(cam(images, class_idx=number)[0, 0].detach())
    return found


def captum_maps(network: Dmdp, images: torch.Tensor) -> dict[tuple, np.ndarray]:
    """The same by captum's LayerGradCam."""
    from captum.attr import LayerGradCam

    found, module = {}, Logits(network).eval()
    for stage, layer in LAYERS.items():
        cam = LayerGradCam(module, module.get_submodule(layer))
        for number, task in enumerate(network.config.tasks):
            small = cam.attribute(images, target=number, relu_attributions=True)
            found[(task, *stage)] = enlarged(small[0, 0].detach(), tuple(images.shape[2:]))
    return found


def training_row(size: str, rounds: int, device: str = "cpu") -> Row:
    """Forward, backward and an optimiser step of a batch."""
    network, images = case(size)
    network, batch = network.to(device).train(), images.repeat(BATCH, 1, 1, 1, 1).to(device)
    optimiser = torch.optim.AdamW(network.parameters())

    def step() -> None:
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            loss = network(batch, None).logits.float().square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if device == "cuda":
            torch.cuda.synchronize()

    times = clock(step, rounds) if device == "cuda" else timed({"ours": step}, rounds)["ours"]
    more = {"ours_peak_mb": torch.cuda.max_memory_allocated() / MILLION} if device == "cuda" else {}
    return row(f"training step, {size}, batch {BATCH}, {device}", None, times, None, None, **more)


def gpu_rows(size: str, rounds: int) -> Iterator[Row]:
    """The same on the GPU, in half precision; wall time, as the GPU's is not the processor's."""
    network, images = case(size)
    expected = forward_of(network, "eager")[0](images, None).numpy()
    network = network.to("cuda")
    for count in (1, BATCH):
        batch = images.repeat(count, 1, 1, 1, 1).cuda()

        @torch.inference_mode()
        def run(batch=batch):
            with torch.autocast("cuda", torch.float16):
                logits = network(batch, None).logits.float()
            torch.cuda.synchronize()
            return logits

        torch.cuda.reset_peak_memory_stats()
        times = clock(run, rounds)
        yield row(
            f"forward, {size}, {count} patient(s), cuda half precision",
            None,
            times,
            None,
            relative(run()[:1].cpu().numpy(), expected),
            ours_peak_mb=torch.cuda.max_memory_allocated() / MILLION,
            patients_per_s=count / statistics.median(times),
        )
    yield training_row(size, rounds, "cuda")


def clock(work: Callable[[], object], rounds: int) -> list[float]:
    """Wall seconds by round, after one run."""
    work()
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return found


def peak_mb(work: Callable[..., object], *given: str) -> float | None:
    """The peak resident memory of a fresh process that does ``work``; only Linux tells."""
    if not Path("/proc/self/status").is_file():
        return None
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, given))


def _measured(work: Callable[..., object], given: tuple[str, ...]) -> float:
    torch.set_num_threads(1)
    work(*given)
    # not getrusage: a spawned process inherits the peak of the one that started it
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def answer_once(size: str, backend: str) -> None:
    """Load a network and answer for one patient."""
    torch.manual_seed(0)
    network = Dmdp(SIZES[size]()).eval()
    forward_of(network, backend)[0](torch.rand(1, 2, *network.config.shape), None)


def explain_once(size: str) -> None:
    """Load a network and compute every map of one patient."""
    torch.manual_seed(0)
    network = frozen(Dmdp(SIZES[size]()).eval())
    class_maps(network, channels_last(torch.rand(1, 2, *network.config.shape)), None)


def device_name() -> str:
    """Processor, and GPU where there is one."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.processor() or "unknown processor"
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ", no GPU"
    return f"{processor}, one thread{gpu}, torch {torch.__version__}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=tuple(SIZES), action="append", help="default full and lite; with --quick lite")
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--json", metavar="FILE")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rounds = given.rounds or (3 if given.quick else 7)
    rows: list[Row] = []
    print(device_name())
    for size in given.size or (["lite"] if given.quick else ["full", "lite"]):
        work = [forward_rows(size, rounds), gradcam_rows(size, rounds), iter([training_row(size, max(rounds // 2, 1))])]
        if torch.cuda.is_available():
            work.append(gpu_rows(size, rounds))
        for some in work:
            for one in some:
                rows.append({**one, "device": device_name()})
                print(line(one), flush=True)
    if given.json:
        Path(given.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def line(one: Row) -> str:
    """A row in words."""
    words = [f"{one['name']}: {one['ours_cpu_s'] * 1000:.0f} ms"]
    if one["ratio"] is not None:
        words.append(f"{one['peer']} {one['peer_cpu_s'] * 1000:.0f} ms, {one['ratio']:.1f} times")
    if one["worst_relative_difference"] is not None:
        words.append(f"worst relative difference {one['worst_relative_difference']:.1e}")
    if one["ours_peak_mb"] is not None:
        words.append(f"peak {one['ours_peak_mb']:.0f} MB")
    if "patients_per_s" in one:
        words.append(f"{one['patients_per_s']:.1f} patients/s")
    return "; ".join(words)


if __name__ == "__main__":
    sys.exit(main())
