"""Deformable convolution is torchvision's, values and gradients; without offsets it is the ordinary one."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import deform_conv2d

from cnncourse.conv import deform_conv2d_bilinear, sample_bilinear
from cnncourse.errors import ArgumentError, ShapeError


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def case(stride, padding, dilation, with_bias=True, c_in=2, c_out=3):
    """x, offset, weight, bias, mask and the settings; offsets reach far outside the picture."""
    how = {"stride": stride, "padding": padding, "dilation": dilation}
    x, weight = numbers(2, c_in, 7, 8), numbers(c_out, c_in, 3, 2, seed=1)
    height, width = F.conv2d(x, weight, **how).shape[2:]
    offset = 3 * numbers(2, 2 * 6, height, width, seed=2)
    mask = numbers(2, 6, height, width, seed=3).sigmoid()
    return x, offset, weight, numbers(c_out, seed=4) if with_bias else None, mask, how


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(0, 2), st.integers(1, 2), st.booleans(), st.booleans())
def test_agrees_with_torchvision(stride, padding, dilation, with_bias, with_mask):
    x, offset, weight, bias, mask, how = case(stride, padding, dilation, with_bias)
    mask = mask if with_mask else None
    expected = deform_conv2d(x, offset, weight, bias, mask=mask, **how)
    torch.testing.assert_close(deform_conv2d_bilinear(x, offset, weight, bias, mask=mask, **how), expected)


def test_gradients_are_torchvisions():
    x, offset, weight, bias, mask, how = case(1, 1, 1)
    leaves = [v.requires_grad_() for v in (x, offset, weight, bias, mask)]
    found = []
    for function in (deform_conv2d_bilinear, deform_conv2d):
        out = function(x, offset, weight, bias, mask=mask, **how)
        found.append(torch.autograd.grad((out * out.detach()).sum(), leaves))
    torch.testing.assert_close(found[0], found[1])


def test_without_offsets_it_is_the_ordinary_convolution():
    x, offset, weight, bias, mask, how = case(2, 1, 2)
    expected = F.conv2d(x, weight, bias, **how)
    torch.testing.assert_close(deform_conv2d_bilinear(x, 0 * offset, weight, bias, **how), expected)
    half = deform_conv2d_bilinear(x, 0 * offset, weight, None, mask=0 * mask + 0.5, **how)
    torch.testing.assert_close(half, F.conv2d(x, weight, **how) / 2)


def test_a_whole_offset_is_a_shift():
    x, weight = numbers(1, 1, 6, 6), numbers(1, 1, 3, 3, seed=1)
    down = torch.zeros(1, 18, 4, 4, dtype=torch.float64)
    down[:, 0::2] = 1  # the first of each pair is the row
    got = deform_conv2d_bilinear(x, down, weight)
    torch.testing.assert_close(got[:, :, :3], F.conv2d(x, weight)[:, :, 1:])


def test_sampling_is_grid_sample():
    x = numbers(2, 3, 5, 4)
    rows, columns = 3 * numbers(2, 6, 7, seed=1) + 2, 3 * numbers(2, 6, 7, seed=2) + 2
    grid = torch.stack([(2 * columns + 1) / 4 - 1, (2 * rows + 1) / 5 - 1], dim=-1)
    expected = F.grid_sample(x, grid, align_corners=False, padding_mode="zeros")
    torch.testing.assert_close(sample_bilinear(x, rows, columns), expected)


def test_shapes_and_types_that_do_not_fit():
    x, weight = torch.ones(1, 1, 5, 5), torch.ones(1, 1, 3, 3)
    fits, mask = torch.zeros(1, 18, 3, 3), torch.ones(1, 9, 3, 3)
    with pytest.raises(ShapeError, match=r"offset expects shape \(1, 18, 3, 3\), got \(1, 9, 3, 3\)"):
        deform_conv2d_bilinear(x, mask, weight)
    with pytest.raises(ShapeError, match=r"mask expects shape \(1, 9, 3, 3\), got \(1, 18, 3, 3\)"):
        deform_conv2d_bilinear(x, fits, weight, mask=fits)
    with pytest.raises(ArgumentError, match=r"offset expects the dtype of x, torch.float32"):
        deform_conv2d_bilinear(x, fits.double(), weight)
    with pytest.raises(ShapeError, match="weight expects 2 input channels"):
        deform_conv2d_bilinear(x, fits, torch.ones(1, 2, 3, 3))
    with pytest.raises(ShapeError, match="x expects 4 dimensions"):
        sample_bilinear(x[0], fits, fits)
    with pytest.raises(ShapeError, match="rows and columns expect one shape"):
        sample_bilinear(x, fits, mask)
