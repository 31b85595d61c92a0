"""Keep the memory that a step gave back, so that the next step need not ask the system for it again."""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # the numbers of malloc.h


def keep_memory() -> bool:
    """Tell the C library of Linux to keep freed memory for the rest of this process.

    The maps of a batch take tens of megabytes each. Memory of that size comes from the system, and goes back
    as soon as it is freed. The system hands out pages full of zeros, and fills each one when it is first
    touched. A training step on a processor can spend a third of its time so. Memory that stays is reused as
    it is. The process then never shrinks, so this is for a process that trains and ends.

    Returns:
        Whether it was done: with the GNU C library yes, elsewhere nothing changes.

    Example:
        >>> keep_memory()  # on most Linux systems  # doctest: +SKIP
        True

    Introduced in chapter 21.

    Source: the manual page mallopt(3).
    """
    if sys.platform != "linux":
        return False
    change = getattr(ctypes.CDLL(None), "mallopt", None)
    if change is None:
        return False
    settings = ((_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1), (_TOP_PAD, 1 << 28))
    return all([change(name, value) == 1 for name, value in settings])
