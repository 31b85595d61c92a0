"""Sandboxed kernels for the tests: skipped with one line where there is no sandbox, never in CI."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from cnncourse.grading.inside.limits import MEBI, Limits
from cnncourse.grading.sandbox import bubblewrap
from cnncourse.grading.sandbox.provisioner import NAME
from cnncourse.grading.sandbox.spawner import Spawner
from tests.grading.postgres import alembic, postgres  # noqa: F401 - fixtures
from tests.nbgrader_pipeline.kernels import kernels  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def bwrap() -> str:
    try:
        return bubblewrap.bubblewrap()
    except bubblewrap.SandboxError as error:
        if os.environ.get("CI") and sys.platform == "linux":
            raise
        pytest.skip(str(error))


def runs(pid: int | str) -> bool:
    """Say whether a process runs. A zombie, whose parent has not asked about it yet, does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def shown_in(folder: str) -> set[str]:
    """Name what a sandbox shows of a folder: nothing, unless what is to be read lies there."""
    paths = [*map(Path, bubblewrap.python_folders()), *bubblewrap.data_folders(os.environ)]
    return {path.relative_to(folder).parts[0] for path in paths if path.is_relative_to(folder)}


class Kernel:
    """A sandboxed kernel that prints what a piece of code gives."""

    def __init__(self, cwd: str, limits: dict[str, Any]) -> None:
        self.manager = KernelManager(kernel_name="python3")
        choice = {"provisioner_name": NAME, "config": limits}
        self.manager.kernel_spec.metadata["kernel_provisioner"] = choice
        self.manager.start_kernel(cwd=cwd)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    @property
    def provisioner(self) -> Any:
        return self.manager.provisioner

    def run(self, code: str) -> str:
        """Run code: everything it writes, and its error, which makes the kernel skip nothing that follows."""
        said: list[str] = []

        def hook(message: dict[str, Any]) -> None:
            content = message["content"]
            said.append(content.get("text", "") or "\n".join(content.get("traceback", [])))

        self.client.execute_interactive(code, timeout=60, stop_on_error=False, output_hook=hook)
        return "".join(said)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="session")
def start(bwrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kernel]]:
    """Starts started; each ends with the test session."""
    started: list[Kernel] = []

    def start(cwd: object = None, **limits: int) -> Kernel:
        started.append(Kernel(str(cwd or tmp_path_factory.mktemp("empty")), limits))
        return started[-1]

    yield start
    for kernel in started:
        if kernel.manager.is_alive() or kernel.provisioner.run_folder:
            kernel.close()


SMALL = Limits(
    cell_seconds=3,
    call_seconds=2,
    wall_seconds=60,
    cpu_seconds=40,
    memory=1000 * MEBI,
    processes=20,
    disk=32 * MEBI,
    file_size=16 * MEBI,
    printed=4 * MEBI,
)


@pytest.fixture(scope="session")
def spawner(bwrap: str) -> Iterator[Spawner]:
    """A warm sandbox with small limits, shared by the tests of a worker."""
    with Spawner((("tables/numbers.csv", b"1,2,3"),), ("torch", "cnncourse.check"), limits=SMALL) as spawner:
        yield spawner
