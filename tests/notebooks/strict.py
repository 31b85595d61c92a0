"""A pytest plugin that makes nbval run cells the way JupyterLab does: ``-p tests.notebooks.strict``.

nbval leaves no history, so IPython does not see the ``;`` that hides a result, and each figure would come
with the repr of its axes. It also talks to kernels over TCP ports, where kernels started at once collide.
"""

import tempfile
from collections.abc import Iterator

import jupyter_client.manager
import nbval.kernel
import pytest


def _execute_with_history(self, cell_input, allow_stdin=None):
    return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Change nbval for as long as the tests run."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:

        class Manager(jupyter_client.manager.KernelManager):
            def __init__(self, **options):
                super().__init__(transport="ipc", ip=f"{folder}/kernel", **options)

        patch.setattr(nbval.kernel, "KernelManager", Manager)
        patch.setattr(nbval.kernel.RunningKernel, "execute_cell_input", _execute_with_history)
        return (yield)
