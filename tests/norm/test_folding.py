"""A folded net gives the numbers of the net it came from."""

import pytest
import torch
from torch import nn

from cnncourse import backbones
from cnncourse.errors import ArgumentError
from cnncourse.norm import fold_conv, fold_net


def used(net, *shape):
    """Give every norm statistics, scales and shifts of its own."""
    generator = torch.Generator().manual_seed(0)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            for tensor in (layer.running_mean, layer.running_var, layer.weight, layer.bias):
                if tensor is not None:
                    tensor.data.uniform_(0.5, 1.5, generator=generator)
    x = torch.randn(*shape, generator=generator)
    return net.double().eval(), x.double()


def norms(net):
    return sum(isinstance(layer, nn.BatchNorm2d) for layer in net.modules())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"groups": 2, "dilation": 2}])
def test_a_pair_folds(bias, affine, options):
    pair, x = used(
        nn.Sequential(nn.Conv2d(4, 6, 3, bias=bias, **options), nn.BatchNorm2d(6, affine=affine, eps=0.1)),
        2, 4, 9, 8,
    )  # fmt: skip
    before = {name: value.clone() for name, value in pair.state_dict().items()}
    torch.testing.assert_close(fold_conv(*pair)(x), pair(x))
    for name, value in pair.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("name", ["resnet20", "vgg11_bn", "mobilenet_v2"])
def test_whole_nets_fold(name):
    net, x = used(backbones.create(name, num_classes=3), 2, 3, 32, 32)
    folded = fold_net(net, x)
    assert norms(net) > 0
    assert norms(folded) == 0
    torch.testing.assert_close(folded(x), net(x))


class Late(nn.Module):
    """Three norms that cannot be folded, and one whose convolution is defined after it."""

    def __init__(self):
        super().__init__()
        self.norm, self.conv = nn.BatchNorm2d(2), nn.Conv2d(2, 2, 3, padding=1)
        self.twice, self.a, self.b = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.BatchNorm2d(2)
        self.good = nn.BatchNorm2d(2)
        self.last = nn.Conv2d(2, 2, 1)

    def forward(self, x):
        x = self.conv(self.norm(x))
        x = self.a(self.twice(x)) + self.b(self.twice(2 * x))
        return self.good(self.last(x))


def test_what_cannot_be_folded_stays():
    net, x = used(Late(), 2, 2, 5, 5)
    folded = fold_net(net, x)
    assert isinstance(folded.good, nn.Identity)
    assert (norms(net), norms(folded)) == (4, 3)
    torch.testing.assert_close(folded(x), net(x))


def test_a_norm_without_running_statistics_stays():
    net, x = used(nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2, track_running_stats=False)), 2, 2, 5, 5)
    assert norms(fold_net(net, x)) == 1


class Leak(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)

    def forward(self, x):
        y = self.conv(x)
        return y + self.norm(y)


def test_errors_say_what_to_do():
    x = torch.randn(1, 1, 4, 4)
    with pytest.raises(ArgumentError, match=r"model\.eval\(\)"):
        fold_net(nn.Conv2d(1, 1, 1), x)
    with pytest.raises(ArgumentError, match="read by something other"):
        fold_net(*used(Leak(), 2, 2, 5, 5))
    with pytest.raises(ArgumentError, match="cannot be folded"):
        fold_conv(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2, track_running_stats=False))
    with pytest.raises(ArgumentError, match="gives 2 channels, the norm expects 3"):
        fold_conv(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(3))
