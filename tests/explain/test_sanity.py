import re

import pytest
import torch
from torch import nn

from cnncourse import backbones, explain
from cnncourse.errors import ArgumentError, ShapeError


def changed(net, other):
    """Name the parameters that differ."""
    mine, its = net.state_dict(), other.state_dict()
    return {name for name in mine if not torch.equal(mine[name], its[name])}


@pytest.fixture
def net():
    torch.manual_seed(0)
    net = backbones.create("resnet20", num_classes=4, width=0.5).train()
    with torch.no_grad():
        for buffer in net.buffers():
            buffer.add_(1)  # as after some training
        for weight in net.parameters():
            weight.add_(0.1)
    return net


def layers(net):
    return [name for name, module in net.named_modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def test_the_cascade_changes_exactly_the_named_layers(net):
    names = layers(net)
    steps = list(explain.cascade(net, seed=3))
    assert [name for name, _ in steps] == names[::-1]
    for name, other in steps:
        drawn = names[names.index(name) :]
        weights = {found.removesuffix(".weight") for found in changed(net, other) if found.endswith("weight")}
        assert weights & set(names) == set(drawn)
        below = names[: names.index(name)]
        assert all(torch.equal(net.get_submodule(b).weight, other.get_submodule(b).weight) for b in below)


def test_a_norm_goes_with_the_layer_before_it(net):
    for name, other in explain.cascade(net):
        if name == "layer3.2.conv2":
            assert "layer3.2.norm2.weight" in changed(net, other)
            assert "layer3.2.norm1.weight" not in changed(net, other)
            norm = other.layer3[2].norm2
            assert norm.weight.unique().tolist() == [1] == norm.running_var.unique().tolist()


def test_randomised_is_a_step_of_the_cascade(net):
    steps = dict(explain.cascade(net, seed=5))
    for name in ("fc", "layer3.0.conv1", "conv1"):
        assert changed(steps[name], explain.randomised(net, down_to=name, seed=5)) == set()
    assert changed(steps["conv1"], explain.randomised(net, seed=5)) == set()
    block = explain.randomised(net, down_to="layer3", seed=5)
    assert changed(steps["layer3.0.conv1"], block) == set()
    assert "conv1.weight" in changed(steps["conv1"], explain.randomised(net, seed=6))


def test_the_copy_keeps_modes_and_takes_no_gradients(net):
    net.fc.eval()
    net.fc.weight.grad = torch.ones_like(net.fc.weight)
    other = explain.randomised(net, down_to="fc")
    assert other.training
    assert not other.fc.training
    assert other.fc.weight.grad is None
    assert net.fc.weight.grad is not None
    assert {id(w) for w in net.parameters()}.isdisjoint(id(w) for w in other.parameters())


def test_signals_keep_their_size_with_new_weights():
    torch.manual_seed(0)
    net = nn.Sequential(*(part for _ in range(12) for part in (nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())))
    out = explain.randomised(net)(torch.randn(2, 16, 12, 12))
    assert 0.05 < out.std() < 5
    assert not any(net[0].bias.any() for net in [explain.randomised(net)])


@pytest.mark.parametrize(
    "name", ["googlenet", "shufflenet_v1", "lenet5_1998", "preact_resnet20", "densenet121"]
)
def test_any_net_can_be_drawn_anew(name):
    slim = {} if name == "lenet5_1998" else {"width": 0.25, "image_size": 32}
    net = backbones.create(name, num_classes=4, **slim)
    other = explain.randomised(net).eval()
    weights = {f"{name}.weight" for name in layers(net)}
    assert weights <= changed(net, other)
    scores = other(torch.randn(2, net.in_channels, net.image_size, net.image_size))
    assert torch.isfinite(scores).all()
    assert scores.std() > 0


def test_similarity_is_spearmans():
    stats = pytest.importorskip("scipy.stats")
    draw = torch.Generator().manual_seed(0)
    for shape in ((4, 50), (3, 2, 7, 7), (5, 28, 28)):
        a = torch.randn(shape, generator=draw)
        b = a + torch.randn(shape, generator=draw)
        tied = (3 * b).round()  # many equal values
        for one, two in ((a, b), (a, tied), (tied, tied.flip(1)), (a, a.relu())):
            expected = [
                stats.spearmanr(x.abs().flatten(), y.abs().flatten()).statistic
                for x, y in zip(one, two, strict=True)
            ]
            torch.testing.assert_close(explain.similarity(one, two), torch.tensor(expected).float())


def test_similarity_sees_no_sign_no_scale_and_nothing_in_a_flat_map():
    a = torch.randn(2, 5, 5)
    assert explain.similarity(a, -3 * a).tolist() == pytest.approx([1, 1])
    assert explain.similarity(a, torch.ones(2, 5, 5)).isnan().all()
    assert not explain.similarity(a.requires_grad_(), a).requires_grad


def scored():
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 2, bias=False))
    net[1].weight.data = torch.tensor([[1.0, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 7]])
    return net


