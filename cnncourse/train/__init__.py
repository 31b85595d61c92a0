"""Training: a frozen Recipe, ``fit``, ``evaluate``, a History, checkpoints, and records of experiments."""

from cnncourse.train.evaluate import Evaluation, evaluate
from cnncourse.train.history import EpochRecord, History
from cnncourse.train.loop import fit
from cnncourse.train.recipe import Recipe
from cnncourse.train.run import DivergedError

__all__ = ["DivergedError", "EpochRecord", "Evaluation", "History", "Recipe", "evaluate", "fit"]
