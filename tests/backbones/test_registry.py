import pytest
import torch

from cnncourse import backbones
from cnncourse.backbones import registry
from cnncourse.backbones.base import scaled
from cnncourse.errors import ArgumentError, ShapeError

# Every name that the course promises.
PROMISED = [
    "lenet5",
    "lenet5_1998",
    "alexnet",
    "alexnet_two_gpus",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
    "vgg11_bn",
    "vgg13_bn",
    "vgg16_bn",
    "vgg19_bn",
    "nin",
    "googlenet",
    "inception_v2",
    "inception_v3",
    "inception_v4",
    "inception_resnet_v1",
    "inception_resnet_v2",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnet20",
    "resnet32",
    "resnet44",
    "resnet56",
    "resnet110",
    "plain20",
    "plain32",
    "plain44",
    "plain56",
    "preact_resnet20",
    "preact_resnet32",
    "preact_resnet44",
    "preact_resnet56",
    "preact_resnet110",
    "rir",
    "wide_resnet50_2",
    "wrn_28_10",
    "resnext50_32x4d",
    "densenet121",
    "densenet169",
    "densenet201",
    "squeezenet1_0",
    "squeezenet1_1",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "shufflenet_v1",
    "shufflenet_v2_x0_5",
    "shufflenet_v2_x1_0",
    "darknet53",
    "se_resnet50",
    "cbam_resnet50",
    "residual_attention56",
    "food_classifier",
    "simple_cnn",
    "cifar_cnn",
    "mnist_cnn",
    "race94",
    "race_small",
    "notes_resnet",
]


@pytest.fixture
def spare_name():
    yield "spare_name"
    registry._FACTORIES.pop("spare_name", None)


def test_promised_names_are_there():
    assert sorted(PROMISED) == sorted(backbones.names())


def test_family_tree_begins_with_lenet():
    assert backbones.names()[0] == "lenet5"


def test_registered_factory_is_created_and_listed(spare_name):
    @backbones.register(spare_name)
    def build(**options):
        return backbones.create("lenet5", **options)

    net = backbones.create(spare_name, num_classes=3)
    assert (net.name, net.num_classes) == (spare_name, 3)
    assert spare_name in backbones.names()


def test_a_name_is_taken_once(spare_name):
    def build(**options):
        return backbones.create("lenet5", **options)

    def another(**options):
        return backbones.create("resnet20", **options)

    backbones.register(spare_name)(build)
    with pytest.raises(ArgumentError, match="taken"):
        backbones.register(spare_name)(another)
    assert backbones.create(spare_name).in_channels == 1


def test_a_cell_can_be_run_again(spare_name):
    for classes in (3, 4):

        @backbones.register(spare_name)
        def build(classes=classes, **options):
            return backbones.create("lenet5", num_classes=classes, **options)

    assert backbones.create(spare_name).num_classes == 4


@pytest.mark.parametrize(
    ("typed", "meant"), [("resnet19", "resnet1"), ("Alexnet", "alexnet"), ("mobilenetv2", "mobilenet_v2")]
)
def test_unknown_name_suggests_the_nearest(typed, meant):
    with pytest.raises(ArgumentError, match=f"did you mean '{meant}"):
        backbones.create(typed)


def test_nothing_near_suggests_nothing():
    with pytest.raises(ArgumentError, match=r"unknown net 'zzzz' — names\(\)"):
        backbones.create("zzzz")


@pytest.mark.parametrize("name", ["lenet5", "resnet20", "vgg11"])
def test_unknown_option_is_named(name):
    with pytest.raises(ArgumentError, match=f"{name} has no option 'colour'"):
        backbones.create(name, colour=3)


def test_other_type_errors_are_not_hidden():
    with pytest.raises(TypeError, match="str"):
        backbones.create("googlenet", image_size=32, width=0.25, dropout="much")


@pytest.mark.parametrize(("argument", "value"), [("num_classes", 0), ("in_channels", 0)])
def test_counts_below_one_are_refused(argument, value):
    with pytest.raises(ArgumentError, match=f"{argument} must be at least 1, but got 0"):
        backbones.create("lenet5", **{argument: value})


def test_image_size_too_small_is_refused_when_created():
    with pytest.raises(ArgumentError, match="at least 16, but got 8"):
        backbones.create("lenet5", image_size=8)


def test_exact_nets_tell_the_size_they_were_built_for():
    with pytest.raises(ShapeError, match="built for 32×32 pixels, but got 28×28"):
        backbones.create("lenet5")(torch.zeros(1, 1, 28, 28))


def test_images_need_four_dimensions():
    with pytest.raises(ShapeError, match=r"expects images \(n, c, h, w\), but got shape \(1, 32, 32\)"):
        backbones.create("lenet5")(torch.zeros(1, 32, 32))


def test_scaled_rounds_to_multiples():
    assert [scaled(64, 1), scaled(10, 1), scaled(64, 0.3), scaled(64, 0.01), scaled(240, 0.25, 12)] == [
        *(64, 10, 16, 8, 60)
    ]
    with pytest.raises(ArgumentError, match="width must be positive"):
        scaled(64, 0)
