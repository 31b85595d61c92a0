"""Schedules of the learning rate: plain functions from the number of a step to a factor on the peak rate.

``torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: cosine(step, 1000))`` puts one to work. A step is
whatever is counted, a batch or an epoch, from 0. A schedule has no memory, so a resumed run needs none.
All are introduced in chapter 09.
"""

import math
from collections.abc import Sequence
from typing import Literal, get_args

from cnncourse.errors import ArgumentError

Wave = Literal["triangular", "triangular2", "exp_range"]
Better = Literal["min", "max"]


def constant(step: int) -> float:
    """Stay at the peak.

    Example:
        >>> constant(7)
        1.0
    """
    return 1.0


def multi_step(step: int, milestones: Sequence[float], gamma: float = 0.1) -> float:
    """Multiply by ``gamma`` at each milestone.

    Example:
        >>> [multi_step(step, (80, 120), gamma=0.5) for step in (79, 80, 120)]
        [1.0, 0.5, 0.25]
    """
    return float(gamma ** sum(step >= milestone for milestone in milestones))


def exponential(step: int, gamma: float) -> float:
    """Multiply by ``gamma`` at each step.

    Example:
        >>> exponential(3, gamma=0.5)
        0.125
    """
    return float(gamma**step)


def linear(step: int, total: int, *, start: float = 1.0, end: float = 0.0) -> float:
    """Go in a straight line from ``start`` at step 0 to ``end`` at step ``total``, and stay there.

    Raises:
        ArgumentError: ``total`` is below 1.

    Example:
        >>> [linear(step, 4) for step in (0, 1, 4, 9)]
        [1.0, 0.75, 0.0, 0.0]
    """
    _positive("total", total)
    return start + (end - start) * min(1.0, step / total)


def cosine(step: int, total: int, *, end: float = 0.0) -> float:
    """Follow half a cosine from 1 at step 0 to ``end`` at step ``total``, and stay there.

    Raises:
        ArgumentError: ``total`` is below 1.

    Example:
        >>> [round(cosine(step, 100), 3) for step in (0, 25, 50, 100, 200)]
        [1.0, 0.854, 0.5, 0.0, 0.0]

    Source: Loshchilov & Hutter, SGDR (2017), eq. 5, without restarts.
    """
    _positive("total", total)
    return end + (1 - end) * (1 + math.cos(math.pi * min(1.0, step / total))) / 2


def warm_up(step: int, steps: int) -> float:
    """Climb in a straight line: 1/steps at step 0, 1 at step ``steps − 1`` and for good.

    Multiply another schedule by it, or let that begin afterwards, at ``max(0, step − steps)``.

    Raises:
        ArgumentError: ``steps`` is negative.

    Example:
        >>> [warm_up(step, 4) for step in (0, 1, 3, 9)]
        [0.25, 0.5, 1.0, 1.0]

    Source: Goyal et al., Accurate, Large Minibatch SGD (2017), section 2.2.
    """
    if steps < 0:
        raise ArgumentError(f"steps expects a number from 0, got {steps}")
    return min(1.0, (step + 1) / steps) if steps else 1.0


def triangular(step: int, total: int, peak: float, *, start: float = 0.0, end: float = 0.0) -> float:
    """Climb to 1 at step ``peak·total``, then fall, in straight lines.

    It begins at ``start`` and ends at ``end`` at step ``total``. The race to 94 % uses ``peak=0.23,
    start=0.2, end=0.07``.

    Raises:
        ArgumentError: ``total`` is below 1 or ``peak`` not between 0 and 1.

    Example:
        >>> [triangular(step, 10, 0.5, start=0.5) for step in (0, 5, 10)]
        [0.5, 1.0, 0.0]

    Source: Jordan, 94% on CIFAR-10 in 3.29 Seconds on a Single GPU (2024), listing 4.
    """
    _positive("total", total)
    if not 0 < peak < 1:
        raise ArgumentError(f"peak expects a part of the steps between 0 and 1, got {peak}")
    done = min(1.0, step / total)
    if done < peak:
        return start + (1 - start) * done / peak
    return end + (1 - end) * (1 - done) / (1 - peak)


