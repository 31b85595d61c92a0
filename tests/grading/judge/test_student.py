"""Processes forked from the fork server: shut off from each other, counted, interrupted, replaced."""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cnncourse.grading.inside import forkserver
from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.inside.wire import Name
from cnncourse.grading.judge.proxy import StudentGone
from cnncourse.grading.judge.student import Student
from cnncourse.grading.sandbox import watchdog
from cnncourse.grading.sandbox.spawner import Spawner
from tests.grading.conftest import SMALL, runs, shown_in

MARK = "canary-of-a-neighbour"


@pytest.fixture
def student(spawner):
    with Student(spawner) as student:
        yield student


def value(student, expression, *before):
    """Run lines in a student's process: what an expression gives there."""
    student.run("look", "\n".join([*before, f"_value = {expression}"]))
    with student.link() as link:
        return link.ask("get", Name("_value"))


def call(student, name, *arguments):
    with student.link() as link:
        return link.ask("call", Name(name), arguments, {})


def test_it_runs_cells_as_a_notebook_does(student):
    student.run("a", "%time x = 6\nimport asyncio\nawait asyncio.sleep(0)\nx * 7")
    student.run("b", "from IPython.display import display\ndisplay(x)\n!true\nexit()")
    assert value(student, "x + _") == 48
    assert student.errors == []


def test_data_can_be_loaded_by_several_processes(student):
    load = "loader = DataLoader(torch.arange(8.0), batch_size=2, num_workers=2)"
    student.run(
        "load", f"import torch\nfrom torch.utils.data import DataLoader\n{load}\nn = len(list(loader))"
    )
    assert value(student, "n") == 4, student.errors


def test_errors_of_cells_are_told(student):
    student.run("broken", "def f(:\n  pass")
    student.run("zero", "1 / 0")
    assert [cell for cell, _ in student.errors] == ["broken", "zero"]
    assert student.errors[1][1] == "ZeroDivisionError: division by zero"


def test_it_is_alone_with_its_files(spawner):
    folders = "('/tmp', '/dev/shm', '/home/student', '/home/student/work')"
    write = f"for f in {folders}: open(f + '/{MARK}', 'w').write('x')"
    seen = f"[f for f in {folders} if os.path.exists(f + '/{MARK}')]"
    with Student(spawner) as one, Student(spawner) as other:
        assert len(value(one, seen, "import os", write)) == 4
        assert value(other, seen, "import os") == []
        assert value(other, "open('tables/numbers.csv').read()") == "1,2,3"
        assert set(value(other, "os.listdir('/tmp')")) == shown_in("/tmp")


def test_the_fork_servers_socket_is_out_of_reach(spawner, student):
    path = str(spawner._run / forkserver.SOCKET)
    student.run("knock", f"import socket\nsocket.socket(socket.AF_UNIX).connect({path!r})")
    assert student.errors
    look = """
import os, socket, stat, struct
def others():
    found = []
    for n in range(100):
        try:
            if stat.S_ISSOCK(os.fstat(n).st_mode):
                with socket.socket(fileno=os.dup(n)) as one:
                    creator = one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
                found += [n] * (struct.unpack("3i", creator)[0] != os.getpid())
        except OSError:
            pass
    return found"""
    assert len(value(student, "others()", look)) == 1


def test_it_sees_no_other_process_or_cannot_look_into_it(spawner):
    """Where the system forbids a new /proc, others are listed, but nothing of theirs can be read."""
    look = """
import os
def open_to_me(name):
    found = []
    for number in os.listdir('/proc'):
        if number.isdecimal() and number != os.readlink('/proc/self'):
            try:
                open(f'/proc/{number}/{name}', 'rb').read(1) or os.listdir(f'/proc/{number}/{name}')
                found.append(number)
            except OSError:
                pass
    return found
def places():
    return [n for n in os.listdir('/proc') if n.isdecimal() and os.path.exists(f'/proc/{n}/root/tmp/x')]
"""
    with Student(spawner) as one, Student(spawner) as other:
        value(one, "1", "open('/tmp/x', 'w').write('x')")
        other.run("look", look)
        for name in ("environ", "mem", "maps", "stack"):
            assert call(other, "open_to_me", name) == [], name
        one.run("look", look)
        assert len(call(one, "places")) == 1  # itself
        assert call(other, "places") == []


