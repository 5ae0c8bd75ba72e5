"""The network: shapes, gradients, missing inputs, and that it can learn at all."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from dmdp.bundles.bundle import read_bundle
from dmdp.bundles.card import Cohort
from dmdp.bundles.manifest import Manifest, SelfTest
from dmdp.documents.codec import Malformed, plain, read
from dmdp.errors import ModelError
from dmdp.evidence import DEMONSTRATION
from dmdp.explain.gradcam import enlarged, gradcam, heatmap_on
from dmdp.images.volume import Geometry, Volume
from dmdp.models import load_model
from dmdp.network.config import CROP_MM, NetworkConfig
from dmdp.network.crop import crop_images, normalise
from dmdp.network.dmdp import Dmdp
from dmdp.network.losses import alignment_loss, endpoint_loss
from dmdp.network.model import tabular_row

CONFIG = NetworkConfig(tabular=("suv_max", "age"), tabular_mean=(2.0, 65.0), tabular_sd=(0.7, 10.0))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Dmdp(CONFIG)


def images(count=2, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, 2, *CROP_MM)).astype(np.float32))


def test_shapes_and_gradients_reach_everything(network):
    output = network(images(), torch.tensor([[0.1, float("nan")], [1.0, -1.0]]))
    assert output.logits.shape == (2, 2)
    assert {k: tuple(v.shape) for k, v in output.maps.items()} == {
        ("ct", "encoder"): (2, 96, 6, 6, 6),
        ("pet", "encoder"): (2, 96, 6, 6, 6),
        ("fused", "fusion"): (2, 64, 6, 6, 6),
    }
    (output.logits.sum() + alignment_loss(output.image, output.table)).backward()
    assert [n for n, p in network.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()] == []


def test_config_survives_json():
    assert NetworkConfig.from_json(CONFIG.to_json()) == CONFIG
    with pytest.raises(TypeError):
        NetworkConfig.from_json({"unknown": 1})


def test_missing_table_and_missing_pet_still_give_an_answer(network):
    network.eval()
    batch = images(1)
    assert torch.isfinite(network(batch).logits).all()
    batch[:, 1] = 0
    assert torch.isfinite(network(batch, torch.zeros(1, 2)).logits).all()


def test_a_batch_without_labels_costs_nothing():
    logits = torch.zeros(3, 2, requires_grad=True)
    loss = endpoint_loss(CONFIG.endpoints, logits, torch.full((3, 2), float("nan")))
    assert loss == 0
    loss.backward()
    assert torch.isfinite(logits.grad).all()


def test_masked_loss_counts_known_labels_only():
    logits = torch.tensor([[2.0, -1.0], [0.5, 3.0]])
    labels = torch.tensor([[1.0, float("nan")], [0.0, float("nan")]])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], labels[:, 0])
    assert endpoint_loss(CONFIG.endpoints, logits, labels) == pytest.approx(float(expected))


def test_alignment_is_least_for_the_right_pairs():
    vectors = torch.eye(4)
    assert alignment_loss(vectors, vectors) < alignment_loss(vectors, vectors.roll(1, 0))


def test_tabular_row_marks_what_is_missing():
    row = tabular_row(CONFIG, {"suv_max": np.exp(2.7), "age": np.nan})
    assert row[0] == pytest.approx(1.0)
    assert np.isnan(row[1])
    assert np.isnan(tabular_row(CONFIG, {"suv_max": 0.0})[0])


def test_single_pass_gradcam_equals_one_backward_per_layer(network):
    network.eval()
    batch = images(1)
    _, heatmaps = gradcam([network], batch, None)
    for task_number, task in enumerate(CONFIG.tasks):
        for key in (("ct", "encoder"), ("pet", "encoder"), ("fused", "fusion")):
            output = network(batch, None)
            activation = output.maps[key]
            activation.retain_grad()
            output.logits[0, task_number].backward()
            raw = torch.relu((activation.grad.mean(dim=(2, 3, 4), keepdim=True) * activation).sum(dim=1, keepdim=True))
            full = enlarged(raw[0, 0].detach(), CROP_MM)
            ours = heatmaps[(task, *key)]
            assert ours.shape == CROP_MM
            if full.max() > 0:
                np.testing.assert_allclose(ours, np.clip(full / np.percentile(full[full > 0], 99), 0, 1), atol=1e-5)
            else:
                assert not ours.any()


def grids():
    tilt = np.array([[0.96, -0.28, 0.0], [0.28, 0.96, 0.0], [0.0, 0.0, 1.0]])
    tilt = tilt @ np.array([[1.0, 0.0, 0.0], [0.0, 0.8, -0.6], [0.0, 0.6, 0.8]])
    oblique = np.eye(4)
    oblique[:3, :3] = (tilt * [1.2, 1.2, 2.5])[:, ::-1]
    oblique[:3, 3] = (-60.0, 20.0, -90.0)
    yield Geometry((60, 130, 130), tuple(map(tuple, oblique)))
    yield Geometry.from_spacing((40, 200, 200), (5.0, 0.7, 0.7), (-70.0, -70.0, -100.0))


@pytest.mark.parametrize("ct", list(grids()), ids=["oblique", "anisotropic"])
def test_a_planted_hot_voxel_returns_to_its_place(ct):
    centre = ct.to_lps((np.array(ct.shape) - 1) / 2)
    volume = Volume(np.zeros(ct.shape), ct, "HU")
    crop = crop_images({"CT": volume, "PET": volume}, centre)
    assert crop.geometry.to_lps((23.5, 47.5, 47.5)) == pytest.approx(centre)
    for index in ((24, 48, 48), (10, 70, 30), (40, 20, 80)):
        heat = np.zeros(CROP_MM, np.float32)
        # as wide as the CT's voxels, or a thin slice could miss it
        z, y, x = np.indices(CROP_MM)
        heat = np.exp(-((z - index[0]) ** 2 + (y - index[1]) ** 2 + (x - index[2]) ** 2) / 18).astype(np.float32)
        placed = heatmap_on(ct, crop.geometry, heat, DEMONSTRATION.label)
        weights = placed.array.astype(float) ** 2
        found = np.average(placed.geometry.to_lps(np.argwhere(weights >= 0)), axis=0, weights=weights.ravel())
        assert np.linalg.norm(found - crop.geometry.to_lps(index)) < 1.5


def stored(volume, order, flips):
    """The same image in the same place with its array's axes in another order and direction."""
    matrix = volume.geometry.matrix[:, [*order, 3]].copy()
    array = np.transpose(volume.array, order)
    for axis in flips:
        matrix[:3, 3] += matrix[:3, axis] * (array.shape[axis] - 1)
        matrix[:3, axis] *= -1
        array = np.flip(array, axis)
    return Volume(array.copy(), Geometry(array.shape, tuple(map(tuple, matrix))), volume.unit)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", [(), (1, 2), (0,)])