def cyclic(
    step: int,
    up: int,
    down: int | None = None,
    *,
    low: float = 0.1,
    wave: Wave = "triangular",
    gamma: float = 1.0,
) -> float:
    """Swing between ``low`` and 1, up and down again and again.

    Args:
        step: the number of the step, from 0.
        up: steps from low to high, ≥ 1.
        down: steps back; None means as many.
        low: the smallest factor.
        wave: ``"triangular"`` keeps its height, ``"triangular2"`` halves it with each swing, ``"exp_range"``
            multiplies it by ``gamma`` at each step.
        gamma: see ``wave``.

    Returns:
        The factor.

    Raises:
        ArgumentError: a length is below 1 or the wave unknown.

    Example:
        >>> [cyclic(step, up=2, low=0.5) for step in range(5)]
        [0.5, 0.75, 1.0, 0.75, 0.5]

    Source: Smith, Cyclical Learning Rates for Training Neural Networks (2017), section 3.1.
    """
    down = up if down is None else down
    _positive("up", up)
    _positive("down", down)
    if wave not in get_args(Wave):
        raise ArgumentError(f"wave expects one of {', '.join(get_args(Wave))}, got {wave!r}")
    swing, place = divmod(step, up + down)
    height = place / up if place <= up else (up + down - place) / down
    shrink = {"triangular": 1.0, "triangular2": 0.5**swing, "exp_range": gamma**step}[wave]
    return low + (1 - low) * height * shrink


def one_cycle(
    step: int, total: int, *, peak: float = 0.3, divide: float = 25.0, divide_end: float = 1e4
) -> float:
    """Rise once and fall far, along half cosines.

    It begins at 1/divide, reaches 1 at step ``peak·total − 1`` and ends, at step ``total − 1``, at
    1/(divide·divide_end).

    Args:
        step: the number of the step, from 0 to total − 1; later steps stay at the end.
        total: steps of the whole run, ≥ 2.
        peak: part of the steps spent rising, above 1/total and below 1.
        divide: the first factor is 1 over this.
        divide_end: the last factor is the first over this.

    Returns:
        The factor.

    Raises:
        ArgumentError: the run is too short to rise.

    Example:
        >>> [round(one_cycle(step, 10, peak=0.6), 3) for step in (0, 5, 9)]
        [0.04, 1.0, 0.0]

    Source: Smith & Topin, Super-Convergence (2019), section 2, with cosines for lines as in torch.
    """
    top = peak * total - 1
    if not 0 < top < total - 1:
        raise ArgumentError(f"one_cycle expects 1 < peak·total < total, got peak {peak} and total {total}")
    first = 1 / divide
    if step <= top:
        return _half_cosine(first, 1.0, step / top)
    return _half_cosine(1.0, first / divide_end, min(1.0, (step - top) / (total - 1 - top)))


def plateau(
    metrics: Sequence[float],
    *,
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    cooldown: int = 0,
    least: float = 0.0,
    better: Better = "min",
) -> float:
    """Look back at how training went, and cut the rate where it stood still.

    Args:
        metrics: one number for each epoch so far, for example the validation loss.
        factor: what a cut multiplies by.
        patience: epochs without progress that are put up with.
        threshold: progress is a change by more than this part of the best.
        cooldown: epochs after a cut that are not counted.
        least: the smallest factor.
        better: ``"min"`` if smaller is better, ``"max"`` if larger.

    Returns:
        The factor for the next epoch.

    Raises:
        ArgumentError: ``better`` is neither.

    Example:
        >>> [plateau([1.0, 0.5, 0.5, 0.5][:epoch], patience=1) for epoch in range(5)]
        [1.0, 1.0, 1.0, 1.0, 0.1]
    """
    if better not in get_args(Better):
        raise ArgumentError(f"better expects min or max, got {better!r}")
    sign = 1 if better == "min" else -1
    best, bad, rest, rate = sign * math.inf, 0, 0, 1.0
    for metric in metrics:
        progress = math.isinf(best) or sign * (best * (1 - sign * threshold) - metric) > 0
        best, bad = (metric, 0) if progress and not math.isnan(metric) else (best, bad + 1)
        if rest > 0:
            rest, bad = rest - 1, 0
        if bad > patience:
            rate, rest, bad = max(rate * factor, least), cooldown, 0
    return rate


def _half_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def _positive(name: str, value: int) -> None:
    if value < 1:
        raise ArgumentError(f"{name} expects a number from 1, got {value}")
