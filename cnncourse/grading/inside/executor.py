"""Runs a student's cells as Jupyter does, magics and all, and answers the judge. Lives in the sandbox.

It takes the place of a Jupyter kernel. A kernel's five sockets and three threads would have to be started for
each submission; this is one socket and no thread, made ready once and then copied by a fork.
"""

import builtins
import contextlib
import linecache
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from cnncourse.grading.inside import beside, wire
from cnncourse.grading.inside.agent import Agent
from cnncourse.grading.inside.wire import WireError

_INTERRUPT = {signal.SIGINT}
_SAID = 500


class Shell(InteractiveShell):
    """IPython without a terminal, a history or a way to end it."""

    def ask_exit(self) -> None:
        """Do not end: a cell that says ``exit()`` is over, and the next one runs."""

    def enable_gui(self, gui: Any = None) -> None:
        """Have no window to draw in."""


def shell() -> Shell:
    """Make the shell; a process has one."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    made: Shell = Shell.instance(config=config)
    made.events.register("post_run_cell", _close_figures)
    return made


def _close_figures(result: Any) -> None:
    """Forget the figures of a cell, as a notebook does once it has drawn them."""
    if "matplotlib.pyplot" in sys.modules:
        with contextlib.suppress(Exception):
            sys.modules["matplotlib.pyplot"].close("all")


def reseed() -> None:
    """Draw anew what a fork would repeat in each child."""
    seed = int.from_bytes(os.urandom(4))
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


class Executor:
    """Runs cells and answers questions about what they defined.

    Args:
        shell: with no names in it yet.
        output: bytes that one answer may have.
    """

    def __init__(self, shell: Shell, output: int = wire.MAX_BYTES) -> None:
        self._shell = shell
        operations: dict[str, Callable[..., Any]] = {"run": self._run, "seed": _seed}
        operations |= {
            "forget": self._forget,
            "define": self._define,
            "test": beside.tester(shell, self._result),
        }
        self._agent = Agent(shell.user_ns, operations, output)

    def serve(self, connection: socket.socket) -> None:
        """Answer until the judge hangs up. An interrupt reaches the student's code only."""
        process = os.getpid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)
        while True:
            try:
                frame = wire.receive(connection)
            except (EOFError, OSError, WireError):
                return
            while signal.SIGINT in signal.sigpending():  # it came too late for the last request
                signal.sigwait(_INTERRUPT)
            answer = self._answer(frame)
            if os.getpid() != process:  # the student's code made a second process, which has no say here
                os._exit(0)
            with contextlib.suppress(OSError):
                connection.sendall(answer)

    def _answer(self, frame: bytes) -> bytes:
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPT)
            return self._agent.answer(frame)
        except KeyboardInterrupt:  # it hit while the answer was written
            return self._agent.answer(b"")
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPT)

    def _run(self, target: None, source: str) -> str:
        """Run a cell; say in a line how it failed, if it did."""
        result = self._result(source)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        error = result.error_before_exec or result.error_in_exec
        return f"{type(error).__name__}: {error}".strip()[:_SAID] if error else ""

    def _result(self, source: str) -> Any:
        return self._shell.run_cell(source, store_history=False)  # type: ignore[no-untyped-call]

    def _define(self, target: None, source: str, name: str) -> Any:
        """Run what the instructor wrote, apart from the student's names; give what it calls by a name."""
        file = f"<{name}, as it was given>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        names = _Given(self._shell.user_ns)
        exec(compile(source, file, "exec"), names)
        return names[name]

    def _forget(self, target: None) -> None:
        self._agent.forget()


class _Given(dict[str, Any]):
    """Names of the instructor's. What is not here is the student's: the answers that are called."""

    def __init__(self, students: Mapping[str, Any]) -> None:
        super().__init__({"__name__": "__main__", "__builtins__": builtins})
        self._students = students

    def __missing__(self, name: str) -> Any:
        return self._students[name]


def _seed(target: None, python: tuple[Any, ...], numpy: tuple[Any, ...], state: torch.Tensor) -> None:
    random.setstate(python)
    np.random.set_state(numpy)
    torch.set_rng_state(state)
