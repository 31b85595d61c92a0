import re

import pytest
import torch
from torch import nn

from cnncourse import backbones, explain
from cnncourse.errors import ArgumentError, ShapeError

SHAPE = (1, 6, 6)


@pytest.fixture
def filters():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3, bias=False), nn.Flatten(), nn.Linear(48, 2))


def roughness(image):
    return ((image.diff(dim=2).square().mean() + image.diff(dim=3).square().mean()) / image.var()).item()


def test_a_linear_score_leads_to_its_own_weights():
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 2))
    found = explain.maximise(net, unit=1, shape=SHAPE, steps=400)
    assert torch.cosine_similarity(found.flatten(), net[1].weight[1], dim=0) > 0.999


def test_each_step_is_as_long_as_it_says(filters):
    start = explain.maximise(filters, shape=SHAPE, steps=1, lr=1e-9)
    moved = explain.maximise(filters, shape=SHAPE, steps=1, lr=0.3)
    assert (moved - start).square().mean().sqrt().item() == pytest.approx(0.3, rel=1e-4)


@pytest.mark.parametrize(("layer", "unit"), [(None, 1), ("fc2", 7), ("conv2", 2)])
def test_the_unit_answers_more_strongly(layer, unit):
    torch.manual_seed(0)
    net = backbones.create("lenet5")

    def answer(steps):
        image = explain.maximise(
            net, layer, unit, shape=(1, 32, 32), steps=steps, jitter=1, blur=0.3, decay=0.01
        )
        out = net(image) if layer is None else explain.activations(net, image, layer)
        return out[0, unit].mean().item()

    first, later, last = (answer(steps) for steps in (1, 10, 40))
    assert first < later < last


def test_blur_smooths_decay_holds_back_and_jitter_changes(filters):
    torch.manual_seed(0)
    net = backbones.create("lenet5")
    run = lambda **options: explain.maximise(net, unit=3, shape=(1, 32, 32), steps=40, **options)  # noqa: E731
    plain = run()
    assert roughness(run(blur=1.0)) < 0.5 * roughness(plain)
    assert run(decay=0.2).std() < 0.7 * plain.std()
    assert not torch.allclose(run(jitter=3), plain)


def test_it_can_be_repeated(filters):
    one, same, other = (
        explain.maximise(filters, shape=SHAPE, steps=3, jitter=2, seed=seed) for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert one.shape == (1, *SHAPE)


def test_a_dead_unit_leaves_the_noise():
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 2), nn.ReLU())
    nn.init.zeros_(net[1].weight)
    found = explain.maximise(net, shape=SHAPE, steps=3)
    assert torch.isfinite(found).all()
    assert found.abs().max() < 1


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"shape": 6}, ShapeError, "shape expects (channels, height, width), got 6"),
        ({"shape": (1, 6)}, ShapeError, "shape expects (channels, height, width), got (1, 6)"),
        ({"steps": 0}, ArgumentError, "steps expects a whole number from 1 up, got 0"),
        ({"lr": 0}, ArgumentError, "lr expects a number above 0"),
        ({"jitter": -1}, ArgumentError, "jitter expects a whole number from 0 up, got -1"),
        ({"blur": -1}, ArgumentError, "blur expects a number from 0"),
        ({"decay": 1}, ArgumentError, "decay expects a number from 0 and below 1, got 1"),
        ({"unit": 2}, ArgumentError, "unit expects 0 to 1 in the net's scores, got 2"),
        ({"layer": "0", "unit": 3}, ArgumentError, "unit expects 0 to 2 in the layer '0', got 3"),
        ({"layer": "conv1"}, ArgumentError, "the net has no layer 'conv1'"),
    ],
)
def test_errors(filters, options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        explain.maximise(filters, **{"shape": SHAPE, **options})
