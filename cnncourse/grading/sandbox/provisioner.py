"""A kernel provisioner that starts Jupyter kernels in the sandbox: for nbgrader, nbclient and nbval alike.

Chosen by an environment variable, with no change to the tool that starts the kernel::

    JUPYTER_DEFAULT_PROVISIONER_NAME=cnncourse-sandbox nbgrader autograde 02_convolution
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Integer

from cnncourse.errors import CourseError
from cnncourse.grading.inside.limits import Limits
from cnncourse.grading.sandbox import bubblewrap
from cnncourse.grading.sandbox.watchdog import Watchdog

NAME = "cnncourse-sandbox"
_DEFAULTS = Limits()
_PASSED_ON = ("NBGRADER_EXECUTION", "CNNCOURSE_SCALE", "CNNCOURSE_DEVICE", "OMP_NUM_THREADS")


class SandboxProvisioner(LocalProvisioner):
    """Starts a kernel inside bubblewrap, its sockets in a private folder, and kills it when it uses too much.

    Each limit can be set in a configuration file, as in ``c.SandboxProvisioner.memory = 2 * 2**30``.
    """

    cpu_seconds = Integer(_DEFAULTS.cpu_seconds, help="processor seconds of a kernel").tag(config=True)
    wall_seconds = Integer(_DEFAULTS.wall_seconds, help="seconds that a kernel may live").tag(config=True)
    memory = Integer(_DEFAULTS.memory, help="bytes of memory of a kernel").tag(config=True)
    processes = Integer(_DEFAULTS.processes, help="processes of a kernel").tag(config=True)
    file_size = Integer(_DEFAULTS.file_size, help="bytes of the largest file").tag(config=True)
    disk = Integer(_DEFAULTS.disk, help="bytes in /tmp and in the home folder").tag(config=True)
    output = Integer(_DEFAULTS.output, help="bytes of one message").tag(config=True)

    parent: Any
    process: Any
    run_folder: Path | None = None
    watchdog: Watchdog | None = None

    @property
    def limits(self) -> Limits:
        """The limits of this kernel."""
        set_here = (name for name in Limits.__dataclass_fields__ if self.has_trait(name))
        return Limits(**{name: getattr(self, name) for name in set_here})

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Lay out the run folder and put the sandbox before the kernel's command.

        Raises:
            SandboxError: there is no sandbox here.
        """
        bubblewrap.bubblewrap()
        manager = self.parent
        if self.run_folder is None:
            self.run_folder = Path(
                tempfile.mkdtemp(prefix="cnn-")
            )  # short: a socket's path has 107 characters
            manager.transport = "ipc"
            manager.ip = str(self.run_folder / "kernel")
            manager.connection_file = str(self.run_folder / "connection.json")
            manager.context.setsockopt(zmq.MAXMSGSIZE, self.output)
        # Bubblewrap would take a SIGINT for itself; the kernel understands a message.
        self.kernel_spec.interrupt_mode = "message"
        work = Path(kwargs.pop("cwd", None) or os.getcwd())
        kwargs = await super().pre_launch(**kwargs)
        outside = kwargs.get("env", os.environ)
        data = bubblewrap.data_folders(outside)
        # The kernel ends when its parent is not the one it is told: inside, that is bubblewrap, number 1.
        environment = {"JPY_PARENT_PID": "1"} | {k: outside[k] for k in _PASSED_ON if k in outside}
        environment |= bubblewrap.data_variable(data)
        try:
            kwargs["cmd"] = bubblewrap.command(
                [shutil.which(kwargs["cmd"][0]) or kwargs["cmd"][0], *kwargs["cmd"][1:]],
                run=self.run_folder,
                work=work,
                limits=self.limits,
                environment=environment,
                readable=data,
            )
        except CourseError:
            shutil.rmtree(self.run_folder, ignore_errors=True)
            raise
        kwargs["env"] = {"PATH": os.defpath}
        return kwargs

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the sandbox, and a watchdog beside it. What it writes past Jupyter goes nowhere."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        info = await super().launch_kernel(cmd, **(kwargs | quiet))
        self.watchdog = Watchdog(self.process.pid, self.limits, run=self.run_folder)
        self.watchdog.start()
        return info

    async def cleanup(self, restart: bool = False) -> None:
        """Stop the watchdog and, unless the kernel starts again, remove the run folder."""
        if self.watchdog:
            self.watchdog.stop()
        await super().cleanup(restart)
        if not restart and self.run_folder:
            shutil.rmtree(self.run_folder, ignore_errors=True)
            self.run_folder = None
