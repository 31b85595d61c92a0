"""Print the table of kinds: where each is judged, and what nbgrader gives a right and a wrong answer."""

from tests.grading.kinds import kinds
from tests.grading.kinds.stock import points


def main() -> None:
    """Grade all kinds with nbgrader, and print a line for each."""
    found = points()
    for kind in kinds():
        right, wrong = found[kind.name]
        print(f"{kind.theme:<10} {kind.name:<44} {kind.trust:<7} nbgrader: {right:g} and {wrong:g}")
    apart = sum(kind.trust == "apart" for kind in kinds())
    judged = sum(right == 1 and wrong < 1 for right, wrong in found.values())
    print(f"{len(found)} kinds: {apart} apart, {len(found) - apart} beside; nbgrader judges {judged}")
    for kind in kinds():
        right, wrong = found[kind.name]
        assert kind.nbgrader == (right == 1 and wrong < 1), f"{kind.name}: the table says otherwise"


main()
