"""Students' processes for the course's own exercises."""

from collections.abc import Iterator

import pytest

from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.sandbox.spawner import Spawner


@pytest.fixture(scope="session")
def course_spawner() -> Iterator[Spawner]:
    """One import of torch for all submissions; no sandbox, which other tests try."""
    modules = ("torchvision", "cnncourse.check", "cnncourse.data", "cnncourse.plots", "cnncourse.train")
    with Spawner((), modules, limits=Limits(cell_seconds=600, call_seconds=600), sandboxed=False) as spawner:
        yield spawner
