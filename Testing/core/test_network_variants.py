"""Every variant of the network: sizes, norms, heads, and the switches that the ablation needs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from dmdp.errors import ModelError
from dmdp.explain.gradcam import gradcam
from dmdp.network.config import CROP_MM, NetworkConfig
from dmdp.network.dmdp import MISSING, Dmdp
from dmdp.network.heads import combinations, marginal_logits

TABLE = {"tabular": ("suv_max", "age"), "tabular_mean": (2.0, 65.0), "tabular_sd": (0.7, 10.0)}
VARIANTS = {
    "as it was": NetworkConfig(**TABLE),
    "no table": NetworkConfig(),
    "CT only": NetworkConfig(modalities=("ct",), **TABLE),
    "PET only": NetworkConfig(modalities=("pet",), **TABLE),
    "no cross-attention": NetworkConfig(fusion="concatenation", **TABLE),
    "early fusion": NetworkConfig(fusion="early", **TABLE),
    "group norm": NetworkConfig(norm="group", **TABLE),
    "decoder": NetworkConfig.quick(decoder=True, modalities=("pet",), align_modalities=False),
    "decoder, early": NetworkConfig.quick(decoder=True, fusion="early", align_modalities=False, **TABLE),
    "joint head": NetworkConfig(head="joint", head_hidden=16, **TABLE),
    "three tasks": NetworkConfig(tasks=("EGFR", "subtype", "KRAS"), align_modalities=True, feed_conv=True, **TABLE),
}


def images(count=2, seed=0, shape=CROP_MM):
    return torch.from_numpy(np.random.default_rng(seed).uniform(-1, 1, (count, 2, *shape)).astype(np.float32))


def parameters(config):
    return sum(p.numel() for p in Dmdp(config).parameters())


@pytest.mark.parametrize("config", VARIANTS.values(), ids=list(VARIANTS))
def test_every_variant_answers_learns_and_explains(config):
    torch.manual_seed(0)
    network = Dmdp(config)
    output = network(images(shape=config.shape), torch.tensor([[0.1, float("nan")], [1.0, -1.0]]) if config.tabular else None)
    assert output.logits.shape == (2, len(config.tasks))
    loss = output.logits.square().sum() + output.image.square().sum()
    loss = loss + sum(e.square().sum() for e in (output.modality or {}).values())
    loss = loss + (0 if output.outline is None else output.outline.square().mean())
    assert output.outline is None or output.outline.shape == (2, 1, *config.shape)
    loss = loss + (0 if output.table is None else output.table.square().sum())
    loss.backward()
    assert [n for n, p in network.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()] == []
    _, maps = gradcam([network], images(1, shape=config.shape), None)
    assert {key[1:] for key in maps} == set(output.maps)
    assert NetworkConfig.from_json(config.to_json()) == config


def test_one_modality_does_not_see_the_other():
    for modality, other in (("ct", 1), ("pet", 0)):
        torch.manual_seed(0)
        network = Dmdp(NetworkConfig(modalities=(modality,))).eval()
        batch = images(1)
        changed = batch.clone()
        changed[:, other] = MISSING["pet" if other else "ct"]
        with torch.no_grad():
            assert torch.equal(network(batch).logits, network(changed).logits)
            changed[:, 1 - other] *= 0.5
            assert not torch.equal(network(batch).logits, network(changed).logits)


def test_full_has_the_shapes_and_the_size_of_the_specification():
    torch.manual_seed(0)
    config = NetworkConfig.full(**TABLE)
    network = Dmdp(config).eval()
    with torch.no_grad():
        output = network(images(1), torch.zeros(1, 2))
    assert {key: tuple(value.shape[1:]) for key, value in output.maps.items()} == {
        ("ct", "encoder"): (128, 3, 6, 6),
        ("pet", "encoder"): (128, 3, 6, 6),
        ("ct", "stage3"): (128, 6, 12, 12),
        ("pet", "stage3"): (128, 6, 12, 12),
        ("fused", "small"): (128, 12, 24, 24),
        ("fused", "fusion"): (128, 3, 6, 6),
    }
    assert 3.8e6 < parameters(config) < 4.8e6
    assert 1.0e6 < parameters(NetworkConfig(**TABLE)) < 1.8e6


def test_marginals_of_the_joint_head_are_those_of_its_distribution():
    joint = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    answers = combinations(3)
    expected = joint.softmax(dim=1) @ answers
    torch.testing.assert_close(torch.sigmoid(marginal_logits(joint, 3)), expected)


@pytest.mark.parametrize(
    "wrong",
    [
        {"norm": "layer"},
        {"fusion": "late"},
        {"modalities": ("pet", "ct")},
        {"modalities": ()},
        {"modalities": ("ct",), "fusion": "early"},
        {"modalities": ("ct",), "align_modalities": True},
        {"tasks": ()},
        {"tasks": ("a", "a")},
        {"head": "joint", "tasks": tuple("abcde")},
        {"heads": 5},
        {"tabular": ("age",)},
    ],
)
def test_a_configuration_that_cannot_be_is_refused(wrong):
    with pytest.raises(ModelError, match="configuration"):
        NetworkConfig(**wrong)
