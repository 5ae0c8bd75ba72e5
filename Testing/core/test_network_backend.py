"""Back-ends give the same answers, and the CPU stands in for a GPU that cannot, and says so."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from dmdp.bundles.bundle import read_bundle
from dmdp.errors import MissingPackage, UsageError
from dmdp.explain.gradcam import class_maps
from dmdp.models import load_model
from dmdp.network.backend import channels_last, forward_of, frozen
from dmdp.network.config import NetworkConfig
from dmdp.network.device import CPU_ONLY, NO_MEMORY, on_device
from dmdp.network.dmdp import Dmdp

TABLE = {"tabular": ("age", "sex"), "tabular_mean": (60.0, 0.5), "tabular_sd": (10.0, 0.5)}
CONFIGS = {
    "quick": NetworkConfig.quick(**TABLE),
    "group norm, early": NetworkConfig.quick(norm="group", fusion="early", align_modalities=False),
    "joint": NetworkConfig.quick(head="joint", modalities=("ct",), align_modalities=False),
}


def trained_a_little(config):
    """Running statistics and weights that are not those of the beginning."""
    torch.manual_seed(1)
    network = Dmdp(config).train()
    with torch.no_grad():
        network(torch.rand(4, 2, *config.shape))
    return network.eval()


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
@pytest.mark.parametrize("backend", ["onednn", "openvino"])
def test_every_backend_gives_the_same_answer(config, backend):
    if backend == "openvino":
        pytest.importorskip("openvino")
    network = trained_a_little(config)
    images = torch.rand(2, 2, *config.shape, generator=torch.Generator().manual_seed(0))
    values = torch.tensor([[0.3, float("nan")], [-1.0, 1.0]]) if config.tabular else None
    eager, _ = forward_of(network, "eager")
    other, name = forward_of(network, backend)
    assert name == backend
    torch.testing.assert_close(other(images, values), eager(images, values), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(other(images, None), eager(images, None), atol=1e-4, rtol=1e-4)


def test_frozen_maps_are_those_of_the_network_and_the_network_is_left_alone():
    network = trained_a_little(CONFIGS["quick"])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = torch.rand(1, 2, *network.config.shape)
    logits, maps = class_maps(network, images, None)
    quick_logits, quick_maps = class_maps(frozen(network), channels_last(images), None)
    torch.testing.assert_close(quick_logits, logits, atol=1e-5, rtol=1e-4)
    for key, one in maps.items():
        torch.testing.assert_close(quick_maps[key], one, atol=1e-6, rtol=1e-3)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_an_unknown_or_absent_backend_is_said(monkeypatch):
    network = Dmdp(CONFIGS["quick"])
    with pytest.raises(UsageError, match="tensorrt"):
        forward_of(network, "tensorrt")
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    with pytest.raises(MissingPackage, match="openvino"):
        forward_of(network, "openvino")


def test_many_patients_at_once_are_answered_as_one_by_one(project):
    model = load_model(read_bundle(project / "Resources/Models/demo-network"))
    images = np.random.default_rng(0).uniform(-1, 1, (3, 2, *model.network.config.shape)).astype(np.float32)
    rows = [{"age": 60.0}, {}, {"sex": 1.0, "suv_max": 7.0}]
    together, note = model.probabilities(images, rows, "cpu", "onednn", batch=2)
    assert note is None
    for i, answer in enumerate(together):
        (alone,), _ = model.probabilities(images[i : i + 1], rows[i : i + 1], "cpu", "eager")
        assert answer == pytest.approx(alone, abs=1e-4)


def test_the_cpu_stands_in_and_it_is_said(monkeypatch):
    assert on_device(lambda where: where, "cpu") == ("cpu", None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert on_device(lambda where: where, "auto") == ("cpu", None)
    assert on_device(lambda where: where, "cuda") == ("cpu", CPU_ONLY)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    assert on_device(lambda where: where, "auto") == ("cuda", None)

    def failing(error):
        def work(where):
            if where == "cuda":
                raise error
            return where

        return work

    assert on_device(failing(torch.cuda.OutOfMemoryError("full")), "auto") == ("cpu", NO_MEMORY)
    answer, note = on_device(failing(RuntimeError("no kernel image is available for execution on the device")), "cuda")
    assert answer == "cpu"
    assert note == "The GPU cannot run this network; ran on the CPU."

    def broken(where):
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        on_device(broken, "auto")
