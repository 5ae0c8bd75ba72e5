"""The parts of the loss: masks, contrast with a queue, and weights."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from dmdp.endpoints.registry import endpoint_of
from dmdp.network.contrast import NOBODY, Queue, aligned_loss
from dmdp.network.losses import alignment_loss, class_weights, endpoint_loss, joint_loss, outline_loss
from dmdp.network.weighting import LearnedWeights, alignment_weight, weighted
from torch.nn.functional import cross_entropy

NAN = float("nan")
TWO = (endpoint_of("EGFR"), endpoint_of("subtype"))


def vectors(count, seed=0, size=8):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "loss", [lambda x, y: endpoint_loss(TWO, x[:, :2], y, 0.05), joint_loss, lambda x, y: joint_loss(x, y, 0.05)]
)
def test_a_batch_without_labels_gives_nothing_and_no_nan(loss):
    scores = vectors(3, size=4).requires_grad_()
    found = loss(scores, torch.full((3, 2), NAN))
    assert float(found.detach()) == pytest.approx(0.0, abs=1e-6)
    found.backward()
    assert torch.isfinite(scores.grad).all()
    assert scores.grad.abs().max() < 1e-6


def test_smoothing_and_class_weights():
    logits, labels = torch.tensor([[3.0], [-3.0]]), torch.tensor([[1.0], [0.0]])
    assert endpoint_loss(TWO[:1], logits, labels, 0.1) > endpoint_loss(TWO[:1], logits, labels)
    weights = class_weights(torch.tensor([[1.0, 1.0], [0.0, 1.0], [0.0, NAN], [0.0, NAN]]))
    torch.testing.assert_close(weights, torch.tensor([[2 / 3, 2.0], [1.0, 1.0]]))  # one class only: no weight
    plain = endpoint_loss(TWO[:1], logits, labels, weights=torch.tensor([[1.0, 1.0]]))
    assert endpoint_loss(TWO[:1], logits, labels, weights=torch.tensor([[1.0, 3.0]])) == pytest.approx(2 * float(plain))
    assert class_weights(torch.tensor([[1.0]] + [[0.0]] * 99)).tolist() == [[pytest.approx(100 / 198), 4.0]]


def test_the_joint_loss_is_cross_entropy_when_all_is_known_and_a_sum_when_not():
    joint = vectors(3, size=4)
    labels = torch.tensor([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]])
    assert joint_loss(joint, labels) == pytest.approx(float(cross_entropy(joint, torch.tensor([1, 3, 2]))), abs=1e-6)
    half = torch.tensor([[NAN, 1.0]])
    expected = -torch.log(joint[:1].softmax(1)[0, [1, 3]].sum())
    assert joint_loss(joint[:1], half) == pytest.approx(float(expected), abs=1e-6)


def test_contrast_without_a_queue_is_plain_infonce():
    a, b = vectors(6), vectors(6, 1)
    everyone = torch.ones(6, dtype=torch.bool)
    assert aligned_loss(a, b, torch.arange(6), everyone) == pytest.approx(float(alignment_loss(a, b)), abs=1e-6)


def test_absent_views_take_no_part_and_none_gives_zero():
    a, b = vectors(6).requires_grad_(), vectors(6, 1)
    present = torch.tensor([True, True, True, True, True, False])
    found = aligned_loss(a, b, torch.arange(6), present)
    assert found.detach() == pytest.approx(float(alignment_loss(a[:5].detach(), b[:5])), abs=1e-6)
    found.backward()
    assert not a.grad[5].any()
    nothing = aligned_loss(a, b, torch.arange(6), torch.zeros(6, dtype=torch.bool))
    nothing.backward()
    assert float(nothing.detach()) == 0.0
    assert torch.isfinite(a.grad).all()


def test_a_small_batch_falls_back_to_cosine_until_the_queue_fills():
    queue = Queue(8, 8)
    a, b = vectors(2), vectors(2, 1)
    both = torch.ones(2, dtype=torch.bool)
    cosine = 1 - torch.nn.functional.cosine_similarity(a, b).mean()
    assert aligned_loss(a, b, torch.tensor([0, 1]), both, queue) == pytest.approx(float(cosine), abs=1e-6)
    assert queue.patient.tolist() == [0, 1] + [NOBODY] * 6
    later = aligned_loss(a, b, torch.tensor([2, 3]), both, queue)
    assert torch.isfinite(later)
    assert later != pytest.approx(float(cosine))


def test_the_queue_forgets_the_oldest_and_the_same_patient_is_no_negative():
    queue = Queue(4, 8)
    queue.push(vectors(3), vectors(3), torch.tensor([10, 11, 12]))
    queue.push(vectors(3), vectors(3), torch.tensor([13, 14, 15]))
    assert sorted(queue.patient.tolist()) == [12, 13, 14, 15]
    a, b = vectors(4), vectors(4, 1)
    everyone = torch.ones(4, dtype=torch.bool)
    own = Queue(4, 8)
    own.push(torch.nn.functional.normalize(a, dim=1), torch.nn.functional.normalize(b, dim=1), torch.arange(4))
    assert not torch.isnan(aligned_loss(a, b, torch.arange(4), everyone, own))
    empty = Queue(4, 8)
    # entries of a patient's own earlier views only matter to the others
    assert aligned_loss(a, b, torch.arange(4), everyone, empty) < aligned_loss(a, b, torch.arange(4), everyone, own)


def test_the_schedule_rises_then_falls():
    course = [alignment_weight(e, 50) for e in range(50)]
    assert course[0] == pytest.approx(0.01)
    assert max(course) == course[9] == pytest.approx(0.1)
    assert course[-1] == pytest.approx(0.05)
    assert all(a >= b for a, b in pairwise(course[10:]))
    assert all(alignment_weight(e, 5, peak=0.0) == 0 for e in range(5))


def test_learned_weights_move_towards_the_size_of_their_loss_and_are_bounded():
    weights = LearnedWeights(("task", "image_table"))
    optimiser = torch.optim.SGD(weights.parameters(), lr=0.5)
    losses = {"task": torch.tensor(1.5), "image_table": torch.tensor(0.5)}
    assert weights(losses).item() == pytest.approx(2.0)
    for _ in range(100):
        optimiser.zero_grad()
        weights(losses).backward()
        optimiser.step()
    assert weights.logarithm["task"].item() == pytest.approx(torch.log(torch.tensor(1.5)).item(), abs=0.01)
    weights.logarithm["task"].data.fill_(50.0)
    assert weights({"task": torch.tensor(0.0)}).item() == 2.0
    assert weighted(losses, {"image_table": 0.1}).item() == pytest.approx(1.55)


def test_the_outline_counts_where_there_is_one():
    truth = torch.zeros(3, 1, 4, 6, 6)
    truth[:, :, 1:3, 2:5, 2:5] = 1
    sure = (truth * 2 - 1) * 20
    assert outline_loss(sure, truth) < 1e-3
    assert outline_loss(-sure, truth) > 10
    gaps = truth.clone()
    gaps[1:] = float("nan")
    logits = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    assert outline_loss(logits, gaps) == pytest.approx(float(outline_loss(logits[:1], truth[:1])))
    nothing = logits.clone().requires_grad_()
    loss = outline_loss(nothing, torch.full_like(truth, float("nan")))
    loss.backward()
    assert float(loss.detach()) == 0
    assert not nothing.grad.any()
