"""The bubblewrap command that shuts a program off from the machine, and what to do where it cannot run."""

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cnncourse.errors import CourseError
from cnncourse.grading.files import MAX_FILES, beside_notebook
from cnncourse.grading.inside import limits as limits_module
from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.sandbox import container

DEFAULTS = Limits()
HOME = "/home/student"
WORK = f"{HOME}/work"
_PACKAGE = Path(__file__).resolve().parents[2]
_INSTALL = "`apt install bubblewrap` (Debian, Ubuntu) or `dnf install bubblewrap` (Fedora)"
_FORBIDDEN = (
    "user namespaces are forbidden here ({said}). Ubuntu 23.10 and later: `apt install apparmor-profiles`, "
    "then `cp /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/` and reload "
    "AppArmor. Debian: `sysctl kernel.unprivileged_userns_clone=1`. In a container: run it with user "
    "namespaces allowed"
)


class SandboxError(CourseError):
    """Student code cannot be shut off here, so that it is not run at all."""


@functools.cache
def bubblewrap() -> str:
    """Find bubblewrap and see that it works.

    Returns:
        The path of the command.

    Raises:
        SandboxError: it is not installed, or the system does not let it work; the message says what to do.
    """
    command = shutil.which("bwrap")
    if command is None:
        raise SandboxError(f"expected the command bwrap to sandbox student code, found none: {_INSTALL}")
    probe = [command, "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    try:
        done = subprocess.run(probe, capture_output=True, text=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        raise SandboxError("expected bwrap to start a sandbox, but it took longer than 30 s") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
        raise SandboxError(f"expected bwrap to start a sandbox, but {_FORBIDDEN.format(said=said)}.")
    return command


def engine() -> str | None:
    """Choose what shuts students' code off: None for bubblewrap, else the path of Podman or Docker.

    Raises:
        SandboxError: there is neither; one line says what to install.
    """
    try:
        bubblewrap()
        return None
    except SandboxError as error:
        found = container.engine()
        if found is None:
            raise
        if not container.has_image(found):
            build = container.BUILD.format(engine=Path(found).name, image=container.image())
            raise SandboxError(
                f"{error} Or use {Path(found).name}: it is here, but not its image {container.image()}; "
                f"build it once with `{build}`, or name another in {container.IMAGE_VARIABLE}."
            ) from None
        return found


@functools.cache
def _can_forbid_namespaces() -> bool:
    """Tell whether this bubblewrap, from 0.8 on, can keep a program from making user namespaces."""
    done = subprocess.run([bubblewrap(), "--help"], capture_output=True, text=True, timeout=30, check=False)
    return "--disable-userns" in done.stdout


def command(
    program: Iterable[str],
    *,
    run: Path,
    work: Path | None = None,
    limits: Limits = DEFAULTS,
    environment: Mapping[str, str] | None = None,
    readable: Iterable[Path] = (),
    nested: bool = False,
) -> list[str]:
    """Build the command that runs a program without network, privileges or the machine's files.

    The program sees the system's libraries, this Python with its packages and this package, all read-only;
    its home and /tmp, which are empty, in memory and limited in size; and the run folder, the only place it
    shares.

    Args:
        program: a command line; its first word is an absolute path.
        run: the folder for its sockets, the only one it may write outside memory.
        work: a folder whose files it may read, but no notebook, database or link in it.
        limits: what it may use.
        environment: variables besides the few that every program needs.
        readable: more files and folders that it may read, at the same places.
        nested: whether it may make namespaces itself, as the fork server does before any student's code runs.

    Raises:
        SandboxError: there is no sandbox here.
    """
    size = str(limits.disk)
    variables = {**_ENVIRONMENT, **(environment or {})}
    return [
        bubblewrap(),
        *("--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--hostname", "grader"),
        *("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"),
        *([] if nested or not _can_forbid_namespaces() else ["--disable-userns"]),
        *(word for name, value in variables.items() for word in ("--setenv", name, value)),
        *("--size", size, "--tmpfs", "/tmp", "--size", size, "--tmpfs", HOME, "--dir", WORK),
        *_system(),
        *(word for path in readable for word in ("--ro-bind", str(path), str(path))),
        *(word for source, place in _support(work) for word in ("--ro-bind", source, place)),
        *("--proc", "/proc", "--dev", "/dev", "--size", size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"),
        *("--bind", str(run), str(run), "--remount-ro", "/"),
        *("--chdir", WORK, "--"),
        *(_python(), "-I", "-S", str(limits_module.__file__), limits.to_json()),
        *program,
    ]


_ENVIRONMENT = {
    "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    "HOME": HOME,
    "USER": "student",
    "LOGNAME": "student",
    "LANG": "C.UTF-8",
    "TMPDIR": "/tmp",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": f"{HOME}/.matplotlib",
    "IPYTHONDIR": f"{HOME}/.ipython",
    "OMP_NUM_THREADS": "1",
}


def _python() -> str:
    return sys.executable


def python_folders() -> list[str]:
    """List the folders that hold this Python, its packages and this package.

    Example:
        >>> sys.prefix in python_folders()
        True
    """
    prefixes = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    return [*sorted(prefixes), str(_PACKAGE)]


def data_folders(environment: Mapping[str, str]) -> list[Path]:
    """List the folders with data sets that an environment names and that are there, by their full paths.

    Example:
        >>> data_folders({"CNNCOURSE_DATA": os.pathsep.join(["/", "/no/such/folder"])})
        [PosixPath('/')]
    """
    named = environment.get("CNNCOURSE_DATA", "").split(os.pathsep)
    folders = [Path(name).expanduser().resolve() for name in named if name]
    return [folder for folder in folders if folder.is_dir()]


def data_variable(folders: Iterable[Path]) -> dict[str, str]:
    """Return the variable that names folders with data sets; without any, it is left out.

    Example:
        >>> data_variable([Path("/data")]), data_variable([])
        ({'CNNCOURSE_DATA': '/data'}, {})
    """
    named = os.pathsep.join(map(str, folders))
    return {"CNNCOURSE_DATA": named} if named else {}


def _system() -> Iterator[str]:
    """Mount what a Python program needs of the machine, and nothing of what people keep there."""
    for path in dict.fromkeys(["/usr", *python_folders(), "/etc/ld.so.cache", "/etc/fonts"]):
        yield from ("--ro-bind-try", path, path)
    for link in ("/lib", "/lib64", "/bin", "/sbin"):
        if os.path.islink(link):
            yield from ("--symlink", os.readlink(link), link)
        else:
            yield from ("--ro-bind-try", link, link)


def _support(work: Path | None) -> Iterator[tuple[str, str]]:
    """Pair the files of the work folder with their places inside: pictures and tables, never a notebook."""
    for count, path in enumerate(beside_notebook(work) if work else (), 1):
        if count > MAX_FILES:
            raise SandboxError(
                f"expected at most {MAX_FILES} files in the work folder {work}, found more: "
                "give the notebook a folder of its own"
            )
        yield str(path), f"{WORK}/{path.relative_to(work or '')}"
