"""Banks of answers to an exercise: plausible mistakes, each with what it must lose, and other right ways.

A bank is read, never run: the source of each entry takes the place of the definition with the same name in
the solution notebook. It may use whatever names the notebook has at that point.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

Definition = TypeVar("Definition")
BANKS = Path(__file__).parent / "banks"


def wrong(name: str, *, fails: set[str], hint: str) -> Callable[[Definition], Definition]:
    """Mark a mistake: its name, the exact set of test cells that fail, the hint one of them must show."""
    return lambda definition: definition


def right(name: str) -> Callable[[Definition], Definition]:
    """Mark another right answer, which must get full marks."""
    return lambda definition: definition


@dataclass
class Entry:
    """One answer of a bank. ``sources`` holds the new definitions by name."""

    name: str
    fails: frozenset[str] = frozenset()
    hint: str = ""
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        return not self.fails

    def __str__(self) -> str:
        return self.name


def read_bank(path: Path) -> list[Entry]:
    """Read the entries of a bank. Definitions marked with the same name belong to one entry.

    Raises:
        ValueError: an entry is not written as the agreement says.
    """
    text = path.read_text(encoding="utf-8")
    entries: dict[str, Entry] = {}
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        mark = next((d for d in node.decorator_list if _marker(d)), None)
        if mark is None:
            raise ValueError(
                f"{path.name}, line {node.lineno}: {node.name} is marked neither right nor wrong"
            )
        new = _entry(mark, f"{path.name}, line {mark.lineno}")
        known = entries.setdefault(new.name, new)
        if (known.fails, known.hint) != (new.fails, new.hint) or node.name in known.sources:
            raise ValueError(
                f"{path.name}, line {node.lineno}: two different entries are called {new.name!r}"
            )
        known.sources[node.name] = _source(text, node, mark)
    return list(entries.values())


def _marker(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") in ("right", "wrong")


def _entry(mark: ast.Call, where: str) -> Entry:
    try:
        (name,) = (ast.literal_eval(argument) for argument in mark.args)
        options = {keyword.arg: ast.literal_eval(keyword.value) for keyword in mark.keywords}
    except ValueError:
        raise ValueError(f"{where}: write the name, fails and hint as plain literals") from None
    is_right = mark.func.id == "right"
    if set(options) != (set() if is_right else {"fails", "hint"}) or (not is_right and not options["fails"]):
        raise ValueError(f"{where}: expected @right(name) or @wrong(name, fails={{…}}, hint=…)")
    return Entry(name, frozenset(options.get("fails", ())), options.get("hint", ""))


def _source(text: str, node: ast.FunctionDef | ast.ClassDef, mark: ast.Call) -> str:
    others = [d.lineno for d in node.decorator_list if d is not mark]
    first = min([node.lineno, *others])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def replace_definition(source: str, name: str, new: str) -> str | None:
    """Put another definition in the place of the top-level function or class ``name``; None without one."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a cell with magics defines nothing
        return None
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            lines = source.splitlines()
            return "\n".join([*lines[: first - 1], *new.splitlines(), *lines[node.end_lineno :]])
    return None


def handed_in_together(entries: list[Entry]) -> list[list[Entry]]:
    """Put answers to different tasks into one submission, where no cell hears of two: a third of the time."""
    submissions: list[list[Entry]] = []
    for entry in entries:
        for others in submissions:
            if not any(entry.sources.keys() & o.sources.keys() or entry.fails & o.fails for o in others):
                others.append(entry)
                break
        else:
            submissions.append([entry])
    return submissions


def as_one(entries: list[Entry]) -> Entry:
    return Entry(
        "+".join(map(str, entries)),
        fails=frozenset().union(*(entry.fails for entry in entries)),
        sources={name: text for entry in entries for name, text in entry.sources.items()},
    )
