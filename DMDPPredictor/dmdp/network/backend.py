"""How a network is run on a CPU: one switch, and the same answers from every back-end.

``onednn`` (needs nothing but torch): normalisations folded into the convolutions, channels last, and every convolution handed to
oneDNN, which torch itself only does for larger batches. ``openvino``, if that package is installed: answers only, no gradients,
and so no heatmaps. ``eager`` is torch as it comes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise

import torch
from torch import Tensor, nn

from ..errors import MissingPackage, UsageError
from .config import BACKENDS
from .dmdp import Dmdp

Forward = Callable[[Tensor, Tensor | None], Tensor]


class OneDnnConv3d(nn.Conv3d):
    """A 3-D convolution that always goes to oneDNN; torch 2 sends single images to a slower kernel of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.mkldnn_convolution(
            x,
            self.weight,
            self.bias,
            list(self.padding),  # type: ignore[arg-type]  # text only if it was given as such
            list(self.stride),
            list(self.dilation),
            self.groups,
        )


def ready_on(where: str) -> Callable[[Dmdp], Dmdp]:
    """A function that prepares a copy of a network on ``cpu`` or ``cuda`` for answers and gradients; its argument stays
    unchanged.
    """
    return frozen if where == "cpu" else lambda network: deepcopy(network).to(where).eval()


def laid_on(where: str, images: Tensor) -> Tensor:
    """The images on that device, and in the memory layout, that the networks of :func:`ready_on` read."""
    return channels_last(images) if where == "cpu" else images.to(where)


def frozen(network: Dmdp) -> Dmdp:
    """A copy of a network for evaluation on the CPU, gradients with respect to its maps included; it cannot be trained."""
    copy = deepcopy(network).to("cpu").float().eval()
    _fold(copy)
    if torch.backends.mkldnn.is_available():
        for module in copy.modules():
            if type(module) is nn.Conv3d:
                module.__class__ = OneDnnConv3d
    return copy.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # not in torch's stubs


def forward_of(network: Dmdp, backend: str = "auto") -> tuple[Forward, str]:
    """A function (images (B, 2, z, y, x), values (B, F) or None) → log-odds (B, tasks) on the CPU, and the back-end it uses.

    ``auto`` is OpenVINO if it is installed, else oneDNN. Raises :class:`MissingPackage` and :class:`UsageError`.
    """
    if backend not in BACKENDS:
        raise UsageError("network.backend", f"The back-end '{backend}'.", f"one of {', '.join(BACKENDS)}.", "Correct it.")
    if backend == "auto":
        try:
            return _openvino(network), "openvino"
        except (MissingPackage, RuntimeError):  # not there, or of a version that cannot read this torch's networks
            backend = "onednn"
    if backend == "openvino":
        return _openvino(network), backend
    ready = frozen(network) if backend == "onednn" else deepcopy(network).to("cpu").eval()

    @torch.inference_mode()
    def run(images: Tensor, values: Tensor | None = None) -> Tensor:
        return ready(channels_last(images) if backend == "onednn" else images, values).logits

    return run, backend


def on_gpu(network: Dmdp, half: bool) -> Forward:
    """The same on the GPU, in ``half`` precision or full; images and values may be anywhere, the log-odds are on the CPU."""
    ready = ready_on("cuda")(network)

    @torch.inference_mode()
    def run(images: Tensor, values: Tensor | None = None) -> Tensor:
        with torch.autocast("cuda", torch.float16, enabled=half):
            return ready(images.cuda(), None if values is None else values.cuda()).logits.float().cpu()

    return run


def channels_last(images: Tensor) -> Tensor:
    """The same images in the memory layout of :func:`frozen`."""
    return images.contiguous(memory_format=torch.channels_last_3d)


def _fold(module: nn.Module) -> None:
    """Fold every BatchNorm into the convolution before it, and let ReLU overwrite its input."""
    for child in module.children():
        _fold(child)
    if not isinstance(module, nn.Sequential):
        return
    names = list(module._modules)
    for first, second in pairwise(names):
        a, b = module._modules[first], module._modules[second]
        if isinstance(a, nn.Conv3d) and isinstance(b, nn.BatchNorm3d):
            module._modules[first] = nn.utils.fusion.fuse_conv_bn_eval(a, b)
            module._modules[second] = nn.Identity()
        if isinstance(b, nn.ReLU):
            b.inplace = True


def _openvino(network: Dmdp) -> Forward:
    try:
        import openvino
    except ImportError as error:
        raise MissingPackage("openvino", "the OpenVINO back-end", "openvino") from error

    class Logits(nn.Module):
        """Only what OpenVINO is to compute."""

        def __init__(self) -> None:
            super().__init__()
            self.network = deepcopy(network).to("cpu").float().eval()

        def forward(self, images: Tensor, values: Tensor) -> Tensor:
            return self.network(images, values).logits

    columns = len(network.config.tabular)
    example = (torch.zeros(1, 2, *network.config.shape), torch.zeros(1, columns))
    with warnings.catch_warnings():  # tracing speaks of shapes and constants, which are fixed here
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        model = openvino.convert_model(Logits(), example_input=example)
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}  # its own default is bf16
    compiled = openvino.Core().compile_model(model, "CPU", options)

    def run(images: Tensor, values: Tensor | None = None) -> Tensor:
        table = images.new_full((len(images), columns), float("nan")) if values is None else values
        rows = zip(images.numpy(), table.numpy(), strict=True)
        return torch.cat([torch.from_numpy(compiled([i[None], t[None]][: len(compiled.inputs)])[0]) for i, t in rows])

    return run
