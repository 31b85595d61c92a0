"""The rooms of the grader: what a module may import, and that ``inside`` alone enters the sandbox."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GRADING = "cnncourse.grading"
FLOORS = (  # from the top: a module imports its own room, and the floors below
    ("command",),
    ("layout", "pipeline", "trial"),
    ("intake", "looks"),
    ("batch", "judge", "records"),
    ("collect",),
    ("repair", "sandbox"),
    ("job",),
    ("assignment", "course"),
    ("source",),
    ("cells", "files", "imports", "report"),
    ("inside",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in (ROOT / "cnncourse").rglob("*.py")
}


@cache
def imports(module: str) -> frozenset[str]:
    """The modules of this package that a module imports, wherever it does; not those of its packages."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    return frozenset(name for node in ast.walk(tree) for name in _imported(node) if name in MODULES)


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        assert not node.level, "imports name their module in full"
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name if name in MODULES else node.module for name in names)


def room(module: str) -> str:
    return module.removeprefix(f"{GRADING}.").partition(".")[0]


def reached(start: str) -> set[str]:
    """Everything that is imported for a module, by whatever it imports; packages come with their modules."""
    seen, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            parents = (name.rsplit(".", number)[0] for number in range(1, name.count(".") + 1))
            waiting += [*imports(name), *parents]
    return seen


GRADERS = sorted(name for name in MODULES if name.startswith(f"{GRADING}."))


@pytest.mark.parametrize("module", GRADERS)
def test_a_module_imports_its_room_and_the_floors_below(module):
    """A room that is not in the table fails here, too."""
    mine = room(module)
    floor = FLOOR[mine]
    theirs = {room(name) for name in imports(module) if name.startswith(f"{GRADING}.")} - {mine}
    assert {name for name in theirs if FLOOR[name] <= floor} == set()


@pytest.mark.parametrize("module", [name for name in GRADERS if room(name) == "inside"])
def test_nothing_of_the_grader_but_inside_enters_the_sandbox(module):
    found = {room(name) for name in reached(module) if name.startswith(f"{GRADING}.")}
    assert found == {"inside"}


def test_no_circle_in_a_room():
    done, circles = set(), []

    def walk(module, way):
        if module in way:
            circles.append([*way[way.index(module) :], module])
        elif module not in done:
            for name in sorted(imports(module)):
                walk(name, (*way, module))
            done.add(module)

    for module in GRADERS:
        walk(module, ())
    assert not [circle for circle in circles if circle[0].startswith(GRADING)]
