"""One master at a time; a killed one is in nobody's way."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from cnncourse.grading.batch.lock import LockedError, hold

HOLD = (
    "import sys; from pathlib import Path; from cnncourse.grading.batch.lock import hold\n"
    "with hold(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "grading" / "run.lock"


@pytest.fixture
def other(path):
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.stdin.close()


def test_a_second_run_is_told_who_holds_the_lock(path, other):
    with pytest.raises(LockedError) as caught, hold(path):
        pass
    said = str(caught.value)
    assert f"process {other.pid} on {socket.gethostname()}, since 20" in said
    assert "\n" not in said
    assert json.loads(path.read_text())["pid"] == other.pid, "the refused run wrote into the lock"


def test_the_lock_of_a_killed_run_is_stale(path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    with hold(path) as stale:
        assert stale is not None
        assert stale.pid == other.pid
        assert json.loads(path.read_text())["pid"] == os.getpid()


def test_a_run_that_ended_leaves_nothing(path):
    with hold(path):
        pass
    with contextlib.suppress(ZeroDivisionError), hold(path):
        raise ZeroDivisionError
    with hold(path) as stale:
        assert stale is None


def test_another_machine_is_believed_until_a_person_says_otherwise(path):
    path.parent.mkdir()
    path.write_text(json.dumps({"pid": 7, "host": "node-17", "since": "2026-01-02 03:04:05"}))
    with (
        pytest.raises(LockedError, match=r"process 7 on node-17, .*if that run is no more, delete"),
        hold(path),
    ):
        pass
    assert "node-17" in path.read_text(), "the refused run wrote into the lock"
    path.unlink()
    with hold(path) as stale:
        assert stale is None


def test_a_torn_name_is_no_obstacle(path):
    path.parent.mkdir()
    path.write_text('{"pid": 7, "ho')
    with hold(path) as stale:
        assert stale is None


def test_a_folder_without_locks_is_named(path, monkeypatch):
    def refuse(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(LockedError, match=r"run.lock cannot be locked \(No locks available\)"), hold(path):
        pass
