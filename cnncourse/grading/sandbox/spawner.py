"""Where students' processes come from: a fork server in the sandbox, or a sandbox of its own for each."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cnncourse.grading.inside import forkserver
from cnncourse.grading.inside import limits as limits_module
from cnncourse.grading.inside.forkserver import SandboxSpec
from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.sandbox import bubblewrap, container
from cnncourse.grading.sandbox.bubblewrap import SandboxError

_PASSED_ON = ("CNNCOURSE_SCALE", "CNNCOURSE_DEVICE")
_START = 180
_GONE = (OSError, ValueError, LookupError)  # from a process that has ended, or a line that is cut off
_CREDENTIALS = 12  # struct ucred: process, user, group


@dataclass(frozen=True)
class Ending:
    """How a student's process ended: its status, and whether it had printed too much."""

    code: int
    flooded: bool


@dataclass
class Process:
    """One student's process.

    Attributes:
        pid: a number on this machine: all that the student started is below that process.
        control: to its supervisor.
        data: to the student's process.
        end: ends a sandbox that is this process' own.
    """

    pid: int
    control: socket.socket
    data: socket.socket
    end: Callable[[], None]

    def interrupt(self) -> None:
        """Interrupt the student's code, as Ctrl-C does."""
        with suppress(*_GONE):
            self.control.sendall(forkserver.INTERRUPT)

    def stop(self) -> None:
        """Kill the student's process and all that it started. Any thread may call this."""
        with suppress(*_GONE):
            self.control.shutdown(socket.SHUT_WR)
        self.end()

    def close(self) -> None:
        """Hang up."""
        self.control.close()
        self.data.close()

    def ended(self, seconds: float) -> Ending | None:
        """Wait a while for the supervisor to say how the process ended; None if it does not."""
        text = b""
        with suppress(*_GONE):
            self.control.settimeout(seconds)
            while part := self.control.recv(4096):
                text += part
        for line in text.splitlines():
            with suppress(*_GONE):
                said = json.loads(line)
                return Ending(int(said["ending"]), bool(said["flooded"]))
        return None


def _name(run: Path) -> str:
    """Name a container after its folder."""
    return f"{run.parent.name}-{run.name}"


