"""The provisioner as other tools meet it: named in one environment variable."""

import os
import subprocess
import sys
import tempfile

import pytest
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from cnncourse.grading.sandbox import bubblewrap
from cnncourse.grading.sandbox.provisioner import NAME

EXECUTE = """
import nbformat
from nbclient import NotebookClient

cell = nbformat.v4.new_code_cell("import os; (os.getcwd(), os.listdir(), 'DEAR' in os.environ)")
notebook = nbformat.v4.new_notebook(cells=[cell])
NotebookClient(notebook).execute()
print(cell.outputs[0].data["text/plain"])
"""


def execute(folder, **environment):
    variables = {**os.environ, "JUPYTER_DEFAULT_PROVISIONER_NAME": NAME, "DEAR": "secret", **environment}
    return subprocess.run(
        [sys.executable, "-c", EXECUTE],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nbclient_uses_it_when_the_environment_says_so(bwrap, tmp_path):
    (tmp_path / "numbers.csv").write_text("1,2")
    (tmp_path / "answer.ipynb").write_text("{}")
    done = execute(tmp_path)
    assert done.stdout.strip() == f"('{bubblewrap.WORK}', ['numbers.csv'], False)", done.stderr


def test_data_is_read_where_it_lies(bwrap, start, tmp_path, monkeypatch):
    (tmp_path / "mnist").mkdir()
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path))
    kernel = start()
    assert kernel.run("import os; print(os.listdir(os.environ['CNNCOURSE_DATA']))") == "['mnist']\n"


def test_without_bubblewrap_nothing_is_run(tmp_path):
    done = execute(tmp_path, PATH=str(tmp_path))
    assert done.returncode != 0
    assert "apt install bubblewrap" in done.stderr


def test_a_refused_work_folder_leaves_nothing_behind(bwrap, tmp_path, monkeypatch):
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    work.mkdir()
    temporary.mkdir()
    for number in range(201):
        (work / f"{number}.csv").touch()
    monkeypatch.setattr(KernelProvisionerFactory.instance(), "default_provisioner_name", NAME)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(bubblewrap.SandboxError):
        KernelManager(kernel_name="python3").start_kernel(cwd=str(work))
    assert list(temporary.glob("cnn-*")) == []
