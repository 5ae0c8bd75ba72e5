"""Explanations: where a map lies, whether it depends on the weights, and a second opinion without gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from dmdp.explain.gradcam import class_maps, enlarged, gradcam, gradcam_of
from dmdp.explain.occlusion import occlusion
from dmdp.explain.randomisation import randomisation_check, untrained
from dmdp.explain.zones import CORE, ELSEWHERE, RIM, RING, shares, zones
from dmdp.network.config import NetworkConfig
from dmdp.network.dmdp import Dmdp

CONFIG = NetworkConfig.quick()


def ball(shape, radius, spacing=1.0):
    grid = np.indices(shape).astype(float)
    centre = (np.array(shape) - 1) / 2
    return spacing * np.sqrt(sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True))) <= radius


def test_zones_are_shells_in_millimetres():
    for spacing in (1.0, 2.0):
        shape = tuple(int(60 / spacing) for _ in range(3))
        where = zones(ball(shape, 15, spacing), (spacing,) * 3)
        volumes = np.bincount(where.ravel(), minlength=4) * spacing**3
        expected = [4 / 3 * np.pi * (b**3 - a**3) for a, b in ((0, 12), (12, 18), (18, 24))]
        assert volumes[[CORE, RIM, RING]] == pytest.approx(expected, rel=0.12)
        middle = tuple(n // 2 for n in shape)
        assert where[middle] == CORE
        assert where[0, 0, 0] == ELSEWHERE
    assert (zones(np.zeros((4, 4, 4), bool), (1, 1, 1)) == ELSEWHERE).all()


def test_a_map_that_lies_elsewhere_gives_a_warning():
    where = zones(ball((50, 50, 50), 10), (1, 1, 1))
    for zone, name in ((CORE, "core"), (RIM, "rim"), (RING, "ring"), (ELSEWHERE, "elsewhere")):
        found = shares((where == zone).astype(np.float32), where)
        assert getattr(found, name) == pytest.approx(1.0)
        assert (found.warning is not None) == (zone == ELSEWHERE)
    assert "100%" in shares((where == ELSEWHERE).astype(float), where).warning
    nothing = shares(np.zeros(where.shape), where)
    assert nothing.warning is None
    assert sum(nothing.to_json().values()) == 0


def test_untrained_networks_give_other_maps_and_the_same_network_the_same():
    torch.manual_seed(0)
    network = Dmdp(CONFIG).eval()
    images = torch.rand(1, 2, *CONFIG.shape)
    before = [p.clone() for p in network.parameters()]
    found = randomisation_check(network, images, None, networks=2)
    assert set(found.correlation) == set(class_maps(network, images, None)[1])
    assert np.mean(list(found.correlation.values())) < 0.5
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
    again = untrained(network, 3), untrained(network, 3)
    assert all(torch.equal(a, b) for a, b in zip(again[0].parameters(), again[1].parameters(), strict=True))
    # a network that is compared with itself is found out
    same = randomisation_check(untrained(network, 0), images, None, networks=1)
    assert same.unchanged


class OneCube(torch.nn.Module):
    """Answers with the mean of PET in a cube."""

    def __init__(self):
        super().__init__()
        self.config = CONFIG

    def forward(self, images, values=None):
        value = images[:, 1, 6:14, 10:18, 26:34].mean(dim=(1, 2, 3))

        class Found:
            logits = torch.stack([value, -value], dim=1)

        return Found


def test_occlusion_finds_what_an_answer_rests_on():
    found = occlusion(OneCube(), torch.ones(1, 2, *CONFIG.shape), None)
    fall = found["EGFR", "pet"]
    assert fall.shape == CONFIG.shape
    where = np.average(np.indices(fall.shape).reshape(3, -1), axis=1, weights=np.clip(fall, 0, None).ravel())
    np.testing.assert_allclose(where, (9.5, 13.5, 29.5), atol=1.0)
    assert not found["EGFR", "ct"].any()
    np.testing.assert_allclose(found["subtype", "pet"], -fall, atol=1e-6)


def test_the_maps_of_an_ensemble_are_those_of_its_members():
    torch.manual_seed(0)
    network, images = Dmdp(CONFIG).eval(), torch.rand(1, 2, *CONFIG.shape)
    probabilities, alone = gradcam(network, images, None)
    logits, twice = gradcam_of([network, network], images, None)
    assert logits.shape == (2, 2)
    np.testing.assert_allclose(torch.sigmoid(logits[0]), probabilities, rtol=1e-5)
    for key, one in alone.items():
        np.testing.assert_allclose(twice[key], one, atol=1e-3)  # the mean is scaled once more


LAYERS = {
    ("ct", "stage3"): "network.ct.stages.2",
    ("ct", "encoder"): "network.ct.stages.3",
    ("pet", "stage3"): "network.pet.stages.2",
    ("pet", "encoder"): "network.pet.stages.3",
    ("fused", "small"): "network.small",
    ("fused", "fusion"): "network.large",
}


class Logits(torch.nn.Module):
    """What MONAI wants to see of the network."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(images, None).logits


