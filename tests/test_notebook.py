"""Whether this is a notebook, and the line each of them begins with."""

import types

import pytest
import torch

import cnncourse
from cnncourse import notebook


def test_a_kernel_counts_as_a_notebook(monkeypatch):
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    assert notebook.in_notebook()
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: None)
    assert not notebook.in_notebook()


@pytest.mark.parametrize(
    ("colab", "gpu", "hint"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_start_says_where_it_runs_and_how_to_get_a_gpu(monkeypatch, capsys, colab, gpu, hint):
    monkeypatch.setenv("CNNCOURSE_DEVICE", "cpu")
    monkeypatch.setattr(notebook, "in_colab", lambda: colab)
    cnncourse.start("03", gpu=gpu)
    out = capsys.readouterr().out
    assert out.startswith(f"Chapter 03 · cnncourse {cnncourse.__version__} · torch {torch.__version__} · CPU")
    assert ("Change runtime type" in out) == hint
