import pytest

from cnncourse.check import hints as hints_module
from cnncourse.hints import parse

TOML = """
[turn]
levels = ["Which corner do you start from?", "Do not turn the kernel.", "Drop .flip(0, 1)."]
chapter = "02"
section = "Turning"
diagnosis = "The kernel is turned round."

[step]
levels = ["Count your steps."]
"""


@pytest.fixture
def hints(monkeypatch):
    """Two hints in place of the course's own."""
    known = parse(TOML, "test.toml")
    for module in ("hints", "checks"):
        monkeypatch.setattr(f"cnncourse.check.{module}.all_hints", lambda: known)
    monkeypatch.setattr(hints_module, "_asked", hints_module.Counter())
    return known
