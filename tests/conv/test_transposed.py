"""The transposed convolution is torch's, the gradient's, and the one that the inner products demand."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnncourse.conv import adjoint_sides, conv2d_backward, conv_transpose2d_scatter, toeplitz
from cnncourse.errors import ArgumentError, ShapeError


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 3), st.booleans(), st.data())
def test_agrees_with_torch(c_in, c_out, kernel, stride, with_bias, data):
    padding = data.draw(st.integers(0, 2))
    extra = data.draw(st.integers(0, stride - 1))
    assume((3 - 1) * stride - 2 * padding + kernel + extra >= 1)
    x, weight = numbers(2, c_in, 3, 4), numbers(c_in, c_out, kernel, kernel, seed=1)
    bias = numbers(c_out, seed=2) if with_bias else None
    how = {"stride": stride, "padding": padding, "output_padding": extra}
    expected = F.conv_transpose2d(x, weight, bias, **how)
    torch.testing.assert_close(conv_transpose2d_scatter(x, weight, bias, **how), expected)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_is_the_gradient_and_the_transposed_matrix(stride, padding):
    x, weight = numbers(1, 2, 7, 7), numbers(3, 2, 3, 3, seed=1)
    out = F.conv2d(x, weight, stride=stride, padding=padding)
    y = numbers(*out.shape, seed=2)
    extra = (7 + 2 * padding - 3) % stride
    got = conv_transpose2d_scatter(y, weight, stride=stride, padding=padding, output_padding=extra)
    matrix = toeplitz(weight, 7, 7, stride=stride, padding=padding)
    torch.testing.assert_close(got.flatten(), matrix.T @ y.flatten())
    torch.testing.assert_close(got, conv2d_backward(y, x, weight, stride=stride, padding=padding)[0])


def test_adjoint_sides_are_equal_for_the_transpose_alone():
    x, y, weight = numbers(1, 2, 7, 7), numbers(1, 3, 4, 4, seed=1), numbers(3, 2, 3, 3, seed=2)

    def there(v):
        return F.conv2d(v, weight, stride=2, padding=1)

    left, right = adjoint_sides(
        there, lambda v: conv_transpose2d_scatter(v, weight, stride=2, padding=1), x, y
    )
    assert left == pytest.approx(right)
    turned = weight.flip(2, 3)
    left, right = adjoint_sides(
        there, lambda v: conv_transpose2d_scatter(v, turned, stride=2, padding=1), x, y
    )
    assert abs(left - right) > 1e-3


def test_adjoint_sides_refuse_other_shapes():
    x, y = torch.ones(3), torch.ones(2)
    with pytest.raises(ShapeError, match=r"forward\(x\) expects shape \(2,\), got \(3,\)"):
        adjoint_sides(lambda v: v, lambda v: torch.ones(3), x, y)
    with pytest.raises(ShapeError, match=r"back\(y\) expects shape \(3,\), got \(2,\)"):
        adjoint_sides(lambda v: torch.ones(2), lambda v: v, x, y)


@pytest.mark.parametrize(
    ("x", "weight", "bias", "message"),
    [
        (torch.ones(2, 2), torch.ones(1, 1, 3, 3), None, "x expects 4 dimensions"),
        (torch.ones(1, 1, 2, 2), torch.ones(3, 3), None, "weight expects 4 dimensions"),
        (torch.ones(1, 2, 2, 2), torch.ones(3, 2, 3, 3), None, r"weight as \(c_in, c_out, kh, kw\)"),
        (torch.ones(1, 2, 2, 2), torch.ones(2, 3, 3, 3), torch.ones(2), "each of the 3 output channels"),
    ],
)
def test_shapes_that_do_not_fit(x, weight, bias, message):
    with pytest.raises(ShapeError, match=message):
        conv_transpose2d_scatter(x, weight, bias)


def test_arguments_out_of_range():
    x, weight = torch.ones(1, 1, 2, 2), torch.ones(1, 1, 3, 3)
    with pytest.raises(ArgumentError, match=r"less than the stride \(2\), got 2"):
        conv_transpose2d_scatter(x, weight, stride=2, output_padding=2)
    with pytest.raises(ArgumentError, match="cuts away the whole output"):
        conv_transpose2d_scatter(x, weight, padding=2)
    with pytest.raises(ArgumentError, match="one dtype"):
        conv_transpose2d_scatter(x, weight.double())
