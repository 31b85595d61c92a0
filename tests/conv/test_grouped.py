"""Grouped, depthwise and separable convolutions give torch's numbers; the shuffle deals channels out."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse.conv import channel_shuffle, conv2d_depthwise, conv2d_grouped, conv2d_separable
from cnncourse.errors import ArgumentError, ShapeError


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


where = st.fixed_dictionaries(
    {"stride": st.integers(1, 3), "padding": st.integers(0, 2), "dilation": st.integers(1, 2)}
)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.booleans(), where)
def test_groups_agree_with_torch(groups, c_in, c_out, with_bias, settings_):
    x, weight = numbers(2, groups * c_in, 7, 6), numbers(groups * c_out, c_in, 3, 2, seed=1)
    bias = numbers(groups * c_out, seed=2) if with_bias else None
    expected = F.conv2d(x, weight, bias, groups=groups, **settings_)
    torch.testing.assert_close(conv2d_grouped(x, weight, bias, groups=groups, **settings_), expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.booleans(), where)
def test_depthwise_is_a_group_for_each_channel(channels, with_bias, settings_):
    x, weight = numbers(2, channels, 7, 6), numbers(channels, 1, 3, 2, seed=1)
    bias = numbers(channels, seed=2) if with_bias else None
    expected = F.conv2d(x, weight, bias, groups=channels, **settings_)
    torch.testing.assert_close(conv2d_depthwise(x, weight, bias, **settings_), expected)
    torch.testing.assert_close(conv2d_grouped(x, weight, bias, groups=channels, **settings_), expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), where)
def test_separable_is_a_convolution_with_shared_kernels(c_in, c_out, settings_):
    x, depthwise = numbers(2, c_in, 7, 6), numbers(c_in, 1, 3, 2, seed=1)
    pointwise, bias = numbers(c_out, c_in, 1, 1, seed=2), numbers(c_out, seed=3)
    whole = pointwise * depthwise.transpose(0, 1)  # (c_out, c_in, 3, 2)
    expected = F.conv2d(x, whole, bias, **settings_)
    torch.testing.assert_close(conv2d_separable(x, depthwise, pointwise, bias, **settings_), expected)


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 6, 12])
def test_shuffle_is_torchs(groups):
    x = numbers(2, 12, 3, 2)
    assert torch.equal(channel_shuffle(x, groups), nn.ChannelShuffle(groups)(x))
    assert torch.equal(channel_shuffle(channel_shuffle(x, groups), 12 // groups), x)


def test_what_does_not_fit_is_named():
    x = torch.ones(1, 6, 4, 4)
    with pytest.raises(ArgumentError, match="a divisor of the 6 input channels and the 4 filters, got 4"):
        conv2d_grouped(x, torch.ones(4, 1, 3, 3), groups=4)
    with pytest.raises(ShapeError, match=r"one kernel for each of the 6 channels.*got shape \(3, 1, 3, 3\)"):
        conv2d_depthwise(x, torch.ones(3, 1, 3, 3))
    with pytest.raises(ShapeError, match=r"x expects 4 dimensions"):
        conv2d_depthwise(x[0], torch.ones(6, 1, 3, 3))
    with pytest.raises(ShapeError, match=r"pointwise expects shape \(c_out, c_in, 1, 1\), got \(2, 6\)"):
        conv2d_separable(x, torch.ones(6, 1, 3, 3), torch.ones(2, 6))
    with pytest.raises(ShapeError, match="6 channels, which is not a multiple of groups=4"):
        channel_shuffle(x, 4)
    with pytest.raises(ShapeError, match="x expects 4 dimensions"):
        channel_shuffle(x[0], 2)
    with pytest.raises(ArgumentError, match="groups expects a whole number ≥ 1, got 0"):
        channel_shuffle(x, 0)