def test_a_crop_is_the_same_however_the_ct_is_stored(order, flips):
    grid = Geometry.from_spacing((50, 80, 80), (2.0, 1.5, 1.5), (-60.0, -60.0, -50.0))
    rng = np.random.default_rng(0)
    ct, pet = Volume(rng.normal(0, 300, grid.shape), grid, "HU"), Volume(rng.uniform(0, 9, grid.shape), grid, "1")
    centre = (3.0, -4.0, 5.0)
    expected, found = (crop_images({"CT": one, "PET": pet}, centre) for one in (ct, stored(ct, order, flips)))
    assert found.geometry.matrix == pytest.approx(expected.geometry.matrix)
    np.testing.assert_allclose(found.images["CT"], expected.images["CT"], atol=0.1)
    z, y, x = (expected.geometry.matrix[:3, axis] for axis in range(3))
    assert (z[2], y[1], x[0]) == pytest.approx((1, 1, 1))


def test_a_heatmap_ends_with_its_crop():
    ct = next(grids())
    empty = Volume(np.zeros(ct.shape), ct, "HU")
    crop = crop_images({"CT": empty, "PET": empty}, ct.to_lps((30, 65, 65)))
    placed = heatmap_on(ct, crop.geometry, np.ones(CROP_MM, np.float32), DEMONSTRATION.label)
    index = crop.geometry.to_index(placed.geometry.to_lps(np.argwhere(placed.array > 0)))
    assert (index >= -0.51).all()
    assert (index <= np.array(CROP_MM) - 0.49).all()
    # and fills it: as much volume as the part of the crop that lies on the CT
    inside = ct.to_index(crop.geometry.to_lps(np.argwhere(np.ones(CROP_MM))))
    share = ((inside > -0.5) & (inside < np.array(ct.shape) - 0.5)).all(axis=1).mean()
    volume = (placed.array > 0).sum() * ct.voxel_ml
    assert volume == pytest.approx(share * np.prod(CROP_MM) / 1000, rel=0.03)


