"""The named recipes: each can be carried out, and says in a line what to expect."""

import math
import re

import pytest
import torch

from cnncourse import backbones, data
from cnncourse.train import Recipe, fit, recipes, record

NAMES = recipes.names()
PROMISED = [
    "lenet-mnist",
    "notes-cifar10",
    *(f"resnet{depth}-cifar10" for depth in (20, 32, 44, 56, 110)),
    *(f"plain{depth}-cifar10" for depth in (20, 56)),
    *(f"cpu-{minutes}min" for minutes in (1, 3, 10)),
    "race94",
]


def small(recipe):
    """The recipe on 24 pictures, in steps of eight, without a compiler."""
    return recipe.but(batch_size=8, compile=False, warmup=0.0, epochs=1, max_steps=2)


def test_promised_recipes_are_there():
    assert set(PROMISED) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_two_steps_move_every_kind_of_weight(name):
    plan = small(recipes.get(name))
    pictures = data.load("mnist" if plan.data == "mnist" else "shapes10", announce=False).take(24)
    torch.manual_seed(0)
    channels, side = pictures.images.shape[1:3]
    net = backbones.create(plan.model, in_channels=channels, image_size=side, **plan.model_options)
    before = {key: value.clone() for key, value in net.named_parameters()}
    history = fit(net, pictures, recipe=plan, device="cpu", progress=False)
    assert math.isfinite(history.epochs[-1].train_loss)
    still = [key for key, value in net.named_parameters() if torch.equal(value, before[key])]
    assert len(still) <= 0.1 * len(before), f"{still} did not move"  # a bias before a norm need not


@pytest.mark.parametrize("name", NAMES)
def test_recipe_survives_its_record(name):
    plan = recipes.get(name)
    assert Recipe.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize("name", NAMES)
def test_recipe_says_in_a_line_what_to_expect(name):
    about = recipes.get(name).about
    assert 20 < len(about) <= 100
    assert any(character.isdigit() for character in about)


@pytest.mark.parametrize("name", sorted(set(NAMES) & set(record.names())))
def test_accuracy_it_speaks_of_is_the_recorded_one(name):
    told = re.search(r"about ([\d.]+) %", recipes.get(name).about)
    if told:
        assert abs(float(told[1]) - 100 * record.read(name)["test_accuracy"]["mean"]) < 1


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_paper_schedule_has_64000_steps(depth):
    plan = recipes.get(f"resnet{depth}-cifar10")
    per_epoch = math.ceil(50_000 * (1 - plan.val_fraction) / plan.batch_size)
    assert plan.max_steps == 64_000
    assert 0 <= plan.epochs * per_epoch - 64_000 < per_epoch
    assert (plan.lr, plan.momentum, plan.weight_decay, plan.milestones) == (0.1, 0.9, 1e-4, (0.5, 0.75))


def test_race_is_200_steps_of_2000_images():
    plan = recipes.get("race94")
    assert plan.epochs * (50_000 // plan.batch_size) == 200
    assert plan.drop_last
    assert plan.val_fraction == 0
