"""The slowest files come first, so that none is left for the end; what needs Linux is skipped elsewhere."""

import sys

import pytest

SLOWEST = ("test_pipeline.py", "test_every_net.py", "test_same_verdicts.py", "test_banks.py", "test_pages.py")
LINUX = ("watchdog.py", "test_watchdog.py", "test_student.py", "test_container.py")
"""Files of grading that look at processes as only Linux shows them; grading itself needs Linux."""


def pytest_addoption(parser: pytest.Parser) -> None:
    how = "how many draws of hidden inputs each answer to an exercise is judged on (tests/exercises)"
    parser.addoption("--seeds", type=int, default=1, help=how)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return SLOWEST.index(item.path.name) if item.path.name in SLOWEST else len(SLOWEST)

    items.sort(key=place)
    if sys.platform != "linux":
        skip = pytest.mark.skip(reason="grading needs Linux: use a Linux machine, or a virtual one")
        for item in items:
            if item.path.parent.name == "grading" and item.path.name in LINUX:
                item.add_marker(skip)
