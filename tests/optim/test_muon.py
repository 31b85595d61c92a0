"""Muon against its definition, and against torch's own where torch has it."""

import pytest
import torch

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.optim import Muon, newton_schulz

A, B, C = 3.4445, -4.7750, 2.0315


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("steps", [1, 3, 5])
@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (1, 5), (5, 1)])
def test_newton_schulz_maps_each_singular_value_by_the_polynomial(shape, steps):
    matrix = gaussian(*shape)
    u, s, vt = torch.linalg.svd(matrix, full_matrices=False)
    s = s / (s.square().sum().sqrt() + 1e-7)
    for _ in range(steps):
        s = A * s + B * s**3 + C * s**5
    torch.testing.assert_close(newton_schulz(matrix, steps), u @ s.diag() @ vt, rtol=0, atol=1e-10)


@pytest.mark.parametrize("shape", [(32, 32), (64, 27), (24, 100)])
def test_the_result_is_nearly_orthogonal(shape):
    values = torch.linalg.svdvals(newton_schulz(gaussian(*shape), 10))
    assert float(values.min()) > 0.65
    assert float(values.max()) < 1.25
    u, _, vt = torch.linalg.svd(gaussian(*shape), full_matrices=False)
    assert torch.nn.functional.cosine_similarity(
        newton_schulz(gaussian(*shape), 10).flatten(), (u @ vt).flatten(), dim=0
    ).item() == pytest.approx(1, abs=0.03)


def test_the_scale_of_the_gradient_does_not_matter():
    torch.testing.assert_close(
        newton_schulz(gaussian(5, 7)), newton_schulz(1000 * gaussian(5, 7)), atol=1e-5, rtol=0
    )


def by_definition(weight, grads, *, lr, momentum, nesterov, decay, tall, keep_norm):
    """Muon, written once more with an SVD."""
    velocity = torch.zeros_like(weight)
    for grad in grads:
        velocity = momentum * velocity + grad
        matrix = (grad + momentum * velocity if nesterov else velocity).flatten(1)
        u, s, vt = torch.linalg.svd(matrix, full_matrices=False)
        s = s / (matrix.norm() + 1e-7)
        for _ in range(5):
            s = A * s + B * s**3 + C * s**5
        length = max(1, matrix.shape[0] / matrix.shape[1]) ** 0.5 if tall else 1
        weight = weight * (1 - lr * decay)
        if keep_norm:
            weight = weight * weight.shape[0] ** 0.5 / weight.norm()
        weight = weight - lr * length * (u @ s.diag() @ vt).reshape(weight.shape)
    return weight


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (8, 3, 2, 2), (4, 3, 3, 3)])
@pytest.mark.parametrize(
    ("nesterov", "decay", "tall", "keep_norm"),
    [(True, 0.0, True, False), (False, 0.1, True, False), (True, 0.1, False, True)],
)
def test_ten_steps_follow_the_definition(shape, nesterov, decay, tall, keep_norm):
    start, grads = gaussian(*shape), [gaussian(*shape, seed=i) for i in range(1, 11)]
    weight = start.clone().requires_grad_()
    muon = Muon(
        [weight], lr=0.05, momentum=0.6, nesterov=nesterov, weight_decay=decay, tall=tall, keep_norm=keep_norm
    )
    for grad in grads:
        weight.grad = grad.clone()
        muon.step()
    expected = by_definition(
        start, grads, lr=0.05, momentum=0.6, nesterov=nesterov, decay=decay, tall=tall, keep_norm=keep_norm
    )
    torch.testing.assert_close(weight.detach(), expected, rtol=0, atol=1e-9)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch.optim.Muon came with torch 2.9")
@pytest.mark.parametrize("nesterov", [True, False])
@pytest.mark.parametrize("shape", [(12, 8), (8, 12)])
def test_it_agrees_with_torchs_muon_which_works_in_bfloat16(shape, nesterov):
    ours, theirs = (gaussian(*shape).float().requires_grad_() for _ in range(2))
    settings = {"lr": 0.02, "momentum": 0.9, "nesterov": nesterov, "weight_decay": 0.1}
    a, b = Muon([ours], **settings), torch.optim.Muon([theirs], **settings)
    for seed in range(1, 6):
        ours.grad, theirs.grad = (gaussian(*shape, seed=seed).float() for _ in range(2))
        a.step()
        b.step()
    moved = (ours - gaussian(*shape).float()).norm().item()
    assert (ours - theirs).norm().item() < 0.03 * moved  # bfloat16 has 8 bits


def test_half_precision_takes_nearly_the_same_step():
    weight, grad = gaussian(24, 32).float(), gaussian(24, 32, seed=1).float()
    whole, half = weight.clone().requires_grad_(), weight.clone().requires_grad_()
    for parameter, in_half in ((whole, False), (half, True)):
        parameter.grad = grad.clone()
        Muon([parameter], lr=1.0, half=in_half).step()
    assert half.dtype == torch.float32
    assert 0 < (whole - half).norm().item() < 0.1 * (whole - weight).norm().item()


def test_errors():
    with pytest.raises(ShapeError, match="give biases and norms to SGD"):
        Muon([torch.zeros(3, requires_grad=True)])
    with pytest.raises(ShapeError, match="flatten"):
        newton_schulz(torch.zeros(2, 2, 2))
    for make in (lambda: newton_schulz(torch.zeros(2, 2), 0), lambda: Muon([torch.zeros(2, 2)], steps=0)):
        with pytest.raises(ArgumentError, match="steps expects a number from 1, got 0"):
            make()