def test_deletion_takes_the_most_important_first():
    x, net = torch.ones(2, 1, 2, 3), scored()
    maps = torch.stack([torch.arange(6.0), -torch.arange(6.0)]).view(2, 2, 3)
    curves = explain.deletion(net, x, maps, 0, steps=3)
    assert curves.tolist() == [[21, 10, 3, 0], [21, 18, 11, 0]]
    assert explain.deletion(net, x, maps, [0, 1], steps=3)[1].tolist() == [7, 7, 7, 0]
    filled = explain.deletion(net, x, maps, 0, steps=3, fill=2.0)
    assert filled[0].tolist() == [21, 32, 39, 42]


def test_deletion_of_maps_with_channels_and_of_steps_that_do_not_divide():
    net = nn.Sequential(nn.Flatten(), nn.Linear(10, 1, bias=False))
    nn.init.ones_(net[1].weight)
    x = torch.ones(1, 2, 1, 5)
    maps = torch.tensor([[[[0.0, 1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, -3.0, 0.0, 0.0]]]])
    curve = explain.deletion(net, x, maps, steps=2)  # 2.5 pixels: 2, and 5
    assert curve.tolist() == [[10, 6, 0]]
    weights = torch.tensor([[1.0, 1.0, 10.0, 1.0, 1.0, 1.0, 1.0, 10.0, 1.0, 1.0]])
    net[1].weight.data = weights
    assert explain.deletion(net, x, maps, steps=5)[0, :2].tolist() == [28, 8]  # the −3 first


def test_equal_pixels_go_in_reading_order():
    curve = explain.deletion(scored(), torch.ones(1, 1, 2, 3), torch.zeros(1, 2, 3), 0, steps=6)
    assert curve.tolist() == [[21, 20, 18, 15, 11, 6, 0]]


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: explain.randomised("net"), ArgumentError, "expected a net, got a str"),
        (lambda: explain.randomised(scored(), down_to="3"), ArgumentError, "the net has no layer '3' — "),
        (lambda: explain.randomised(scored(), down_to="0"), ArgumentError, "the layer '0' has no weights"),
        (
            lambda: explain.randomised(nn.BatchNorm2d(3)),
            ArgumentError,
            "BatchNorm2d has no convolution and no",
        ),
        (lambda: list(explain.cascade(nn.ReLU())), ArgumentError, "ReLU has no convolution"),
        (lambda: explain.similarity([1], [2]), ArgumentError, "two tensors of maps, got list and list"),
        (lambda: explain.similarity(torch.ones(2, 3), torch.ones(2, 4)), ShapeError, "got (2, 3) and (2, 4)"),
        (lambda: explain.similarity(torch.ones(3), torch.ones(3)), ShapeError, "one shape (n, …), got (3,)"),
        (
            lambda: explain.deletion(scored(), torch.ones(1, 1, 2, 3), torch.ones(1, 3, 2)),
            ShapeError,
            "maps expects shape (1, 2, 3) or (1, 1, 2, 3), got (1, 3, 2)",
        ),
        (
            lambda: explain.deletion(scored(), torch.ones(1, 1, 2, 3), torch.ones(1, 2, 3), steps=0),
            ArgumentError,
            "steps expects a whole number from 1 up",
        ),
        (lambda: explain.deletion(scored(), torch.ones(1, 1, 2, 3), None), ArgumentError, "got a NoneType"),
    ],
)
def test_errors(call, error, said):
    with pytest.raises(error, match=re.escape(said)):
        call()
