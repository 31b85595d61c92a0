"""Training: a frozen Recipe, ``fit``, ``evaluate``, a History, checkpoints, and records of experiments."""

from cnncourse.train import recipes
from cnncourse.train.evaluate import Evaluation, evaluate
from cnncourse.train.hardware.malloc import keep_memory
from cnncourse.train.history import EpochRecord, History
from cnncourse.train.loop import fit
from cnncourse.train.recipe import Recipe
from cnncourse.train.record import names as record_names
from cnncourse.train.record import read as read_record
from cnncourse.train.run import DivergedError

__all__ = [
    "DivergedError",
    "EpochRecord",
    "Evaluation",
    "History",
    "Recipe",
    "evaluate",
    "fit",
    "keep_memory",
    "read_record",
    "recipes",
    "record_names",
]