def test_it_can_kill_nobody_else(spawner):
    with Student(spawner) as one, Student(spawner) as other:
        value(one, "x", "x = 5")
        kill = "for n in range(2, 300):\n  try: os.kill(n, 9)\n  except ProcessLookupError: pass"
        assert value(other, "6", "import os", kill) == 6
        assert value(one, "x") == 5


def test_it_has_no_capability_and_can_gain_none(student):
    text = value(student, "open('/proc/self/status').read()")
    fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    assert {int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {0}
    assert fields["NoNewPrivs"] == "1"
    assert fields["Seccomp"] == "2"
    assert fields["Threads"] == "1"


@pytest.mark.parametrize(
    "attempt",
    [
        "c.unshare(0x10000000)",
        "c.mount(b'x', b'/tmp', b'tmpfs', 0, None)",
        "c.ptrace(16, 1, 0, 0)",
        "c.memfd_create(b'x', 0)",
        "c.shmget(0, 1 << 20, 0o1600)",
        "c.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)",
    ],
)
def test_the_system_refuses_what_no_exercise_needs(student, attempt):
    assert value(student, attempt, "import ctypes", "c = ctypes.CDLL(None, use_errno=True)") == -1


def test_there_is_no_network_between_students(spawner):
    listen = "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind(b'\\0cnn')\ns.listen()"
    with Student(spawner) as one, Student(spawner) as other:
        value(one, "1", listen)
        other.run("connect", "import socket\nsocket.socket(socket.AF_UNIX).connect(b'\\0cnn')")
        other.run("out", "socket.create_connection(('1.1.1.1', 53), 1)")
        assert [cell for cell, _ in other.errors] == ["connect", "out"]


def test_changes_stay_in_their_process(spawner):
    with Student(spawner) as one:
        value(one, "1", "import torch, builtins", "torch.allclose = None", "builtins.cheat = 1")
    with Student(spawner) as other:
        assert value(other, "torch.allclose is not None and not hasattr(builtins, 'cheat')",
                     "import torch, builtins") is True  # fmt: skip


def test_random_numbers_are_the_judges_and_no_forks(spawner):
    draw = "[random.random(), float(np.random.rand()), float(torch.rand(()))]"
    imports = "import random, torch\nimport numpy as np"
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        with Student(spawner) as student:
            found.append(value(student, draw, imports)[2])
    assert found[0] == found[1] != found[2]
    torch.manual_seed(1)
    assert found[0] == float(torch.rand(()))


def test_a_seed_set_in_a_test_reaches_the_student(student):
    student.run("draw", "import torch\ndef draw(): return torch.rand(3)")
    with student.link() as link:
        for seed in (7, 7, 8):
            torch.manual_seed(seed)
            expected = torch.manual_seed(seed) and torch.rand(3)
            torch.manual_seed(seed)
            link.share_randomness()
            assert torch.equal(link.ask("call", Name("draw"), (), {}), expected)
        link.share_randomness()  # nothing was drawn here: the student's draws go on
        assert not torch.equal(link.ask("call", Name("draw"), (), {}), expected)


DEATHS = {
    "exit": ("import os\nos._exit(0)", "it ended by itself"),
    "crash": ("import ctypes\nctypes.string_at(0)", "segmentation fault"),
    "shell": ("import os\nos.execv('/bin/sh', ['sh', '-c', 'exit 1'])", "it ended by itself"),
    "hang-up": ("import os\nos.closerange(0, 100)", ""),
    "nonsense": (
        "import os, socket, stat\n"
        "for n in range(3, 30):\n"
        "  try: os.write(n, b'x' * 100) if stat.S_ISSOCK(os.fstat(n).st_mode) else 0\n"
        "  except OSError: pass",
        "",
    ),
    "deaf": (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)",
        "could not be stopped",
    ),
    "flood": ("import os\nwhile True: os.write(1, b'x' * 65536)", "it printed too much"),
    "flood-of-text": ("while True: print('x' * 10000)", "it printed too much"),
    "forks": (
        "import os, time\nfor _ in range(30):\n  if not os.fork(): time.sleep(60)\ntime.sleep(60)",
        "more than 20 processes",
    ),
    "fork-bomb": ("import os\nwhile True: os.fork()", "more than "),
    "memory": (
        "import os, time\nfor _ in range(5):\n  if os.fork() == 0: x = b'x' * (230 << 20); time.sleep(60)\n"
        "time.sleep(60)",
        "more than 1000 MiB of memory",
    ),
}


