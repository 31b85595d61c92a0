"""What a worker and its court say to each other. Here, so that a worker need not import what a court does."""

import base64
import json
import socket
import struct
from dataclasses import asdict
from typing import Any

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.sandbox.limits import Limits

COURT = "cnncourse.grading.judge.server"
SOCKET = "court"
_LENGTHS = struct.Struct(">QQ")


def send(connection: socket.socket, header: dict[str, Any], body: bytes = b"") -> None:
    """Send a message: JSON, and bytes as they are."""
    text = json.dumps(header).encode()
    connection.sendall(_LENGTHS.pack(len(text), len(body)) + text + body)


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Wait for a message of ``send``.

    Raises:
        EOFError: the other side went away.
    """
    with connection.makefile("rb") as stream:
        lengths = stream.read(_LENGTHS.size)
        if len(lengths) < _LENGTHS.size:
            raise EOFError("the other side went away")
        text, body = (stream.read(length) for length in _LENGTHS.unpack(lengths))
    header: dict[str, Any] = json.loads(text)
    return header, body


def charge(assignment: Assignment, limits: Limits, sandboxed: bool) -> bytes:
    """Write down what a court is to judge, as the line that it reads first."""
    files = [(name, base64.b64encode(data).decode()) for name, data in assignment.files]
    known = {"name": assignment.name, "source": assignment.source, "files": files}
    return json.dumps(known | {"limits": asdict(limits), "sandboxed": sandboxed}).encode() + b"\n"


def charged(line: bytes) -> tuple[Assignment, Limits, bool]:
    """Read what ``charge`` wrote."""
    given = json.loads(line)
    files = tuple((name, base64.b64decode(data)) for name, data in given["files"])
    assignment = Assignment(given["name"], given["source"], files)
    return assignment, Limits(**given["limits"]), given["sandboxed"]
