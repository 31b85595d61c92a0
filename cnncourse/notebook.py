"""Notebooks: whether this Python runs one, and the line each of them begins with."""

import sys


def in_notebook() -> bool:
    """Say whether this Python is the kernel of a notebook.

    Example:
        >>> in_notebook()
        False
    """
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def in_colab() -> bool:
    """Say whether this Python runs inside Google Colab.

    Example:
        >>> in_colab()
        False
    """
    return "google.colab" in sys.modules


def start(chapter: str = "", *, gpu: bool = False) -> None:
    """Get a notebook ready: seed everything, set the figures' style, and print one line on where it runs.

    Args:
        chapter: the chapter's number, as in ``"02"``; empty outside the course.
        gpu: the notebook is much faster on a GPU, so say how to switch one on where that is possible.

    Example:
        >>> start("02")  # doctest: +ELLIPSIS
        Chapter 02 · cnncourse ... · torch ... · ...
    """
    import torch

    from cnncourse import __version__, plots, runtime

    runtime.seed(0)
    plots.use_style()
    where = runtime.device()
    name = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type.upper()
    parts = [f"Chapter {chapter}"] if chapter else []
    parts += [f"cnncourse {__version__}", f"torch {torch.__version__}", name, f"scale {runtime.scale()}"]
    print(" · ".join(parts))
    if gpu and in_colab() and where.type == "cpu":
        print("This chapter is much faster on a GPU: Runtime → Change runtime type → T4 GPU, then run again.")
