"""The judge server: a process that holds one assignment and torch, and copies itself for each submission.

It stands outside the sandbox and has the hidden tests; the students' processes come from its spawner. A copy
judges one submission and ends, so that nothing of one submission is there for the next one, and so that a
judge can be killed. It is started by ``client`` and ends when whoever started it closes its standard input,
or dies.
"""

import gc
import os
import resource
import select
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable

from cnncourse.grading.imports import without_iri_grammars
from cnncourse.grading.inside import forkserver, hugepages, namespaces
from cnncourse.grading.inside.importing import import_from
from cnncourse.grading.judge import protocol
from cnncourse.grading.sandbox.bubblewrap import SandboxError
from cnncourse.grading.sandbox.spawner import Spawner

_MEMORY = 4 * 2**30
_CLOSED = 0x2000 | select.POLLHUP if sys.platform == "linux" else 0  # POLLRDHUP: the other side hung up


def serve(listener: socket.socket, answer: Callable[[socket.socket], None], lifeline: int) -> None:
    """Fork a judge for each connection, until the lifeline ends. A closed connection ends its judge."""
    waiting = select.poll()
    for descriptor in (listener.fileno(), lifeline):
        waiting.register(descriptor, select.POLLIN)
    ends: dict[
        int, tuple[int, socket.socket]
    ] = {}  # what tells the end of a judge: the judge, its connection
    callers: dict[int, int] = {}  # a connection: its judge
    while True:
        ready = [descriptor for descriptor, _ in waiting.poll()]
        if lifeline in ready:
            for judge, _ in ends.values():
                os.kill(judge, signal.SIGKILL)
            return
        for descriptor in ready:
            if descriptor in ends:
                judge, connection = ends.pop(descriptor)
                os.waitpid(judge, 0)
                waiting.unregister(descriptor)
                os.close(descriptor)
                if callers.pop(connection.fileno(), None):
                    waiting.unregister(connection)
                connection.close()
            elif descriptor in callers:
                os.kill(callers.pop(descriptor), signal.SIGKILL)
                waiting.unregister(descriptor)
            elif descriptor == listener.fileno():
                connection, _ = listener.accept()
                judge = os.fork()
                if judge == 0:
                    listener.close()
                    for _, other in ends.values():  # or a sibling's caller would not see it end
                        other.close()
                    _judge(answer, connection)
                end = os.pidfd_open(judge)
                ends[end], callers[connection.fileno()] = (judge, connection), judge
                waiting.register(end, select.POLLIN)
                waiting.register(connection, _CLOSED)


def _judge(answer: Callable[[socket.socket], None], connection: socket.socket) -> None:
    """Judge in a copy of this process. Never returns."""
    code = 1
    try:
        namespaces.end_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))  # answers are a student's to choose
        answer(connection)
        code = 0
    except (OSError, EOFError):
        pass
    finally:
        os._exit(code)


def main(folder: str) -> None:
    """Read the assignment, import what it imports, say that it is ready, and serve."""
    tell_starter = forkserver.startup_message()
    without_iri_grammars()
    job = protocol.load_job(sys.stdin.buffer.readline())
    files, modules = job.assignment.files, job.assignment.modules
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    mine = ("cnncourse.grading.judge.grade_one", *modules)
    imports = threading.Thread(target=forkserver.preload, args=(mine,))
    imports.start()  # while the spawner does the same in the sandbox
    try:
        with Spawner(files, modules, limits=job.limits, sandboxed=job.sandboxed) as spawner:
            os.chdir(spawner.work)
            imports.join()
            import_from(str(spawner.work))  # the instructor's own files: no student can write here
            from cnncourse.grading.judge.grade_one import SubmissionGrader

            grader = SubmissionGrader(job, spawner)
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(os.path.join(folder, protocol.SOCKET))
                listener.listen(socket.SOMAXCONN)
                tell_starter({"ready": True, "warm": spawner.warm})
                gc.collect()
                gc.freeze()
                hugepages.gather()
                serve(listener, grader.answer, sys.stdin.fileno())
            os.chdir("/")
    except SandboxError as problem:
        tell_starter({"fault": str(problem)})
    except Exception as problem:  # whatever it is, it is no submission's fault
        tell_starter({"fault": f"the grader's process could not start: {type(problem).__name__}: {problem}"})
    finally:
        imports.join()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
