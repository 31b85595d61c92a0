"""A job: what submissions are graded against and how their programs run. It names and seeds each verdict."""

import functools
import hashlib
import json
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version

from cnncourse.grading.assignment import Assignment
from cnncourse.grading.inside.limits import Limits

_PACKAGES = ("cnncourse", "torch", "torchvision", "numpy", "ipython")


@functools.cache
def environment() -> str:
    """Name the versions and the kind of machine that a verdict may depend on, in one line.

    Example:
        >>> environment().split()[0] == f"python={platform.python_version()}"
        True
    """
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    versions = machine | {name: _version(name) for name in _PACKAGES}
    return " ".join(f"{name}={number}" for name, number in versions.items())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # a checkout on PYTHONPATH
        return "none"


@dataclass(frozen=True)
class Job:
    """All that a verdict depends on, but the submission. It can be pickled, and sent to another machine.

    Attributes:
        assignment: with its hidden tests.
        limits: what a submission may use.
        sandboxed: False runs students' programs as you, with all that you may do, outside any sandbox.
    """

    assignment: Assignment
    limits: Limits = field(default_factory=Limits)
    sandboxed: bool = True

    def key(self, student: str, raw: bytes) -> str:
        """Name the verdict on a submission by all that it depends on: who, what, which tests, and how.

        Example:
            >>> assignment = Assignment("02", '{"cells": [], "metadata": {}, "nbformat": 4}')
            >>> boxed, open_ = (Job(assignment, sandboxed=sandboxed) for sandboxed in (True, False))
            >>> boxed.key("ada", b"{}") == open_.key("ada", b"{}")
            False
        """
        tests = (self.assignment.name, self.assignment.version)
        how = (asdict(self.limits), self.sandboxed, environment())
        parts = (tests, how, student, hashlib.sha256(raw).hexdigest())
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def seed(self, raw: bytes) -> int:
        """Draw the seed of a submission's hidden inputs, 128 bits: graded again, it gets the same ones.

        Nobody can foretell it without the hidden tests, which the assignment's version is a hash of, nor
        find it by search. It never enters the sandbox: what is drawn there comes from hashes of it.
        """
        digest = hashlib.sha256(self.assignment.version.encode() + hashlib.sha256(raw).digest()).digest()
        return int.from_bytes(digest[:16])