class Spawner:
    """Starts students' processes for one assignment; a context manager that leaves nothing behind.

    Args:
        files: the paths and contents of what a submission may read.
        modules: what submissions import.
        limits: what a submission may use.
        sandboxed: False runs the students' code on this machine as you, with all that you may do.
        warm: False starts a sandbox for each process: slow, for systems that do not let a sandbox be divided.
    """

    def __init__(
        self,
        files: tuple[tuple[str, bytes], ...] = (),
        modules: tuple[str, ...] = (),
        *,
        limits: Limits | None = None,
        sandboxed: bool = True,
        warm: bool = True,
    ) -> None:
        self.limits = limits or Limits()
        self._files = files
        self._modules = modules
        self._sandboxed = sandboxed
        self.warm = warm
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="cnn-"))
        self._data = bubblewrap.data_folders(os.environ)
        try:
            for name, content in self._files:
                place = self.work / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            self.work.mkdir(exist_ok=True)
            self._engine = bubblewrap.engine() if self._sandboxed else None
            self.warm = self.warm and self._engine is None
            if self.warm:
                self._process, isolated = self._start_fork_server(self._run)
                if self._sandboxed and not isolated:
                    self._end(self._process)
                    self.warm, self._process = False, None
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def work(self) -> Path:
        """The folder with the files that a submission may read."""
        return self._folder / "work"

    @property
    def _run(self) -> Path:
        return self._folder / "run"

    def start(self) -> Process:
        """Start a process for one student.

        Raises:
            SandboxError: it could not be started; that is no fault of the submission.
        """
        if self._process:
            return self._connect(self._run, lambda: None)
        run = Path(tempfile.mkdtemp(prefix="run-", dir=self._folder))
        own, _ = self._start_fork_server(run)

        def end() -> None:
            if self._engine:
                container.kill(self._engine, _name(run))
            self._end(own)
            shutil.rmtree(run, ignore_errors=True)

        process = self._connect(run, end)
        if self._engine is None:  # a child that leaves its supervisor stays below the sandbox's first process
            process.pid = own.pid
        return process

    def _start_fork_server(self, run: Path) -> tuple[subprocess.Popen[str], bool]:
        run.mkdir(exist_ok=True)
        isolated = self._sandboxed and self.warm
        home = bubblewrap.HOME if self._sandboxed else str(self._folder)
        kept = (*bubblewrap.python_folders(), *map(str, self._data))
        limits = (self.limits.disk, self.limits.printed, self.limits.output)
        spec = SandboxSpec(str(run), home, *limits, isolated, self._modules, kept)
        program = ["-P", "-m", forkserver.__name__, json.dumps(asdict(spec))]
        with tempfile.TemporaryFile(
            "w+", encoding="utf-8", errors="replace"
        ) as log:  # a pipe that nobody reads would fill up
            process = subprocess.Popen(
                self._words(program, run, isolated),
                env={**os.environ, **_ENVIRONMENT},  # the sandbox and the container pass none of it on
                cwd=self.work,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
            return process, self._ready(process, log)

    def _words(self, program: list[str], run: Path, isolated: bool) -> list[str]:
        """Build the command line that starts Python, as shut off as it is to be."""
        python = [sys.executable, *program]
        if not self._sandboxed:
            return [sys.executable, "-I", "-S", str(limits_module.__file__), self.limits.to_json(), *python]
        environment = _ENVIRONMENT | {k: os.environ[k] for k in _PASSED_ON if k in os.environ}
        environment |= bubblewrap.data_variable(self._data)
        if self._engine is None:
            return bubblewrap.command(
                python,
                run=run,
                work=self.work,
                limits=self.limits,
                environment=environment,
                readable=self._data,
                nested=isolated,
            )
        run.chmod(0o777)  # in a folder that is ours alone: the container's user is somebody else
        return container.command(
            self._engine,
            ["python3", *program],
            name=_name(run),
            run=run,
            work=self.work,
            inside=bubblewrap.WORK,
            limits=self.limits,
            environment=environment,
            readable=self._data,
        )

    def _ready(self, process: subprocess.Popen[str], log: IO[str]) -> bool:
        assert process.stdout
        line = process.stdout.readline()
        try:
            return bool(json.loads(line)["isolated"])
        except ValueError:
            self._end(process)
            log.seek(0)
            said = (log.read().strip().splitlines() or ["it gave no reason"])[-1]
            raise SandboxError(f"expected a process for students' code to start, but: {said[:500]}") from None

    def _connect(self, run: Path, end: Callable[[], None]) -> Process:
        control = socket.socket(socket.AF_UNIX)
        control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        control.settimeout(_START)
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                control.connect(str(run / forkserver.SOCKET))
                socket.send_fds(control, [forkserver.START], [theirs.fileno()])
                line, ancillary, _, _ = control.recvmsg(4096, socket.CMSG_SPACE(_CREDENTIALS))
                said = json.loads(line)
            except (OSError, ValueError) as error:
                end()
                raise SandboxError(f"expected a process for a student, but: {error}") from None
        if "started" not in said:
            end()
            raise SandboxError(f"expected a process for a student, but: {said.get('broken')}")
        credentials = next(data for level, kind, data in ancillary if kind == socket.SCM_CREDENTIALS)
        pid = int.from_bytes(credentials[:4], sys.byteorder)

        return Process(pid, control, ours, end)

    @staticmethod
    def _end(process: subprocess.Popen[str] | None) -> None:
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


REPEATABLE = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "PYTHONHASHSEED": "0",
}
_NO_PIP = {"PIP_RETRIES": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}  # do not wait
_ENVIRONMENT = REPEATABLE | _NO_PIP | {"NBGRADER_EXECUTION": "autograde"}
