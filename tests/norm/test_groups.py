"""Group, layer and instance norm equal PyTorch's, and are one function."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.norm import group_norm, instance_norm, layer_norm


def noise(*shape, seed=0):
    return 3 + 2 * torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_group_norm_agrees_with_torch(groups, eps):
    x, weight, bias = noise(2, 6, 4, 5), noise(6, seed=1), noise(6, seed=2)
    expected = F.group_norm(x, groups, weight, bias, eps)
    torch.testing.assert_close(group_norm(x, groups, weight, bias, eps=eps), expected)
    torch.testing.assert_close(group_norm(x, groups, eps=eps), F.group_norm(x, groups, eps=eps))


def test_instance_norm_agrees_with_torch():
    x, weight, bias = noise(2, 3, 4, 5), noise(3, seed=1), noise(3, seed=2)
    expected = F.instance_norm(x, weight=weight, bias=bias, eps=0.1)
    torch.testing.assert_close(instance_norm(x, weight, bias, eps=0.1), expected)


def test_layer_norm_agrees_with_torch():
    x, weight, bias = noise(2, 3, 4, 5), noise(3, seed=1), noise(3, seed=2)
    everywhere = [v[:, None, None].expand(3, 4, 5) for v in (weight, bias)]
    torch.testing.assert_close(layer_norm(x, weight, bias), F.layer_norm(x, (3, 4, 5), *everywhere))


@pytest.mark.parametrize("norm", [instance_norm, layer_norm, lambda x: group_norm(x, 2)])
def test_a_picture_does_not_depend_on_its_neighbours(norm):
    x = noise(4, 6, 3, 3)
    torch.testing.assert_close(norm(x)[:1], norm(x[:1]))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: group_norm(torch.ones(2, 6), 2), ShapeError, r"\(n, c, h, w\), got shape \(2, 6\)"),
        (lambda: instance_norm(torch.ones(2, 6)), ShapeError, "4 dimensions"),
        (lambda: group_norm(torch.ones(2, 6, 1, 1), 4), ArgumentError, "divisor of the 6 channels, got 4"),
        (lambda: group_norm(torch.ones(2, 6, 1, 1), 0), ArgumentError, "divisor"),
        (lambda: layer_norm(torch.ones(2, 6, 1, 1), torch.ones(1)), ShapeError, "each of 6 channels"),
    ],
)
def test_errors_say_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call()
