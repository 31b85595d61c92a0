import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import explain
from cnncourse.errors import ArgumentError

INF = float("inf")


class Net(nn.Module):
    """Two linear layers with a rectifier between, written in one of many ways."""

    def __init__(self, relu):
        super().__init__()
        torch.manual_seed(0)
        self.relu, self.fc1, self.fc2 = relu, nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(x.flatten(1))))


def written_out(x):
    """A rectifier whose result nobody takes: it works in place."""
    x.relu_()
    return x


WAYS = {
    "layer": nn.ReLU(),
    "layer in place": nn.ReLU(inplace=True),
    "F": F.relu,
    "F in place": lambda x: F.relu(x, inplace=True),
    "F by name": lambda x: F.relu(input=x),
    "torch": torch.relu,
    "method": lambda x: x.relu(),
    "method in place": written_out,
    "relu_": lambda x: F.relu_(x),
}
SIX = {
    "layer": nn.ReLU6(),
    "layer in place": nn.ReLU6(inplace=True),
    "F": F.relu6,
    "hardtanh": lambda x: F.hardtanh(x, 0, 6),
    "hardtanh by name": lambda x: F.hardtanh(x, min_val=0.0, max_val=6.0, inplace=True),
    "hardtanh_": lambda x: F.hardtanh_(x, 0.0, 6.0),
}


def by_hand(net, x, label, *, top, guided):
    """The rule in a formula."""
    inner = net.fc1(x.flatten(1))
    back = net.fc2.weight[label].clamp(min=0).expand(len(x), -1)
    if guided:
        back = back * ((inner > 0) & (inner < top))
    return (back @ net.fc1.weight).view_as(x).detach()


@pytest.mark.parametrize(
    ("relu", "top"), [(way, INF) for way in WAYS.values()] + [(way, 6.0) for way in SIX.values()],
    ids=[*WAYS, *(f"six, {way}" for way in SIX)],
)  # fmt: skip
def test_each_way_to_write_a_relu(relu, top):
    net, x = Net(relu), 9 * torch.randn(5, 1, 2, 3)
    with torch.no_grad():
        expected = net(x)
    guided = explain.guided_backprop(net, x, 1)
    torch.testing.assert_close(guided, by_hand(net, x, 1, top=top, guided=True))
    assert not torch.allclose(guided, explain.saliency(net, x, 1))  # which the rule leaves alone
    scores = expected[:, 1].view(-1, 1, 1, 1)
    net.fc2.bias.data += 100  # the projection starts from the score, which is now above 0
    deconv = explain.deconvnet(net, x, "fc2", 1)
    torch.testing.assert_close(deconv, (scores + 100) * by_hand(net, x, 1, top=top, guided=False))


def test_two_relus_of_a_gradient_by_hand():
    """3 → [w 2] → relu → [w −1] → relu: the second one is closed, so that nothing passes."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(1, 2, bias=False), nn.ReLU(), nn.Linear(2, 1, bias=False))
    net[1].weight.data, net[3].weight.data = torch.tensor([[2.0], [5.0]]), torch.tensor([[1.0, -1.0]])
    x = torch.tensor([[[[3.0]]], [[[-3.0]]]])
    assert explain.saliency(net, x).flatten().tolist() == [2 - 5, 0]
    assert explain.guided_backprop(net, x).flatten().tolist() == [2, 0]


def test_deconvnet_of_a_pooling_puts_the_value_back_where_it_came_from():
    net = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))
    x = torch.tensor([[[[1.0, 7.0, 2.0, 2.5], [3.0, 4.0, 0.0, 1.0]]]])
    assert explain.deconvnet(net, x, "1").tolist() == [[[[0, 7, 0, 0], [0, 0, 0, 0]]]]


def test_deconvnet_chooses_the_strongest_channel_of_each_image():
    net = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.ReLU())
    net[0].weight.data = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
    x = torch.tensor([[[[2.0, -1.0]]], [[[2.0, -3.0]]]])
    assert explain.deconvnet(net, x, "1").tolist() == [[[[2, 0]]], [[[0, -3]]]]
    assert explain.deconvnet(net, x, "1", 0).tolist() == [[[[2, 0]]], [[[2, 0]]]]


def test_gates_and_other_functions_keep_their_gradient():
    class Gated(nn.Module):
        def forward(self, x):
            return (x.relu() * torch.sigmoid(x)).flatten(1)

    x = torch.tensor([[[[1.0, 2.0]]]])
    assert torch.equal(explain.guided_backprop(Gated(), x), explain.saliency(Gated(), x))


@pytest.mark.parametrize("method", [explain.guided_backprop, lambda net, x: explain.deconvnet(net, x, "fc1")])
@pytest.mark.parametrize(
    ("act", "said"),
    [
        (nn.Tanh(), "is a rule for nets with ReLU, but this one computes none"),
        (nn.Hardtanh(), "is a rule for nets with ReLU, but this one computes none"),
        (nn.Sequential(nn.ReLU(), nn.Hardswish()), "computes hardswish — saliency, .* take every net"),
        (nn.GELU(), "computes gelu"),
        (nn.SiLU(), "computes silu"),
        (nn.LeakyReLU(), "computes leaky_relu"),
        (nn.PReLU(), "computes prelu"),
    ],
)
def test_nets_without_such_a_rule_are_refused(method, act, said):
    with pytest.raises(ArgumentError, match=said):
        method(Net(act), torch.ones(1, 1, 2, 3))


@pytest.mark.parametrize(
    ("layer", "channel", "said"),
    [
        ("fc7", None, "the net has no layer 'fc7' — did you mean 'fc2'?"),
        ("fc1", 8, "channel expects 0 to 7 in the layer 'fc1', got 8"),
        ("fc1", "a", "channel expects a whole number, got 'a'"),
        (0, None, "layer expects a name, got 0"),
    ],
)
def test_errors(layer, channel, said):
    with pytest.raises(ArgumentError, match=said.replace("?", r"\?").replace("fc2", "fc[12]")):
        explain.deconvnet(Net(nn.ReLU()), torch.ones(1, 1, 2, 3), layer, channel)
