"""The package's layers: imports go down only, and never in a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = """
console errors stand_in
files limits
geometry hints runtime
conv norm optim augment plots
notebook explorers backbones
data diagrams
heads explain landscape train
check
grading
authoring
doctor
handin
cli
__main__
"""
"""Each part imports parts of the lines above it, and of its own line none. Whatever has to load lazily, such
as the commands that ``cli`` names, is imported by name and may stand anywhere."""

HEIGHT = {part: height for height, line in enumerate(LAYERS.strip().splitlines()) for part in line.split()}


def imports(file, modules):
    """Name the modules of the package that a file imports, those inside functions too."""
    tree = ast.parse(file.read_text())
    for_types = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) == "TYPE_CHECKING"
        for node in ast.walk(test)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from below & modules
            if node.module in modules and below - modules:
                yield node.module


def graph(root=ROOT, package="cnncourse"):
    """Map each module of a package to those it imports."""
    files = {}
    for file in sorted((root / package).rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return {module: set(imports(file, files.keys())) for module, file in files.items()}


def circle(edges):
    """Return the modules of a circle of imports, or none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def upwards(edges):
    """List the imports that do not go down."""
    found = []
    for module, others in edges.items():
        for other in others - {"cnncourse"}:
            mine, its = (name.split(".")[1] for name in (module, other))
            if mine != its and HEIGHT[its] >= HEIGHT[mine]:
                found.append(f"{module} imports {other}")
    return found


@pytest.fixture(scope="module")
def edges():
    return graph()


def test_every_part_has_its_layer(edges):
    assert {module.split(".")[1] for module in edges if module != "cnncourse"} <= set(HEIGHT)


def test_there_is_no_circle(edges):
    assert circle(edges) == []


def test_imports_go_down_only(edges):
    assert upwards(edges) == []


def test_nothing_imports_tools_or_tests():
    for file in (ROOT / "cnncourse").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & {"tools", "tests"}, file


def test_a_circle_and_a_step_up_are_found(tmp_path):
    """Inside functions too, but not where only types are checked."""
    sources = {
        "__init__": "",
        "geometry": "def f():\n    from cnncourse.conv.loops import g\n",
        "conv/__init__": "from cnncourse.conv.loops import g\n",
        "conv/loops": "if TYPE_CHECKING:\n    from cnncourse import train\nfrom cnncourse import geometry\n",
        "train": "from cnncourse.conv import g\n",
    }
    for name, source in sources.items():
        path = tmp_path / "cnncourse" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    edges = graph(tmp_path)
    assert edges["cnncourse.train"] == {"cnncourse.conv"}
    assert set(circle(edges)) == {"cnncourse.geometry", "cnncourse.conv.loops"}
    assert upwards(edges) == ["cnncourse.geometry imports cnncourse.conv.loops"]