def test_a_crop_beyond_the_field_is_air():
    grid = Geometry.from_spacing((20, 40, 40), (3, 2, 2))
    images = {"CT": Volume(np.full(grid.shape, 50.0), grid, "HU"), "PET": Volume(np.full(grid.shape, 2.0), grid, "1")}
    crop = crop_images(images, (0, 0, 0))
    assert crop.images["CT"].min() == -1000
    assert crop.images["PET"].min() == 0
    scaled = normalise(crop)
    assert scaled.shape == (2, *CROP_MM)
    assert scaled.min() >= -1
    assert scaled.max() <= 1


def test_the_shipped_network_passes_its_self_test_and_a_changed_one_does_not(project):
    bundle = read_bundle(project / "Resources/Models/demo-network")
    assert load_model(bundle).network.config.tasks == ("EGFR", "subtype")
    assert sum(map(len, bundle.files.values())) < 4e6
    wrong = replace(bundle.manifest, self_test=SelfTest({"seed": 7}, {"EGFR": 0.123, "subtype": 0.9}))
    with pytest.raises(ModelError, match="self-test"):
        load_model(type(bundle)(wrong, bundle.files, bundle.sha256))
    with pytest.raises(ModelError, match="cannot be built"):
        load_model(type(bundle)(replace(bundle.manifest, network={"widths": [4, 8, 8, 8, 8]}), bundle.files, bundle.sha256))


def test_the_weights_of_the_centre_lie_round_the_lesion():
    """A cell's place is where its convolutions look: the gradient of the mean near the centre with respect to the image."""
    from dmdp.network.encoder import Encoder
    from dmdp.network.pool import centre_pool

    torch.manual_seed(0)
    config = NetworkConfig.lite()
    encoder = Encoder(config.widths, config.strides, config.norm).eval()
    image = torch.zeros(1, 1, *CROP_MM, requires_grad=True)
    found = []
    for _ in range(8):
        image.grad = None
        with torch.no_grad():
            for weights in encoder.parameters():
                weights.copy_(torch.rand_like(weights))
        centre_pool(encoder(image + torch.rand(image.shape))[-1], 1.0).sum().backward()
        share = image.grad[0, 0].abs() / image.grad.abs().sum()
        found.append(
            [float((share.sum(dim=[a for a in range(3) if a != axis]) * torch.arange(n)).sum()) for axis, n in enumerate(CROP_MM)]
        )
    assert np.mean(found, axis=0) == pytest.approx((np.array(CROP_MM) - 1) / 2, abs=2.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"tasks": ["../../elsewhere"], "head": "joint"},
        {"heads": 0},
        {"tabular_sd": [0.0] * 5},
        {"tabular_sd": [None] * 5},
        {"tabular_mean": [float("nan")] * 5},
        {"tasks": ["subtype", "EGFR"]},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_a_bundle_that_is_no_network_is_a_refused_model(project, changes):
    bundle = read_bundle(project / "Resources/Models/demo-network")
    manifest = replace(bundle.manifest, network={**bundle.manifest.network, **changes})
    with pytest.raises(ModelError):
        load_model(type(bundle)(manifest, bundle.files, bundle.sha256))


def test_damaged_weights_and_cohorts_are_a_refused_model(project):
    bundle = read_bundle(project / "Resources/Models/demo-network")
    damaged = {**bundle.files, "network.safetensors": b"no tensors"}
    with pytest.raises(ModelError):
        load_model(type(bundle)(bundle.manifest, damaged, bundle.sha256))
    for cohorts in ([{}], "everybody"):
        with pytest.raises(Malformed, match="cohorts"):
            read(Manifest, {**plain(bundle.manifest), "cohorts": cohorts})
    two = (Cohort(name="one", title="one hospital", n=40), Cohort(name="two", title="another", n=60))
    manifest = replace(bundle.manifest, demonstration=False, cohorts=two)
    model = load_model(type(bundle)(manifest, bundle.files, bundle.sha256))
    assert model.label.startswith("network trained on one hospital, n = 40 and another, n = 60, not validated elsewhere")
