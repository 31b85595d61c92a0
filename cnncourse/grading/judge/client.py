"""Grade one submission: from the bytes of a notebook to a report. Called from any thread of any process.

Behind it stands a process that keeps torch and the assignment ready, the court, which is started at the first
submission and kept for the next ones. A process has one court at a time; another assignment gets a new one.
"""

import atexit
import contextlib
import hashlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import metadata
from pathlib import Path

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.judge import protocol
from cnncourse.grading.report import Report
from cnncourse.grading.sandbox import bubblewrap, spawner
from cnncourse.grading.sandbox.bubblewrap import SandboxError
from cnncourse.grading.sandbox.limits import Limits

_DEFAULTS = Limits()
_PACKAGES = ("cnncourse", "ipython", "numpy", "torch", "torchvision")
_SLACK = 120


def check(*, sandboxed: bool = True) -> None:
    """See that submissions can be graded here, before the first one.

    Args:
        sandboxed: as in ``grade``.

    Raises:
        SandboxError: they cannot; the message says what to install.
    """
    if sys.platform != "linux":
        raise SandboxError("grading needs Linux, for its sandbox: use a Linux machine, or a virtual one")
    if sandboxed:
        bubblewrap.engine()


def key(
    assignment: Assignment,
    raw: bytes,
    *,
    seed: int | None = None,
    limits: Limits = _DEFAULTS,
    sandboxed: bool = True,
) -> str:
    """Name what a verdict depends on, without reaching it: submission, assignment, limits, environment.

    Args:
        assignment: as in ``grade``, like the others.
        raw: the submission.
        seed: what hidden inputs are drawn from, if it is given.
        limits: what the submission may use.
        sandboxed: whether it runs in the sandbox.
    """
    parts = [hashlib.sha256(raw).hexdigest(), assignment.version, seed, asdict(limits), sandboxed]
    return hashlib.sha256(json.dumps([parts, _environment()], sort_keys=True).encode()).hexdigest()


@cache
def _environment() -> dict[str, str]:
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _seed(assignment: Assignment, raw: bytes) -> int:
    digest = hashlib.sha256(assignment.version.encode() + hashlib.sha256(raw).digest()).digest()
    return int.from_bytes(digest[:8]) % 10**9


def grade(
    assignment: Assignment,
    raw: bytes,
    *,
    student: str,
    seed: int | None = None,
    limits: Limits = _DEFAULTS,
    sandboxed: bool = True,
) -> Report:
    """Grade one submission, whatever it is: nothing in it makes this raise.

    The same submission, assignment and seed get the same points.

    Args:
        assignment: with its hidden tests.
        raw: the bytes of the notebook that was handed in.
        student: the student's id.
        seed: what the inputs of hidden tests are drawn from; by default it comes from the submission and
            the assignment together, so that nobody who does not have both can know it.
        limits: what the submission may use.
        sandboxed: False runs the student's code as you, with all that you may do, outside any sandbox.

    Raises:
        SandboxError: students' code cannot be run here; this holds for every submission.
    """
    given = _seed(assignment, raw) if seed is None else seed
    name = key(assignment, raw, seed=seed, limits=limits, sandboxed=sandboxed)
    fault = ""
    for _ in range(2):  # once more with a new court, should the old one have been killed
        bench = _bench(assignment, limits, sandboxed)
        try:
            return replace(bench.judge(raw, student, given), key=name)
        except SandboxError as problem:
            fault = str(problem)
            _dismiss(bench)
        except _JudgeDied as problem:
            return Report(
                student=student,
                assignment=assignment.name,
                key=name,
                state="quarantined",
                reason=f"The judge did not come to an end with this submission: {problem}.",
                seed=given,
            )
        finally:
            bench.rest()
    raise SandboxError(fault)


def _short() -> str | None:
    """A folder for temporary folders with sockets in them: a socket's path has 107 characters."""
    return None if len(tempfile.gettempdir()) < 40 else "/tmp"


class _JudgeDied(Exception):  # noqa: N818 - is no error of anybody's program
    pass


@dataclass
class _Bench:
    """A court's process, seen from here."""

    assignment: Assignment
    limits: Limits
    sandboxed: bool
    users: int = 0
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="cnn-", dir=_short())))

    def open(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            SandboxError: it cannot do its work here.
        """
        words = [sys.executable, "-P", "-m", protocol.COURT, str(self.folder)]
        environment = os.environ | spawner.REPEATABLE | {"TMPDIR": str(self.folder)}
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        assert self.process.stdin
        assert self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(protocol.charge(self.assignment, self.limits, self.sandboxed))
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        said = json.loads(line) if line else {"fault": self._last_words()}
        if "fault" in said:
            self.close()
            raise SandboxError(said["fault"])

    def _last_words(self) -> str:
        lines: list[str] = []
        with contextlib.suppress(FileNotFoundError):
            lines = (self.folder / "log").read_text(errors="replace").strip().splitlines()
        return f"the grader's process could not start: {(lines or ['it gave no reason'])[-1][:500]}"

    def judge(self, raw: bytes, student: str, seed: int) -> Report:
        """Have one submission judged.

        Raises:
            SandboxError: the court is gone, or could not start a process.
            _JudgeDied: the judge ended without a word, or takes for ever.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(self.limits.wall_seconds + _SLACK)
            try:
                connection.connect(str(self.folder / protocol.SOCKET))
                protocol.send(connection, {"student": student, "seed": seed}, raw)
                answer, _ = protocol.receive(connection)
            except TimeoutError:
                raise _JudgeDied("it takes too long") from None
            except (OSError, EOFError, ValueError) as problem:
                if self.process.poll() is not None:
                    raise SandboxError("the grader's process ended") from None
                raise _JudgeDied(f"it ended ({problem})") from None
        if "fault" in answer:
            raise SandboxError(answer["fault"])
        return Report.from_json(answer["report"])

    def rest(self) -> None:
        """Say that one thread needs it no more; end it if nobody does and another has taken its place."""
        with _lock:
            self.users -= 1
            if self.users == 0 and self not in _benches:
                self.close()

    def close(self) -> None:
        """End the process and what it started."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


_benches: list[_Bench] = []  # one at most; a list, so that an old one can be told from it
_lock = threading.RLock()
os.register_at_fork(after_in_child=_benches.clear)


def _bench(assignment: Assignment, limits: Limits, sandboxed: bool) -> _Bench:
    with _lock:
        for bench in _benches:
            same = bench.assignment.version == assignment.version
            if same and (bench.limits, bench.sandboxed) == (limits, sandboxed):
                bench.users += 1
                return bench
        check(sandboxed=sandboxed)
        close()
        made = _Bench(assignment, limits, sandboxed, users=1)
        made.open()
        _benches.append(made)
        return made


def _dismiss(bench: _Bench) -> None:
    with _lock:
        if bench in _benches:
            _benches.remove(bench)


def close() -> None:
    """End the process behind ``grade``, once nobody waits for it. The next submission starts a new one."""
    with _lock:
        old = _benches[:]
        _benches.clear()
        for bench in old:
            if bench.users == 0:
                bench.close()


atexit.register(close)
