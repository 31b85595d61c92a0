"""Chains and branches: the parts of a net's picture, and how a graph of operations is turned into them."""

from dataclasses import dataclass, field

MOST_BRANCHES = 6  # more of them side by side would not be legible
START, _END = -1, 1 << 30


@dataclass(frozen=True)
class Bar:
    """One layer.

    Attributes:
        text: such as "3×3 / 2, 64": the window, the stride if it is not 1, the channels out.
        kind: "conv", "pool", "linear" or "other".
        shape: of the output, without the batch.
    """

    text: str
    kind: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Parallel:
    """Branches that start from the same maps; an empty one is a shortcut.

    Attributes:
        branches: what stands in each.
        join: "add", "cat" (stacked along the channels), "mul", or "" when the next item takes them
            as they are.
        shape: of what leaves the join.
    """

    branches: tuple["Series", ...]
    join: str
    shape: tuple[int, ...] = field(compare=False)


@dataclass(frozen=True)
class Block:
    """A module with branches inside.

    Attributes:
        name: its class, in words.
        items: what stands in it.
        shape: of the output, without the batch.
        tangled: its branches cannot be drawn side by side; ``items`` is a count of its layers.
    """

    name: str
    items: "Series"
    shape: tuple[int, ...]
    tangled: bool = False


Item = Bar | Parallel | Block
Series = tuple[Item, ...]


def weave(
    edges: dict[int, list[int]],
    shown: dict[int, Series | str],
    shapes: dict[int, tuple[int, ...]],
    last: int,
) -> Series | None:
    """Turn a graph with one start and one end into chains and branches.

    Args:
        edges: node → the nodes that it feeds; START is the input. Numbers grow along the edges.
        shown: node → the items that it shows, or the kind of a join ("add", "cat", "mul").
        shapes: node → shape of its output.
        last: the node whose output leaves the graph.

    Returns:
        The items in order; None when branches are tangled, or too many to draw.

    Example:
        >>> conv = Bar("3×3, 8", "conv", (8, 4, 4))
        >>> weave({-1: [0, 1], 0: [1]}, {0: (conv,), 1: "add"}, {1: (8, 4, 4)}, last=1) == (
        ...     Parallel(branches=((conv,), ()), join="add", shape=(8, 4, 4)),
        ... )
        True

    Source: every node's nearest post-dominator is where its branches meet; Valdes, Tarjan & Lawler, The
    Recognition of Series Parallel Digraphs (1982), has the theory. Introduced in chapter 11.
    """
    edges = {**edges, last: [*edges.get(last, []), _END]}
    return _Walk(edges, shown, shapes).all()


class _Walk:
    """Turn a graph with one start and one end into chains and branches."""

    def __init__(
        self,
        edges: dict[int, list[int]],
        shown: dict[int, Series | str],
        shapes: dict[int, tuple[int, ...]],
    ) -> None:
        self.edges, self.shown, self.shapes = edges, shown, shapes
        self.seen: list[int] = []
        self.after: dict[int, set[int]] = {_END: {_END}}  # nodes on every way to the end
        for node in sorted({START, *shown}, reverse=True):
            ways = [self.after[target] for target in edges.get(node, []) if target in self.after]
            if ways:
                self.after[node] = set.intersection(*ways) | {node}

    def all(self) -> Series | None:
        """Return the whole; None when branches are tangled, or too many to draw."""
        items = self._chain(START, _END)
        live = [node for node in self.shown if node in self.after]
        wide = any(isinstance(item, Parallel) and len(item.branches) > MOST_BRANCHES for item in items)
        return None if wide or sorted(self.seen) != sorted(live) else items

    def _chain(self, node: int, stop: int) -> Series:
        items: list[Item] = []
        while node != stop:
            targets = [t for t in dict.fromkeys(self.edges.get(node, [])) if t in self.after]
            meet = min(self.after[node] - {node})
            if len(targets) > 1:
                branches = tuple(self._branch(target, meet) for target in targets)
                join = self.shown.get(meet, "") if meet != stop else ""
                joined = join if isinstance(join, str) else ""
                items.append(Parallel(branches, joined, self.shapes.get(meet, ())))
            if meet != stop:
                self.seen.append(meet)
                what = self.shown[meet]
                items.extend(() if isinstance(what, str) else what)
            node = meet
        return tuple(items)

    def _branch(self, target: int, meet: int) -> Series:
        if target == meet:
            return ()
        self.seen.append(target)
        what = self.shown[target]
        return (() if isinstance(what, str) else what) + self._chain(target, meet)
