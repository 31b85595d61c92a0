"""Local response normalisation equals PyTorch's, and the paper's formula with α spread over the window."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.norm import local_response_norm

X = 5 * torch.randn(2, 7, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("size", [1, 3, 5, 9])
@pytest.mark.parametrize("settings", [{}, {"alpha": 0.3, "beta": 0.5, "k": 2.0}])
def test_agrees_with_torch(size, settings):
    expected = F.local_response_norm(X, size, **settings)
    torch.testing.assert_close(local_response_norm(X, size, **settings), expected)


def test_the_formula_of_the_paper():
    """Section 3.3: the sum runs over min(N − 1, i + n/2), and is not divided by n."""
    out = torch.empty_like(X)
    for i in range(7):
        near = X[:, max(0, i - 2) : i + 3].square().sum(1)
        out[:, i] = X[:, i] / (2 + 1e-4 * near) ** 0.75
    torch.testing.assert_close(local_response_norm(X, 5, alpha=5e-4, beta=0.75, k=2), out)


def test_errors_say_what_to_do():
    with pytest.raises(ArgumentError, match="odd number ≥ 1, got 4"):
        local_response_norm(X, 4)
    with pytest.raises(ShapeError, match="4 dimensions"):
        local_response_norm(X[0])
