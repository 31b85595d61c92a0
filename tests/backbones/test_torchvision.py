"""Where torchvision has the net: the same parameters, the same multiplications, the same function."""

import warnings

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import backbones, diagrams
from cnncourse.backbones.weights import from_torchvision, renamed
from cnncourse.errors import ArgumentError, ShapeError
from tests.backbones.forms import parameters

SHARED = [name for name in backbones.names() if name in torchvision.models.list_models(torchvision.models)]
QUIET = {name: {"aux_logits": False, "init_weights": False} for name in ("googlenet", "inception_v3")}
# Sizes that exercise every layer and are quick; the classifiers of AlexNet and VGG average to their own size.
SIZES = {"inception_v3": 107, "googlenet": 64}
NARROW = [name for name in SHARED if name.startswith("vgg") and name != "vgg11_bn"]
"""Their classifier is that of vgg11_bn, 120 million weights: here its hidden layers have 64 units."""


def theirs(name: str, **options) -> nn.Module:
    """Build torchvision's net without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torchvision.models.get_model(name, weights=None, **{**QUIET.get(name, {}), **options})


def narrow(name: str, net: nn.Module) -> nn.Module:
    """Take away most of the units between the full layers of a net that has too many."""
    for layer in net.classifier if name in NARROW else ():
        if isinstance(layer, nn.Linear):
            before = layer.in_features if layer is net.classifier[0] else 64
            after = layer.out_features if layer is net.classifier[-1] else 64
            layer.weight = nn.Parameter(layer.weight[:after, :before].clone())
            layer.bias = nn.Parameter(layer.bias[:after].clone())
    return net


def loaded(name: str, other: nn.Module) -> nn.Module:
    """Build our net with the weights of theirs."""
    if name not in NARROW:
        return from_torchvision(name, other.state_dict())
    with torch.device("meta"):
        mine = narrow(name, backbones.create(name))
    mine = mine.to(torch.float64).to_empty(device="cpu")
    mine.load_state_dict(renamed(mine, other.state_dict()))
    return mine


def filled(name: str, **options) -> nn.Module:
    """Build torchvision's net in float64 with random weights and statistics, drawn fast."""
    with torch.device("meta"):
        net = narrow(name, theirs(name, **options))
    net = net.to(torch.float64).to_empty(device="cpu")
    torch.manual_seed(0)
    for key, value in net.state_dict().items():
        if key.endswith("num_batches_tracked"):
            value.zero_()
        elif key.endswith("running_var") or (value.dim() == 1 and key.endswith("weight")):
            value.uniform_(0.5, 1.5)
        elif value.dim() == 1:
            value.uniform_(-0.1, 0.1)
        else:
            bound = (3.0 / value[0].numel()) ** 0.5
            value.uniform_(-bound, bound)
    return net


def same_function(name: str, mine: nn.Module, other: nn.Module) -> None:
    size = SIZES.get(name, 64)
    x = torch.rand(2, 3, size, size, dtype=torch.float64)
    for train in (False, True):
        mine.train(train)
        other.train(train)
        torch.manual_seed(1)  # the dropout masks
        expected = other(x)
        torch.manual_seed(1)
        got = mine(x)
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)
    statistics = [
        [value for key, value in net.state_dict().items() if "running" in key] for net in (mine, other)
    ]
    for got, expected in zip(*statistics, strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-8)


def test_all_the_names_that_torchvision_has():
    assert len(SHARED) == 28


@pytest.mark.parametrize("name", SHARED)
def test_same_function_with_the_same_weights(name):
    other = filled(name)
    with torch.no_grad():
        same_function(name, loaded(name, other), other)


@pytest.mark.parametrize("name", SHARED)
def test_same_parameters_and_multiplications(name):
    with torch.device("meta"):
        mine, other = backbones.create(name), theirs(name)
        assert parameters(mine) == parameters(other)
        x = torch.zeros(1, 3, mine.image_size, mine.image_size)
        with FlopCounterMode(display=False) as counter:
            other.eval()(x)
    assert diagrams.summary(mine).macs * 2 == counter.get_total_flops()


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_same_auxiliary_heads(name):
    other = filled(name, aux_logits=True).train()
    mine = from_torchvision(name, other.state_dict(), aux=True).train()
    for module in (*mine.modules(), *other.modules()):
        if isinstance(module, nn.Dropout):
            module.p = 0.0  # the heads draw their masks at different moments
    x = torch.rand(2, 3, mine.min_size, mine.min_size, dtype=torch.float64)
    with torch.no_grad():
        logits, *heads = mine(x)
        expected = other(x)
        torch.testing.assert_close(logits, expected.logits, rtol=0, atol=1e-5)
        expected_heads = [value for key, value in expected._asdict().items() if key != "logits"]
        assert len(heads) == len(expected_heads)
        for got, want in zip(heads, reversed(expected_heads), strict=True):  # theirs: deepest first
            torch.testing.assert_close(got, want, rtol=0, atol=1e-5)
    assert isinstance(mine.eval()(x), torch.Tensor)


def test_auxiliary_weights_are_left_out_for_a_net_without_heads():
    state = theirs("googlenet", aux_logits=True).state_dict()
    assert not any("aux" in key for key in from_torchvision("googlenet", state).state_dict())


def test_old_files_without_batch_counters_load():
    other = theirs("resnet18")
    old = {key: value for key, value in other.state_dict().items() if not key.endswith("num_batches_tracked")}
    net = from_torchvision("resnet18", old)
    torch.testing.assert_close(net.state_dict()["fc.weight"], other.fc.weight)


def test_another_architecture_is_refused():
    state = theirs("resnet18").state_dict()
    with pytest.raises(ShapeError, match="expected 182 tensors, but got 102"):
        renamed(backbones.create("resnet34"), state)
    with pytest.raises(ShapeError, match=r"conv1.weight has shape \(64, 1, 7, 7\)"):
        renamed(backbones.create("resnet18", in_channels=1), state)


def test_no_weights_are_refused():
    with pytest.raises(ArgumentError, match="holds no weights"):
        from_torchvision("resnet18", {})
