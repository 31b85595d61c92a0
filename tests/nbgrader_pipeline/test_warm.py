"""A kernel that starts at once must not depend on how many were started before it."""

import tempfile

import pytest
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.nbgrader


def test_nobody_need_read_what_kernels_say(kernels, monkeypatch):
    """Each kernel greets on its standard output: a pipe that nobody reads is full after some 170 of them."""
    monkeypatch.setenv("JUPYTER_PATH", kernels)
    with tempfile.TemporaryDirectory() as folder:
        manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{folder}/kernel")
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            code = "import sys; print('x' * 1_000_000, file=sys.__stdout__, flush=True)"
            reply = client.execute_interactive(code, timeout=60)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    assert reply["content"]["status"] == "ok"
