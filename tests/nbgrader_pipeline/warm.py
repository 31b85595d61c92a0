"""Kernels that start in a fraction of a second: each is forked from a process that has imported torch.

Only the start of a kernel differs from an instructor's: nbgrader finds a kernel called python3, as always,
and each submission still gets a process of its own. ``python warm.py serve SOCKET`` has everything imported;
``python warm.py kernel SOCKET CONNECTION_FILE`` stands for the kernel that was forked, and dies with it.
"""

import json
import os
import select
import signal
import socket
import sys


def serve(path: str) -> None:
    """Import what kernels need, then fork one for each connection, until whoever started this is gone."""
    import numpy
    import torch  # noqa: F401
    from ipykernel.kernelapp import IPKernelApp

    import cnncourse.check
    import cnncourse.data
    import cnncourse.plots
    import cnncourse.train  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    print("ready", flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # every kernel says a few lines, and nobody reads that pipe
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            become_kernel(connection, IPKernelApp, numpy)
        connection.close()


def become_kernel(connection: socket.socket, app: type, numpy: object) -> None:
    """Be the kernel that was asked for, until it ends or whoever asked goes away."""
    import random
    import threading

    request = json.loads(connection.makefile("r").readline())
    os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    random.seed()
    numpy.random.seed()  # type: ignore[attr-defined]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def watch() -> None:
        connection.recv(1)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()
    try:
        app.launch_instance(argv=[*request["arguments"], "--log-level=ERROR"])  # type: ignore[attr-defined]
    finally:
        os._exit(0)


def ask(path: str, file: str, *options: str) -> None:
    """Ask for a kernel and wait until it has ended."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    environment = {key: value for key, value in os.environ.items() if key != "JPY_PARENT_PID"}
    request = {"folder": os.getcwd(), "environment": environment, "arguments": ["-f", file, *options]}
    connection.sendall(json.dumps(request).encode() + b"\n")
    connection.recv(1)


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1] == "serve" else ask(*sys.argv[2:])
