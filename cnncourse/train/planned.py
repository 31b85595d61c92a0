"""The runs that the course records, most wanted first: how each is started, and the minutes it takes.

``cnncourse train --list`` and ``make records`` read this table; a new record of the book is a line of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cnncourse.errors import CourseError
from cnncourse.train import record
from cnncourse.train.recipe import Recipe
from cnncourse.train.recipes import get


@dataclass(frozen=True)
class Run:
    """A run that the course records.

    Attributes:
        name: the record's name.
        recipe: the name of its recipe.
        value: how much a reader gains from the record; the highest is made first.
        minutes: what it takes, by kind of device: "cuda" is an H100, "cpu" two cores. It runs nowhere else.
        changes: fields of the recipe with another value.
        seeds: how many runs with seeds one apart.
    """

    name: str
    recipe: str
    value: int
    minutes: Mapping[str, float]
    changes: Mapping[str, Any]
    seeds: int = 1

    @property
    def plan(self) -> Recipe:
        """Return the recipe as it is to be carried out."""
        return get(self.recipe).but(**self.changes)

    @property
    def words(self) -> list[str]:
        """Return what follows ``cnncourse train``.

        Example:
            >>> PLANNED["cpu-1min"].words
            ['cpu-1min', '--runs', '3']
        """
        changes = [f"{field}={_spelled(value)}" for field, value in self.changes.items()]
        runs = ["--runs", str(self.seeds)] if self.seeds > 1 else []
        return [self.recipe, *(word for change in changes for word in ("--set", change)), *runs]

    @property
    def times(self) -> str:
        """Return the minutes for people.

        Example:
            >>> PLANNED["cpu-1min"].times
            '2 min on two cores'
        """
        devices = {"cuda": "an H100", "cpu": "two cores"}
        return ", ".join(f"{minutes:g} min on {devices[kind]}" for kind, minutes in self.minutes.items())

    def state(self) -> str:
        """Say how the record stands: ``"recorded"``, ``"missing"`` or ``"of an older recipe"``.

        Example:
            >>> PLANNED["lenet-mnist"].state()  # doctest: +SKIP
            'recorded'
        """
        if self.name not in record.names():
            return "missing"
        try:
            made = Recipe.from_dict(record.read(self.name)["settings"])
        except CourseError:  # it has a field that there is no more
            return "of an older recipe"
        same = made.but(name="", about="") == self.plan.but(name="", about="")
        return "recorded" if same else "of an older recipe"


def _spelled(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value).lower()


_RUNS: list[Run] = []


def _plan(name: str, value: int, *, recipe: str = "", seeds: int = 1, cuda: float = 0, cpu: float = 0,
          **changes: Any) -> None:  # fmt: skip
    minutes = {kind: time for kind, time in {"cuda": cuda, "cpu": cpu}.items() if time}
    _RUNS.append(Run(name, recipe or name, value, minutes, changes, seeds))


_plan("resnet56-cifar10", 100, cuda=6)
_plan("plain20-cifar10", 95, cuda=2)
_plan("plain56-cifar10", 90, cuda=6)
_plan("race94", 85, seeds=5, cuda=1)
_plan("resnet110-cifar10", 80, cuda=11)
_plan("resnet20-cifar10", 75, cuda=4)
_plan("lenet-mnist", 70, seeds=3, cpu=2)
_plan("cpu-1min", 65, seeds=3, cpu=2)
_plan("cpu-3min", 60, seeds=3, cpu=5)
_plan("cpu-10min", 55, seeds=3, cpu=14)
_plan("cnn-mnist", 50, cpu=2)
for _net in ("resnet20", "resnet56", "plain20", "plain56"):
    _long = 3 if _net.endswith("20") else 7
    _five: dict[str, Any] = {"recipe": f"{_net}-cifar10", "precision": "fast", "epochs": 5}
    _plan(f"{_net}-cifar10-5epochs", 45, cpu=_long, **_five)
    _plan(f"{_net}-cifar10-5epochs-no-augment", 40, cpu=_long, augment=(), **_five)
for _minutes, _steps, _epochs in (1, 280, 1), (3, 870, 2), (10, 2850, 6):
    _same: dict[str, Any] = {"val_fraction": 0.0, "max_steps": _steps, "epochs": _epochs}
    _plan(f"notes-cifar10-{_minutes}min", 35, recipe="notes-cifar10", cpu=_minutes, **_same)
_plan("cpu-10min-no-augment", 30, recipe="cpu-10min", cpu=5, augment=())
for _net, _cuda in ("resnet20", 1), ("plain20", 1), ("resnet56", 2.5), ("plain56", 2.5), ("resnet110", 4):
    _plan(f"{_net}-cifar10-8000steps", 20, recipe=f"{_net}-cifar10", cuda=_cuda, max_steps=8000)

PLANNED = {run.name: run for run in sorted(_RUNS, key=lambda run: -run.value)}
"""Every run by the name of its record, most wanted first."""
