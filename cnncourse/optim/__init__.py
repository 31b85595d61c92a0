"""Optimisers, averages and schedules by hand, each a few lines that can be read next to its formula.

Every optimiser equals its namesake in ``torch.optim`` step by step, every schedule the one in
``torch.optim.lr_scheduler``. Chapter 09 builds them.
"""

from cnncourse.optim import initialisation, schedules
from cnncourse.optim.adam import Adam, AdamW
from cnncourse.optim.adaptive import Adadelta, Adagrad, RMSprop
from cnncourse.optim.averages import EMA, LookAhead
from cnncourse.optim.descent import SGD, Momentum, Nesterov
from cnncourse.optim.muon import Muon, newton_schulz
from cnncourse.optim.rule import Rule

__all__ = [
    "EMA",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "LookAhead",
    "Momentum",
    "Muon",
    "Nesterov",
    "RMSprop",
    "Rule",
    "initialisation",
    "newton_schulz",
    "schedules",
]
