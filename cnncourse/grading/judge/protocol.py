"""What client and judge server say to each other. A client need not import what a server does."""

import base64
import json
import socket
import struct
from dataclasses import asdict
from typing import Any

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.job import Job

SERVER = "cnncourse.grading.judge.server"
SOCKET = "judge"
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


def dump_job(job: Job) -> bytes:
    """Write a job as the line that a judge server reads first."""
    files = [(name, base64.b64encode(data).decode()) for name, data in job.assignment.files]
    known = {"name": job.assignment.name, "source": job.assignment.source, "files": files}
    known |= {"part": job.assignment.part}
    return json.dumps(known | {"limits": asdict(job.limits), "sandboxed": job.sandboxed}).encode() + b"\n"


def load_job(line: bytes) -> Job:
    """Read what ``dump_job`` wrote."""
    given = json.loads(line)
    files = tuple((name, base64.b64decode(data)) for name, data in given["files"])
    assignment = Assignment(given["name"], given["source"], files, given["part"])
    return Job(assignment, Limits(**given["limits"]), given["sandboxed"])
