import re

import pytest
import torch
from torch import nn

from cnncourse import explain
from cnncourse.errors import ArgumentError, ShapeError


@pytest.fixture
def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(2 * 3 * 3, 4, bias=False))


@pytest.fixture
def curved():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(36, 3))


def test_of_a_linear_net_every_gradient_is_its_weights(linear):
    x, labels = torch.randn(3, 2, 3, 3), [1, 0, 3]
    weights = linear[1].weight.detach()[labels].view(3, 2, 3, 3)
    for found in (
        explain.saliency(linear, x, labels),
        explain.smooth_grad(linear, x, labels),
        explain.integrated_gradients(linear, x, labels, steps=1) / x,
        explain.input_times_gradient(linear, x, labels) / x,
    ):
        torch.testing.assert_close(found, weights)


def test_saliency_is_the_slope(curved):
    """Against differences: a pixel is moved a little, and the score is asked again."""
    curved, x = curved.double(), torch.randn(1, 2, 5, 5).double()
    found = explain.saliency(curved, x, 2)
    for place in ((0, 0, 0, 0), (0, 1, 2, 3), (0, 0, 4, 1)):
        step = torch.zeros_like(x)
        step[place] = 1e-5
        slope = (curved(x + step) - curved(x - step))[0, 2] / 2e-5
        assert found[place].item() == pytest.approx(slope.item(), rel=1e-6)


@pytest.mark.parametrize("baseline", [None, 0.3, torch.tensor([0.5, -1.0]), torch.ones(2, 5, 5), "images"])
def test_integrated_gradients_are_complete(curved, baseline):
    x = torch.randn(4, 2, 5, 5)
    start = torch.randn(4, 2, 5, 5) if isinstance(baseline, str) else baseline
    found = explain.integrated_gradients(curved, x, 1, baseline=start, steps=256)
    origin = torch.zeros(1) if start is None else torch.as_tensor(start)
    origin = origin.view(-1, 1, 1) if origin.dim() == 1 else origin
    lost = curved(x)[:, 1] - curved(origin.expand(x.shape))[:, 1]
    torch.testing.assert_close(found.sum(dim=(1, 2, 3)), lost.detach(), atol=1e-3, rtol=1e-3)


def test_more_steps_are_nearer(curved):
    x = 3 * torch.randn(8, 2, 5, 5)
    lost = (curved(x) - curved(0 * x))[:, 0].detach()
    error = [
        (explain.integrated_gradients(curved, x, 0, steps=steps).sum((1, 2, 3)) - lost).abs().max()
        for steps in (1, 8, 64)
    ]
    assert error[0] > 10 * error[1] > 100 * error[2]


def test_smooth_grad_is_a_mean_over_noise_that_can_be_repeated(curved):
    x = torch.randn(2, 2, 5, 5) * torch.tensor([1.0, 5.0]).view(2, 1, 1, 1)
    draw = torch.Generator().manual_seed(7)
    spread = torch.stack([0.2 * (one.max() - one.min()) for one in x]).view(2, 1, 1, 1)
    each = [explain.saliency(curved, x + spread * torch.randn(x.shape, generator=draw), 1) for _ in range(3)]
    found = explain.smooth_grad(curved, x, 1, noise=0.2, copies=3, seed=7)
    torch.testing.assert_close(found, sum(each) / 3)
    assert torch.equal(found, explain.smooth_grad(curved, x, 1, noise=0.2, copies=3, seed=7))
    assert not torch.equal(found, explain.smooth_grad(curved, x, 1, noise=0.2, copies=3, seed=8))
    torch.testing.assert_close(explain.smooth_grad(curved, x, 1, noise=0), explain.saliency(curved, x, 1))


def test_smooth_grad_explains_the_class_of_the_image_itself():
    """With so much noise the copies would choose now one class, now the other."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(2, 2, bias=False))
    net[1].weight.data = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    found = explain.smooth_grad(net, torch.tensor([[[[0.1, 9.0]]]]), noise=5.0)
    assert found.tolist() == [[[[1.0, 0.0]]]]


def test_a_score_that_no_pixel_moves_has_a_map_of_zeros():
    class Constant(nn.Module):
        def forward(self, x):
            return torch.ones(len(x), 2)

    assert not explain.saliency(Constant(), torch.ones(2, 1, 3, 3)).any()


@pytest.mark.parametrize(
    ("method", "options", "error", "said"),
    [
        ("smooth_grad", {"noise": -1}, ArgumentError, "noise expects a number from 0"),
        ("smooth_grad", {"copies": 0}, ArgumentError, "copies expects a whole number from 1 up, got 0"),
        (
            "integrated_gradients",
            {"steps": 0},
            ArgumentError,
            "steps expects a whole number from 1 up, got 0",
        ),
        (
            "integrated_gradients",
            {"baseline": torch.ones(3)},
            ShapeError,
            "a number, a colour of 2 channels or a picture of shape (2, 5, 5), got shape (3,)",
        ),
    ],
)
def test_errors(curved, method, options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        getattr(explain, method)(curved, torch.ones(1, 2, 5, 5), **options)
