import io
import json
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from cnncourse.train import EpochRecord, History
from cnncourse.train import progress as module
from cnncourse.train.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def record(epoch):
    return EpochRecord(epoch, 0.25, 0.9, 0.125, 0.95, 0.001, 3.0)


def test_a_file_gets_a_row_an_epoch_and_nothing_else():
    stream = io.StringIO()
    bar = Progress(2, 10, 100, stream=stream)
    bar.start(History())
    bar.step()
    bar.row(record(1))
    assert stream.getvalue().splitlines() == [
        "   epoch   train loss  accuracy   val loss  accuracy",
        "     1/2       0.2500   90.00 %     0.1250   95.00 %",
    ]


def test_quiet_is_quiet(capsys):
    bar = Progress(2, 10, 100, shown=False)
    bar.start(History())
    bar.step()
    bar.row(record(1))
    bar.note("words")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_below_the_rows_that_goes_when_all_is_done(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    clock = iter([0.0, 0.0, 0.1, 0.6, 0.7])
    stream = Terminal()
    bar = Progress(2, 3, 300, stream=stream)
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    bar._began = bar._drawn = 0.0
    with bar:
        bar.start(History())
        bar.step()  # after 0.0 s: too early to draw
        assert "images/s" not in stream.getvalue()
        bar.step()
        bar.step()  # after 0.6 s
        bar.row(record(1))
        shown = stream.getvalue()
    head, row = (shown.index(text) for text in ("epoch   train loss", "     1/2  "))
    assert head < shown.index("epoch 1/2 · step 3/3 · 500 images/s · 0:01 left") < row
    assert shown.count("images/s") == 2, "once when it is due, and once below the row"
    assert stream.getvalue().endswith("\x1b[2K"), "the bar is wiped, the cursor is back"
    assert stream.getvalue().rindex("\x1b[?25h") > row


def test_a_run_that_fails_leaves_the_terminal_as_it_was(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with pytest.raises(RuntimeError), Progress(2, 3, 300, stream=stream):
        raise RuntimeError
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_a_resumed_run_shows_the_old_rows_and_counts_from_there():
    stream = io.StringIO()
    bar = Progress(3, 2, 20, stream=stream)
    bar.start(History([record(1), record(2)]))
    bar.step()
    assert stream.getvalue().count("\n") == 3
    assert bar.line(60.0) == "epoch 3/3 · step 1/2 · 0 images/s · 1:00 left"


def test_in_a_notebook_the_stored_output_is_the_finished_table_alone():
    code = """
from cnncourse.train.progress import Progress
from cnncourse.train import EpochRecord, History
bar = Progress(2, 1, 10)
bar.start(History())
for epoch in (1, 2):
    bar._drawn = -1.0  # the line is due
    bar.step()
    bar.row(EpochRecord(epoch, 0.25, 0.9, 0.125, 0.95, 0.001, 3.0))
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.output_type == "display_data"
    assert output.data == {
        "text/plain": "   epoch   train loss  accuracy   val loss  accuracy\n"
        "     1/2       0.2500   90.00 %     0.1250   95.00 %\n"
        "     2/2       0.2500   90.00 %     0.1250   95.00 %"
    }


def test_importing_the_trainer_does_not_import_ipython():
    code = "import sys, json, cnncourse.train; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = json.loads(result.stdout)
    assert "torch" in modules
    assert "IPython" not in modules


@pytest.mark.parametrize("kernel", [None, object()])
def test_ipython_without_a_kernel_is_a_terminal(monkeypatch, kernel):
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: kernel)
    assert module._notebook_display() is None
