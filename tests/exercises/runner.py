"""Run the cells of a notebook in this process: one import of torch for all, a namespace for each run."""

import contextlib
import io
import linecache
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import torch
from IPython.core.inputtransformer2 import TransformerManager

from cnncourse import check


@dataclass(frozen=True)
class Outcome:
    """What a cell did: the error that ended it, if any, and everything a learner would read below it."""

    error: BaseException | None
    output: str


def run(sources: Mapping[str, str], seed: int = 0) -> dict[str, Outcome]:
    """Run code cells in order, the way a grader does: an error ends its cell and the next one still runs."""
    namespace = {"__name__": "__main__", "display": print, "get_ipython": lambda: None}
    before = os.environ.get("CNNCOURSE_CHECK_SEED")
    os.environ["CNNCOURSE_CHECK_SEED"] = before or str(seed)
    random.seed(0)
    torch.manual_seed(0)
    try:
        return {name: _run_cell(name, source, namespace) for name, source in sources.items()}
    finally:
        plt.close("all")
        if before is None:
            del os.environ["CNNCOURSE_CHECK_SEED"]


def _run_cell(name: str, source: str, namespace: dict) -> Outcome:
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
