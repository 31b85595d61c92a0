"""Each schedule equals that of torch, at every step."""

import math
import random

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as torchs

from cnncourse.errors import ArgumentError
from cnncourse.optim import schedules as ours


def torch_factors(make, steps, metrics=None):
    """What torch's scheduler makes of a peak rate of 1."""
    sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.9)
    scheduler = make(sgd)
    rates = []
    for step in range(steps):
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()
        scheduler.step(*(metrics[step],) if metrics else ())
    return rates


PAIRS = {
    "constant": (lambda s: ours.constant(s), lambda o: torchs.ConstantLR(o, 1.0)),
    "step": (lambda s: ours.multi_step(s, range(7, 100, 7), 0.3), lambda o: torchs.StepLR(o, 7, 0.3)),
    "multi-step": (lambda s: ours.multi_step(s, (5, 20), 0.3), lambda o: torchs.MultiStepLR(o, [5, 20], 0.3)),
    "exponential": (lambda s: ours.exponential(s, 0.9), lambda o: torchs.ExponentialLR(o, 0.9)),
    "linear": (lambda s: ours.linear(s, 40, start=1, end=0.1), lambda o: torchs.LinearLR(o, 1, 0.1, 40)),
    "linear up": (lambda s: ours.linear(s, 15, start=0.2, end=1), lambda o: torchs.LinearLR(o, 0.2, 1, 15)),
    "cosine": (lambda s: ours.cosine(s, 50), lambda o: torchs.CosineAnnealingLR(o, 50)),
    "cosine end": (lambda s: ours.cosine(s, 50, end=0.2), lambda o: torchs.CosineAnnealingLR(o, 50, 0.2)),
    "warm-up": (lambda s: ours.warm_up(s, 8), lambda o: torchs.LinearLR(o, 1 / 8, 1, 7)),
    "warm-up, then cosine": (
        lambda s: ours.warm_up(s, 8) * ours.cosine(max(0, s - 8), 42),
        lambda o: torchs.SequentialLR(
            o, [torchs.LinearLR(o, 1 / 8, 1, 7), torchs.CosineAnnealingLR(o, 42)], [8]
        ),
    ),
    "triangular": (
        lambda s: ours.triangular(s, 50, 0.2, start=0.2, end=0.07),
        lambda o: torchs.SequentialLR(
            o, [torchs.LinearLR(o, 0.2, 1, 10), torchs.LinearLR(o, 1, 0.07, 40)], [10]
        ),
    ),
    "cyclic": (lambda s: ours.cyclic(s, 6, low=0.2), lambda o: torchs.CyclicLR(o, 0.2, 1, 6)),
    "cyclic, unlike halves": (
        lambda s: ours.cyclic(s, 6, 3, low=0.2),
        lambda o: torchs.CyclicLR(o, 0.2, 1, 6, 3),
    ),
    "cyclic, triangular2": (
        lambda s: ours.cyclic(s, 4, low=0.2, wave="triangular2"),
        lambda o: torchs.CyclicLR(o, 0.2, 1, 4, mode="triangular2"),
    ),
    "cyclic, exp_range": (
        lambda s: ours.cyclic(s, 4, 7, low=0.2, wave="exp_range", gamma=0.95),
        lambda o: torchs.CyclicLR(o, 0.2, 1, 4, 7, mode="exp_range", gamma=0.95),
    ),
    "one-cycle": (lambda s: ours.one_cycle(s, 50), lambda o: torchs.OneCycleLR(o, 1.0, total_steps=50)),
    "one-cycle, settings": (
        lambda s: ours.one_cycle(s, 50, peak=0.45, divide=10, divide_end=100),
        lambda o: torchs.OneCycleLR(
            o, 1.0, total_steps=50, pct_start=0.45, div_factor=10, final_div_factor=100
        ),
    ),
}


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.filterwarnings("ignore:Detected call of")
@pytest.mark.parametrize("name", PAIRS)
def test_fifty_steps_equal_those_of_torch(name):
    mine, theirs = PAIRS[name]
    assert [mine(step) for step in range(50)] == pytest.approx(torch_factors(theirs, 50), abs=1e-12)


@pytest.mark.parametrize("better", ["min", "max"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"patience": 1, "factor": 0.5},
        {"patience": 0, "factor": 0.3, "cooldown": 3},
        {"patience": 2, "factor": 0.1, "threshold": 0.1, "cooldown": 1},
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_plateau_equals_torchs(better, settings, seed):
    dice = random.Random(seed)
    metrics = [round(math.exp(-epoch / 20) + dice.random() / 3, 2) for epoch in range(60)]
    metrics[5] = math.nan
    if better == "max":
        metrics = [1.5 - metric for metric in metrics]
    expected = torch_factors(
        lambda o: torchs.ReduceLROnPlateau(o, mode=better, min_lr=1e-3, eps=0, **settings), 60, metrics
    )
    mine = [ours.plateau(metrics[:epoch], better=better, least=1e-3, **settings) for epoch in range(60)]
    assert mine == pytest.approx(expected, abs=1e-12)


def test_schedules_stay_at_their_end():
    assert ours.cosine(500, 100, end=0.25) == 0.25
    assert ours.linear(500, 100, end=0.25) == 0.25
    assert ours.triangular(500, 100, 0.2, end=0.25) == 0.25
    assert ours.one_cycle(500, 100) == pytest.approx(1 / 25e4)
    assert ours.warm_up(0, 0) == 1.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ours.linear(0, 0), "total expects a number from 1, got 0"),
        (lambda: ours.cosine(0, 0), "total expects a number from 1, got 0"),
        (lambda: ours.warm_up(0, -1), "steps expects a number from 0, got -1"),
        (lambda: ours.triangular(0, 10, 1), "peak expects a part of the steps between 0 and 1, got 1"),
        (lambda: ours.cyclic(0, 0), "up expects a number from 1, got 0"),
        (lambda: ours.cyclic(0, 5, 0), "down expects a number from 1, got 0"),
        (lambda: ours.cyclic(0, 5, wave="sine"), "wave expects one of triangular, triangular2, exp_range"),
        (lambda: ours.one_cycle(0, 3, peak=0.3), "one_cycle expects 1 < peak·total < total"),
        (lambda: ours.plateau([], better="less"), "better expects min or max, got 'less'"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value).startswith(message)
