"""What happens to a kernel that takes too much: it ends, with everything it started, and leaves nothing."""

import os
import subprocess
import sys
import time

import pytest

from cnncourse.grading.inside import limits as limits_module
from cnncourse.grading.inside.limits import MEBI, Limits
from cnncourse.grading.sandbox.watchdog import Watchdog, usage

DAEMON = (
    "import os, time\nfor _ in range({}):\n    if os.fork() == 0:\n        os.setsid(); time.sleep(600)\n"
)


def ended(kernel, code):
    """Send code to a kernel and wait until the watchdog has killed it; the watchdog's reason."""
    watchdog = kernel.provisioner.watchdog
    kernel.client.execute(code)
    watchdog.join(60)
    kernel.provisioner.process.wait(10)
    return watchdog.reason


def family(pid):
    return usage(pid).processes


def goes(mark):
    """Whether every process with a word in its command line ends, within a moment."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        lines = subprocess.check_output(["ps", "-eo", "args"], text=True).splitlines()
        if not any(mark in line for line in lines):
            return True
    return False


@pytest.mark.parametrize(
    ("limit", "code", "reason"),
    [
        ({"processes": 12}, "import os\nwhile True: os.fork()", "more than 12 processes"),
        ({"memory": 300 * MEBI}, DAEMON.format(0) + "x = []\nwhile True: x.append(b'x' * 2**22)", ""),
        ({"wall_seconds": 4}, "while True: pass", "more than 4 s"),
    ],
    ids=["fork-bomb", "memory-hog", "endless-loop"],
)
def test_a_greedy_kernel_is_held(start, limit, code, reason):
    kernel = start(**limit)
    folder = kernel.provisioner.run_folder
    if reason:
        assert ended(kernel, code) == reason
    else:  # the system's own limit makes it a MemoryError, and the kernel lives on
        assert "MemoryError" in kernel.run(code)
    kernel.close()
    assert goes(folder.name)
    assert not folder.exists()


def test_memory_of_several_processes_is_added_up(start):
    kernel = start(memory=400 * MEBI)
    hold = "if os.fork() == 0:\n        x = b'x' * (130 << 20); time.sleep(60)"
    code = f"import os, time\nfor _ in range(4):\n    {hold}"
    assert ended(kernel, code) == "more than 400 MiB of memory"


def test_files_in_the_run_folder_are_noticed(start):
    kernel = start()
    code = f"open({str(kernel.provisioner.run_folder / 'big')!r}, 'wb').write(bytes(2 << 20))"
    assert ended(kernel, code) == "files beside its sockets"


def test_a_killed_kernel_leaves_no_daemon_and_no_folder(start):
    kernel = start()
    folder, pid = kernel.provisioner.run_folder, kernel.provisioner.pid
    kernel.run(DAEMON.format(3))
    assert family(pid) >= 5
    kernel.close()
    assert goes(folder.name)
    assert not folder.exists()


def test_a_kernel_is_interrupted_without_losing_it(start):
    kernel = start()
    kernel.run("x = 5")
    kernel.client.execute("print('on')\nwhile True: pass", stop_on_error=False)
    while kernel.client.get_iopub_msg(timeout=20)["header"]["msg_type"] != "stream":
        pass  # a kernel passes over an interrupt that comes before the code runs
    kernel.manager.interrupt_kernel()
    assert kernel.client.get_shell_msg(timeout=20)["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("print(x)").endswith("5\n")


def test_usage_counts_children():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert usage(os.getpid()).processes >= 2
        assert usage(os.getpid()).memory > usage(child.pid).memory
    finally:
        child.communicate(b"\n")


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(cpu_seconds=0), "more than 0 s of processor time"),
        (Limits(wall_seconds=0), "more than 0 s"),
        (Limits(), ""),
    ],
)
def test_reasons(tmp_path, limits, reason):
    code = "sum(range(3_000_000)); print('worked', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "worked\n"
        dog = Watchdog(child.pid, limits, run=tmp_path)
        assert dog._too_much(usage(child.pid)) == reason
        child.kill()


def test_the_launcher_sets_limits_and_becomes_the_program():
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_FSIZE))"
    words = [sys.executable, "-I", "-S", limits_module.__file__, Limits(file_size=4096).to_json()]
    assert subprocess.check_output([*words, sys.executable, "-c", code], text=True) == "(4096, 4096)\n"
