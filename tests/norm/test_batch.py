"""Batch norm by hand equals PyTorch's, forward, backward and over time."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.norm import BatchNorm, batch_norm, batch_norm_backward, standardise, update_running

SHAPES = [(2, 1), (5, 3), (4, 3, 5, 6), (1, 2, 3, 1), (8, 1, 1, 1)]


def noise(*shape, seed=0):
    return 3 + 2 * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_forward_agrees_with_torch(shape, eps):
    x, weight, bias = noise(*shape), noise(shape[1], seed=1), noise(shape[1], seed=2)
    expected = F.batch_norm(x, None, None, weight, bias, training=True, eps=eps)
    torch.testing.assert_close(batch_norm(x, weight, bias, eps=eps), expected)
    torch.testing.assert_close(batch_norm(x, eps=eps), F.batch_norm(x, None, None, training=True, eps=eps))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("eps", [1e-5, 0.1])
@pytest.mark.parametrize("scaled", [True, False])
def test_backward_agrees_with_autograd(shape, eps, scaled):
    x = noise(*shape).requires_grad_()
    weight, bias = noise(shape[1], seed=1).requires_grad_(), noise(shape[1], seed=2).requires_grad_()
    gamma = weight if scaled else torch.ones_like(weight).requires_grad_()
    out = F.batch_norm(x, None, None, gamma, bias, training=True, eps=eps)
    grad = noise(*shape, seed=3)
    expected = torch.autograd.grad(out, (x, gamma, bias), grad)
    got = batch_norm_backward(grad, x.detach(), gamma.detach() if scaled else None, eps=eps)
    for mine, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_constant_channel_gives_the_bias():
    out = batch_norm(torch.full((4, 1, 2, 2), 7.0), torch.tensor([3.0]), torch.tensor([0.5]))
    torch.testing.assert_close(out, torch.full((4, 1, 2, 2), 0.5))


def test_large_offset_keeps_its_digits():
    """The variance is taken of x − mean, not as the difference of two huge numbers."""
    x = torch.tensor([[2.0], [2], [6], [6]])
    torch.testing.assert_close(batch_norm(x + 100_000), batch_norm(x), atol=1e-3, rtol=0)


@pytest.mark.parametrize("momentum", [0.0, 0.1, 0.7, 1.0])
def test_running_statistics_agree_with_torch(momentum):
    mine = (torch.zeros(3).double(), torch.ones(3).double())
    theirs = (mine[0].clone(), mine[1].clone())
    for seed in range(4):
        x = noise(4, 3, 2, 5, seed=seed)
        F.batch_norm(x, *theirs, training=True, momentum=momentum)
        mine = update_running(*mine, x, momentum=momentum)
    torch.testing.assert_close(mine, theirs)


def test_the_layer_agrees_with_torch_and_shares_its_state():
    mine, theirs = BatchNorm(3, momentum=0.3).double(), nn.BatchNorm2d(3, momentum=0.3).double()
    for layer in (mine, theirs):
        nn.init.constant_(layer.weight, 1.7)
        nn.init.constant_(layer.bias, -0.2)
    for seed in range(3):
        x = noise(4, 3, 5, 5, seed=seed)
        torch.testing.assert_close(mine(x), theirs(x))
    assert {k: v.shape for k, v in mine.state_dict().items()} == {
        k: v.shape for k, v in theirs.state_dict().items()
    }
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(mine.state_dict()[name], value)
    mine.eval(), theirs.eval()
    one = noise(1, 3, 1, 1, seed=9)
    torch.testing.assert_close(mine(one), theirs(one))
    before = mine.running_mean.clone()
    mine(one)
    assert torch.equal(before, mine.running_mean)


def test_the_layer_passes_gradients():
    layer = BatchNorm(2).double()
    assert torch.autograd.gradcheck(layer, noise(3, 2, 2, 2).requires_grad_())


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: batch_norm(torch.ones(3)), ShapeError, r"\(n, c\) or \(n, c, h, w\), got \(3,\)"),
        (lambda: batch_norm(torch.ones(1, 3)), ShapeError, "at least 2 numbers a channel"),
        (lambda: batch_norm(torch.ones(2, 3), torch.ones(2)), ShapeError, "each of the 3 channels"),
        (lambda: batch_norm_backward(torch.ones(2, 1), torch.ones(2, 3)), ShapeError, "shape of x"),
        (lambda: update_running(torch.ones(2), torch.ones(3), torch.ones(2, 3)), ShapeError, "running_mean"),
        (
            lambda: update_running(torch.ones(3), torch.ones(3), torch.ones(2, 3), momentum=9),
            ArgumentError,
            "from 0 to 1, got 9",
        ),
        (lambda: standardise(torch.ones(2), (0,), eps=0), ArgumentError, "above 0, got 0"),
        (lambda: BatchNorm(0), ArgumentError, "number of channels, got 0"),
        (lambda: BatchNorm(2).eval()(torch.ones(1, 3)), ShapeError, "each of the 3 channels"),
    ],
)
def test_errors_say_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call()
