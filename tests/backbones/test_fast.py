"""Racing nets: what whitening does to patches, what is frozen, and how an image gets through untrained."""

import pytest
import torch
from torch import nn

from cnncourse import backbones, data, diagrams
from cnncourse.backbones.fast import FastNet, Group, ShiftNorm, Whitening
from cnncourse.errors import ArgumentError, ShapeError


@pytest.fixture(scope="module")
def pictures():
    """A few drawn pictures: smooth, so that neighbouring pixels say nearly the same."""
    return data.load("shapes10", announce=False).take(300).normalised()


def covariance(maps):
    """The second moments of the channels of (n, c, h, w), over all images and places."""
    answers = maps.movedim(1, 3).flatten(0, 2).double()
    return answers.T @ answers / len(answers)


@pytest.mark.parametrize("side", [2, 3])
def test_whitened_patches_are_uncorrelated_and_equally_strong(pictures, side):
    stem = Whitening(3, side)
    stem.init_from(pictures, eps=1e-12)
    nn.init.zeros_(stem.bias)
    with torch.no_grad():
        found = covariance(stem(pictures)[:, : 3 * side**2])
    torch.testing.assert_close(found, torch.eye(3 * side**2, dtype=torch.double), rtol=0, atol=0.02)


def test_second_half_of_the_filters_is_the_first_with_its_sign_changed(pictures):
    stem = Whitening(3, 2, stride=2)
    stem.init_from(pictures)
    assert torch.equal(stem.weight[12:], -stem.weight[:12])


def test_directions_without_variance_are_not_blown_up():
    stem = Whitening(1, 2)
    stem.init_from(torch.ones(4, 1, 8, 8))  # every patch is the same
    assert stem.weight.abs().max() <= 5e-4**-0.5


def test_strongest_direction_comes_first(pictures):
    stem = Whitening(3, 2)
    stem.init_from(pictures)
    lengths = stem.weight[:12].flatten(1).norm(dim=1)  # 1/√variance
    assert (lengths.diff() >= 0).all()
    signs = stem.weight[0].flatten(1).sign().sum(1)
    assert signs.abs().tolist() == [4, 4, 4]  # a mean over the patch in each colour, up to its sign


@pytest.mark.parametrize("shape", [(5, 1, 32, 32), (5, 3, 1, 1), (3, 32, 32)])
def test_whitening_says_which_images_it_needs(shape):
    with pytest.raises(ShapeError, match="at least 2×2 pixels, got shape"):
        Whitening(3, 2).init_from(torch.zeros(shape))


def test_stem_and_scales_are_no_parameters_but_are_saved():
    net = backbones.create("race_small")
    trained = {name for name, _ in net.named_parameters()}
    frozen = {"stem.weight", "groups.0.2.weight", "groups.1.2.weight", "groups.2.2.weight"}
    assert not frozen & trained
    assert frozen <= set(net.state_dict())
    assert "stem.bias" in trained


def test_bias_of_the_stem_is_trained_for_three_epochs():
    net = backbones.create("race_small")
    told = []
    for epoch in range(5):
        net.at_epoch(epoch)
        told.append(net.stem.bias.requires_grad)
    assert told == [True, True, True, False, False]


def test_first_filters_hand_their_input_on():
    group = Group(4, 6, 2, "relu").eval()
    x = torch.rand(2, 4, 8, 8)
    expected = nn.functional.max_pool2d(x, 2)
    torch.testing.assert_close(group(x)[:, :4], expected)


def test_norm_scales_to_one_and_learns_a_shift_alone():
    norm = ShiftNorm(3)
    out = norm(5 + 7 * torch.randn(64, 3, 8, 8))
    torch.testing.assert_close(out.var((0, 2, 3), unbiased=False), torch.ones(3), rtol=1e-3, atol=1e-3)
    assert [name for name, _ in norm.named_parameters()] == ["bias"]
    torch.testing.assert_close(norm.running_mean, torch.full((3,), 0.4 * 5), rtol=0.1, atol=0)


def test_maps_of_the_race():
    sizes = [row.shape[-1] for row in diagrams.summary(backbones.create("race94")) if "conv" in row.what]
    assert sizes == [31, 31, 15, 15, 7, 7, 3]
    assert round(diagrams.summary(backbones.create("race94")).macs / 1e6) == 118


def test_logits_are_scaled_down():
    net = FastNet((16,), (1,), scale=0.5).eval()
    features = net.maxpool(net.groups(net.activation(net.stem(torch.ones(2, 3, 8, 8))))).flatten(1)
    torch.testing.assert_close(net(torch.ones(2, 3, 8, 8)), 0.5 * net.fc(features))
    assert FastNet((16,), (1,)).scale == 1 / 16


@pytest.mark.parametrize(
    ("options", "said"),
    [({"widths": (8,)}, "equally many"), ({"activation": "tanh"}, "one of gelu, relu, silu")],
)
def test_plans_that_make_no_sense_are_refused(options, said):
    with pytest.raises(ArgumentError, match=said):
        backbones.create("race_small", **options)
