"""Look at this machine the way the course will: a line for each thing, with what to do if it is missing."""

import importlib.util
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from cnncourse.errors import CourseError

State = Literal["ok", "note", "missing"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what it is, in a word or two.
        state: ``"ok"``; ``"note"`` where something is optional and absent; ``"missing"`` where work stops.
        text: what was found, and what to do about it.
    """

    name: str
    state: State
    text: str


def examine() -> Iterator[Finding]:
    """Look at Python, torch, the device, the data sets and the tools, one after the other.

    Yields:
        A finding for each, cheapest first.

    Example:
        >>> next(examine()).name
        'Python'
    """
    with_torch = (_device, _data) if importlib.util.find_spec("torch") else ()
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (_python, _packages, *with_torch, _tools)
    for look in looks:
        yield from look()


def _python() -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")


def _packages() -> Iterator[Finding]:
    for name in ("cnncourse", "torch", "torchvision", "numpy", "matplotlib"):
        yield _package(name, "missing", "pip install cnncourse")
    yield _package("jupyterlab", "note", "to work in notebooks: pip install 'cnncourse[lab]'")
    yield _package("anywidget", "note", "for the explorers inside notebooks: pip install 'cnncourse[lab]'")
    yield _package("nbgrader", "note", "to grade a class: pip install 'cnncourse[grade]'")


def _package(name: str, absent: State, cure: str) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, absent, f"not installed — {cure}")


def _device() -> Iterator[Finding]:
    import torch

    from cnncourse.runtime import device, scale

    try:
        where = device()
    except CourseError as error:
        yield Finding("device", "missing", str(error))
        return
    if where.type == "cuda":
        name, memory = torch.cuda.get_device_name(where), torch.cuda.get_device_properties(where).total_memory
        yield Finding("device", "ok", f"{name}, {memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}")
    elif where.type == "mps":
        yield Finding("device", "ok", "Apple GPU (MPS)")
    else:
        threads = torch.get_num_threads()
        yield Finding(
            "device", "note", f"CPU, {threads} threads — enough for every chapter; a GPU runs them in full"
        )
    yield Finding("scale", "ok", f"{scale()} — set CNNCOURSE_SCALE to smoke or full to change it")


def _data() -> Iterator[Finding]:
    from cnncourse import data

    for found in data.found():
        whole = found.kind in ("full", "generated")
        cure = "" if whole else f" — for the whole set: cnncourse data get {found.name}"
        yield Finding(found.name, "ok" if whole else "note", found.text + cure)


def _tools() -> Iterator[Finding]:
    for name, purpose in (("chromium", "browser tests of the book"), ("bwrap", "sandboxed grading")):
        path = shutil.which(name)
        if path:
            yield Finding(name, "ok", path)
        else:
            yield Finding(name, "note", f"not found, needed for {purpose} only — on Debian: make system-deps")
