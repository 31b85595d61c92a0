"""Run the cells of a notebook in this process: one import of torch for all, a namespace for each run."""

import contextlib
import io
import linecache
import os
import random
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import torch
from IPython.core.inputtransformer2 import TransformerManager

from cnncourse import check
from cnncourse.check.session import SEED_VARIABLE


@dataclass(frozen=True)
class Outcome:
    """What a cell did: the error that ended it, if any, and everything a learner would read below it."""

    error: BaseException | None
    output: str


@contextlib.contextmanager
def opened(seed: int = 0) -> Iterator[dict[str, Any]]:
    """A fresh namespace, as in a notebook that has just been opened; hidden inputs are drawn from the seed.

    A seed that the environment names already goes before.
    """
    before = os.environ.get(SEED_VARIABLE)
    os.environ[SEED_VARIABLE] = before or str(seed)
    random.seed(0)
    torch.manual_seed(0)
    try:
        yield {"__name__": "__main__", "display": print, "get_ipython": lambda: None}
    finally:
        plt.close("all")
        if before is None:
            del os.environ[SEED_VARIABLE]


def run(sources: Mapping[str, str], seed: int = 0) -> dict[str, Outcome]:
    """Run code cells in order, the way a grader does: an error ends its cell and the next one still runs."""
    with opened(seed) as namespace:
        return {name: run_cell(name, source, namespace) for name, source in sources.items()}


def run_often(sources: Mapping[str, str], again: Container[str], seeds: int) -> list[dict[str, Outcome]]:
    """Run the cells in order, those named in ``again`` once for each seed: the outcomes by seed.

    A cell that fails before it draws anything fails so with every seed, and runs once.
    """
    runs: list[dict[str, Outcome]] = [{} for _ in range(seeds)]
    with opened() as namespace:
        first = int(os.environ[SEED_VARIABLE])
        for name, source in sources.items():
            alike = False
            for number, outcomes in enumerate(runs):
                if not alike:
                    os.environ[SEED_VARIABLE] = str(first + number)
                    outcome = run_cell(name, source, namespace)
                    alike = name not in again or (outcome.error and SEED_VARIABLE not in outcome.output)
                outcomes[name] = outcome
        os.environ[SEED_VARIABLE] = str(first)
    return runs


def run_cell(name: str, source: str, namespace: dict[str, Any]) -> Outcome:
    """Run one cell in a namespace that ``opened`` gave, or that earlier cells have filled."""
    code = TransformerManager().transform_cell(source)
    file = f"/notebook/{name}.py"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    out, error = io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            exec(compile(code, file, "exec"), namespace)
        except (Exception, SystemExit) as problem:
            error = problem
    said = str(error) if isinstance(error, check.CheckFailed) else repr(error) if error else ""
    return Outcome(error, out.getvalue() + said)


def failed(outcomes: Mapping[str, Outcome]) -> set[str]:
    """The cells that ended with an error."""
    return {name for name, outcome in outcomes.items() if outcome.error}
