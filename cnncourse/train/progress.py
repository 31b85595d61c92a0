"""What a training run shows while it goes: a row for each finished epoch, and a line that moves."""

import sys
import time
from typing import TYPE_CHECKING, Any, Self, TextIO

import torch

from cnncourse.notebook import in_notebook
from cnncourse.train.history import EpochRecord, History

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_HEADER = "   epoch   train loss  accuracy   val loss  accuracy"


class Progress:
    """A table that grows by a row an epoch, over a line with speed and time left.

    In a notebook the table is redrawn in place, so that the stored output is the finished table alone. In a
    terminal a bar moves below it, as long as the ``with`` block runs. A file gets the rows only.

    Args:
        epochs: epochs in the whole run.
        steps: steps in an epoch.
        images: images in an epoch.
        shown: False keeps quiet.
        stream: where the text goes; None means the standard output.
        home: the device; of a GPU the line says how much memory is taken.

    Example:
        >>> progress = Progress(epochs=1, steps=1, images=10)
        >>> progress.start(History())
           epoch   train loss  accuracy   val loss  accuracy
        >>> progress.row(EpochRecord(1, 0.5, 0.9, None, None, 1e-3, 2.0))
             1/1       0.5000   90.00 %          –         –
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        images: int,
        *,
        shown: bool = True,
        stream: TextIO | None = None,
        home: torch.device | None = None,
    ) -> None:
        self._home = home
        self._epochs, self._steps, self._images = epochs, steps, images
        self._stream = stream or sys.stdout
        self._display: Any = _notebook_display() if shown and stream is None else None
        self._bar = _bar(self._stream, epochs * steps) if shown and self._display is None else None
        self._shown = shown
        self._lines: list[str] = []
        self._resumed = self._done = 0
        self._began = self._drawn = time.perf_counter()

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def start(self, history: History) -> None:
        """Show the head of the table and the rows of epochs that an earlier run finished."""
        self._began = time.perf_counter()
        self._resumed = len(history)
        self._write(_HEADER)
        for record in history.epochs:
            self._write(self._text(record))

    def step(self) -> None:
        """Count one step, and now and then renew the moving line."""
        self._done += 1
        now = time.perf_counter()
        if now - self._drawn < 0.5 or (self._bar is None and self._display is None):
            return
        self._drawn, line = now, self.line(now - self._began)
        if self._bar is not None:
            done = self._resumed * self._steps + self._done
            self._bar.update(self._bar.task_ids[0], completed=done, description=line, refresh=True)
        else:
            self._redraw(line)

    def line(self, seconds: float) -> str:
        """Say how far the run is after so many seconds of it: epoch, step, speed and time left.

        Example:
            >>> progress = Progress(epochs=2, steps=10, images=1000, shown=False)
            >>> for _ in range(5):
            ...     progress.step()
            >>> progress.line(4.0)
            'epoch 1/2 · step 5/10 · 125 images/s · 0:12 left'
        """
        epoch, step = divmod(self._done - 1, self._steps)
        speed = self._done * self._images / self._steps / seconds
        left = round(seconds / self._done * ((self._epochs - self._resumed) * self._steps - self._done))
        return (
            f"epoch {self._resumed + epoch + 1}/{self._epochs} · step {step + 1}/{self._steps} · "
            f"{speed:,.0f} images/s · {left // 60}:{left % 60:02d} left" + taken(self._home)
        )

    def row(self, record: EpochRecord) -> None:
        """Add the row of a finished epoch."""
        self._write(self._text(record))

    def note(self, text: str) -> None:
        """Add a sentence below the table."""
        self._write(text)

    def _text(self, record: EpochRecord) -> str:
        val_loss, val_accuracy = "–", "–"
        if record.val_loss is not None and record.val_accuracy is not None:
            val_loss, val_accuracy = f"{record.val_loss:.4f}", f"{record.val_accuracy:.2%}".replace("%", " %")
        accuracy = f"{record.train_accuracy:.2%}".replace("%", " %")
        epoch = f"{record.epoch}/{self._epochs}"
        return f"{epoch:>8}   {record.train_loss:>10.4f}  {accuracy:>8}   {val_loss:>8}  {val_accuracy:>8}"

    def _write(self, line: str) -> None:
        self._lines.append(line)
        if not self._shown:
            return
        if self._display is not None:
            self._redraw("")
        elif self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False, soft_wrap=True)
        else:
            print(line, file=self._stream, flush=True)

    def _redraw(self, moving: str) -> None:
        text = "\n".join([*self._lines, moving]).rstrip()
        self._display.update({"text/plain": text}, raw=True)


def taken(home: torch.device | None) -> str:
    """Say how much memory of a GPU has been taken at most; nothing for other devices.

    Example:
        >>> taken(torch.device("cpu"))
        ''
    """
    if home is None or home.type != "cuda":
        return ""
    return f" · {torch.cuda.max_memory_allocated(home) / 1e9:.1f} GB"


def _bar(stream: TextIO, steps: int) -> "Bar | None":
    """Make the bar of a terminal; None where the output is none."""
    if not stream.isatty():
        return None
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = BarColumn(bar_width=15), TextColumn("{task.description}", markup=False)
    bar = Bar(*columns, console=Console(file=stream), transient=True, auto_refresh=False)
    bar.add_task("", total=steps)
    return bar


def _notebook_display() -> Any:
    """Return a place in the notebook's output that can be redrawn, or None outside a notebook."""
    if not in_notebook():
        return None
    from IPython.display import display

    return display({"text/plain": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
