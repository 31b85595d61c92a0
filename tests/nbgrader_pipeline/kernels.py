"""Kernels that start at once, as a fixture for whole sessions of tests."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

WARM = Path(__file__).with_name("warm.py")


@pytest.fixture(scope="session")
def kernels():
    """A folder for JUPYTER_PATH in which python3 is a kernel that starts at once."""
    with tempfile.TemporaryDirectory() as folder:  # not pytest's own: a socket's path must be short
        path = f"{folder}/socket"
        own = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(WARM.parents[2])}
        command = [sys.executable, str(WARM), "serve", path]
        with subprocess.Popen(
            command, env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout.readline() == "ready\n"
            spec = {
                "argv": [sys.executable, "-I", "-S", str(WARM), "kernel", path, "{connection_file}"],
                "display_name": "Python 3",
                "language": "python",
                "interrupt_mode": "message",
            }
            kernel = Path(folder) / "kernels" / "python3" / "kernel.json"
            kernel.parent.mkdir(parents=True)
            kernel.write_text(json.dumps(spec), encoding="utf-8")
            yield folder
            server.stdin.close()  # it ends when nobody holds its input open
