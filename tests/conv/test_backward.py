"""The gradients by hand are those of autograd, and those of small nudges."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse.conv import col2im, conv2d_backward, conv2d_fft, conv2d_im2col, conv2d_loops, im2col
from cnncourse.errors import ShapeError


def images(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 4), (5, 2)])
@pytest.mark.parametrize("size", [(7, 7), (6, 9)])
def test_agrees_with_autograd(stride, padding, kernel, size):
    x = images(2, 3, *size).requires_grad_()
    weight, bias = images(4, 3, *kernel, seed=1).requires_grad_(), images(4, seed=2).requires_grad_()
    out = F.conv2d(x, weight, bias, stride=stride, padding=padding)
    grad = images(*out.shape, seed=3)
    expected = torch.autograd.grad(out, (x, weight, bias), grad)
    got = conv2d_backward(grad, x.detach(), weight.detach(), stride=stride, padding=padding)
    for mine, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(mine, theirs)


class ByHand(torch.autograd.Function):
    """The forward pass in columns, with conv2d_backward as its gradient."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return conv2d_im2col(x, weight, bias, stride=2, padding=1)

    @staticmethod
    def backward(ctx, grad):
        return conv2d_backward(grad, *ctx.saved_tensors, stride=2, padding=1)


def test_small_nudges_agree():
    arguments = [images(2, 2, 5, 6), images(3, 2, 3, 3, seed=1), images(3, seed=2)]
    assert torch.autograd.gradcheck(ByHand.apply, [a.requires_grad_() for a in arguments])


@pytest.mark.parametrize("version", [conv2d_loops, conv2d_im2col, conv2d_fft])
def test_autograd_flows_through_every_version(version):
    x, weight, bias = images(1, 2, 4, 5), images(2, 2, 3, 2, seed=1), images(2, seed=2)
    for tensor in (x, weight, bias):
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(lambda *a: version(*a, stride=1, padding=1), (x, weight, bias))


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 1, 2)])
def test_col2im_is_the_transpose_of_im2col(stride, padding, dilation):
    """<im2col(x), y> = <x, col2im(y)> for every x and y: the definition of a transpose."""
    where = {"stride": stride, "padding": padding, "dilation": dilation}
    x = images(2, 3, 7, 8)
    columns = im2col(x, (3, 2), **where)
    y = images(*columns.shape, seed=1)
    back = col2im(y, (7, 8), (3, 2), **where)
    assert back.shape == x.shape
    torch.testing.assert_close((columns * y).sum(), (x * back).sum())
    torch.testing.assert_close(back, F.fold(y, (7, 8), (3, 2), **where))


def test_a_gradient_of_the_wrong_shape():
    with pytest.raises(ShapeError, match=r"the shape of the output, \(1, 1, 2, 2\), got \(1, 1, 3, 3\)"):
        conv2d_backward(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))


@pytest.mark.parametrize("shape", [(1, 4, 5), (1, 5, 4), (4, 4)])
def test_columns_of_the_wrong_shape(shape):
    with pytest.raises(ShapeError, match="columns expect"):
        col2im(torch.ones(shape), (3, 3), 2)
