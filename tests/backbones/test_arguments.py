"""Arguments of the wrong kind: one line that says what was expected."""

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import backbones
from cnncourse.errors import ArgumentError


def refused(*args, **options):
    with pytest.raises(ArgumentError) as caught:
        backbones.create(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"image_size": (224, 224)}, "image_size expects a whole number, got (224, 224) — write 224"),
        ({"image_size": [64, 32]}, "image_size expects a whole number, got [64, 32]"),
        ({"num_classes": "10"}, "num_classes expects a whole number, got '10'"),
        ({"num_classes": 10.0}, "num_classes expects a whole number, got 10.0"),
        ({"in_channels": True}, "in_channels expects a whole number, got True"),
    ],
)
def test_a_form_of_the_wrong_kind(options, said):
    assert refused("resnet20", **options) == said


def test_no_classes_points_to_the_maps():
    message = refused("resnet20", num_classes=0)
    assert message.startswith(
        "num_classes must be at least 1, but got 0 — for its maps take diagrams.features"
    )
    assert "heads.trunk" in message


@pytest.mark.parametrize("name", [None, 18, nn.ReLU, b"resnet18"])
def test_a_name_of_the_wrong_kind(name):
    assert refused(name) == (
        f"expected a net's name, such as 'resnet18', got {name!r} — names() lists them all"
    )


@pytest.mark.parametrize("width", ["0.5", None, (1, 2)])
def test_a_width_of_the_wrong_kind(width):
    assert refused("resnet20", width=width) == f"width expects a number above 0, got {width!r}"


def test_whole_numbers_of_numpy_and_torch_are_taken():
    net = backbones.create(
        "lenet5", num_classes=np.int64(3), in_channels=torch.tensor(3), image_size=np.uint8(32)
    )
    assert (net.num_classes, net.in_channels, net.image_size) == (3, 3, 32)
    assert {type(value) for value in (net.num_classes, net.in_channels, net.image_size)} == {int}


@pytest.fixture(scope="module")
def theirs():
    torchvision = pytest.importorskip("torchvision")
    return torchvision.models.squeezenet1_1(num_classes=3)


@pytest.mark.parametrize(
    "hold",
    [lambda net: net, lambda net: {"state_dict": net.state_dict(), "epoch": 3}, lambda net: net.state_dict()],
)
def test_weights_of_torchvision_however_they_are_held(theirs, hold):
    net = backbones.from_torchvision("squeezenet1_1", hold(theirs))
    assert torch.equal(next(net.parameters()), next(theirs.parameters()))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("resnet18.pth", "got the path 'resnet18.pth' — read it with torch.load"),
        (None, "expects names and tensors, got a NoneType"),
        ({"epoch": 3}, "expects a tensor for each name, got a int for 'epoch'"),
        ({}, "holds no weights"),
    ],
)
def test_what_holds_no_weights(given, said):
    with pytest.raises(ArgumentError) as caught:
        backbones.from_torchvision("squeezenet1_1", given)
    assert said in str(caught.value)
