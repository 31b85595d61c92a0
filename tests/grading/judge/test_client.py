"""Grading one submission as other processes call it: from threads, twice, for two assignments, and killed."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from nbformat.v4 import writes

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.job import Job
from cnncourse.grading.judge import client
from cnncourse.grading.sandbox.bubblewrap import SandboxError
from tests.grading.conftest import SMALL, runs
from tests.grading.course import ASSIGNMENT, notebook, released

RAW = writes(released()).encode()
WRONG = writes(released(answer="def double(x): return x")).encode()


@pytest.fixture(scope="module", autouse=True)
def closed(bwrap):
    yield
    client.close()


def grade(raw=RAW, **options):
    return client.grade_submission(
        Job(options.pop("assignment", ASSIGNMENT), SMALL, **options), raw, student="ada"
    )


def test_a_report_says_all_there_is():
    report = grade()
    assert (report.student, report.assignment, report.state) == ("ada", "twice", "graded")
    assert (report.points, report.max_points) == (3, 6)
    assert [cell.state for cell in report.cells] == ["passed", "passed", "manual"]
    assert report.cells[2].reason


def test_stored_outputs_do_not_change_an_assignments_version():
    ran = notebook()
    ran.cells[1].outputs = []
    ran.cells[1].execution_count = 7
    assert replace(ASSIGNMENT, source=writes(ran)).version == ASSIGNMENT.version


def test_several_threads_at_once_and_each_gets_its_own():
    found = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: grade(WRONG if n % 2 else RAW).points}))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: 1 if n % 2 else 3 for n in range(6)}
    assert len(client._processes) == 1


def test_another_assignment_gets_a_new_server_and_the_old_one_ends():
    grade()
    (old,) = client._processes
    other = Assignment("other", writes(notebook(total="def total(x): return sum(x)")))
    assert grade(assignment=other).assignment == "other"
    assert old.process.poll() is not None
    assert not old.folder.exists()


def test_a_killed_server_is_replaced():
    grade()
    client._processes[0].process.kill()
    client._processes[0].process.wait()
    assert grade().points == 3


def judges_of(server):
    """The forks of a judge server; its other child is the sandbox."""
    found = []
    for number in Path(f"/proc/{server}/task/{server}/children").read_text(encoding="utf-8").split():
        with contextlib.suppress(OSError):
            found += [int(number)] * (b"judge.server" in Path(f"/proc/{number}/cmdline").read_bytes())
    return found


def test_a_killed_judge_costs_one_submission_and_says_so():
    grade()
    (process,) = client._processes
    slow = writes(released(answer="import time\ndef double(x):\n    time.sleep(60)")).encode()
    found = []
    thread = threading.Thread(target=lambda: found.append(grade(slow)))
    end = time.monotonic() + 120
    while judges_of(process.process.pid) and time.monotonic() < end:
        pass  # the judge of the first submission has answered, and may not have ended yet
    thread.start()
    while not (judges := judges_of(process.process.pid)) and time.monotonic() < end:
        thread.join(0.01)
    os.kill(judges[0], signal.SIGKILL)
    thread.join()
    assert found[0].state == "quarantined"
    assert "did not come to an end" in found[0].reason
    assert grade().points == 3


def test_a_stop_ends_what_is_under_way_at_once():
    grade()
    (process,) = client._processes
    slow = writes(released(answer="import time\ndef double(x):\n    time.sleep(600)")).encode()
    said = []

    def wait():
        with pytest.raises(SandboxError) as ended:
            grade(slow)
        said.append(str(ended.value))

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 120
    while len(judges_of(process.process.pid)) < 2 and time.monotonic() < end:
        threads[0].join(0.01)
    client.stop()
    for thread in threads:
        thread.join(60)
    assert said == ["the grader's process ended"] * 2
    assert not runs(process.process.pid)
    assert not process.folder.exists()
    assert client._processes == []
    assert grade().points == 3


def test_nothing_is_left_when_the_caller_is_killed():
    code = (
        "import os, signal\nfrom tests.grading.judge import test_client as t\n"
        "t.grade()\nprint(t.client._processes[0].folder, t.client._processes[0].process.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    folder, server = done.stdout.split()
    end = time.monotonic() + 120
    while runs(server) or Path(folder).exists():
        assert time.monotonic() < end
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert folder.encode() not in process.read_bytes()
        except OSError:
            continue


def test_without_a_sandbox_the_points_are_the_same():
    assert grade(WRONG, sandboxed=False).points == 1
