"""The slowest files come first, so that no worker is left with one of them at the end."""

import pytest

SLOWEST = ("test_road.py", "test_every_net.py", "test_same_verdicts.py", "test_banks.py", "test_pages.py")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return SLOWEST.index(item.path.name) if item.path.name in SLOWEST else len(SLOWEST)

    items.sort(key=place)
