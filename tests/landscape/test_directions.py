import torch
from torch import nn

from cnncourse import backbones
from cnncourse.landscape import filter_direction


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def test_each_filter_is_as_long_as_the_net_s_own():
    net = backbones.create("resnet20", width=0.5)
    direction = filter_direction(net, draw())
    assert set(direction) == {name for name, _ in net.named_parameters()}
    for name, weight in net.named_parameters():
        assert direction[name].shape == weight.shape
        if weight.ndim < 2:
            assert not direction[name].any(), name
        else:
            lengths = direction[name].flatten(1).norm(dim=1)
            assert torch.allclose(lengths, weight.flatten(1).norm(dim=1), rtol=1e-5), name


def test_a_filter_of_zeros_gets_no_direction():
    conv = nn.Conv2d(3, 2, 3)
    nn.init.zeros_(conv.weight[0])
    direction = filter_direction(conv, draw())["weight"]
    assert not direction[0].any()
    assert direction[1].any()


def test_it_is_random_and_can_be_repeated():
    layer = nn.Linear(4, 4)
    one, same, other = (filter_direction(layer, draw(seed))["weight"] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)
    torch.manual_seed(3)
    free = filter_direction(layer)["weight"]
    torch.manual_seed(3)
    assert torch.equal(free, filter_direction(layer)["weight"])


def test_it_keeps_the_type_and_leaves_the_net():
    layer = nn.Linear(4, 4).double()
    before = layer.weight.clone()
    assert filter_direction(layer, draw())["weight"].dtype == torch.float64
    assert torch.equal(layer.weight, before)
    assert not filter_direction(layer, draw())["weight"].requires_grad
