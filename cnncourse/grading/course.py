"""A class's folder as nbgrader's configuration describes it: where things lie, and which gradebook."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cnncourse.errors import DataError, MissingDependencyError

CONFIGURATION = "nbgrader_config.py"
_NAMES = r".*/(?P<student_id>[^/]+?)[_/](?P<file_id>\d\d_\w+?)\.ipynb$"
# What nbgrader_config.py held at first. It takes name_1 and name_2 for one student: read it as _NAMES.
_MERGES_PEOPLE = (
    r".*/(?P<student_id>[^/]+?)(?:_\d+_assignsubmission_file_?)?(?:_LATE|_late)?(?:_\d+)*"
    r"[_/](?P<file_id>\d\d_\w+?)(?:-\d+| ?\(\d+\))?\.ipynb$"
)


@dataclass(frozen=True)
class Course:
    """nbgrader's configuration, read once.

    Attributes:
        root: the folder that ``nbgrader_config.py`` lies in.
        config: what it says.
        directory: nbgrader's own reading of it.
    """

    root: Path
    config: Any
    directory: Any

    @classmethod
    def open(cls, root: Path, db: str | None = None) -> Self:
        """Read the configuration of a class.

        Args:
            root: the folder of the class.
            db: the gradebook's address, instead of the one in the configuration; as SQLAlchemy writes it.

        Raises:
            DataError: there is no ``nbgrader_config.py``.
            MissingDependencyError: nbgrader is not installed.

        Example:
            >>> Course.open(Path("/nowhere"))  # doctest: +ELLIPSIS
            Traceback (most recent call last):
                ...
            cnncourse.errors.DataError: expected nbgrader_config.py in /nowhere: ...
        """
        root = root.resolve()
        if not (root / CONFIGURATION).is_file():
            raise DataError(f"expected {CONFIGURATION} in {root}: run this from the course's folder")
        try:
            from nbgrader.coursedir import CourseDirectory
            from traitlets.config.loader import PyFileConfigLoader
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                f"grading a class needs {error.name}: pip install 'cnncourse[grade]'"
            ) from None
        config = PyFileConfigLoader(CONFIGURATION, path=str(root)).load_config()
        if "root" not in config.CourseDirectory:
            config.CourseDirectory.root = str(
                root
            )  # else nbgrader takes the folder that one happens to be in
        if db:
            config.CourseDirectory.db_url = db
        return cls(root, config, CourseDirectory(config=config))

    @property
    def db_url(self) -> str:
        """The gradebook's address."""
        return str(self.directory.db_url)

    @property
    def course_id(self) -> str:
        """The name of the course in the gradebook."""
        return str(self.directory.course_id)

    @property
    def submitted(self) -> Path:
        """The folder of all submissions."""
        return self.root / str(self.directory.submitted_directory)

    @property
    def grading(self) -> Path:
        """The folder for all that belongs to the class."""
        return self.submitted.parent

    @property
    def names(self) -> re.Pattern[str]:
        """How files are called that students hand in."""
        pattern = self.config.FileNameCollectorPlugin.get("named_regexp", _NAMES)
        return re.compile(_NAMES if pattern == _MERGES_PEOPLE else pattern)

    @property
    def release(self) -> str:
        """What the folder of the students' versions is called, as it is in clones of the course."""
        return Path(str(self.directory.release_directory)).name

    @property
    def identities(self) -> Path:
        """The list of who was who in earlier imports."""
        return self.grading / "identities.jsonl"

    def source(self, assignment: str) -> Path:
        """The folder of the instructor's version.

        Raises:
            DataError: there is none; the message lists those that there are.
        """
        folder = self._folder(self.directory.source_directory, ".", assignment)
        if not folder.is_dir() or not assignment or "/" in assignment:
            known = (
                ", ".join(sorted({path.parent.name for path in folder.parent.glob("*/*.ipynb")})) or "none"
            )
            raise DataError(f"expected an assignment ({known}), got {assignment!r}")
        return folder

    def autograded(self, student: str, assignment: str) -> Path:
        """The folder of a graded submission, which formgrader shows."""
        return self._folder(self.directory.autograded_directory, student, assignment)

    def feedback(self, student: str, assignment: str) -> Path:
        """The folder of a student's feedback."""
        return self._folder(self.directory.feedback_directory, student, assignment)

    def _folder(self, step: str, student: str, assignment: str) -> Path:
        return Path(self.directory.format_path(step, student, assignment))
