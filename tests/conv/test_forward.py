"""Every version of a convolution gives the numbers of torch.nn.functional.conv2d."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.conv import (
    KERNELS,
    conv2d_fft,
    conv2d_im2col,
    conv2d_loops,
    im2col,
    toeplitz,
    true_convolution,
)

VERSIONS = [conv2d_loops, conv2d_im2col, conv2d_fft]


def images(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@st.composite
def layers(draw, most_groups=1, most_dilation=1):
    """Draw a layer and a batch that fits it: x, weight, bias and the keyword arguments."""
    groups = draw(st.integers(1, most_groups))
    c_in, c_out = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    kh, kw, padding = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(0, 3))
    dilation = draw(st.integers(1, most_dilation))
    least_h, least_w = (max(1, dilation * (k - 1) + 1 - 2 * padding) for k in (kh, kw))
    h, w = least_h + draw(st.integers(0, 5)), least_w + draw(st.integers(0, 5))
    x, weight = images(draw(st.integers(1, 2)), c_in, h, w), images(c_out, c_in // groups, kh, kw, seed=1)
    bias = images(c_out, seed=2) if draw(st.booleans()) else None
    return x, weight, bias, {"stride": draw(st.integers(1, 3)), "padding": padding}, dilation, groups


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=60, deadline=None)
@given(layers())
def test_agrees_with_torch(version, layer):
    x, weight, bias, where, *_ = layer
    torch.testing.assert_close(version(x, weight, bias, **where), F.conv2d(x, weight, bias, **where))


@settings(max_examples=100, deadline=None)
@given(layers(most_groups=3, most_dilation=3))
def test_im2col_knows_dilation_and_groups(layer):
    x, weight, bias, where, dilation, groups = layer
    got = conv2d_im2col(x, weight, bias, **where, dilation=dilation, groups=groups)
    torch.testing.assert_close(got, F.conv2d(x, weight, bias, **where, dilation=dilation, groups=groups))


@settings(max_examples=60, deadline=None)
@given(layers(most_dilation=3))
def test_columns_are_those_of_unfold(layer):
    x, weight, _, where, dilation, _ = layer
    size = tuple(weight.shape[2:])
    assert torch.equal(
        im2col(x, size, **where, dilation=dilation), F.unfold(x, size, **where, dilation=dilation)
    )


@settings(max_examples=60, deadline=None)
@given(layers())
def test_matrix_is_the_same_layer(layer):
    x, weight, _, where, *_ = layer
    matrix = toeplitz(weight, *x.shape[2:], **where)
    torch.testing.assert_close(x.flatten(1) @ matrix.T, F.conv2d(x, weight, **where).flatten(1))


def test_matrix_ties_its_weights():
    matrix = toeplitz(torch.tensor([[[[1.0, 2], [3, 4]]]]), 5, 5)
    assert matrix.shape == (16, 25)
    assert torch.equal((matrix != 0).sum(1), torch.full((16,), 4))
    assert [(matrix == value).sum().item() for value in (1, 2, 3, 4)] == [16] * 4


def test_a_window_by_hand():
    x = torch.tensor([[[[1.0, 2, 0], [0, 1, 3], [4, 0, 1]]]])
    weight = torch.tensor([[[[1.0, 0], [2, -1]]]])
    by_hand = [[1 * 1 + 2 * 0 + 0 * 2 - 1 * 1, 2 * 1 + 0 * 0 + 1 * 2 - 3 * 1], [0 + 0 + 8 - 0, 1 + 0 + 0 - 1]]
    for version in VERSIONS:
        torch.testing.assert_close(version(x, weight)[0, 0], torch.tensor(by_hand, dtype=torch.float32))


@pytest.mark.parametrize("version", VERSIONS)
def test_is_linear(version):
    x, y, weight = images(1, 2, 6, 7), images(1, 2, 6, 7, seed=1), images(3, 2, 3, 3, seed=2)
    torch.testing.assert_close(
        version(2 * x - 3 * y, weight), 2 * version(x, weight) - 3 * version(y, weight)
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("shift", [(1, 0), (0, 2), (3, 1)])
def test_is_equivariant_to_shifts(version, shift):
    """Where no border interferes, shifting the picture shifts the map."""
    x = torch.zeros(1, 1, 12, 12, dtype=torch.float64)
    x[..., 4:7, 4:7] = images(1, 1, 3, 3)
    weight = images(1, 1, 3, 3, seed=1)
    moved = version(x.roll(shift, dims=(2, 3)), weight)
    torch.testing.assert_close(moved, version(x, weight).roll(shift, dims=(2, 3)))


def test_true_convolution_turns_the_kernel():
    scipy_signal = pytest.importorskip("scipy.signal")
    x, weight = images(1, 1, 6, 5), images(1, 1, 3, 2, seed=1)
    expected = scipy_signal.convolve2d(x[0, 0].numpy(), weight[0, 0].numpy(), mode="valid")
    torch.testing.assert_close(true_convolution(x, weight)[0, 0], torch.from_numpy(expected))
    assert not torch.allclose(true_convolution(x, weight), conv2d_loops(x, weight))


def test_true_convolution_takes_channels_bias_stride_and_padding():
    x, weight, bias = images(2, 3, 6, 7), images(4, 3, 3, 3, seed=1), images(4, seed=2)
    expected = F.conv2d(x, weight.flip(2, 3), bias, stride=2, padding=1)
    torch.testing.assert_close(true_convolution(x, weight, bias, stride=2, padding=1), expected)


def test_kernels_do_what_their_names_say():
    assert all(kernel.shape == (3, 3) for kernel in KERNELS.values())
    sums = {name: round(kernel.sum().item(), 5) for name, kernel in KERNELS.items()}
    assert sums == {
        "identity": 1, "blur": 1, "gaussian": 1, "sharpen": 1, "sobel_x": 0, "sobel_y": 0, "laplacian": 0,
    }  # fmt: skip
    ramp = torch.arange(5.0).expand(5, 5)[None, None]  # grows by one a pixel, to the right
    answers = {
        name: conv2d_im2col(ramp, kernel[None, None])[0, 0, 1, 1].item() for name, kernel in KERNELS.items()
    }
    assert answers["sobel_x"] == 8
    assert answers["sobel_y"] == answers["laplacian"] == 0
    assert answers["identity"] == answers["sharpen"] == pytest.approx(answers["blur"]) == 2


def test_runs_where_its_tensors_are():
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    x, weight, bias = (t.to(device) for t in (images(1, 2, 5, 5), images(3, 2, 3, 3), images(3)))
    for version in VERSIONS:
        assert version(x, weight, bias).device.type == device.type
    assert toeplitz(weight, 5, 5).device.type == device.type
