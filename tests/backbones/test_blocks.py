"""Blocks against references, and the facts that the papers state about them."""

import pytest
import torch
import torchvision
from torch import nn

from cnncourse import backbones
from cnncourse.backbones import (
    alexnet,
    attention,
    blocks,
    inception_resnet,
    lenet,
    mobilenet,
    preact_resnet,
    resnet,
    resnet_cifar,
    shufflenet,
    teaching,
)
from cnncourse.errors import ArgumentError, ShapeError
from tests.backbones.forms import parameters, slim


def double(*shape):
    return torch.rand(
        *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True
    )


@pytest.mark.parametrize("channels", [1, 3, 5, 9])
def test_lrn_is_torchs_with_alpha_times_size(channels):
    x = double(2, channels, 3, 4) * 9
    expected = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)(x)
    torch.testing.assert_close(alexnet.LRN()(x), expected, rtol=0, atol=1e-12)


def test_lrn_gradient():
    assert torch.autograd.gradcheck(alexnet.LRN(3, alpha=0.1), double(1, 4, 2, 2))


@pytest.mark.parametrize("size", [0, 4])
def test_lrn_needs_an_odd_window(size):
    with pytest.raises(ArgumentError, match=f"size must be odd and at least 1, but got {size}"):
        alexnet.LRN(size)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_shuffle_is_torchs(groups):
    x = double(2, 6, 3, 3)
    torch.testing.assert_close(shufflenet.channel_shuffle(x, groups), nn.ChannelShuffle(groups)(x))


def test_shuffle_of_unequal_groups_is_refused():
    with pytest.raises(ShapeError, match="6 channels, which is not a multiple of groups=4"):
        shufflenet.channel_shuffle(torch.zeros(1, 6, 2, 2), 4)


def test_se_is_torchvisions():
    mine = attention.SE(8, 2).double()
    other = torchvision.ops.SqueezeExcitation(8, 2).double()
    other.load_state_dict(mine.state_dict())
    x = double(2, 8, 3, 3)
    torch.testing.assert_close(mine(x), other(x), rtol=0, atol=1e-12)
    assert torch.autograd.gradcheck(mine, x)


def test_cbam_by_hand():
    x = double(2, 4, 5, 5)
    gate = attention.ChannelGate(4, reduction=2).double()
    weights = torch.sigmoid(gate.mlp(x.mean((2, 3), keepdim=True)) + gate.mlp(x.amax((2, 3), keepdim=True)))
    torch.testing.assert_close(gate(x), x * weights)
    places = attention.SpatialGate().double().eval()
    views = torch.stack([x.max(1).values, x.mean(1)], 1)
    torch.testing.assert_close(places(x), x * torch.sigmoid(places.conv.norm(places.conv.conv(views))))


def test_scaled_tanh_passes_through_plus_and_minus_one():
    x = torch.tensor([-1.0, 1.0])
    torch.testing.assert_close(lenet.ScaledTanh()(x), x, rtol=0, atol=1e-4)


def test_c3_table_of_the_paper():
    sizes = [len(row) for row in lenet.C3_TABLE]
    assert sizes == [3] * 6 + [4] * 9 + [6]
    seen = [sum(feature in row for row in lenet.C3_TABLE) for feature in range(6)]
    assert seen == [10] * 6  # every S2 map feeds ten C3 maps
    assert len(set(lenet.C3_TABLE)) == 16


def test_partial_convolution_is_a_masked_one():
    layer = lenet.PartialConv2d(lenet.C3_TABLE, 5)
    full = nn.Conv2d(6, 16, 5)
    with torch.no_grad():
        full.weight.zero_()
        for number, (conv, row) in enumerate(zip(layer.maps, lenet.C3_TABLE, strict=True)):
            full.weight[number, list(row)] = conv.weight[0]
            full.bias[number] = conv.bias[0]
    x = torch.rand(2, 6, 14, 14)
    torch.testing.assert_close(layer(x), full(x), rtol=1e-4, atol=1e-5)


def test_subsampling_adds_four_pixels_times_a_coefficient():
    layer = lenet.Subsample(2)
    with torch.no_grad():
        layer.coefficient[1], layer.bias[1] = 2.0, -1.0
    x = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert layer(x).flatten().tolist() == [6 * 0.25, 22 * 2 - 1]


def test_rbf_is_the_negative_squared_distance():
    rbf = lenet.RBF(10)
    assert rbf.codes.shape == (10, 84)
    assert set(rbf.codes.unique().tolist()) == {-1.0, 1.0}
    assert len({tuple(code.tolist()) for code in rbf.codes}) == 10
    x = torch.rand(3, 84)
    torch.testing.assert_close(rbf(x), -(torch.cdist(x, rbf.codes) ** 2), rtol=1e-3, atol=1e-3)
    assert lenet.RBF(12).codes.shape == (12, 84)


def test_lenet_of_1998_has_one_size():
    for options in ({"image_size": 64}, {"width": 0.5}):
        with pytest.raises(ArgumentError, match="image_size 28 or 32 and width 1"):
            backbones.create("lenet5_1998", **options)


def test_plan_is_measured():
    assert teaching.plan_out([8, "pool2", 8, "pool4"], 28, padding=1) == 3
    with pytest.raises(ArgumentError, match="at least 16, but got 15"):
        backbones.create("mnist_cnn", image_size=15)


def test_chain_and_branches_count_their_channels():
    pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), blocks.chain(6, (4, 1)))
    module = blocks.Branches(blocks.chain(6, (8, 1), (2, 3)), pool, nn.Identity())
    assert blocks.out_channels(module, 6) == 2 + 4 + 6 == module(torch.zeros(2, 6, 4, 4)).shape[1]


