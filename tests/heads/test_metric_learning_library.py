"""Losses and mining against pytorch-metric-learning, a library that was written by other people."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse.heads import contrastive_loss, hard_triplets, semi_hard_triplets, triplet_loss

theirs = pytest.importorskip("pytorch_metric_learning", reason="pytorch-metric-learning is not installed")

from pytorch_metric_learning import distances, losses, miners  # noqa: E402


def batch(seed):
    draw = torch.Generator().manual_seed(seed)
    points = F.normalize(torch.randn(24, 5, generator=draw), dim=1)
    return points, torch.arange(24) % 4


def plain(power):
    return distances.LpDistance(normalize_embeddings=False, power=power)


@pytest.mark.parametrize(("squared", "power"), [(True, 2), (False, 1)])
@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_triplet_loss(squared, power, margin):
    points, labels = batch(0)
    found = hard_triplets(points, labels)
    loss = losses.TripletMarginLoss(margin, distance=plain(power))(points, labels, tuple(found))
    ours = [
        triplet_loss(*(points[k, None] for k in t), margin=margin, squared=squared)
        for t in zip(*found, strict=True)
    ]
    active = [one for one in ours if one > 0]  # the library's mean leaves out the zeros
    torch.testing.assert_close(sum(active) / len(active), loss)


@pytest.mark.parametrize("equal", [True, False])
def test_contrastive_loss_of_a_pair(equal):
    points, _ = batch(1)
    pair = points[:2]
    rule = losses.ContrastiveLoss(pos_margin=0, neg_margin=2, distance=plain(1))
    both_ways = rule(pair, torch.tensor([0, 0 if equal else 1]))  # the mean over both orders
    ours = contrastive_loss(pair[:1], pair[1:], torch.tensor([equal]), margin=2)
    torch.testing.assert_close(ours, both_ways**2 / 2)  # the library does not square


@pytest.mark.parametrize("seed", range(3))
def test_batch_hard(seed):
    points, labels = batch(seed)
    found = miners.BatchHardMiner(distance=plain(1))(points, labels)
    assert all(
        torch.equal(ours, other) for ours, other in zip(hard_triplets(points, labels), found, strict=True)
    )


@pytest.mark.parametrize("seed", range(3))
def test_semi_hard_is_the_nearest_of_the_librarys(seed):
    points, labels = batch(seed)
    rule = miners.TripletMarginMiner(0.2, type_of_triplets="semihard", distance=plain(2))
    nearest = {}
    for a, p, n in torch.stack(rule(points, labels), 1).tolist():
        gap = (points[a] - points[n]).square().sum().item()
        nearest[a, p] = min(nearest.get((a, p), (gap, n)), (gap, n))
    ours = torch.stack(semi_hard_triplets(points, labels), 1).tolist()
    assert {(a, p): n for a, p, n in ours} == {pair: n for pair, (_, n) in nearest.items()}
