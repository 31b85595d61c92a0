"""Pooling by hand gives the numbers, the places and the gradients of torch.nn.functional."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse import conv
from cnncourse.errors import ArgumentError, ShapeError


def ones(*shape):
    return torch.ones(shape)


def maps(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@st.composite
def poolings(draw):
    """Draw maps and a window that fits them."""
    kernel = draw(st.integers(1, 4))
    where = {
        "stride": draw(st.one_of(st.none(), st.integers(1, 4))),
        "padding": draw(st.integers(0, kernel // 2)),
        "ceil_mode": draw(st.booleans()),
    }
    h, w = kernel + draw(st.integers(0, 6)), kernel + draw(st.integers(0, 6))
    return maps(2, 3, h, w), kernel, where


@settings(max_examples=150, deadline=None)
@given(poolings())
def test_max(pooling):
    x, kernel, where = pooling
    values, places = conv.max_pool2d(x, kernel, **where)
    expected, indices = F.max_pool2d(x, kernel, **where, return_indices=True)
    assert torch.equal(values, expected)
    assert torch.equal(places, indices)


@settings(max_examples=150, deadline=None)
@given(poolings(), st.booleans())
def test_average(pooling, include):
    x, kernel, where = pooling
    got = conv.avg_pool2d(x, kernel, **where, count_include_pad=include)
    torch.testing.assert_close(got, F.avg_pool2d(x, kernel, **where, count_include_pad=include))


@settings(max_examples=80, deadline=None)
@given(poolings(), st.booleans())
def test_gradients_of_max_and_average(pooling, include):
    x, kernel, where = pooling
    x.requires_grad_()
    out = F.max_pool2d(x, kernel, **where)
    grad = maps(*out.shape, seed=1)
    places = conv.max_pool2d(x.detach(), kernel, **where)[1]
    size = tuple(x.shape[2:])
    torch.testing.assert_close(
        conv.max_pool2d_backward(grad, places, size), torch.autograd.grad(out, x, grad)[0]
    )
    out = F.avg_pool2d(x, kernel, **where, count_include_pad=include)
    got = conv.avg_pool2d_backward(grad, size, kernel, **where, count_include_pad=include)
    torch.testing.assert_close(got, torch.autograd.grad(out, x, grad)[0])


@pytest.mark.parametrize("stride", [None, 1, 2])
@pytest.mark.parametrize("p", [1, 2, 3, 4.5])
def test_lp(p, stride):
    x = maps(2, 3, 7, 6).relu().requires_grad_()
    out = F.lp_pool2d(x, p, 2, stride=stride)
    torch.testing.assert_close(conv.lp_pool2d(x, p, 2, stride=stride), out)
    signed = maps(1, 1, 6, 6)
    torch.testing.assert_close(conv.lp_pool2d(signed, 2, 3), F.lp_pool2d(signed, 2, 3))


@pytest.mark.parametrize("p", [1, 2, 5])
def test_gradient_of_lp(p):
    x = maps(1, 2, 5, 5).requires_grad_()
    out = conv.lp_pool2d(x, p, 3, stride=2)
    grad = maps(*out.shape, seed=1)
    expected = torch.autograd.grad(out, x, grad)[0]
    got = conv.lp_pool2d_backward(grad, x.detach(), out.detach(), p, 3, stride=2)
    torch.testing.assert_close(got, expected)
    still = conv.lp_pool2d_backward(grad, torch.zeros_like(x), torch.zeros_like(out), 3, 3, stride=2)
    assert not still.any()


def test_lp_runs_from_the_sum_to_the_maximum():
    x = maps(1, 1, 4, 4).abs()
    torch.testing.assert_close(conv.lp_pool2d(x, 1, 2), 4 * F.avg_pool2d(x, 2))
    torch.testing.assert_close(conv.lp_pool2d(x, 500, 2), F.max_pool2d(x, 2), rtol=3e-3, atol=0)
    assert torch.isfinite(conv.lp_pool2d(1e3 * x.float(), 500, 2)).all()
    ragged = conv.lp_pool2d(torch.ones(1, 1, 3, 3), 1, 2, ceil_mode=True)
    assert ragged.flatten().tolist() == [4, 2, 2, 1]


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (3, 5), (7, 4), (9, 2)])
def test_adaptive(size):
    x = maps(2, 3, 7, 10)
    torch.testing.assert_close(conv.adaptive_pool2d(x, size), F.adaptive_avg_pool2d(x, size))
    torch.testing.assert_close(conv.adaptive_pool2d(x, size, "max"), F.adaptive_max_pool2d(x, size))


def test_adaptive_bins_touch_or_overlap():
    for size in range(1, 12):
        for bins in range(1, 12):
            cut = conv.adaptive_bins(size, bins)
            assert len(cut) == bins
            assert cut[0][0] == 0
            assert cut[-1][1] == size
            assert all(first < end for first, end in cut)


@pytest.mark.parametrize("taps", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_blur_is_a_depthwise_convolution(taps, stride):
    x = maps(2, 3, 7, 8)
    line = torch.tensor([math.comb(taps - 1, k) for k in range(taps)], dtype=torch.float64)
    kernel = (torch.outer(line, line) / line.sum() ** 2).expand(3, 1, taps, taps)
    frame = ((taps - 1) // 2, taps // 2) * 2
    expected = F.conv2d(F.pad(x, frame, mode="reflect"), kernel, stride=stride, groups=3)
    torch.testing.assert_close(conv.blur_pool2d(x, taps=taps, stride=stride), expected)
    assert expected.shape[2:] == (-(-7 // stride), -(-8 // stride))


def test_blur_minds_a_shift_less():
    stripes = torch.tensor([0.0, 1]).repeat(8).expand(1, 1, 16, 16)
    for taps, worst in ((1, 1.0), (3, 0.0)):
        here, moved = (conv.blur_pool2d(x, taps=taps) for x in (stripes, stripes.roll(1, 3)))
        assert (here - moved)[..., 1:-1, 1:-1].abs().max() == worst


def test_the_first_of_equals_wins():
    values, places = conv.max_pool2d(torch.zeros(1, 1, 4, 4), 2)
    assert places.flatten().tolist() == [0, 2, 8, 10]
    back = conv.max_pool2d_backward(torch.ones_like(values), places, (4, 4))
    assert back.flatten().nonzero().flatten().tolist() == [0, 2, 8, 10]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: conv.max_pool2d(ones(4, 4), 2), ShapeError,
         "x expects 4 dimensions (n, c, h, w), got 2 — shape (4, 4); "
         "reshape a single h×w map with x[None, None]"),
        (lambda: conv.avg_pool2d(ones(1, 1, 4, 4), 2, padding=2), ArgumentError,
         "padding expects at most half of the kernel, 1, got 2 — "
         "a window that lies in the frame alone has nothing to pool"),
        (lambda: conv.max_pool2d(torch.ones(1, 1, 4, 4, dtype=torch.int64), 2), ArgumentError,
         "x expects floats, got torch.int64 — convert with x.float()"),
        (lambda: conv.lp_pool2d(ones(1, 1, 4, 4), 0.5, 2), ArgumentError,
         "p expects a number ≥ 1, got 0.5 — 1 is the sum, 2 the length"),
        (lambda: conv.adaptive_pool2d(ones(1, 1, 4, 4), (1, 1), "mean"), ArgumentError,
         "kind expects 'average' or 'max', got 'mean'"),
        (lambda: conv.adaptive_bins(4, 0), ArgumentError,
         "adaptive pooling expects a size and a number of bins ≥ 1, got 4 and 0"),
        (lambda: conv.blur_pool2d(ones(1, 1, 4, 2), taps=5), ShapeError,
         "a mirrored rim of 2 needs maps larger than that, got 4×2 — use fewer taps"),
        (lambda: conv.blur_pool2d(ones(1, 1, 4, 2), taps=0), ArgumentError,
         "taps expects a whole number ≥ 1, got 0"),
        (lambda: conv.max_pool2d_backward(ones(1, 1, 2, 2), torch.zeros(1, 1, 1, 1), (4, 4)), ShapeError,
         "grad expects the shape of places, (1, 1, 1, 1), got (1, 1, 2, 2)"),
        (lambda: conv.max_pool2d_backward(ones(1, 1, 1, 1), torch.full((1, 1, 1, 1), 9), (3, 3)),
         ShapeError,
         "places expect numbers below 3 · 3 = 9, got up to 9 — is size that of the map that went in?"),
        (lambda: conv.avg_pool2d_backward(ones(1, 1, 3, 3), (4, 4), 2), ShapeError,
         "grad expects the shape of the output, (1, 1, 2, 2), got (1, 1, 3, 3)"),
        (lambda: conv.lp_pool2d_backward(ones(1, 1, 1, 1), ones(1, 1, 4, 4), ones(1, 1, 2, 2), 2, 2),
         ShapeError,
         "grad expects the shape of out, (1, 1, 2, 2), got (1, 1, 1, 1)"),
        (lambda: conv.max_pool2d(ones(1, 1, 2, 2), 3), ArgumentError,
         "the window spans 3 pixels, but the padded input has 2 (2 + 2 · 0) — "
         "use a smaller kernel or dilation, or more padding"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
