"""What the names of a test stand for, as far as it can be told without running it, and what shares memory."""

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass
class Thing:
    """What a name stands for. ``wholes`` are what it may be a part of, ``parts`` what it holds."""

    wholes: tuple["Thing", ...] = ()
    parts: tuple["Thing", ...] = ()
    items: tuple["Thing", ...] = ()  # what it may be unpacked into, as far as that is known
    star: int | None = None  # the one of them that stands for any number of items
    fixed: bool = False  # a number or a text
    items_fixed: bool = False
    cell: str = ""
    theirs: bool = False  # an object of the learner's
    lent: str = ""  # the call that had it
    part_lent: str = ""

    def had_by(self) -> str:
        """Name the call that had it, or something that shares memory with it."""
        return self.part_lent or self._lent_whole()

    def _lent_whole(self) -> str:
        return self.lent or next(filter(None, (whole._lent_whole() for whole in self.wholes)), "")

    def lend(self, call: str) -> None:
        """Hand it over, with all that it holds."""
        self.lent = call
        for part in self.parts:
            part.lend(call)
        for whole in self.wholes:
            whole._lend_part(call)

    def _lend_part(self, call: str) -> None:
        self.part_lent = call
        for whole in self.wholes:
            whole._lend_part(call)

    def unpacked(self, count: int) -> tuple["Thing", ...]:
        """List so many items; none if that is not known."""
        if self.star is not None and self.items:
            before, after = self.items[: self.star], self.items[self.star + 1 :]
            many = count - len(before) - len(after)
            return (*before, *[self.items[self.star]] * many, *after) if many >= 0 else ()
        return self.items if len(self.items) == count else ()

    def cells(self) -> set[str]:
        """Name the cells that it comes from."""
        return {self.cell}.union(*(whole.cells() for whole in self.wholes))


FIXED = Thing(fixed=True, items_fixed=True)


def join(things: Iterable[Thing]) -> Thing:
    """Say what holds for any of some things."""
    them = tuple(things)
    if them and all(thing.fixed for thing in them):
        return FIXED
    count = max((len(thing.items) for thing in them), default=0)
    rows = [thing.unpacked(count) for thing in them]
    fixed = bool(them) and all(thing.items_fixed for thing in them)
    made = Thing(tuple(thing for thing in them if not thing.fixed), items_fixed=fixed)
    if all(rows):
        return replace(made, items=tuple(map(join, zip(*rows, strict=True))))
    every = [item for thing in them for item in thing.items]
    return replace(made, items=(join(every),), star=0) if every else made


def item_of(whole: Thing) -> Thing:
    """Say what one item of a thing is."""
    if whole.fixed or whole.items_fixed:
        return FIXED
    one = join(whole.items)
    return one if one.fixed else replace(one, wholes=(whole,), cell=whole.cell)


def part_of(known: Thing, whole: Thing) -> Thing:
    """Say what one of several known items is."""
    return known if known.fixed else replace(known, wholes=(known, whole), lent="", part_lent="")


def sequence_of(item: Thing) -> Thing:
    """Make a list of any number of such items."""
    return Thing(parts=() if item.fixed else (item,), items=(item,), star=0, items_fixed=item.fixed)
