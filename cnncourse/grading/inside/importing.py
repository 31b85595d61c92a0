"""What lies beside a notebook can be imported from it, in the student's process and in the tests."""

import os
import sys


def import_from(folder: str) -> None:
    """Let this process import a folder's modules, after the standard library's and before the installed ones.

    Args:
        folder: its path; empty for the working folder of the moment.
    """
    names = [os.path.basename(path) for path in sys.path]
    packages = (n for n, name in enumerate(names) if name in ("site-packages", "dist-packages"))
    sys.path.insert(next(packages, 0), folder)
