"""Explanations: where a map lies, whether it depends on the weights, and a second opinion without gradients."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch
from dmdp.explain import opinion
from dmdp.explain.gradcam import class_maps, enlarged, gradcam
from dmdp.explain.occlusion import occlusion
from dmdp.explain.opinion import EMPTY, UNCHANGED, UNKNOWN, network_opinion
from dmdp.explain.randomisation import randomisation_check, untrained
from dmdp.explain.zones import CORE, ELSEWHERE, RIM, RING, shares, zones
from dmdp.network.config import NetworkConfig
from dmdp.network.dmdp import Dmdp
from dmdp.pet_features import pet_features

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
    assert sum(asdict(nothing).values()) == 0


def test_untrained_networks_give_other_maps_and_the_same_network_the_same():
    torch.manual_seed(0)
    network = Dmdp(CONFIG).eval()
    images = torch.rand(1, 2, *CONFIG.shape)
    maps = gradcam([network], images, None)[1]
    found = randomisation_check(maps, CONFIG, images, None)
    assert set(found.correlation) == set(maps)
    assert np.mean([one for one in found.correlation.values() if one is not None]) < 0.5
    again = untrained(CONFIG, 3), untrained(CONFIG, 3)
    assert all(torch.equal(a, b) for a, b in zip(again[0].parameters(), again[1].parameters(), strict=True))


def test_a_map_that_untrained_networks_give_as_well_is_found_out(monkeypatch):
    """Also where some of them give flat maps, which have no ranks and say nothing."""
    import dmdp.explain.randomisation as module

    rng = np.random.default_rng(0)
    learned, image, flat = rng.random((16, 16, 16)), rng.random((16, 16, 16)), np.zeros((16, 16, 16))
    names = ("follows the image", "learned", "never compared", "empty")
    keys = [("EGFR", "ct", name) for name in names]
    drawn = iter(range(100))

    def others(networks, images, values):
        even = next(drawn) % 2 == 0
        noisy = image + rng.normal(0, 0.1, image.shape)
        return None, dict(zip(keys, (flat if even else noisy, noisy, flat, noisy), strict=True))

    monkeypatch.setattr(module, "gradcam", others)
    monkeypatch.setattr(module, "untrained", lambda config, seed: None)
    found = randomisation_check(dict(zip(keys, (image, learned, image, flat), strict=True)), CONFIG, None, None)
    assert found.unchanged == (keys[0],)
    assert found.unknown == (keys[2], keys[3])
    assert abs(found.correlation[keys[1]]) < 0.5
    assert next(drawn) == module.AT_MOST


def one_cube(images, values=None):
    """Answers with the mean of PET in a cube."""
    value = images[:, 1, 6:14, 10:18, 26:34].mean(dim=(1, 2, 3))
    return torch.stack([value, -value], dim=1)


def test_occlusion_finds_what_an_answer_rests_on():
    found = occlusion([one_cube, one_cube], CONFIG, torch.ones(1, 2, *CONFIG.shape), None)
    fall = found["EGFR", "pet"]
    assert fall.shape == CONFIG.shape
    where = np.average(np.indices(fall.shape).reshape(3, -1), axis=1, weights=np.clip(fall, 0, None).ravel())
    np.testing.assert_allclose(where, (9.5, 13.5, 29.5), atol=1.0)
    assert not found["EGFR", "ct"].any()
    np.testing.assert_allclose(found["subtype", "pet"], -fall, atol=1e-6)


def test_the_maps_of_an_ensemble_are_those_of_its_members():
    torch.manual_seed(0)
    network, images = Dmdp(CONFIG).eval(), torch.rand(1, 2, *CONFIG.shape)
    answer, alone = gradcam([network], images, None)
    logits, twice = gradcam([network, network], images, None)
    assert logits.shape == (2, 2)
    np.testing.assert_allclose(logits[0], answer[0], rtol=1e-5)
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
        theirs = visualize.GradCAM(
            Logits(network).eval(),
            target_layers=layer,
            upsampler=lambda size: lambda small: small,  # theirs puts the cells elsewhere: the next test
            postprocessing=lambda m: m,
        )
        found = theirs(images, class_idx=CONFIG.tasks.index(task))[0, 0]
        np.testing.assert_allclose(one, np.asarray(found.detach()), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("config", [NetworkConfig.quick(), NetworkConfig.lite()], ids=["quick", "lite"])
def test_a_cell_is_drawn_where_its_convolutions_look(config):
    """The middle of a cell's gradient with respect to the image is where its map is drawn (stages that do not see the edge)."""
    from dmdp.network.encoder import Encoder, SqueezeExcite

    torch.manual_seed(0)
    encoder = Encoder(config.widths, config.strides, config.norm).eval()
    with torch.no_grad():
        for weights in encoder.parameters():
            weights.fill_(0.1)
        for module in encoder.modules():
            if isinstance(module, SqueezeExcite):  # which looks at everything, always
                module.weigh[2].weight.zero_()
    grid = np.indices(config.shape).reshape(3, -1)
    for stage in (1, 2):
        image = torch.rand(1, 1, *config.shape, requires_grad=True)
        cells = encoder(image)[stage]
        cell = tuple(n // 2 for n in cells.shape[2:])
        cells[(0, slice(None), *cell)].sum().backward()
        looks = np.average(grid, axis=1, weights=image.grad.abs().numpy().ravel())
        alone = torch.zeros(cells.shape[2:])
        alone[cell] = 1.0
        drawn = np.average(grid, axis=1, weights=enlarged(alone, config.shape).ravel())
        np.testing.assert_allclose(looks, drawn, atol=0.01)


def test_a_map_fills_the_crop():
    ones = enlarged(torch.ones(3, 6, 6), (47, 96, 96))
    assert ones.shape == (47, 96, 96)
    assert (ones == 1).all()
    ramp = enlarged(torch.arange(6.0)[:, None, None].expand(6, 3, 3), (48, 24, 24))
    np.testing.assert_allclose(ramp[:, 0, 0], np.minimum(np.arange(48) / 8, 5), atol=1e-5)


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
        logits, maps = gradcam([network], torch.from_numpy(one)[None], None)
        assert logits[0, 0] > 0
        found.append(shares(maps["EGFR", "pet", "encoder"], where))
    assert np.mean([s.rim + s.ring for s in found]) > 0.7
    assert np.mean([s.rim for s in found]) > np.mean([s.core for s in found])


@pytest.fixture
def model(project):
    from dmdp.bundles.bundle import read_bundle
    from dmdp.models import load_model

    return load_model(read_bundle(project / "Resources" / "Models" / "demo-network"))


@pytest.fixture
def case(simulated_study):
    from dmdp.patients.case import Case, Lesion

    patient, _ = simulated_study
    pet = Lesion(patient.lesion_pet, "manual", "PET")
    ct = Lesion(patient.lesion_ct, "manual", "CT")
    return Case({"CT": patient.ct, "PET": patient.pet}, {"PET": pet, "CT": ct}, patient.clinical)


@pytest.fixture
def coarse(monkeypatch):
    """The real occlusion, in larger steps."""
    monkeypatch.setattr(opinion, "occlusion", lambda *given: occlusion(*given, cube_mm=32, step_mm=32))


def measured(case):
    return pet_features(case.pet, case.pet_lesion)


def test_a_demonstration_says_where_its_maps_lie_and_gives_a_second_opinion(model, case, coarse):
    from dataclasses import replace

    said, maps = network_opinion(model, case, measured(case), "cpu", second_opinion=True)
    assert said.demonstration is True
    assert said.note is None
    assert set(said.missing) <= {"age", "sex"}
    assert set(said.zones) == set(maps)
    assert {key for key in maps if key.endswith("occlusion")} == {
        f"{task}_{modality}_occlusion" for task in ("EGFR", "subtype") for modality in ("ct", "pet")
    }
    for key, volume in maps.items():
        assert 0 <= volume.array.min() <= volume.array.max() <= 1 + 1e-6, key
        assert sum(asdict(said.zones[key]).values()) == pytest.approx(1, abs=1e-3) or volume.array.max() == 0
        assert (EMPTY in said.warnings.get(key, ())) == (volume.array.max() == 0)
        if key.endswith("occlusion"):
            assert ("at most" in said.warnings[key][-1]) == bool(volume.array.any())
            assert not {UNCHANGED, UNKNOWN} & set(said.warnings[key])
    without, _ = network_opinion(model, replace(case, clinical=type(case.clinical)()), measured(case), "cpu")
    assert without.missing == ("age", "sex")
    assert set(without.zones) == {key for key in maps if not key.endswith("occlusion")}


def test_what_the_network_does_not_see_of_the_lesion_is_said(model, case):
    from dataclasses import replace

    from dmdp.images.mask import Mask
    from dmdp.patients.case import Lesion

    geometry = case.pet_lesion.geometry
    middle = np.array(geometry.to_index(case.pet_lesion.centroid))
    far = np.linalg.norm((np.indices(geometry.shape).T - middle).T.T * geometry.spacing, axis=-1).T <= 60
    seen = replace(case, lesions={**case.lesions, "PET": Lesion(Mask(far, geometry), "manual", "PET")})
    said, _ = network_opinion(model, seen, measured(seen), "cpu")
    assert "of the lesion lies beyond the 48 × 96 × 96 mm" in said.note


def test_a_gpu_gets_copies_and_does_all_the_work(model, case, coarse, monkeypatch):
    """A device that only counts, as there may be no GPU here: the loaded networks stay on the CPU, and so does the answer."""
    from dmdp.network import backend, device
    from dmdp.network import model as loaded

    used = []

    def ready_on(where):
        used.append(where)
        return backend.frozen

    def on_gpu(network, half):
        used.append("half precision" if half else "full precision")
        return backend.forward_of(network, "onednn")[0]

    monkeypatch.setattr(opinion, "on_device", lambda work, wanted: (work("cuda"), device.NO_MEMORY))
    monkeypatch.setattr(opinion, "ready_on", ready_on)
    monkeypatch.setattr(opinion, "laid_on", lambda where, images: images)
    monkeypatch.setattr(torch.Tensor, "to", lambda tensor, *given, **named: tensor)
    monkeypatch.setattr(backend, "ready_on", ready_on)
    monkeypatch.setattr(backend, "on_gpu", on_gpu)
    assert loaded  # its methods look the back-end up when they are called
    said, _ = network_opinion(model, case, measured(case), "auto", second_opinion=True)
    assert said.note == device.NO_MEMORY
    assert used == ["cuda", "cuda", "full precision"]


def test_the_copy_for_a_device_leaves_the_loaded_network_where_it_is(model):
    from dmdp.network.backend import ready_on

    moved = ready_on("meta")(model.network)
    assert {p.device.type for p in moved.parameters()} == {"meta"}
    assert {p.device.type for p in model.network.parameters()} == {"cpu"}


def test_a_fall_that_is_none_is_not_drawn():
    fall = np.zeros((4, 4, 4), np.float32)
    fall[1, 1, 1], fall[2, 2, 2] = opinion.LEAST_FALL / 2, -1.0
    assert not opinion._share(fall).any()
    assert opinion._share(fall * 10).max() == 1
    assert opinion._share(fall * 10).min() == 0
