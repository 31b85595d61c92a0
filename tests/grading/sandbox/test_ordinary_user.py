"""All of grading as an ordinary user, for tests that run as root: the sandbox works without any rights."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = """
import os
from dataclasses import replace
from nbformat.v4 import writes
from cnncourse.grading.job import Job
from cnncourse.grading.judge import client
from tests.grading.conftest import SMALL
from tests.grading.course import ASSIGNMENT, released

look = "import os\\nseen = [n for n in os.listdir('/proc') if n.isdecimal()]\\n"
answer = look + "def double(x): return 2 * x if seen == ['1'] else x"
right = writes(released(answer=answer)).encode()
report = client.grade_submission(Job(ASSIGNMENT, SMALL), right, student="ada")
forks = "import os, time\\nfor _ in range(30):\\n  if not os.fork(): time.sleep(60)\\ntime.sleep(60)"
patient, many = replace(SMALL, cell_seconds=20), writes(released(answer=forks)).encode()
limited = client.grade_submission(Job(ASSIGNMENT, patient), many, student="bob")
print("more than 20 processes" in limited.to_json())
print(os.geteuid(), report.state, report.points, report)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv")
def test_an_ordinary_user_grades_and_a_student_sees_itself_alone(bwrap):
    python = Path(sys.base_prefix)
    home = Path.home()
    # Python may lie in root's home, which nobody else can enter: show that alone of it.
    shown = []
    if python.is_relative_to(home):
        between = [path for path in reversed(python.parents) if path.is_relative_to(home) and path != home]
        shown = [
            "--tmpfs",
            str(home),
            *(w for path in between for w in ("--perms", "755", "--dir", str(path))),
        ]
        shown += ["--ro-bind", str(python), str(python)]
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    words = [bwrap, "--dev-bind", "/", "/", *shown, "--cap-add", "ALL", "--", *nobody]
    environment = os.environ | {"HOME": "/tmp", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("CNNCOURSE_DATA", None)
    tried = [*words, sys.executable, "-c", "import tests.grading.course"]
    probe = subprocess.run(tried, cwd="/tmp", env=environment, capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(f"nobody cannot run this Python: {probe.stderr[-200:]!r}")
    done = subprocess.run(
        [*words, sys.executable, "-c", CODE],
        cwd="/tmp",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("True\n65534 graded 3.0 "), done.stdout + done.stderr[-2000:]
