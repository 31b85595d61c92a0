"""The explorer in a real JupyterLab: it comes up from its cell, and Python sees what the reader does."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.book.conftest import ROOT

pytestmark = pytest.mark.browser

CELLS = [
    f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom cnncourse import explorers",
    'shown = explorers.show("convolution", stride=2)\nshown',
    'print("column", shown.widget.col, "stride", shown.widget.stride)',
]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a notebook in a JupyterLab of its own."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "explorer.ipynb")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
    command += ["--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", f"--notebook-dir={tmp_path}"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert server.stderr is not None
    said: list[str] = []
    for line in server.stderr:
        said.append(line)
        if found := re.search(r"(http://127\.0\.0\.1:\d+)/lab", line):
            break
    else:
        pytest.fail(f"JupyterLab did not start:\n{''.join(said[-20:])}")
    threading.Thread(target=said.extend, args=[server.stderr], daemon=True).start()  # so that it never waits
    yield f"{found[1]}/lab/tree/explorer.ipynb"
    server.terminate()
    server.wait(timeout=60)


def test_explorer_in_jupyterlab(lab: str, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 1200})
    tab = context.new_page()
    tab.set_default_timeout(100_000)
    tab.goto(lab)
    tab.locator(".jp-Notebook .jp-CodeCell").nth(2).wait_for()
    tab.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    tab.locator(".cnn-explorer .of-output button").first.wait_for()
    assert tab.locator(".cnn-explorer .of-output button").count() == 4

    tab.get_by_role("button", name="Next window").click()
    tab.get_by_role("group", name="Stride").get_by_role("radio", name="1", exact=True).check()
    last = tab.locator(".jp-Notebook .jp-CodeCell").nth(2)
    last.locator(".cm-content").click()
    tab.keyboard.press("Shift+Enter")
    last.get_by_text("column 1 stride 1").wait_for()
    context.close()
