"""Runs a student's cells as Jupyter does, magics and all, and answers the judge. Lives in the sandbox.

It takes the place of a Jupyter kernel. A kernel's five sockets and three threads would have to be started for
each submission; this is one socket and no thread, made ready once and then copied by a fork.
"""

import asyncio
import builtins
import contextlib
import linecache
import os
import platform
import random
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cnncourse.grading.inside import NOTE, absent, beside, wire
from cnncourse.grading.inside.agent import Agent
from cnncourse.grading.inside.shell import ZMQInteractiveShell
from cnncourse.grading.inside.wire import WireError

_INTERRUPT = {signal.SIGINT}
_SAID = 500
_PYTHON = ".".join(platform.python_version_tuple()[:2])


def reseed() -> None:
    """Draw anew what a fork would repeat in each child."""
    seed = int.from_bytes(os.urandom(4))
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)


class Executor:
    """Runs cells and answers questions about what they defined.

    Args:
        shell: with no names in it yet.
        output: bytes that one answer may have.
    """

    def __init__(self, shell: ZMQInteractiveShell, output: int = wire.MAX_BYTES) -> None:
        self._shell = shell
        self._loop: asyncio.AbstractEventLoop | None = None
        operations: dict[str, Callable[..., Any]] = {"run": self._run, "seed": _seed}
        operations |= {
            "forget": self._forget,
            "define": self._define,
            "test": beside.tester(shell, self._result),
        }
        self._agent = Agent(shell.user_ns, operations, output)

    def make_ready(self) -> None:
        """Do once what the first cell of each student would wait for, before this process is copied."""
        self._shell.run_cell("None")  # type: ignore[no-untyped-call]
        self._shell.reset(new_session=True)  # type: ignore[no-untyped-call]
        reseed()

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

    def _run(self, target: None, code: NDArray[np.uint8]) -> str:
        """Run a cell in a loop, as a kernel does; say in a line how it failed, if it did."""
        absent.MISSING.clear()
        result = self._result(code.tobytes().decode("utf-8", "surrogatepass"))
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        return _described(result.error_before_exec or result.error_in_exec)

    async def _cell(self, source: str) -> Any:
        shell: Any = self._shell  # most of IPython is not typed
        transformed, problem = source, None
        try:
            transformed = shell.transform_cell(source)
        except Exception:
            problem = sys.exc_info()
        result = None
        try:
            result = await shell.run_cell_async(
                source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=problem
            )
            return result
        finally:
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)

    def _result(self, source: str) -> Any:
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        task = self._loop.create_task(self._cell(source))
        try:
            return self._loop.run_until_complete(task)
        except KeyboardInterrupt:  # it hit while the cell waited for something
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(task)
            raise

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


def _described(error: BaseException | None) -> str:
    """Say in a line how a cell failed; where the grader may lack something, say what it has."""
    if error is None:
        return f"{NOTE}{_absent(absent.MISSING)}" if absent.MISSING else ""
    said = f"{type(error).__name__}: {error}".strip()[:_SAID]
    if isinstance(error, SyntaxError):
        said = f"{type(error).__name__}: {error.msg}, in line {error.lineno}"[:_SAID]
        return f"{said} (the grader reads it with Python {_PYTHON})"
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] in sys.stdlib_module_names:
        return f"{said} (the grader has Python {_PYTHON})"
    return said


def _absent(packages: list[str]) -> str:
    names = ", ".join(dict.fromkeys(packages))
    return f"the grader does not have {names}: what your cell does with it is left out"[:_SAID]
