"""The slowest files come first, so that no worker is left with one of them at the end."""

import sys

import pytest

SLOWEST = ("test_road.py", "test_every_net.py", "test_same_verdicts.py", "test_banks.py", "test_pages.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return SLOWEST.index(item.path.name) if item.path.name in SLOWEST else len(SLOWEST)

    items.sort(key=place)


LINUX = (
    "grading/watchdog.py",
    "grading/test_watchdog.py",
    "grading/test_student.py",
    "grading/test_container.py",
)
"""Files whose tests look at processes as only Linux shows them; grading itself needs Linux."""


def pytest_collection_modifyitems(items):
    if sys.platform != "linux":
        skip = pytest.mark.skip(reason="grading needs Linux: use a Linux machine, or a virtual one")
        for item in items:
            if any(file in item.nodeid for file in LINUX):
                item.add_marker(skip)
