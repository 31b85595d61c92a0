"""How the learning rate moves: one factor for each step, worked out from the recipe and the epochs so far."""

from collections.abc import Sequence

from cnncourse.optim import schedules
from cnncourse.train.recipe import Recipe


def total_steps(recipe: Recipe, steps_per_epoch: int) -> int:
    """Return the steps of the whole run.

    Example:
        >>> total_steps(Recipe(epochs=10), 391), total_steps(Recipe(epochs=10, max_steps=100), 391)
        (3910, 100)
    """
    steps = recipe.epochs * steps_per_epoch
    return steps if recipe.max_steps is None else min(steps, recipe.max_steps)


def factor(recipe: Recipe, step: int, steps_per_epoch: int, losses: Sequence[float] = ()) -> float:
    """Return what the peak learning rate is multiplied by at one step.

    The factor climbs in a straight line during the warm-up. After it the schedule begins; what is left of the
    run is its whole length. All are functions of ``cnncourse.optim.schedules``. A resumed run needs no other
    memory than the step's number and, for ``"plateau"``, the losses.

    Args:
        recipe: the settings.
        step: the number of the step, from 0.
        steps_per_epoch: steps in an epoch, at least 1.
        losses: the validation loss of each epoch so far, for ``"plateau"``.

    Returns:
        A number from 0 to 1.

    Raises:
        ArgumentError: the run is too short for a one-cycle schedule.

    Example:
        >>> recipe = Recipe(epochs=10, schedule="linear", warmup=2)
        >>> [round(factor(recipe, step, 1), 3) for step in (0, 1, 2, 6, 9)]
        [0.5, 1.0, 1.0, 0.5, 0.125]

    Source: warm-up — Goyal et al., Accurate, Large Minibatch SGD (2017), section 2.2; the others stand in
    ``cnncourse.optim.schedules``. Introduced in chapter 09.
    """
    warmup = round(recipe.warmup * steps_per_epoch)
    if step < warmup:
        return schedules.warm_up(step, warmup)
    return _after(
        recipe,
        step - warmup,
        max(1, total_steps(recipe, steps_per_epoch) - warmup),
        steps_per_epoch,
        losses,
    )


def _after(recipe: Recipe, step: int, total: int, steps_per_epoch: int, losses: Sequence[float]) -> float:
    """Ask the schedule itself: ``step`` and ``total`` count from the end of the warm-up."""
    start, final = recipe.start, recipe.final or 0.0
    match recipe.schedule:
        case "constant":
            return schedules.constant(step)
        case "step":
            milestones = [part * total for part in recipe.milestones]
            return schedules.multi_step(step, milestones, recipe.gamma)
        case "exponential":
            return schedules.exponential(step // steps_per_epoch, recipe.gamma)
        case "plateau":
            return schedules.plateau(losses, factor=recipe.gamma, patience=recipe.plateau)
        case "cyclic":
            half = max(1, round(recipe.cycle * steps_per_epoch / 2))
            return schedules.cyclic(step, half, low=0.1 if start is None else start)
        case "one-cycle":
            first = start or 1 / 25
            last = final or first / 1e4
            return schedules.one_cycle(
                step, total, peak=recipe.peak, divide=1 / first, divide_end=first / last
            )
        case "linear":
            return schedules.linear(step, total, end=final)
        case "cosine":
            return schedules.cosine(step, total, end=final)
        case "triangular":
            return schedules.triangular(step, total, recipe.peak, start=start or 0.0, end=final)
