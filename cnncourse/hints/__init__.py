"""Hints in levels, from a nudge to nearly the answer: read from the TOML files in this folder."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from cnncourse.errors import CourseError


@dataclass(frozen=True)
class Hint:
    """Help with one mistake.

    Attributes:
        levels: what to say, gentlest first.
        chapter: the chapter that explains it, as in ``"02"``; may be empty.
        section: the heading in that chapter; may be empty.
        diagnosis: what to say when an answer shows exactly this mistake; the first level if empty.
    """

    levels: tuple[str, ...]
    chapter: str = ""
    section: str = ""
    diagnosis: str = ""

    @property
    def where(self) -> str:
        """The place to read on, as in ``chapter 03, "Steps"``; empty if none is known."""
        if not self.chapter:
            return ""
        return f"chapter {self.chapter}" + (f', "{self.section}"' if self.section else "")


def parse(text: str, file: str) -> dict[str, Hint]:
    r"""Read one TOML file of hints.

    Args:
        text: the file's contents.
        file: its name, for error messages.

    Raises:
        CourseError: a hint has no levels, or a field that does not exist.

    Example:
        >>> parse('[flip]\nlevels = ["Turn it round?"]', "02.toml")["flip"].levels
        ('Turn it round?',)
    """
    found = {}
    for key, entry in tomllib.loads(text).items():
        unknown = set(entry) - {"levels", "chapter", "section", "diagnosis"}
        if unknown or not entry.get("levels"):
            problem = f"unknown field {min(unknown)!r}" if unknown else "no levels"
            raise CourseError(
                f"{file}: hint [{key}] has {problem} — expected levels, chapter, section, diagnosis"
            )
        found[key] = Hint(**{**entry, "levels": tuple(entry["levels"])})
    return found


@cache
def all_hints() -> dict[str, Hint]:
    """Read every hint of the course.

    Raises:
        CourseError: two files use the same key.

    Example:
        >>> all(hint.levels for hint in all_hints().values())
        True
    """
    found: dict[str, Hint] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".toml"):
            continue
        for key, entry in parse(file.read_text(encoding="utf-8"), file.name).items():
            if key in found:
                raise CourseError(f"{file.name}: the hint [{key}] is already in another file — rename one")
            found[key] = entry
    return found
