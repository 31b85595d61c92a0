"""First numbers: each deviation against torch.nn.init, and what becomes of the signal in a deep net."""

import pytest
import torch
from torch import nn

from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.optim import initialisation
from cnncourse.optim.initialisation import fans, fill, kaiming_std, spread, xavier_std

SHAPES = [(300, 200), (64, 32, 5, 5), (32, 64, 3, 3), (128, 64, 7)]
INITS = {
    "xavier": (xavier_std, nn.init.xavier_normal_),
    "xavier, gain 3": (lambda s: xavier_std(s, 3), lambda w: nn.init.xavier_normal_(w, gain=3)),
    "kaiming": (kaiming_std, lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu")),
    "kaiming back": (
        lambda s: kaiming_std(s, "fan_out"),
        lambda w: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
    ),
}


def deep(width=64, depth=20):
    layers = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.ReLU())]
    return nn.Sequential(*layers)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", INITS)
def test_deviations_are_those_of_torch(name, shape):
    ours, theirs = INITS[name]
    torch.manual_seed(1)
    drawn = theirs(torch.empty(shape))
    torch.manual_seed(1)
    assert torch.allclose(drawn, torch.empty(shape).normal_(0, ours(shape)), rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_fans_are_those_of_torch(shape):
    assert fans(shape) == nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))


@pytest.mark.parametrize("scheme", ["zero", "normal", "xavier", "kaiming"])
def test_fill_draws_weights_and_clears_biases(scheme):
    net = nn.Sequential(nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32), nn.Flatten(), nn.Linear(32, 100))
    nn.init.constant_(net[1].weight, 7)
    assert fill(net, scheme, std=0.3, generator=torch.Generator().manual_seed(0)) is net
    for layer in (net[0], net[3]):
        shape = layer.weight.shape
        size = {"zero": 0, "normal": 0.3, "xavier": xavier_std(shape), "kaiming": kaiming_std(shape)}[scheme]
        assert layer.weight.std().item() == pytest.approx(size, rel=0.05)
        assert (layer.bias == 0).all()
    assert (net[1].weight == 7).all()


def test_fill_by_fan_out_and_without_bias():
    layer = nn.Linear(50, 800, bias=False)
    fill(layer, "kaiming", mode="fan_out")
    assert layer.weight.std().item() == pytest.approx((2 / 800) ** 0.5, rel=0.05)


def test_fill_repeats_with_a_generator():
    twins = [fill(nn.Linear(4, 4), "xavier", generator=torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(twins[0].weight, twins[1].weight)


def test_spread_measures_the_layers_in_the_order_they_ran():
    net, x = deep(8, 3), torch.randn(16, 8)
    seen = spread(net, x)
    assert [layer.name for layer in seen] == ["0", "2", "4"]
    out = net[:3](x)
    assert seen[1].mean == pytest.approx(out.mean().item(), abs=1e-6)
    assert seen[1].std == pytest.approx(out.std(correction=0).item(), rel=1e-5)
    assert not any(module._forward_hooks for module in net.modules())


def test_hooks_come_off_after_an_error():
    net = deep(8, 2)
    with pytest.raises(RuntimeError):
        spread(net, torch.randn(2, 9))
    assert not any(module._forward_hooks for module in net.modules())


@pytest.mark.parametrize("seed", range(3))
def test_kaiming_keeps_the_signal_that_small_and_xavier_lose(seed):
    torch.manual_seed(seed)
    x = torch.randn(128, 256)
    last = {scheme: spread(fill(deep(256), scheme), x)[-1].std for scheme in ("normal", "xavier", "kaiming")}
    assert last["kaiming"] > 0.2
    assert 1e-4 < last["xavier"] < 1e-2 * last["kaiming"]
    assert last["normal"] < 1e-8


def test_zero_is_zero():
    assert all(layer[1:] == (0, 0, 1) for layer in spread(fill(deep(), "zero"), torch.randn(4, 64)))


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ShapeError, match="c_out, c_in"):
        fans((5,))
    with pytest.raises(ArgumentError, match="mode expects"):
        kaiming_std((2, 2), "both")
    with pytest.raises(ArgumentError, match="scheme expects"):
        fill(deep(), "he")
    with pytest.raises(ArgumentError, match="std expects"):
        fill(deep(), "normal", std=-1)


def test_it_is_on_the_face():
    from cnncourse import optim

    assert optim.initialisation is initialisation
