import math

import pytest
import torch
from torch import nn, optim

from cnncourse.errors import ArgumentError
from cnncourse.train import Recipe
from cnncourse.train.optimisers import Optimisers
from cnncourse.train.schedule import factor, total_steps


def torch_factors(scheduler_class, steps, momentum=0.0, **options):
    """What torch's own scheduler makes of a peak rate of 1."""
    sgd = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0, momentum=momentum)
    scheduler = scheduler_class(sgd, **options)
    rates = []
    for _ in range(steps):
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()
        scheduler.step()
    return rates


SCHEDULES = torch.optim.lr_scheduler


@pytest.mark.parametrize(
    ("fields", "scheduler_class", "options"),
    [
        ({"schedule": "constant"}, SCHEDULES.ConstantLR, {"factor": 1.0}),
        ({"schedule": "step"}, SCHEDULES.MultiStepLR, {"milestones": [20, 30], "gamma": 0.1}),
        (
            {"schedule": "step", "milestones": [0.25, 0.5, 0.9], "gamma": 1 / 3},
            SCHEDULES.MultiStepLR,
            {"milestones": [10, 20, 36], "gamma": 1 / 3},
        ),
        (
            {"schedule": "linear"},
            SCHEDULES.LinearLR,
            {"start_factor": 1.0, "end_factor": 1e-9, "total_iters": 40},
        ),
        (
            {"schedule": "linear", "final": 0.2},
            SCHEDULES.LinearLR,
            {"start_factor": 1.0, "end_factor": 0.2, "total_iters": 40},
        ),
        ({"schedule": "cosine"}, SCHEDULES.CosineAnnealingLR, {"T_max": 40}),
        ({"schedule": "cosine", "final": 0.3}, SCHEDULES.CosineAnnealingLR, {"T_max": 40, "eta_min": 0.3}),
        ({"schedule": "cyclic"}, SCHEDULES.CyclicLR, {"base_lr": 0.1, "max_lr": 1, "step_size_up": 20}),
        (
            {"schedule": "cyclic", "cycle": 1.2, "start": 0.3},
            SCHEDULES.CyclicLR,
            {"base_lr": 0.3, "max_lr": 1, "step_size_up": 6},
        ),
        ({"schedule": "one-cycle"}, SCHEDULES.OneCycleLR, {"max_lr": 1.0, "total_steps": 40}),
        (
            {"schedule": "one-cycle", "peak": 0.45, "start": 0.1, "final": 0.001},
            SCHEDULES.OneCycleLR,
            {
                "max_lr": 1.0, "total_steps": 40, "pct_start": 0.45, "div_factor": 10,
                "final_div_factor": 100,
            },
        ),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:The epoch parameter", "ignore:Detected call of")
def test_each_schedule_equals_that_of_torch(fields, scheduler_class, options):
    recipe = Recipe(epochs=4, **fields)
    ours = [factor(recipe, step, 10) for step in range(40)]
    expected = torch_factors(scheduler_class, 40, momentum=0.9, **options)
    assert ours == pytest.approx(expected, abs=1e-8)


def test_exponential_decay_comes_after_each_epoch():
    recipe = Recipe(epochs=4, schedule="exponential", gamma=0.5)
    expected = torch_factors(optim.lr_scheduler.ExponentialLR, 4, gamma=0.5)
    assert [factor(recipe, step, 10) for step in range(0, 40, 5)] == [e for e in expected for _ in range(2)]


def test_the_triangle_of_the_race():
    recipe = Recipe(epochs=10, schedule="triangular", start=0.2, peak=0.23, final=0.07)
    got = [factor(recipe, step, 10) for step in (0, 23, 100 - 1)]
    assert got == pytest.approx([0.2, 1.0, 0.07 + 0.93 / 77])


def test_plateau_looks_at_the_losses_so_far():
    recipe = Recipe(epochs=9, schedule="plateau", gamma=0.5, plateau=1)
    losses = [1.0, 0.8, 0.8, 0.8, 0.7]
    got = [factor(recipe, 10 * epoch, 10, losses[:epoch]) for epoch in range(6)]
    assert got == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]


@pytest.mark.parametrize("schedule", ["constant", "step", "linear", "cosine"])
@pytest.mark.parametrize("warmup", [0.0, 0.7])
def test_the_first_four_are_to_the_last_bit_what_they_have_always_been(schedule, warmup):
    recipe, per_epoch = Recipe(epochs=7, schedule=schedule, warmup=warmup), 13
    first = round(warmup * per_epoch)
    for step in range(7 * per_epoch):
        done = (step - first) / (7 * per_epoch - first)
        before = {
            "constant": 1.0,
            "step": 0.1 ** ((done >= 0.5) + (done >= 0.75)),
            "linear": 1 - done,
            "cosine": (1 + math.cos(math.pi * done)) / 2,
        }[schedule]
        assert factor(recipe, step, per_epoch) == ((step + 1) / first if step < first else before)


def test_a_run_that_is_cut_short_has_its_whole_schedule():
    recipe = Recipe(epochs=10, max_steps=25, schedule="linear")
    assert total_steps(recipe, 10) == 25
    assert [factor(recipe, step, 10) for step in (0, 5, 25)] == [1.0, 0.8, 0.0]


def test_warm_up_climbs_evenly_and_the_schedule_begins_after_it():
    recipe = Recipe(epochs=4, schedule="linear", warmup=0.5)
    ours = [factor(recipe, step, 8) for step in range(32)]
    assert ours[:4] == [0.25, 0.5, 0.75, 1.0]
    assert ours[4] == 1.0
    assert ours[18] == pytest.approx(0.5)
    assert ours[31] == pytest.approx(1 / 28)


@pytest.mark.parametrize(
    ("recipe", "kind", "expected"),
    [
        (Recipe(optimiser="sgd", lr=0.1, momentum=0.8), optim.SGD, {"momentum": 0.8, "nesterov": True}),
        (Recipe(optimiser="sgd", momentum=0), optim.SGD, {"momentum": 0, "nesterov": False}),
        (Recipe(optimiser="adam", weight_decay=0.01), optim.Adam, {"weight_decay": 0.01}),
        (Recipe(optimiser="adamw", weight_decay=0.01), optim.AdamW, {"weight_decay": 0.01}),
    ],
)
def test_the_optimiser_is_the_one_asked_for(recipe, kind, expected):
    (built,) = Optimisers(recipe, nn.Linear(2, 2)).all
    assert type(built) is kind
    group = built.param_groups[0]
    assert {name: group[name] for name in expected} == expected
    assert group["lr"] == recipe.lr


def test_frozen_parameters_are_left_out():
    net = nn.Linear(2, 2)
    net.bias.requires_grad_(False)
    assert len(Optimisers(Recipe(), net).weights) == 1
    net.weight.requires_grad_(False)
    with pytest.raises(ArgumentError, match="nothing to train"):
        Optimisers(Recipe(), net)
