import pytest
import torch
from torch import nn
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from cnncourse import backbones
from cnncourse.errors import ArgumentError, ShapeError
from cnncourse.heads import FPN, Pyramid, channels_of, trunk


def maps(sizes=((25, 31), (13, 16), (7, 8), (4, 4)), channels=(4, 6, 8, 10)):
    generator = torch.Generator().manual_seed(0)
    pairs = zip(channels, sizes, strict=True)
    return [torch.randn(2, c, *size, dtype=torch.float64, generator=generator) for c, size in pairs]


def carried_over(ours: FPN, channels) -> FeaturePyramidNetwork:
    """Build torchvision's pyramid with our weights."""
    theirs = FeaturePyramidNetwork(list(channels), 12, extra_blocks=LastLevelMaxPool()).double()
    for level in range(len(channels)):
        theirs.inner_blocks[level][0].load_state_dict(ours.lateral[level].state_dict())
        theirs.layer_blocks[level][0].load_state_dict(ours.smooth[level].state_dict())
    return theirs


@pytest.mark.parametrize(
    "sizes",
    [((32, 32), (16, 16), (8, 8), (4, 4)), ((25, 31), (13, 16), (7, 8), (4, 4))],
    ids=["halves", "odd"],
)
def test_equals_torchvision(sizes):
    x = maps(sizes)
    ours = FPN((4, 6, 8, 10), 12).double()
    for layer in (*ours.lateral, *ours.smooth):
        nn.init.normal_(layer.bias)  # zero biases would hide a bias that is never added
    theirs = carried_over(ours, (4, 6, 8, 10))({str(i): level for i, level in enumerate(x)})
    for got, expected in zip(ours(x).values(), theirs.values(), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)


def test_levels_of_a_resnet_have_the_strides_and_channels_of_the_paper():
    pyramid = Pyramid(backbones.create("resnet18", width=0.125)).eval()
    with torch.no_grad():
        levels = pyramid(torch.zeros(1, 3, 192, 128))
    assert {name: tuple(level.shape[1:]) for name, level in levels.items()} == {
        f"P{number}": (256, 192 // 2**number, 128 // 2**number) for number in range(2, 7)
    }


def test_odd_image_sizes():
    pyramid = Pyramid(backbones.create("resnet18", width=0.125), channels=8, extra=False).eval()
    with torch.no_grad():
        levels = pyramid(torch.zeros(1, 3, 75, 101))
    assert [tuple(level.shape[2:]) for level in levels.values()] == [(19, 26), (10, 13), (5, 7), (3, 4)]


def test_any_net_whose_layers_are_named():
    net = backbones.create("darknet53", width=0.125, image_size=64)
    pyramid = Pyramid(net, ("stage3", "stage4", "stage5"), 8).eval()
    with torch.no_grad():
        assert len(pyramid(torch.zeros(1, 3, 64, 64))) == 4


def test_gradient_reaches_the_net_and_every_level():
    net = backbones.create("resnet18", width=0.125)
    pyramid = Pyramid(net, channels=8)
    sum(level.square().mean() for level in pyramid(torch.randn(2, 3, 64, 64)).values()).backward()
    assert net.conv1.weight.grad.abs().sum() > 0
    assert all(p.grad.abs().sum() > 0 for p in pyramid.fpn.parameters() if p.dim() > 1)


def test_coarse_maps_reach_the_finest_level():
    x = maps()
    fpn = FPN((4, 6, 8, 10), 12).double()
    before = fpn(x)["P2"]
    x[3] = x[3] + 1
    assert (fpn(x)["P2"] - before).abs().max() > 1e-3


def test_bad_input():
    with pytest.raises(ArgumentError, match="at least one level"):
        FPN([])
    fpn = FPN((4, 6), 8)
    with pytest.raises(ShapeError, match=r"expects maps of \(4, 6\) channels, but got \(6, 4\)"):
        fpn([torch.zeros(1, 6, 8, 8), torch.zeros(1, 4, 4, 4)])
    with pytest.raises(ShapeError, match=r"finest maps first, but got heights \[4, 8\]"):
        fpn([torch.zeros(1, 4, 4, 4), torch.zeros(1, 6, 8, 8)])
    with pytest.raises(ArgumentError, match="did you mean 'layer4'"):
        Pyramid(backbones.create("resnet18", width=0.125), ("layer4x",))


def test_a_layer_that_takes_no_part():
    net = nn.Sequential(nn.Conv2d(3, 4, 1))
    net[0].spare = nn.Conv2d(1, 1, 1)
    with pytest.raises(ArgumentError, match=r"no image passes through the layer '0\.spare'"):
        channels_of(net, ["0.spare"], (3, 8, 8))


@pytest.mark.parametrize("name", ["lenet5", "vgg11", "resnet18", "densenet121", "mobilenet_v2"])
def test_trunk_takes_the_last_linear_layer_off(name):
    with torch.device("meta"):
        net = backbones.create(name, image_size=32)
    net.eval()
    x = torch.empty(2, net.in_channels, 32, 32, device="meta")
    before = sum(parameter.numel() for parameter in net.parameters())
    classes = net.num_classes
    same, features = trunk(net)
    assert same is net
    assert net(x).shape == (2, features)
    assert sum(p.numel() for p in net.parameters()) == before - (features + 1) * classes


def test_trunk_refuses_what_does_not_end_in_a_linear_layer():
    with pytest.raises(ArgumentError, match="not in a linear layer"):
        trunk(backbones.create("squeezenet1_1", width=0.25, image_size=32))
    with pytest.raises(ArgumentError, match="no trunk"):
        trunk(nn.Linear(4, 2), (3, 8, 4))
