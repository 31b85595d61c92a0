"""IPython as a kernel has it, without the kernel: nothing is shown, nobody is asked, and no window is opened.

Programs look at what they run in: a shell's class, its history, whether a loop runs. What they find here is
what they find in Jupyter; ``tests/grading/inside/test_like_a_kernel.py`` runs the same cells in both.
"""

import bdb
import builtins
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from cnncourse.grading.inside.absent import StandIns


class _Values(DisplayHook):
    """Keeps what a cell ends in, as ``Out`` and ``_``, and prints nothing: print may be broken."""

    def write_output_prompt(self) -> None:
        """Write no prompt."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Write no value."""

    def log_output(self, format_dict: Any) -> None:
        """Keep no text of it."""

    def finish_displayhook(self) -> None:
        """Flush nothing."""
        self._is_active = False


class _Nobody(DisplayPublisher):
    """Takes what ``display`` is given, and shows it to nobody."""

    def publish(self, data: Any, *_: Any, **__: Any) -> None:
        """Show nothing."""

    def clear_output(self, wait: bool = False) -> None:
        """Clear nothing."""


class ZMQInteractiveShell(InteractiveShell):
    """The shell of a notebook; programs know it by its class's name."""

    def ask_exit(self) -> None:
        """Do not end: a cell that says ``exit()`` is over, and the next one runs."""

    def enable_gui(self, gui: Any = None) -> None:
        """Have no window to draw in."""

    def enable_matplotlib(self, gui: Any = None) -> Any:
        """Draw in memory where another back end is asked for, such as ``widget`` or ``qt``."""
        try:
            return super().enable_matplotlib(gui)  # type: ignore[no-untyped-call]
        except Exception:
            return super().enable_matplotlib("agg")  # type: ignore[no-untyped-call]

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run a magic; leave out one that comes with a front end or a package that is not here."""
        if not self._find_with_lazy_load("line", magic_name):
            return None
        try:
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except ModuleNotFoundError:
            if magic_name != "load_ext":
                raise
            return None

    def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
        """Remember an error and print none: to format it takes longer than most cells."""
        with contextlib.suppress(ValueError):
            self._get_exc_info(exc_tuple)  # type: ignore[no-untyped-call]

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """Remember an error of a cell's syntax."""
        self.showtraceback()

    showindentationerror = showsyntaxerror

    @contextlib.contextmanager
    def _tee(self, channel: str) -> Iterator[None]:
        """Keep no copy of what is printed, and do not ask whether there is anything to print to."""
        yield


def shell() -> ZMQInteractiveShell:
    """Make the shell; a process has one."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "NoColor"
    kinds = {"displayhook_class": _Values, "display_pub_class": _Nobody}
    made: ZMQInteractiveShell = ZMQInteractiveShell.instance(config=config, **kinds)
    made.events.register("post_run_cell", _close_figures)
    made.ast_transformers.append(StandIns())
    made.run_line_magic("load_ext", "storemagic")
    builtins.input = _ask_nobody
    bdb.Bdb.set_trace = _go_on  # type: ignore[method-assign]
    sys.breakpointhook = _go_on
    return made


def _go_on(*_: Any, **__: Any) -> None:
    """Pass a breakpoint: nobody is there to look."""


def _ask_nobody(prompt: object = "") -> str:
    raise EOFError(
        "input() asks somebody, and nobody is there while a notebook is graded: write the value down"
    )


def _close_figures(result: Any) -> None:
    """Forget the figures of a cell, as a notebook does once it has drawn them."""
    if "matplotlib.pyplot" in sys.modules:
        with contextlib.suppress(Exception):
            sys.modules["matplotlib.pyplot"].close("all")
