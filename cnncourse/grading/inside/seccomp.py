"""A list of system calls that no exercise needs: the kernel refuses them to a student's process. Linux only.

They are those with which memory is taken that nobody counts, other processes are looked into, folders are
mounted, and those behind which most holes of the kernel were found. It is a second wall: the first is that
the process has no privileges and no network.
"""

import ctypes
import errno
import platform
from itertools import chain

# name: number on x86_64, number on aarch64
REFUSED: dict[str, tuple[int, int]] = {
    **{"ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271)},
    **{"memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186)},
    **{"mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51)},
    **{"open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431)},
    **{"fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442)},
    **{"unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265)},
    **{"keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218)},
    **{"bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282)},
    **{"io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427)},
    **{"kexec_load": (246, 104), "init_module": (175, 105), "finit_module": (313, 273)},
    **{"swapon": (167, 224), "reboot": (169, 142)},
}
_MACHINES = {"x86_64": (0, 0xC000_003E), "aarch64": (1, 0xC000_00B7)}
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_LARGER, _RETURN = 0x20, 0x15, 0x25, 0x06
_NUMBER, _ARCHITECTURE = 0, 4  # where the kernel's description of a call has them
_ALLOW, _REFUSE, _KILL = 0x7FFF_0000, 0x0005_0000 | errno.EPERM, 0x8000_0000
_OTHER_ABI = 0x3FFF_FFFF  # numbers above it mean the same calls in another guise (x32)
_SET_FILTER, _FILTER = 22, 2

_Line = tuple[int, int, int, int]


def program(machine: str) -> list[_Line]:
    """Write the filter as the kernel reads it: code, jump if so, jump if not, operand.

    Args:
        machine: as ``platform.machine()`` names it.

    Returns:
        The lines; none for a machine whose numbers are not known here.

    Example:
        >>> program("x86_64")[0], program("vax")
        ((32, 0, 0, 4), [])
    """
    if machine not in _MACHINES:
        return []
    column, architecture = _MACHINES[machine]
    checks = [
        [(_JUMP_IF_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _REFUSE)] for numbers in REFUSED.values()
    ]
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_LARGER, 0, 1, _OTHER_ABI),
        (_RETURN, 0, 0, _REFUSE),
        *chain.from_iterable(checks),
        (_RETURN, 0, 0, _ALLOW),
    ]


class _Instruction(ctypes.Structure):
    _fields_ = (
        *(("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte)),
        *(("no", ctypes.c_ubyte), ("operand", ctypes.c_uint32)),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("lines", ctypes.POINTER(_Instruction)))


def refuse() -> bool:
    """Refuse these calls to this process and to all that it starts, from here on.

    Returns:
        Whether it was done: not on a machine or a kernel that has no such filters.
    """
    lines = program(platform.machine())
    if not lines:
        return False
    array = (_Instruction * len(lines))(*(_Instruction(*line) for line in lines))
    libc = ctypes.CDLL(None, use_errno=True)
    done: int = libc.prctl(_SET_FILTER, _FILTER, ctypes.byref(_Program(len(lines), array)), 0, 0)
    return done == 0
