import math

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.heads import contrastive_loss, distances, quadruplet_loss, triplet_loss


def points(count, n=6, dim=3):
    generator = torch.Generator().manual_seed(3)
    make = {"dtype": torch.float64, "generator": generator}
    return [torch.randn(n, dim, **make).requires_grad_() for _ in range(count)]


def test_distances_by_loops():
    a, b = points(2)
    got = distances(a, b)
    for i in range(6):
        for j in range(6):
            assert got[i, j].item() == pytest.approx(math.dist(a[i].tolist(), b[j].tolist()), abs=1e-12)


def test_contrastive_by_loops():
    a, b = points(2)
    same = [True, False, True, False, False, True]
    total = 0.0
    for x, y, equal in zip(a.tolist(), b.tolist(), same, strict=True):
        d = math.dist(x, y)
        total += 0.5 * d**2 if equal else 0.5 * max(0.0, 2.5 - d) ** 2
    assert contrastive_loss(a, b, torch.tensor(same), margin=2.5).item() == pytest.approx(
        total / 6, abs=1e-12
    )


def test_contrastive_leaves_far_unequal_pairs_alone():
    one = torch.zeros(1, 2, requires_grad=True)
    contrastive_loss(one, torch.tensor([[3.0, 0.0]]), torch.tensor([0]), margin=2.0).backward()
    assert one.grad.abs().sum() == 0


@pytest.mark.parametrize("margin", [0.05, 0.2, 3.0])
def test_triplet_equals_torch(margin):
    a, p, n = points(3)
    expected = nn.TripletMarginLoss(margin=margin, eps=0.0)(a, p, n)
    torch.testing.assert_close(triplet_loss(a, p, n, margin=margin, squared=False), expected)


def test_squared_triplet_by_loops():
    a, p, n = points(3)
    rows = zip(a.tolist(), p.tolist(), n.tolist(), strict=True)
    each = [max(0.0, math.dist(x, y) ** 2 - math.dist(x, z) ** 2 + 0.7) for x, y, z in rows]
    assert triplet_loss(a, p, n, margin=0.7).item() == pytest.approx(sum(each) / 6, abs=1e-12)


def test_quadruplet_by_loops():
    a, p, n, o = points(4)
    total = 0.0
    for x, y, z, w in zip(a.tolist(), p.tolist(), n.tolist(), o.tolist(), strict=True):
        near = math.dist(x, y) ** 2
        total += max(0.0, near - math.dist(x, z) ** 2 + 1.0) + max(0.0, near - math.dist(z, w) ** 2 + 0.5)
    assert quadruplet_loss(a, p, n, o).item() == pytest.approx(total / 6, abs=1e-12)


def test_gradients():
    a, p, n, o = points(4)
    same = torch.tensor([1, 0, 1, 0, 0, 1])
    assert gradcheck(lambda x, y: contrastive_loss(x, y, same, margin=2.5), (a, p))
    assert gradcheck(triplet_loss, (a, p, n))
    assert gradcheck(lambda x, y, z: triplet_loss(x, y, z, squared=False), (a, p, n))
    assert gradcheck(quadruplet_loss, (a, p, n, o))
    assert gradcheck(distances, (a, p))


@pytest.mark.parametrize("same", [0, 1])
def test_equal_points_have_finite_gradients(same):
    one, other = torch.ones(2, 3, requires_grad=True), torch.ones(2, 3)
    contrastive_loss(one, other, torch.full((2,), same)).backward()
    assert torch.equal(one.grad, torch.zeros(2, 3))


def test_nothing_to_average_is_zero_and_can_be_differentiated():
    empty = torch.zeros(0, 4, requires_grad=True)
    loss = triplet_loss(empty, empty, empty) + quadruplet_loss(empty, empty, empty, empty)
    loss = loss + contrastive_loss(empty, empty, torch.zeros(0))
    loss.backward()
    assert loss.item() == 0


def test_bad_input():
    a, b = torch.zeros(2, 3), torch.zeros(3, 3)
    with pytest.raises(ShapeError, match=r"equal shapes \(n, dim\), but got \(2, 3\), \(2, 3\), \(3, 3\)"):
        triplet_loss(a, a, b)
    with pytest.raises(ShapeError, match=r"same expects shape \(2,\), but got \(3,\)"):
        contrastive_loss(a, a, torch.zeros(3))
    with pytest.raises(ArgumentError, match="margin must not be negative, but got -1"):
        quadruplet_loss(a, a, a, a, margin2=-1)
