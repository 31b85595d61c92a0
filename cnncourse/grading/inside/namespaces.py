"""Shut a forked process off from its siblings: namespaces, private folders, no privileges. Linux only.

The system is called through ctypes, since Python below 3.12 has no ``unshare``. Nothing here imports more
than the standard library: it runs inside the sandbox, after the fork, before the student's code.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable
from pathlib import Path

_NEW_MOUNTS, _NEW_IPC, _NEW_USER, _NEW_PIDS, _NEW_NETWORK = (
    *(0x0002_0000, 0x0800_0000, 0x1000_0000),
    *(0x2000_0000, 0x4000_0000),
)
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXECUTION = 1, 2, 4, 8
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE, _RELATIVE_TIME = 32, 4096, 16384, 1 << 18, 1 << 21
_DEATH_SIGNAL, _DUMPABLE, _DROP_BOUND, _NO_NEW_PRIVILEGES, _AMBIENT, _CLEAR_ALL = 1, 4, 24, 38, 47, 4
_CAPABILITIES = 64
_CAPABILITY_VERSION = 0x2008_0522
_INODES = 20_000
_ID = 1000

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def unshare() -> None:
    """Leave the user, mount, process, IPC and network namespaces; the next child is number 1 of the new one.

    Raises:
        OSError: the system does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    _call("unshare", _NEW_USER | _NEW_MOUNTS | _NEW_PIDS | _NEW_IPC | _NEW_NETWORK)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{_ID} {user} 1"),
        ("gid_map", f"{_ID} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="utf-8") as file:
            file.write(text)


def private_folders(folders: Iterable[str], hidden: Iterable[str], kept: Iterable[str], size: int) -> None:
    """Lay empty folders in memory over those that siblings share, and a new /proc over theirs.

    What is to be read stays in its place, even if that is in one of these folders: a course that was cloned
    into /tmp has its Python there.

    Where the system forbids a new /proc, the old one stays, read-only: it lists the siblings, and the system
    keeps what is in them shut, because they live in other user namespaces.

    Args:
        folders: to be written by this process alone.
        hidden: to be seen by nobody here.
        kept: files and folders to be read as before.
        size: bytes in each folder.

    Raises:
        OSError: the system does not allow it.
    """
    _call("mount", b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
    for folder in hidden:
        flags = _NO_SUID | _NO_DEVICES | _READ_ONLY
        _call("mount", b"tmpfs", folder.encode(), b"tmpfs", flags, b"size=4096,mode=500")
    for folder in folders:
        within = {path: os.open(path, os.O_PATH) for path in kept if Path(path).is_relative_to(folder)}
        options = f"size={size},nr_inodes={_INODES},mode=700".encode()
        _call("mount", b"tmpfs", folder.encode(), b"tmpfs", _NO_SUID | _NO_DEVICES, options)
        for path, descriptor in within.items():
            _show_again(path, descriptor)
    safe = _NO_SUID | _NO_DEVICES | _NO_EXECUTION
    try:
        _call("mount", b"proc", b"/proc", b"proc", safe, None)
    except OSError:
        _call("mount", b"none", b"/proc", None, _BIND | _REMOUNT | _READ_ONLY | _RELATIVE_TIME | safe, None)


def _show_again(path: str, descriptor: int) -> None:
    """Mount what a descriptor holds, read-only as it was, where an empty folder was laid over it."""
    source = f"/proc/self/fd/{descriptor}"
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).touch()
    _call("mount", source.encode(), path.encode(), None, _BIND | _RECURSIVE, None)
    os.close(descriptor)


def no_more_namespaces() -> None:
    """Let nobody here make a user namespace, in which folders of any size could be mounted."""
    with (
        contextlib.suppress(OSError),
        open("/proc/sys/user/max_user_namespaces", "w", encoding="utf-8") as file,
    ):
        file.write("0")


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inherit", ctypes.c_uint32))


def drop_privileges() -> None:
    """Give up every capability, for good.

    Raises:
        OSError: the system does not allow it.
    """
    for capability in range(_CAPABILITIES):
        _libc.prctl(_DROP_BOUND, capability, 0, 0, 0)  # those that do not exist are refused, and need not be
    _libc.prctl(_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    _call("capset", ctypes.byref(_Header(_CAPABILITY_VERSION, 0)), (_Sets * 2)())
    _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def unreadable() -> None:
    """Let no process look into this one, whoever runs it."""
    _call("prctl", _DUMPABLE, 0, 0, 0, 0)


def end_with_parent() -> None:
    """End when the parent does."""
    _call("prctl", _DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
