"""The fork server: a process in the sandbox that has imported everything, and forks for each submission.

Importing torch takes seconds, a fork milliseconds. The server itself never runs a student's code, nor any
operation of torch: that would start threads, and a copy would wait for threads that it does not have. It
holds nothing worth stealing. For each connection it forks a *supervisor*, which leaves the namespaces, forks
the process for the student's code, counts what that prints, interrupts or kills it for the judge, and says
how it ended. The student's process is number 1 of its own process namespace: when it ends, all it started
ends.

To the judge the supervisor writes lines of JSON; from the judge come single bytes. The judge's socket for
data is handed over with the first byte.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncourse.grading.inside import backends, hugepages, namespaces, seccomp
from cnncourse.grading.inside.importing import import_from

SOCKET = "forkserver"
START, INTERRUPT = b"S", b"I"
_BROKEN = 97


@dataclass(frozen=True)
class SandboxSpec:
    """Where students' processes live, inside the sandbox.

    Attributes:
        run: the folder with the fork server's socket; they do not see it.
        home: their home, with the folder ``work`` in it.
        size: bytes in each of their folders.
        printed: bytes that one of them may print.
        output: bytes of one of their answers.
        isolated: whether they are shut off from each other; if not, there must be one of them only.
        modules: what to import before the first of them.
        kept: what they may read of the machine.
    """

    run: str
    home: str
    size: int
    printed: int
    output: int
    isolated: bool
    modules: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def startup_message() -> Callable[[dict[str, Any]], None]:
    """Give a way to say one thing, once, to whoever started this process and reads its standard output.

    What is printed from now on, by modules that are imported say, goes to the standard error instead.
    """
    stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def tell(said: dict[str, Any]) -> None:
        if not stream.closed:  # it is closed at once: no student's process may inherit it
            with stream:
                print(json.dumps(said), file=stream)

    return tell


def preload(modules: Iterable[str]) -> None:
    """Import what submissions import. What cannot be imported is left to the submission."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def main(spec: SandboxSpec) -> None:
    """Import everything, say so in one line, and fork for each connection until the sandbox ends."""
    namespaces.end_with_parent()
    tell_starter = startup_message()
    backends.fall_back()
    preload(spec.modules)
    from cnncourse.grading.inside.executor import Executor
    from cnncourse.grading.inside.shell import shell

    executor = Executor(shell(), spec.output)
    executor.make_ready()
    support = _read_files(Path(spec.home, "work"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(spec.run, SOCKET))
        listener.listen(socket.SOMAXCONN)
        tell_starter({"ready": True, "isolated": spec.isolated and _can_isolate(spec)})
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for supervisors
        gc.collect()
        gc.freeze()
        hugepages.gather()
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _supervise(connection, spec, executor, support)
            connection.close()


def _read_files(folder: Path) -> list[tuple[str, bytes]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(folder)), path.read_bytes()) for path in files]


def _can_isolate(spec: SandboxSpec) -> bool:
    """Try in a child whether the system lets this process shut its children off."""
    tester = os.fork()
    if tester == 0:
        code = _BROKEN
        try:
            namespaces.unshare()
            child = os.fork()
            if child == 0:
                _shut_off(spec)
                os._exit(0)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        except OSError as error:
            print(error, file=sys.stderr)
        finally:
            os._exit(code)
    return os.waitpid(tester, 0)[1] == 0


def _shut_off(spec: SandboxSpec) -> None:
    namespaces.no_more_namespaces()
    namespaces.private_folders(("/tmp", spec.home, "/dev/shm"), (spec.run,), spec.kept, spec.size)
    namespaces.drop_privileges()


def _supervise(
    control: socket.socket, spec: SandboxSpec, executor: Any, support: list[tuple[str, bytes]]
) -> None:
    """Fork the student's process and watch over it. Never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = _BROKEN
    try:
        _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        data = socket.socket(fileno=descriptors[0])
        if spec.isolated:
            namespaces.unshare()
        reader, writer = os.pipe()
        alive, settled = os.pipe()
        child = os.fork()
        if child == 0:
            control.close()
            os.close(reader)
            os.close(alive)
            _become_student(data, writer, settled, spec, executor, support)
        data.close()
        os.close(writer)
        os.close(settled)
        namespaces.unreadable()
        namespaces.drop_privileges()
        if not os.read(alive, 1):
            raise OSError("the sandbox could not be set up")
        os.close(alive)
        control.sendall(b'{"started": true}\n')
        ending, flooded = _watch(child, control, reader, spec.printed)
        control.sendall(json.dumps({"ending": ending, "flooded": flooded}).encode() + b"\n")
        code = 0
    except OSError as error:
        with contextlib.suppress(OSError):
            control.sendall(json.dumps({"broken": str(error)}).encode() + b"\n")
    finally:
        os._exit(code)


def _become_student(
    data: socket.socket,
    output: int,
    settled: int,
    spec: SandboxSpec,
    executor: Any,
    support: list[tuple[str, bytes]],
) -> None:
    """Shut this process off, tell the supervisor so, then serve the judge. Never returns."""
    code = _BROKEN
    try:
        namespaces.end_with_parent()
        os.setsid()
        for number in (1, 2):
            os.dup2(output, number)
        os.close(output)
        if spec.isolated:
            _shut_off(spec)
            for name, content in support:
                place = Path(spec.home, "work", name)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            Path(spec.home, "work").mkdir(exist_ok=True)
            os.chdir(os.path.join(spec.home, "work"))
        seccomp.refuse()
        from cnncourse.grading.inside.executor import reseed

        reseed()
        sys.argv = ["ipykernel_launcher.py"]
        import_from("")
        os.write(settled, b".")
        os.close(settled)
        executor.serve(data)
        code = 0
    finally:
        os._exit(code)


def _watch(child: int, control: socket.socket, output: int, printed: int) -> tuple[int, bool]:
    """Wait for the end of the student's process; interrupt or kill it when the judge says so.

    Returns:
        The status that it ended with, and whether it was killed because it printed too much.
    """
    process = os.pidfd_open(child)
    waiting = select.poll()
    for descriptor in (process, control.fileno(), output):
        waiting.register(descriptor, select.POLLIN)
    flooded = False
    while True:
        ready = {descriptor for descriptor, _ in waiting.poll()}
        if output in ready:
            size = len(os.read(output, 65536))
            printed -= size
            if printed < 0 and not flooded:
                flooded = True
                signal.pidfd_send_signal(process, signal.SIGKILL)
            if not size:
                waiting.unregister(output)
        if control.fileno() in ready:
            order = _received(control)
            signal.pidfd_send_signal(process, signal.SIGINT if order == INTERRUPT else signal.SIGKILL)
            if order != INTERRUPT:
                waiting.unregister(control.fileno())
        if process in ready:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flooded


def _received(control: socket.socket) -> bytes:
    try:
        return control.recv(1)
    except OSError:
        return b""


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main(SandboxSpec(**json.loads(sys.argv[1])))
