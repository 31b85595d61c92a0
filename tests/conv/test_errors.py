"""Bad input: one line that says what was expected, what came, and what to do."""

import pytest
import torch

from cnncourse.conv import conv2d_backward, conv2d_fft, conv2d_im2col, conv2d_loops, im2col, toeplitz
from cnncourse.errors import ArgumentError, ShapeError

VERSIONS = [conv2d_loops, conv2d_im2col, conv2d_fft]


def ones(*shape):
    return torch.ones(*shape)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("x", "weight", "bias", "message"),
    [
        (ones(8, 1, 28, 28), ones(4, 3, 5, 5), None,
         "weight expects 3 input channels, but x has 1 — shape (8, 1, 28, 28)"),
        (ones(28, 28), ones(1, 1, 3, 3), None,
         "x expects 4 dimensions (n, c, h, w), got 2 — shape (28, 28); "
         "reshape a single h×w picture with x[None, None]"),
        (ones(1, 1, 5, 5), ones(3, 3), None,
         "weight expects 4 dimensions (c_out, c_in, kh, kw), got 2 — shape (3, 3); "
         "reshape a single kernel with weight[None, None]"),
        (ones(1, 1, 5, 5), ones(4, 1, 3, 3), ones(3),
         "bias expects one value for each of the 4 filters, shape (4,), got shape (3,)"),
        (ones(1, 1, 3, 4), ones(1, 1, 5, 5), None,
         "the kernel covers 5×5 pixels, but the padded image has 3×4 — "
         "use a kernel that fits, or more padding"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit(version, x, weight, bias, message):
    with pytest.raises(ShapeError) as caught:
        version(x, weight, bias)
    assert str(caught.value) == message


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("stride", 0, "stride expects a whole number ≥ 1, got 0"),
        ("stride", 1.5, "stride expects a whole number ≥ 1, got 1.5"),
        ("padding", -1, "padding expects a whole number ≥ 0, got -1"),
        ("padding", True, "padding expects a whole number ≥ 0, got True"),
    ],
)
def test_arguments_out_of_range(version, argument, value, message):
    with pytest.raises(ArgumentError) as caught:
        version(ones(1, 1, 5, 5), ones(1, 1, 3, 3), **{argument: value})
    assert str(caught.value) == message


@pytest.mark.parametrize("version", VERSIONS)
def test_numbers_of_two_types(version):
    with pytest.raises(ArgumentError, match=r"one dtype, got torch.int64 and torch.float32 — convert with"):
        version(torch.arange(9).reshape(1, 1, 3, 3), ones(1, 1, 2, 2))
    with pytest.raises(ArgumentError, match=r"got torch.float32 and torch.float32 and torch.float64"):
        version(ones(1, 1, 3, 3), ones(1, 1, 2, 2), ones(1).double())


def test_whole_numbers_work_except_in_spectra():
    x, weight = torch.arange(9).reshape(1, 1, 3, 3), torch.ones(1, 1, 2, 2, dtype=torch.int64)
    assert conv2d_loops(x, weight).flatten().tolist() == [8, 12, 20, 24]
    assert conv2d_im2col(x, weight).flatten().tolist() == [8, 12, 20, 24]
    with pytest.raises(ArgumentError, match="floating-point"):
        conv2d_fft(x, weight)


@pytest.mark.parametrize("groups", [0, 2, 3, 1.0])
def test_groups_that_do_not_divide(groups):
    with pytest.raises(ArgumentError, match="a divisor of the 4 input channels and the 3 filters"):
        conv2d_im2col(ones(1, 4, 5, 5), ones(3, 4, 3, 3), groups=groups)


def test_the_other_functions_check_too():
    with pytest.raises(ShapeError, match="4 dimensions"):
        im2col(ones(5, 5), 3)
    with pytest.raises(ArgumentError, match="dilation"):
        im2col(ones(1, 1, 5, 5), 3, dilation=0)
    with pytest.raises(ShapeError, match="covers 5×5"):
        im2col(ones(1, 1, 4, 4), 3, dilation=2)
    with pytest.raises(ShapeError, match="covers 3×3"):
        toeplitz(ones(1, 1, 3, 3), 2, 2)
    with pytest.raises(ShapeError, match="weight expects 2 input channels, but x has 1"):
        conv2d_backward(ones(1, 1, 3, 3), ones(1, 1, 3, 3), ones(1, 2, 1, 1))
