import math

import pytest
import torch

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.heads import (
    hard_quadruplets,
    hard_triplets,
    quadruplet_loss,
    semi_hard_triplets,
    triplet_loss,
)

LABELS = ([0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 2, 2, 2, 1], [0, 0, 0, 1, 2], [5, 9, 9, 7, 5])


def batch(labels):
    generator = torch.Generator().manual_seed(len(labels))
    return torch.randn(len(labels), 2, dtype=torch.float64, generator=generator), torch.tensor(labels)


def gap(points, i, j):
    return math.dist(points[i].tolist(), points[j].tolist())


def listed(found):
    return list(zip(*(index.tolist() for index in found), strict=True))


@pytest.mark.parametrize("labels", LABELS)
def test_hard_triplets_by_brute_force(labels):
    points, classes = batch(labels)
    expected = []
    for i, label in enumerate(labels):
        positives = [j for j, other in enumerate(labels) if other == label and j != i]
        negatives = [j for j, other in enumerate(labels) if other != label]
        if positives:
            far = max(positives, key=lambda j: gap(points, i, j))
            expected.append((i, far, min(negatives, key=lambda j: gap(points, i, j))))
    assert listed(hard_triplets(points, classes)) == expected


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("margin", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("labels", LABELS)
def test_semi_hard_triplets_by_brute_force(labels, margin, squared):
    points, classes = batch(labels)
    power = 2 if squared else 1
    expected = []
    for i, label in enumerate(labels):
        for p, other in enumerate(labels):
            if other != label or p == i:
                continue
            near = gap(points, i, p) ** power
            fits = [
                (gap(points, i, n) ** power, n)
                for n, third in enumerate(labels)
                if third != label and near < gap(points, i, n) ** power < near + margin
            ]
            if fits:
                expected.append((i, p, min(fits)[1]))
    assert listed(semi_hard_triplets(points, classes, margin=margin, squared=squared)) == expected


@pytest.mark.parametrize("labels", LABELS)
def test_hard_quadruplets_by_brute_force(labels):
    points, classes = batch(labels)
    found = listed(hard_quadruplets(points, classes))
    assert [quad[:3] for quad in found] == listed(hard_triplets(points, classes))
    for i, _, n, other in found:
        third = [j for j, label in enumerate(labels) if label not in (labels[i], labels[n])]
        assert other == min(third, key=lambda j: gap(points, n, j))


def test_losses_of_semi_hard_triplets_lie_between_zero_and_the_margin():
    points, classes = batch(LABELS[1])
    a, p, n = semi_hard_triplets(points, classes, margin=1.0)
    assert len(a) > 0
    for i in range(len(a)):
        triple = points[a[i : i + 1]], points[p[i : i + 1]], points[n[i : i + 1]]
        assert 0 < triplet_loss(*triple, margin=1.0).item() < 1.0


def test_no_semi_hard_negative_gives_no_triplet_and_no_loss():
    points = torch.tensor([[0.0], [0.1], [9.0], [9.1]], requires_grad=True)
    a, p, n = semi_hard_triplets(points, torch.tensor([0, 0, 1, 1]))
    assert len(a) == 0
    loss = triplet_loss(points[a], points[p], points[n])
    loss.backward()
    assert loss.item() == 0
    assert points.grad.abs().sum() == 0


def test_the_only_image_of_its_class_is_a_negative_but_no_anchor():
    points = torch.tensor([[0.0], [4.0], [1.0]])
    a, _, n = hard_triplets(points, torch.tensor([0, 0, 1]))
    assert a.tolist() == [0, 1]
    assert n.tolist() == [2, 2]


def test_gradients_flow_through_the_chosen_points():
    points, classes = batch(LABELS[0])
    points.requires_grad_()
    a, p, n, o = hard_quadruplets(points, classes)
    quadruplet_loss(points[a], points[p], points[n], points[o], margin=50.0).backward()
    assert (points.grad.abs().sum(1) > 0).all()


def test_training_on_hard_triplets_separates_classes():
    torch.manual_seed(0)
    labels = torch.tensor([0, 1, 2]).repeat_interleave(4)
    points = (torch.randn(12, 2) * 0.3).requires_grad_()
    optimiser = torch.optim.SGD([points], lr=0.5)
    for _ in range(200):
        a, p, n = hard_triplets(points, labels)
        loss = triplet_loss(points[a], points[p], points[n], margin=0.5, squared=False)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() == 0


@pytest.mark.parametrize("mine", [hard_triplets, semi_hard_triplets, hard_quadruplets])
def test_bad_batches(mine):
    points = torch.zeros(3, 2)
    with pytest.raises(ArgumentError, match="at least two images a class"):
        mine(points, torch.tensor([0, 1, 2]))
    with pytest.raises(ArgumentError, match=r"draw (at least two|more) classes"):
        mine(points, torch.tensor([1, 1, 1]))
    with pytest.raises(ShapeError, match=r"labels \(n,\), but got \(3, 2\) and \(4,\)"):
        mine(points, torch.tensor([0, 0, 1, 2]))


def test_margin_of_semi_hard_triplets():
    with pytest.raises(ArgumentError, match="must be positive, but got 0"):
        semi_hard_triplets(torch.zeros(3, 2), torch.tensor([0, 0, 1]), margin=0)


def test_quadruplets_need_three_classes():
    with pytest.raises(ArgumentError, match="needs three classes"):
        hard_quadruplets(torch.zeros(4, 2), torch.tensor([0, 0, 1, 1]))