@pytest.mark.parametrize("death", DEATHS.values(), ids=DEATHS)
def test_a_cell_that_ends_the_process_costs_no_other(student, death):
    source, reason = death
    if reason.startswith("more than"):
        student._limits = replace(student._limits, cell_seconds=20)
    student.run("before", "x = 5")
    student.run("killer", source)
    student.run("after", "y = x + 1")
    assert value(student, "(x, y)") == (5, 6)
    (cell, said), *more = student.errors
    assert cell == "killer"
    assert reason in said
    assert not more


def test_a_call_that_ends_the_process_says_so_and_the_next_test_has_a_new_one(student):
    student.run("define", "import os\ndef bad(): os._exit(3)\ndef good(): return 1")
    with pytest.raises(StudentGone, match="ended Python"):
        call(student, "bad")
    assert call(student, "good") == 1


def test_a_process_that_always_dies_is_given_up(student):
    for number in range(9):
        student.run(f"{number}", "import os; os._exit(0)")
    with pytest.raises(StudentGone, match=r"again and again.*6 times") as gone, student.link():
        pass
    assert gone.value.kind == "spent"


def test_an_endless_cell_is_interrupted_and_its_names_stay(student):
    student.run("loop", "x = 5\nwhile True: pass")
    assert student.errors[0][1].startswith("KeyboardInterrupt")
    assert value(student, "x") == 5


def test_a_second_process_of_the_students_has_no_say(student):
    student.run("fork", "import os\nx = os.fork()")
    assert value(student, "x > 0") is True


def test_nothing_is_left_of_a_process(spawner):
    with Student(spawner) as student:
        pid = student._process.pid
        value(student, "1", "import os, time", "for _ in range(3):",
              "  if os.fork() == 0: os.setsid(); time.sleep(600)")  # fmt: skip
        family = list(watchdog._family(pid))
        assert len(family) == 5
    end = time.monotonic() + 120
    while any(map(runs, family)):
        assert time.monotonic() < end, family


def test_the_fork_server_has_one_thread_and_no_cuda(spawner):
    end = time.monotonic() + 120
    while True:  # the processes of the student before may still be ending
        inner, *others = (
            n for n in watchdog._family(spawner._process.pid) if _program(n).startswith("python")
        )
        if not others:
            break
        assert time.monotonic() < end, others
    assert len(os.listdir(f"/proc/{inner}/task")) == 1
    maps = Path(f"/proc/{inner}/maps").read_text(encoding="utf-8")
    assert "libtorch" in maps
    assert "/dev/nvidia" not in maps


def _program(number):
    return Path(f"/proc/{number}/comm").read_text(encoding="utf-8").strip()


def test_an_answer_may_have_as_many_bytes_as_the_limits_say(tmp_path):
    """Honest code is told; code that sends more all the same is taken to speak nonsense."""
    with (
        Spawner(limits=replace(SMALL, output=100_000), sandboxed=False) as spawner,
        Student(spawner) as student,
    ):
        student.run("a", "import torch\ndef some(): return torch.ones(20_000)")
        student.run("b", "def many(): return torch.ones(30_000)")
        assert len(call(student, "some")) == 20_000
        with pytest.raises(ValueError, match="at most 100,000 bytes"):
            call(student, "many")
        assert len(call(student, "some")) == 20_000
        cheat = "agent.Agent._reply = lambda self, value: wire.encode(value, self._refer)"
        student.run("c", f"from cnncourse.grading.inside import agent, wire\n{cheat}")
        with pytest.raises(StudentGone, match="at most 100,000 bytes") as gone:
            call(student, "many")
        assert gone.value.kind == "unreadable"


