import pytest
import torch
from torch import nn

from cnncourse.errors import ArgumentError
from cnncourse.landscape import filter_direction, moved, surface


def along(**values):
    return {name: torch.tensor(value) for name, value in values.items()}


def bowl(net):
    """A loss whose surface is known: x² + 10 y²."""
    x, y = net.weight[0]
    return x**2 + 10 * y**2


@pytest.fixture
def origin():
    layer = nn.Linear(2, 1, bias=False)
    nn.init.zeros_(layer.weight)
    return layer


X, Y = along(weight=[[1.0, 0.0]]), along(weight=[[0.0, 1.0]])


def test_a_line_and_a_grid_of_a_known_surface(origin):
    places = torch.linspace(-2, 2, 7)
    assert torch.allclose(surface(origin, bowl, X, span=2, points=7), places**2)
    grid = surface(origin, bowl, X, Y, span=2, points=7)
    assert torch.allclose(grid, places[:, None] ** 2 + 10 * places**2)  # rows: the first direction


def test_the_middle_is_the_net_itself_and_it_stays():
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))
    before = {name: value.clone() for name, value in net.state_dict().items()}
    x = torch.randn(5, 1, 4, 4)
    loss = lambda net: net.eval()(x).square().mean()  # noqa: E731
    draw = torch.Generator().manual_seed(0)
    ways = filter_direction(net, draw), filter_direction(net, draw)
    values = surface(net, loss, *ways, points=3)
    assert values[1, 1] == loss(net)
    assert not values.requires_grad
    after = net.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_steps_add_up_and_are_taken_back(origin):
    with moved(origin, (2.0, X), (-1.0, Y)) as net:
        assert net.weight.tolist() == [[2.0, -1.0]]
    assert origin.weight.tolist() == [[0.0, 0.0]]


def test_after_an_error_the_net_is_what_it_was(origin):
    nn.init.constant_(origin.weight, 0.1)
    before = origin.weight.clone()

    def stumble(net):
        raise KeyError("no")

    with pytest.raises(KeyError):
        surface(origin, stumble, X)
    assert torch.equal(origin.weight, before)


@pytest.mark.parametrize(
    ("directions", "options", "said"),
    [
        ((), {}, "one direction or two, got 0"),
        ((X, X, X), {}, "one direction or two, got 3"),
        ((X,), {"points": 1}, "points expects a number from 2 upwards, got 1"),
        ((X,), {"span": 0}, "span expects a number above 0, got 0"),
        ((along(weigth=[[1.0, 0.0]]),), {}, "differ in 'weight'"),
        ((along(weight=[1.0, 0.0]),), {}, r"expects shape \(1, 2\), got \(2,\)"),
    ],
)
def test_errors(origin, directions, options, said):
    with pytest.raises(ArgumentError, match=said):
        surface(origin, bowl, *directions, **options)
