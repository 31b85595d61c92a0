"""An instructor's folder is nbgrader_config.py and notebooks, nothing else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.exercises import sample

ROOT = Path(__file__).parents[2]
PROGRAM = "import sys, cnncourse.authoring.students as s; s.generate(s.Path('.'), s.Path(sys.argv[1]))"


def test_a_folder_of_ones_own_needs_the_package_alone(tmp_path):
    """As it was installed: the package can be imported, tools/ and tests/ cannot."""
    course, site = tmp_path / "course", tmp_path / "site"
    course.mkdir()
    site.mkdir()
    (site / "cnncourse").symlink_to(ROOT / "cnncourse")
    (site / "sitecustomize.py").write_text(
        f"import sys\nsys.path[:] = [p for p in sys.path if p != {str(ROOT)!r}]"
    )
    shutil.copy(ROOT / "nbgrader_config.py", course)
    sample.write(course)
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "exercises")],
        cwd=course,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    path = tmp_path / "exercises" / sample.STEM / f"{sample.STEM}.ipynb"
    assert "solutions/" in json.loads(path.read_text())["metadata"]["cnncourse"]["generated"]
