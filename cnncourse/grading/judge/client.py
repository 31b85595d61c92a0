"""Grade one submission: from the bytes of a notebook to a report. Called from any thread of any process.

Behind it stands a process that keeps torch and the assignment ready, the judge server, which is started at
the first submission and kept for the next ones. A process has one at a time; another job gets a new one.
"""

import atexit
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

from cnncourse.grading.job import Job
from cnncourse.grading.judge import protocol
from cnncourse.grading.report import Report
from cnncourse.grading.sandbox import bubblewrap, spawner
from cnncourse.grading.sandbox.bubblewrap import SandboxError

_SLACK = 120


def check_ready(*, sandboxed: bool = True) -> None:
    """See that submissions can be graded here, before the first one.

    Args:
        sandboxed: as in ``Job``.

    Raises:
        SandboxError: they cannot; the message says what to install.
    """
    if sys.platform != "linux":
        raise SandboxError("grading needs Linux, for its sandbox: use a Linux machine, or a virtual one")
    if sandboxed:
        bubblewrap.engine()


def grade_submission(job: Job, raw: bytes, *, student: str) -> Report:
    """Grade one submission, whatever it is: nothing in it makes this raise.

    The same submission to the same job gets the same points.

    Args:
        job: the assignment, with its hidden tests, and how programs run.
        raw: the bytes of the notebook that was handed in.
        student: the student's id.

    Raises:
        SandboxError: students' code cannot be run here; this holds for every submission.
    """
    fault = ""
    for _ in range(2):  # once more with a new server, should the old one have been killed
        process = _judge_process(job)
        try:
            return process.grade(raw, student)
        except SandboxError as problem:
            fault = str(problem)
            _discard(process)
            if process.stopped:
                break
        except _JudgeDied as problem:
            return Report(
                student=student,
                assignment=job.assignment.name,
                key="",
                state="quarantined",
                reason=f"The judge did not come to an end with this submission: {problem}.",
                seed=job.seed(raw),
            )
        finally:
            process.release()
    raise SandboxError(fault)


def _short() -> str | None:
    """A folder for temporary folders with sockets in them: a socket's path has 107 characters."""
    return None if len(tempfile.gettempdir()) < 40 else "/tmp"


class _JudgeDied(Exception):  # noqa: N818 - is no error of anybody's program
    pass


@dataclass
class JudgeProcess:
    """A judge server's process, seen from here."""

    job: Job
    users: int = 0
    stopped: bool = False
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="cnn-", dir=_short())))

    def open(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            SandboxError: it cannot do its work here.
        """
        words = [sys.executable, "-P", "-m", protocol.SERVER, str(self.folder)]
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
            self.process.stdin.write(protocol.dump_job(self.job))
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

    def grade(self, raw: bytes, student: str) -> Report:
        """Have one submission graded.

        Raises:
            SandboxError: the server is gone, or could not start a process.
            _JudgeDied: the judge ended without a word, or takes for ever.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(self.job.limits.wall_seconds + _SLACK)
            try:
                connection.connect(str(self.folder / protocol.SOCKET))
                protocol.send(connection, {"student": student}, raw)
                answer, _ = protocol.receive(connection)
            except TimeoutError:
                raise _JudgeDied("it takes too long") from None
            except (OSError, EOFError, ValueError) as problem:
                if not self._listens():
                    raise SandboxError("the grader's process ended") from None
                raise _JudgeDied(f"it ended ({problem})") from None
        if "fault" in answer:
            raise SandboxError(answer["fault"])
        return Report.from_json(answer["report"])

    def _listens(self) -> bool:
        """Tell whether the server is alive: the system closes its socket before those of its judges."""
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self.folder / protocol.SOCKET)) == 0

    def release(self) -> None:
        """Say that one thread needs it no more; end it if nobody does and another has taken its place."""
        with _lock:
            self.users -= 1
            if self.users == 0 and self not in _processes:
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


_processes: list[JudgeProcess] = []  # one at most; a list, so that an old one can be told from it
_lock = threading.RLock()
os.register_at_fork(after_in_child=_processes.clear)


def _judge_process(job: Job) -> JudgeProcess:
    with _lock:
        for process in _processes:
            same = process.job.assignment.version == job.assignment.version
            if same and replace(process.job, assignment=job.assignment) == job:
                process.users += 1
                return process
        check_ready(sandboxed=job.sandboxed)
        close()
        made = JudgeProcess(job, users=1)
        made.open()
        _processes.append(made)
        return made


def _discard(process: JudgeProcess) -> None:
    with _lock:
        if process in _processes:
            _processes.remove(process)


def close() -> None:
    """End the process behind ``grade``, once nobody waits for it. The next submission starts a new one."""
    with _lock:
        old = _processes[:]
        _processes.clear()
        for process in old:
            if process.users == 0:
                process.close()


def prepare(job: Job) -> None:
    """Start the process behind ``grade`` in the background: it takes seconds, and other things can be done.

    If it cannot start, the first submission says so.
    """

    def start() -> None:
        with contextlib.suppress(SandboxError):
            _judge_process(job).release()

    threading.Thread(target=start, name="prepare").start()


def stop() -> None:
    """End the process behind ``grade`` at once. Whoever waits for it gets a ``SandboxError``."""
    with _lock:
        for process in _processes:
            process.stopped = True
            process.process.kill()
    close()


atexit.register(close)
