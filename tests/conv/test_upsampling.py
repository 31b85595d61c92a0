"""Up-sampling by hand gives the numbers and the gradients of torch.nn.functional."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse import conv
from cnncourse.errors import ArgumentError, ShapeError

WAYS = [("nearest", False), ("bilinear", False), ("bilinear", True)]
SIZES = [(8, 8), (7, 11), (4, 5), (3, 2), (1, 1), (13, 4)]


def maps(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def theirs(x, size, mode, align_corners):
    options = {} if mode == "nearest" else {"align_corners": align_corners}
    return F.interpolate(x, size, mode=mode, **options)


@pytest.mark.parametrize(("mode", "align_corners"), WAYS)
@pytest.mark.parametrize("size", SIZES)
def test_agrees_with_interpolate(mode, align_corners, size):
    x = maps(2, 3, 4, 5).requires_grad_()
    expected = theirs(x, size, mode, align_corners)
    got = conv.upsample(x.detach(), size, mode=mode, align_corners=align_corners)
    torch.testing.assert_close(got, expected.detach(), rtol=1e-6, atol=1e-6)
    grad = maps(*expected.shape, seed=1)
    back = conv.upsample_backward(grad, (4, 5), mode=mode, align_corners=align_corners)
    torch.testing.assert_close(back, torch.autograd.grad(expected, x, grad)[0], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("mode", "align_corners"), WAYS)
def test_every_new_pixel_is_a_blend(mode, align_corners):
    for size in (1, 2, 5):
        for wanted in (1, 3, 10):
            matrix = conv.interpolation(size, wanted, mode, align_corners)
            assert matrix.shape == (wanted, size)
            assert (matrix >= 0).all()
            torch.testing.assert_close(matrix.sum(1), torch.ones(wanted))


@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (3, 3)])
def test_unpooling(kernel, stride):
    x = maps(2, 3, 7, 9)
    values, places = conv.max_pool2d(x, kernel, stride=stride)
    got = conv.max_unpool2d(values, places, (7, 9))
    assert torch.equal(got, F.max_unpool2d(values, places, kernel, stride, output_size=(7, 9)))
    assert torch.equal(got[got != 0], x[got != 0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: conv.upsample(torch.ones(4, 4), (8, 8)), ShapeError, "4 dimensions (n, c, h, w), got 2"),
        (lambda: conv.upsample(torch.ones(1, 1, 2, 2, dtype=torch.uint8), (4, 4)), ArgumentError,
         "x expects floats, got torch.uint8"),
        (lambda: conv.interpolation(0, 4), ArgumentError, "sizes ≥ 1, got 0 → 4"),
        (lambda: conv.interpolation(2, 4, "cubic"), ArgumentError, "'nearest' or 'bilinear', got 'cubic'"),
        (lambda: conv.interpolation(2, 4, "nearest", True), ArgumentError, "align_corners"),
        (lambda: conv.max_unpool2d(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 1, 1), (4, 4)), ShapeError,
         "values expect the shape of places, (1, 1, 1, 1), got (1, 1, 2, 2)"),
        (lambda: conv.max_unpool2d(torch.ones(1, 1, 1, 1), torch.full((1, 1, 1, 1), 16), (4, 4)), ShapeError,
         "below 4 · 4 = 16, got up to 16"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
