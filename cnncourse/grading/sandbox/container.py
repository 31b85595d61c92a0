"""Podman or Docker in the place of bubblewrap: a container without network or rights for each submission.

It is slower, since each container imports everything anew, and it needs an image that has this package. It is
there for machines on which bubblewrap is not installed, or not allowed to work.
"""

import functools
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from cnncourse.grading.inside.limits import Limits

IMAGE_VARIABLE = "CNNCOURSE_IMAGE"
BUILD = (
    "printf 'FROM python:3.12-slim\\nRUN pip install ipython nbformat "
    "git+https://github.com/cnn-course/cnn-course\\n' | {engine} build -t {image} -"
)
_ENGINES = ("podman", "docker")
_USER = 1000


def image() -> str:
    """Name the image: what ``CNNCOURSE_IMAGE`` says, or ``cnncourse-grading``."""
    return os.environ.get(IMAGE_VARIABLE, "cnncourse-grading")


@functools.cache
def engine() -> str | None:
    """Find Podman or Docker; None if neither is there or may be used."""
    for name in _ENGINES:
        command = shutil.which(name)
        if command and _succeeds(command, "info"):
            return command
    return None


def has_image(engine: str) -> bool:
    """Tell whether the image is there."""
    return _succeeds(engine, "image", "inspect", image())


def _succeeds(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def command(
    engine: str,
    program: Iterable[str],
    *,
    name: str,
    run: Path,
    work: Path,
    inside: str,
    limits: Limits,
    environment: Mapping[str, str],
    readable: Iterable[Path] = (),
) -> list[str]:
    """Build the command that runs a program in a container of its own.

    Args:
        engine: Podman's or Docker's path.
        program: a command line in the image.
        name: of the container, to end it by.
        run: the folder for the program's socket, the only one it may write outside memory.
        work: the folder with the files that it may read.
        inside: where that folder is for the program.
        limits: what it may use.
        environment: its variables.
        readable: more folders that it may read, at the same places.

    Example:
        >>> words = command("docker", ["true"], name="x", run=Path("/r"), work=Path("/w"), inside="/in",
        ...                 limits=Limits(processes=8), environment={"A": "1"})
        >>> " ".join(words[:6])
        'docker run --rm --init --name x'
    """
    root = os.geteuid() == 0
    rootless = not root and Path(engine).name == "podman"
    user = (_USER, _USER) if root else (os.geteuid(), os.getegid())
    size = f"rw,nosuid,nodev,size={limits.disk},mode=1777"
    return [
        *(engine, "run", "--rm", "--init", "--name", name, "--network", "none", "--read-only"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ipc", "private"),
        *("--pids-limit", str(limits.processes), "--memory", str(limits.memory)),
        *("--memory-swap", str(limits.memory), "--shm-size", str(limits.disk)),
        *("--user", f"{user[0]}:{user[1]}", *(["--userns", "keep-id"] if rootless else [])),
        *("--tmpfs", f"/tmp:{size}", "--tmpfs", f"{Path(inside).parent}:{size}"),
        *("--volume", f"{run}:{run}:rw", "--volume", f"{work}:{inside}:ro", "--workdir", inside),
        *(word for path in readable for word in ("--volume", f"{path}:{path}:ro")),
        *(word for key, value in environment.items() for word in ("--env", f"{key}={value}")),
        image(),
        *("python3", "-P", "-m", "cnncourse.grading.inside.limits", limits.to_json(), "/usr/bin/env"),
        *program,
    ]


def kill(engine: str, name: str) -> None:
    """End a container, whatever runs in it."""
    _succeeds(engine, "kill", name)
