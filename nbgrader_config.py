"""nbgrader on this repository's folders. Its commands and formgrader work from the root, without arguments.

Settings close the holes that settings can close. They do not make it safe to run strangers' code: a student's
notebook runs as you, so grade on a machine, or in a container, that holds nothing dear.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from nbgrader.converters import GenerateAssignment

from cnncourse.authoring.released import with_normalise

ROOT = Path(__file__).resolve().parent

c = get_config()  # noqa: F821 - traitlets provides it

# nbgrader calls alembic by its name: let it find the one beside this Python, also when no venv is activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])

# The folders. What belongs to a class (submissions, grades) stays in grading/, which git ignores.
(ROOT / "grading").mkdir(exist_ok=True)  # SQLite creates a file, but not the folder it lies in
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.course_id = "cnn-course"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "grading/submitted"
c.CourseDirectory.autograded_directory = "grading/autograded"
c.CourseDirectory.feedback_directory = "grading/feedback"
c.CourseDirectory.solution_directory = "grading/solution"
c.CourseDirectory.source_with_tests_directory = "grading/source_with_tests"
c.CourseDirectory.db_url = f"sqlite:///{ROOT / 'grading' / 'gradebook.db'}"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".pytest_cache", "feedback", ".*"]

# Archives of a learning platform go into grading/downloaded/NN_topic/archive. Names understood:
# ada_02_convolution.ipynb, ada/02_convolution.ipynb, Canvas' lovelaceada_LATE_12_345_02_convolution-1.ipynb,
# Moodle's Ada Lovelace_1234_assignsubmission_file_/02_convolution.ipynb. The pattern is for nbgrader's own
# commands; cnncourse grade knows more platforms by itself, and asks the pattern about the file's name only.
c.ZipCollectApp.downloaded_directory = "grading/downloaded"
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?P<student_id>[^/]+?)(?:_\d+_assignsubmission_file_?|(?:_LATE|_late)?_[1-9]\d*_[1-9]\d*)?"
    r"[_/](?P<file_id>\d\d_\w+?)(?:-\d+| ?\(\d+\))?\.ipynb$"
)

# exercises/ is kept in git and always made anew from solutions/, byte for byte the same on every machine.
c.GenerateAssignment.force = True
c.GenerateAssignment.preprocessors = with_normalise(GenerateAssignment().preprocessors)

# A test cell that the student deleted would not be counted at all: put it back, so that it runs and counts.
c.OverwriteCells.add_missing_cells = True

# A tag on a locked test cell, which a student may set, would skip the cell and give full marks.
c.Execute.skip_cells_with_tag = "nobody-sets-this-tag"

# A cell that runs longer is interrupted and fails; the next ones still run. Training needs more than 30 s.
c.Execute.timeout = 180
c.Execute.interrupt_on_timeout = True
# Importing torch on a busy machine can take longer than the 60 s that a kernel has to answer.
c.Execute.startup_timeout = 180
# A cell that prints for ever must not keep the grader waiting for the end of its output.
c.Execute.iopub_timeout = 10
c.Execute.raise_on_iopub_timeout = True
# Nothing in a notebook is worth keeping after its last cell: do not wait for the kernel to say goodbye.
c.Execute.shutdown_kernel = "immediate"
# Widgets' state and timings are of no use in graded notebooks, and the student fills them.
c.Execute.store_widget_state = False
c.Execute.record_timing = False

# Long output makes feedback pages that no browser opens.
c.LimitOutput.max_lines = 1000
c.LimitOutput.max_traceback = 100

# Kilobytes that a student may submit.
c.CourseDirectory.max_file_size = 10_000
c.CourseDirectory.max_dir_size = 20_000

# Kernels of graders that run side by side have collided on a TCP port: use sockets in a private folder.
if os.name == "posix":
    sockets = tempfile.mkdtemp(prefix="grading-")
    atexit.register(shutil.rmtree, sockets, ignore_errors=True)
    c.KernelManager.transport = "ipc"
    c.KernelManager.ip = f"{sockets}/kernel"