def test_a_cell_may_be_longer_than_a_text_of_the_wire(spawner):
    """Two million characters, which in JSON are twelve million: a table pasted into a cell."""
    spawner.limits, before = replace(spawner.limits, cell_seconds=60), spawner.limits
    try:
        with Student(spawner) as student:
            student.run("long", f"x = {'π' * 2_000_000!r}\ndef f(): return len(x)")
            assert call(student, "f") == 2_000_000, student.errors
    finally:
        spawner.limits = before


def test_where_a_sandbox_cannot_be_divided_each_student_has_one(bwrap, tmp_path):
    with Spawner((("numbers.csv", b"1"),), warm=False, limits=Limits(cell_seconds=3)) as spawner:
        with Student(spawner) as student:
            folder = spawner._folder
            assert value(student, "open('numbers.csv').read()") == "1"
            student.run("kill", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)")
            student.run("unshare", "import os\nos.listdir('/root')")
        assert len(list(folder.glob("run-*"))) == 0
    assert not folder.exists()


def test_without_a_sandbox_it_works_the_same(tmp_path):
    with Spawner((("numbers.csv", b"1"),), sandboxed=False) as spawner, Student(spawner) as student:
        assert value(student, "open('numbers.csv').read()") == "1"
        student.run("exit", "import os; os._exit(0)")
        assert value(student, "7") == 7


@pytest.fixture
def two_folders(monkeypatch):
    """Two folders with data in /tmp, named as a reader may: one by a relative path."""
    with tempfile.TemporaryDirectory(dir="/tmp") as one, tempfile.TemporaryDirectory(dir="/tmp") as two:
        Path(one, "digits.txt").write_text("3 1 4", encoding="utf-8")
        Path(two, "photos.txt").write_text("cat", encoding="utf-8")
        monkeypatch.setenv("CNNCOURSE_DATA", os.pathsep.join([one, os.path.relpath(two), "/no/such/place"]))
        yield Path(one), Path(two)


def test_data_that_lies_in_tmp_can_be_read_and_not_changed(bwrap, two_folders):
    one, two = two_folders
    with Spawner(limits=SMALL) as spawner, Student(spawner) as student:
        assert spawner.warm
        assert value(student, f"open('{one}/digits.txt').read()") == "3 1 4", student.errors
        assert value(student, f"open('{two}/photos.txt').read()") == "cat", student.errors
        assert value(student, "os.environ['CNNCOURSE_DATA']", "import os") == f"{one}{os.pathsep}{two}"
        assert set(value(student, "os.listdir('/tmp')", "import os")) == shown_in("/tmp")
        student.run("change", f"open('{one}/digits.txt', 'w')")
        assert "Read-only file system" in student.errors[-1][1]
    assert (one / "digits.txt").read_text() == "3 1 4"


def test_a_child_that_leaves_a_cold_sandboxs_first_processes_is_still_counted(bwrap):
    leave = "import os, time\nif not os.fork():\n  if os.fork(): os._exit(0)\n  os.setsid()\n"
    many = "  for _ in range(30):\n    if not os.fork(): time.sleep(60)\n  time.sleep(60)\n"
    stay = "os.wait()\ntime.sleep(60)"
    with Spawner(warm=False, limits=replace(SMALL, cell_seconds=30)) as spawner, Student(spawner) as student:
        student.run("leave", leave + many + stay)
        assert "more than 20 processes" in student.errors[0][1]


def test_a_module_that_prints_when_it_is_imported_disturbs_nothing(bwrap, tmp_path):
    with Spawner(modules=("this",), limits=SMALL) as spawner, Student(spawner) as student:
        assert spawner.warm
        assert value(student, "6 * 7") == 42
