"""What a training run shows while it goes: a row for each finished epoch, and a line that moves."""

import sys
import time
from typing import Any, TextIO

import torch

from cnncourse.notebook import in_notebook
from cnncourse.train.history import EpochRecord, History

_HEADER = "   epoch   train loss  accuracy   val loss  accuracy"


class Progress:
    """A table that grows by a row an epoch, over a line with speed and time left.

    In a notebook the table is redrawn in place, so that the stored output is the finished table alone. In a
    terminal the moving line is overwritten. Where the output is a file there are only the rows.

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
        self._display = _notebook_display() if shown and stream is None else None
        self._live = shown and (self._display is not None or self._stream.isatty())
        self._shown = shown
        self._lines: list[str] = []
        self._resumed = self._done = 0
        self._began = self._drawn = time.perf_counter()

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
        if self._live and now - self._drawn >= 0.5:
            self._drawn = now
            self._draw(self.line(now - self._began))

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
            self._draw("")
        else:
            wipe = "\r\x1b[K" if self._live else ""
            print(wipe + line, file=self._stream, flush=True)

    def _draw(self, moving: str) -> None:
        if self._display is not None:
            text = "\n".join([*self._lines, moving]).rstrip()
            self._display.update({"text/plain": text}, raw=True)
        else:
            print(f"\r\x1b[K{moving}", end="", file=self._stream, flush=True)


def taken(home: torch.device | None) -> str:
    """Say how much memory of a GPU has been taken at most; nothing for other devices.

    Example:
        >>> taken(torch.device("cpu"))
        ''
    """
    if home is None or home.type != "cuda":
        return ""
    return f" · {torch.cuda.max_memory_allocated(home) / 1e9:.1f} GB"


def _notebook_display() -> Any:
    """Return a place in the notebook's output that can be redrawn, or None outside a notebook."""
    if not in_notebook():
        return None
    from IPython.display import display

    return display({"text/plain": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call]