def test_conv_norm_without_norm_has_a_bias():
    brick = blocks.ConvNorm(3, 4, (1, 7), norm=False)
    assert parameters(brick) == 3 * 4 * 7 + 4
    assert brick(torch.zeros(1, 3, 5, 9)).shape == (1, 4, 5, 9)


def test_zero_padding_thins_and_fills():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    out = resnet_cifar.ZeroPad(1, 3, 2)(x)
    assert out[0, 0].tolist() == [[0.0, 2.0], [8.0, 10.0]]
    assert out[0, 1:].abs().sum() == 0


def test_a_residual_block_of_zeros_is_its_shortcut():
    block = resnet_cifar.CifarBlock(4, 4).eval()
    nn.init.zeros_(block.norm2.weight)
    x = torch.rand(1, 4, 5, 5)
    torch.testing.assert_close(block(x), x)
    plain = resnet_cifar.CifarBlock(4, 4, shortcut=None).eval()
    nn.init.zeros_(plain.norm2.weight)
    assert plain(x).abs().sum() == 0


def test_nothing_stands_between_preactivation_blocks():
    block = preact_resnet.PreActBlock(4, 4).eval()
    nn.init.zeros_(block.conv2.weight)
    x = torch.randn(1, 4, 5, 5)  # negative values too: no ReLU after the sum
    torch.testing.assert_close(block(x), x)


def test_the_residual_of_inception_is_scaled():
    block = inception_resnet.InceptionResidual(8, [(8, 1)], scale=0.1, relu=False).eval()
    x = torch.rand(1, 8, 3, 3)
    torch.testing.assert_close(block(x) - x, 0.1 * block.conv(block.branches(x)))


def test_the_linear_bottleneck_may_be_negative():
    torch.manual_seed(0)
    out = mobilenet.InvertedResidual(8, 16).eval()(torch.randn(1, 8, 5, 5))
    assert (out < 0).any()


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("resnet20", {"shortcut": "B"}, 272_474),  # pytorchcv, resnet20_cifar10
        ("resnet110", {"shortcut": "B"}, 1_730_714),  # pytorchcv, resnet110_cifar10
        ("preact_resnet20", {"shortcut": "B"}, 272_282),  # pytorchcv, preresnet20_cifar10
        ("googlenet", {"original": True}, 6_998_552),  # BVLC's Caffe model without its auxiliary heads
        ("googlenet", {"aux": True}, 13_004_888),  # torchvision
        ("inception_v3", {"aux": True}, 27_161_264),  # torchvision
        ("nin", {"image_size": 224, "num_classes": 1000}, 7_595_176),  # the authors' Caffe model
        ("mobilenet_v1", {"width": 0.5}, 1_331_592),  # timm, mobilenetv1 at half width: "1.3 million"
        ("shufflenet_v1", {"groups": 1}, 1_531_936),  # pytorchcv, shufflenet_g1_w1
        ("shufflenet_v1", {"groups": 8}, 2_434_768),  # pytorchcv, shufflenet_g8_w1
    ],
)
def test_parameters_of_other_forms(name, options, expected):
    with torch.device("meta"):
        assert parameters(backbones.create(name, **options)) == expected


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("resnet20", {"shortcut": "C"}, "shortcut must be"),
        ("preact_resnet20", {"shortcut": None}, "shortcut must be"),
        ("shufflenet_v1", {"groups": 5}, "groups must be one of 1, 2, 3, 4, 8, but got 5"),
    ],
)
def test_options_out_of_range_are_refused(name, options, message):
    with pytest.raises(ArgumentError, match=message):
        backbones.create(name, **options)


def test_depth_must_fit_the_formula():
    with pytest.raises(ArgumentError, match="6n \\+ 2"):
        resnet_cifar.CifarResNet(21)


@pytest.mark.parametrize(("name", "heads"), [("googlenet", 2), ("inception_v3", 1)])
def test_auxiliary_heads_speak_in_train_mode_only(name, heads):
    net = slim(name, aux=True)
    x = torch.rand(2, 3, 32, 32)
    assert [tuple(part.shape) for part in net(x)] == [(2, 4)] * (heads + 1)
    assert net.eval()(x).shape == (2, 4)


def test_auxiliary_heads_have_limits_of_their_own():
    alone = torch.rand(1, 3, 32, 32)
    with pytest.raises(ShapeError, match=r"use two or more images, or model.eval\(\)"):
        slim("inception_v3", aux=True)(alone)
    with torch.device("meta"):
        net = backbones.create("inception_v3", aux=True)
        with pytest.raises(ShapeError, match="at least 299×299 pixels"):
            net(torch.zeros(2, 3, 298, 298))
        with pytest.raises(ShapeError, match="images of at least 347×347, or"):
            net(torch.zeros(1, 3, 346, 346))
        assert len(net(torch.zeros(1, 3, 347, 347))) == 2


def test_the_whole_original_googlenet_runs():
    assert slim("googlenet", original=True)(torch.rand(1, 3, 32, 32)).shape == (1, 4)


def test_wide_resnet_drops_between_its_convolutions():
    net = slim("wrn_28_10", dropout=0.3)
    assert sum(isinstance(module, nn.Dropout) for module in net.modules()) == 12


@pytest.mark.parametrize("options", [{"groups": 2}, {"group_width": 2}])
def test_a_basic_block_refuses_what_it_cannot_be(options):
    with pytest.raises(ArgumentError, match="BasicBlock expects groups=1 and group_width=1, got"):
        resnet.BasicBlock(8, 8, **options)
    with pytest.raises(ArgumentError, match="take Bottleneck"):
        resnet.ResNet(resnet.BasicBlock, (1, 1, 1, 1), image_size=32, **options)