def test_every_map_equals_monai_s_of_that_layer():
    visualize = pytest.importorskip("monai.visualize")
    torch.manual_seed(0)
    network, images = Dmdp(CONFIG).eval(), torch.rand(1, 2, *CONFIG.shape)
    _, ours = class_maps(network, images, None)
    assert {key[1:] for key in ours} == set(LAYERS)
    for (task, *stage), one in ours.items():
        layer = LAYERS[tuple(stage)]
        theirs = visualize.GradCAM(Logits(network).eval(), target_layers=layer, postprocessing=lambda m: m)
        found = theirs(images, class_idx=CONFIG.tasks.index(task))[0, 0]
        np.testing.assert_allclose(enlarged(one, CONFIG.shape), np.asarray(found.detach()), atol=1e-6, rtol=1e-4)


def rim_case(seed, positive):
    """A ball of uptake in noise on the 2 mm crop, with a hotter rim where ``positive``; images (2, z, y, x) and the ball."""
    rng = np.random.default_rng(seed)
    z, y, x = (2 * (i - n / 2 + 0.5 + rng.integers(-3, 4)) for i, n in zip(np.indices(CONFIG.shape), CONFIG.shape, strict=True))
    distance = np.sqrt(z**2 + y**2 + x**2) - rng.uniform(10, 15)
    pet = np.where(distance <= 0, 0.4, 0.1) + 0.4 * positive * (np.abs(distance) <= 3)
    images = np.stack([np.where(distance <= 0, 0.4, -0.7), pet]) + rng.normal(0, 0.03, (2, *CONFIG.shape))
    return images.astype(np.float32), distance <= 0


@pytest.mark.slow
def test_where_the_label_depends_on_the_rim_the_map_sits_on_the_rim():
    torch.manual_seed(0)
    fine = ((1, 2, 2), (2, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1))  # cells of 4 mm, as fine as the rim is wide
    config = NetworkConfig(
        widths=(4, 4, 8, 8, 8),
        strides=fine,
        tasks=("EGFR",),
        modalities=("pet",),
        heads=2,
        dropout=0.0,
        all_maps=True,
        spacing=2,
        norm="group",
    )
    network = Dmdp(config)
    learn = [rim_case(seed, seed % 2) for seed in range(32)]
    images = torch.from_numpy(np.stack([one for one, _ in learn]))
    labels = torch.tensor([[float(seed % 2)] for seed in range(32)])
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(12):
        for rows in torch.randperm(32).split(8):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(network(images[rows]).logits, labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    network.eval()
    found = []
    for seed in range(101, 109, 2):
        one, lesion = rim_case(seed, True)
        where = zones(lesion, (2, 2, 2))
        probabilities, maps = gradcam(network, torch.from_numpy(one)[None], None)
        assert probabilities[0] > 0.5
        found.append(shares(maps["EGFR", "pet", "encoder"], where))
    assert np.mean([s.rim + s.ring for s in found]) > 0.7
    assert np.mean([s.rim for s in found]) > np.mean([s.core for s in found])


def test_a_demonstration_says_where_its_maps_lie_and_gives_a_second_opinion(simulated_study, project, monkeypatch):
    import dmdp.explain.occlusion as module
    from dmdp.bundle import read_bundle
    from dmdp.case import Case, Lesion
    from dmdp.models import load_model

    real = module.occlusion
    monkeypatch.setattr(module, "occlusion", lambda *given: real(*given, cube_mm=32, step_mm=32))  # the real one, coarser
    patient, _ = simulated_study
    pet = Lesion(patient.lesion_pet, patient.pet.geometry, "manual", "PET")
    ct = Lesion(patient.lesion_ct, patient.ct.geometry, "manual", "CT")
    case = Case(patient.ct, patient.pet, pet, ct, patient.clinical, None)
    model = load_model(read_bundle(project / "Resources" / "Models" / "demo-network"))
    said, maps = model.demonstrate(case, "cpu", second_opinion=True)
    assert set(said["zones"]) == set(maps)
    assert {key for key in maps if key.endswith("occlusion")} == {
        f"{task}_{modality}_occlusion" for task in ("EGFR", "subtype") for modality in ("ct", "pet")
    }
    for key, volume in maps.items():
        assert 0 <= volume.array.min() <= volume.array.max() <= 1 + 1e-6, key
        assert sum(said["zones"][key].values()) == pytest.approx(1, abs=1e-3) or volume.array.max() == 0
