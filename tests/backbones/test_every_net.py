"""What must hold for every registered net; a new one is tested by being registered."""

import pickle
import re
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import backbones, diagrams
from cnncourse.backbones.base import Backbone
from cnncourse.errors import ArgumentError, ShapeError
from tests.backbones.forms import RATES, parameters, pictures, slim

NAMES = backbones.names()
# Parameters in the form of the paper; where they come from is in each factory's docstring.
PARAMETERS = {
    "lenet5": 61_706,
    "lenet5_1998": 60_000,
    "simple_cnn": 421_642,
    "mnist_cnn": 2_328_298,
    "cifar_cnn": 1_175_818,
    "food_classifier": 4_634_891,
    "alexnet": 61_100_840,
    "alexnet_two_gpus": 60_965_224,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "vgg11_bn": 132_868_840,
    "vgg13_bn": 133_053_736,
    "vgg16_bn": 138_365_992,
    "vgg19_bn": 143_678_248,
    "nin": 966_986,
    "googlenet": 6_624_904,
    "inception_v2": 11_295_240 - 10_016,
    "inception_v3": 23_834_568,
    "inception_v4": 42_679_816,
    "inception_resnet_v1": 22_756_328,
    "inception_resnet_v2": 55_843_464,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "wide_resnet50_2": 68_883_240,
    "resnext50_32x4d": 25_028_904,
    "resnet20": 269_722,
    "resnet32": 464_154,
    "resnet44": 658_586,
    "resnet56": 853_018,
    "resnet110": 1_727_962,
    "plain20": 269_722,
    "plain32": 464_154,
    "plain44": 658_586,
    "plain56": 853_018,
    "preact_resnet20": 269_722,
    "preact_resnet32": 464_154,
    "preact_resnet44": 658_586,
    "preact_resnet56": 853_018,
    "preact_resnet110": 1_727_962,
    "wrn_28_10": 36_479_194,
    "rir": 9_492_980,
    "densenet121": 7_978_856,
    "densenet169": 14_149_480,
    "densenet201": 20_013_928,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "mobilenet_v1": 4_231_976,
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_large": 5_483_032,
    "mobilenet_v3_small": 2_542_856,
    "shufflenet_v1": 1_865_728,
    "shufflenet_v2_x0_5": 1_366_792,
    "shufflenet_v2_x1_0": 2_278_604,
    "darknet53": 41_609_928,
    "se_resnet50": 28_088_024,
    "cbam_resnet50": 28_089_624,
    "residual_attention56": 31_810_728,
    "race94": 1_971_352,  # the records count the frozen stem too: 288 more
    "race_small": 285_112,
    "notes_resnet": 195_738,
}


@cache
def nameplate(name: str, image_size: int | None = None) -> Backbone:
    """Build a net without values: it has shapes, and costs nothing to run. Shared between tests."""
    with torch.device("meta"):
        return backbones.create(name, image_size=image_size)


def runs(net: Backbone, size: int, *, train: bool) -> bool:
    """Say whether the layers themselves take an image of this size, the net's own check left out."""
    before = net.min_size, net.min_size_alone, net.exact
    net.min_size, net.min_size_alone, net.exact = 0, 0, False
    net.train(train)
    try:
        with torch.no_grad():
            net(torch.zeros(1, net.in_channels, size, size, device="meta"))
    except (RuntimeError, ValueError):
        return False
    finally:
        net.min_size, net.min_size_alone, net.exact = before
    return True


@pytest.mark.parametrize("name", NAMES)
def test_form_of_the_paper(name):
    net = nameplate(name).eval()
    logits = net(torch.zeros(2, net.in_channels, net.image_size, net.image_size, device="meta"))
    assert logits.shape == (2, net.num_classes)
    assert parameters(net) == PARAMETERS.get(name, parameters(net))


def test_every_count_is_asked_for():
    assert PARAMETERS.keys() == set(NAMES), "add the new net's parameters and their source"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("image_size", [None, 32])
def test_smallest_image(name, image_size):
    net = nameplate(name, image_size)
    if net.exact:
        smallest = net.min_size
        assert runs(backbones.create(name, image_size=smallest).to("meta"), smallest, train=False)
        with pytest.raises(ArgumentError):
            backbones.create(name, image_size=smallest - 1)
        return
    smallest, alone = net.min_size, max(net.min_size_alone, net.min_size)
    if smallest > 1:
        tiny = torch.zeros(2, net.in_channels, smallest - 1, smallest - 1, device="meta")
        with pytest.raises(ShapeError, match=f"at least {smallest}×{smallest}"):
            net(tiny)
    if alone > smallest:
        with pytest.raises(ShapeError, match=f"batch of one in train mode.*{alone}×{alone}"):
            net.train()(torch.zeros(1, net.in_channels, alone - 1, alone - 1, device="meta"))
        assert not runs(net, alone - 1, train=True)
    assert runs(net, alone, train=True)
    assert runs(net, smallest, train=False)
    assert smallest == 1 or not runs(net, smallest - 1, train=False)


@pytest.mark.parametrize("name", NAMES)
def test_small_grey_images(name):
    with torch.device("meta"), torch.no_grad():
        net = backbones.create(name, image_size=28, in_channels=1, num_classes=5)
        assert net(torch.zeros(2, 1, 28, 28)).shape == (2, 5)


@pytest.mark.parametrize("name", NAMES)
def test_one_batch_is_learned_by_heart(name):
    net = slim(name)
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    x, labels = pictures(net), torch.arange(8) % 4
    optimiser = torch.optim.Adam(net.parameters(), lr=RATES.get(name, 2e-3))
    for step in range(240):  # most nets need ten; the deep plain ones, without shortcuts, a hundred
        logits = net(x)
        if (logits.argmax(1) == labels).all():  # 8 of 8
            break
        optimiser.zero_grad()
        F.cross_entropy(logits, labels).backward()
        if step == 0:
            still = [key for key, weight in net.named_parameters() if weight.grad is None]
            assert not still, f"no gradient reaches {still}"
            moved = [key for key, weight in net.named_parameters() if weight.grad.any()]
            assert len(moved) > 0.9 * len(list(net.parameters()))  # some ReLU may be dead
        optimiser.step()
    assert (logits.argmax(1) == labels).all()


@pytest.mark.parametrize("name", NAMES)
def test_pickled_and_channels_last_it_is_the_same_net(name):
    net = slim(name).eval()
    x = pictures(net, 2)
    expected = net(x)
    copy = pickle.loads(pickle.dumps(net))
    assert copy.name == name
    torch.testing.assert_close(copy(x), expected, rtol=0, atol=0)
    turned = copy.to(memory_format=torch.channels_last)
    torch.testing.assert_close(
        turned(x.contiguous(memory_format=torch.channels_last)), expected, rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("name", NAMES)
def test_wrong_channels_are_named(name):
    net = nameplate(name)
    wrong = net.in_channels + 1
    with pytest.raises(ShapeError, match=f"expects {net.in_channels} channels, but x has {wrong}"):
        net(torch.zeros(2, wrong, net.image_size, net.image_size, device="meta"))


@pytest.mark.parametrize("name", NAMES)
def test_docstring_tells_the_true_figures(name):
    text = backbones.factory(name).__doc__ or ""
    table = diagrams.summary(nameplate(name))
    assert f"{table.params:,}" in text
    for figure, unit in re.findall(r"([\d.]+) ([GM]) MACs", text)[:1]:  # a second one is the paper's
        decimals = len(figure.partition(".")[2])
        assert float(figure) == round(table.macs / {"G": 1e9, "M": 1e6}[unit], decimals)
