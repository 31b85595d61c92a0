import pytest
import torch
from torch import nn

from cnncourse import backbones, diagrams, explain
from cnncourse.errors import ArgumentError, ShapeError


@pytest.fixture
def known():
    """The image is the last map; classes: 2·map 0 − map 1, and the opposite, as means over the map."""
    net = nn.Sequential(nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2, bias=False))
    net[3].weight.data = torch.tensor([[2.0, -1.0], [-2.0, 1.0]])
    return net


MAPS = torch.tensor([[[[4.0, 0.0], [1.0, 0.0]], [[0.0, 8.0], [1.0, 0.0]]]])


def test_grad_cam_of_a_net_whose_last_map_is_known(known):
    # each weight is the factor divided by the 4 pixels of the mean
    assert explain.grad_cam(known, MAPS, "0", 0).tolist() == [[[2.0, 0.0], [0.25, 0.0]]]
    assert explain.grad_cam(known, MAPS, "0", 1).tolist() == [[[0.0, 2.0], [0.0, 0.0]]]
    both = explain.grad_cam(known, MAPS.repeat(2, 1, 1, 1), "0", [0, 1])
    assert both.tolist() == [[[2.0, 0.0], [0.25, 0.0]], [[0.0, 2.0], [0.0, 0.0]]]


def test_where_no_map_speaks_for_the_class_the_map_is_zero(known):
    assert not explain.grad_cam(
        known, torch.stack([MAPS[0, :1], 0 * MAPS[0, :1]], 1).squeeze(2), "0", 1
    ).any()


def test_it_is_enlarged_to_the_image():
    torch.manual_seed(0)
    net = backbones.create("resnet20", num_classes=4, width=0.5)
    x = torch.randn(2, 3, 32, 40)
    small = explain.grad_cam(net, x, "layer3", size="map")
    assert small.shape == (2, 8, 10)
    large = explain.grad_cam(net, x, "layer3")
    assert large.shape == (2, 32, 40)
    assert large.amax() <= small.amax()
    torch.testing.assert_close(large.mean((1, 2)), small.mean((1, 2)), rtol=0.1, atol=0)


def test_it_is_that_of_the_score_not_of_the_probability(known):
    """Where the net is sure, the slope of the probability is nearly none."""
    sure = 1000 * MAPS
    assert explain.grad_cam(known, sure, "0", 0).amax() == 2000


def test_a_layer_that_works_in_place_and_one_that_is_changed_in_place():
    torch.manual_seed(0)
    parts = [
        nn.Conv2d(1, 3, 3),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(3, 2),
    ]
    net, x = nn.Sequential(*parts), torch.randn(2, 1, 6, 6)
    plain = nn.Sequential(parts[0], nn.ReLU(), *parts[2:])
    for layer in "01":
        torch.testing.assert_close(explain.grad_cam(net, x, layer, 0), explain.grad_cam(plain, x, layer, 0))
        assert torch.equal(explain.activations(net, x, layer), explain.activations(plain, x, layer))


def test_activations_are_those_of_features_in_eval_mode():
    torch.manual_seed(0)
    net, x = backbones.create("resnet20", num_classes=4, width=0.5).train(), torch.randn(2, 3, 32, 32)
    found = explain.activations(net, x, "layer2")
    assert not found.requires_grad
    torch.testing.assert_close(found, diagrams.features(net.eval(), ["layer2"])(x)["layer2"].detach())


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.relu, self.fc, self.unused = nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Linear(2, 2), nn.ReLU()
        self.aside = nn.Identity()

    def forward(self, x):
        self.aside(x)
        return self.fc(self.relu(self.relu(self.conv(x)).mean((2, 3))))


@pytest.mark.parametrize(
    ("layer", "options", "error", "said"),
    [
        ("cnov", {}, ArgumentError, "the net has no layer 'cnov' — did you mean 'conv'?"),
        ("", {}, ArgumentError, "the net has no layer ''"),
        ("unused", {}, ArgumentError, "no image passes through the layer"),
        ("relu", {}, ArgumentError, "images pass 2 times through the layer 'relu'"),
        ("aside", {}, ArgumentError, "no score depends on the layer 'aside'"),
        ("fc", {}, ShapeError, "'fc' gives (2, 2)"),
        ("conv", {"size": 7}, ArgumentError, "size expects None, the images' size, or 'map'"),
    ],
)
def test_errors(layer, options, error, said):
    with pytest.raises(error) as caught:
        explain.grad_cam(Twice(), torch.ones(2, 1, 3, 3), layer, **options)
    assert said in str(caught.value)
