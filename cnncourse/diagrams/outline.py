"""Reduce the trace of a net to what a picture needs: a chain of layers and blocks, and the branches in each.

Normalisation, activations and dropout are left out; what splits and meets again becomes ``Parallel``.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from re import sub

from torch import nn

from cnncourse.diagrams.diagram import START, Bar, Block, Item, Parallel, Series, weave
from cnncourse.diagrams.recorder import Op
from cnncourse.diagrams.trace import trace

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_JOINS = {"add": "add", "cat": "cat", "mul": "mul", "concat": "cat"}


@dataclass(frozen=True)
class Step:
    """One line of a drawing.

    Attributes:
        item: what stands there.
        times: how often in a row.
    """

    item: Bar | Block
    times: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        """The output of the (last) item, without the batch."""
        return self.item.shape


def outline(model: nn.Module, input_size: tuple[int, int, int] | None = None) -> list[Step]:
    """List the steps of a net, repetitions counted.

    Args:
        model: the net; it is left as it was.
        input_size: (channels, height, width); None: the net's own.

    Returns:
        The steps from the image to the logits.

    Example:
        >>> from cnncourse import backbones
        >>> for step in outline(backbones.create("lenet5"))[:3]:
        ...     print(step.times, step.item.text, step.shape)
        1 conv 5×5 (6, 28, 28)
        1 max 2×2 / 2 (6, 14, 14)
        1 conv 5×5 (16, 10, 10)

    Introduced in chapter 11.
    """
    ops = trace(model, input_size)
    graph = _Graph(model, ops)
    items = graph.series("", range(len(ops))) or graph.opaque(range(len(ops)))
    steps: list[Step] = []
    for item in map(_alone, items):
        if steps and _same(steps[-1].item, item):
            steps[-1] = Step(item, steps[-1].times + 1)
        else:
            steps.append(Step(item))
    return steps


def _alone(item: Item) -> Bar | Block:
    """Say "conv" where a convolution has a line for itself; its channels stand in the shape beside it."""
    if isinstance(item, Parallel):
        return Block("side by side", (item,), item.shape)
    if isinstance(item, Bar) and item.kind in ("conv", "linear"):
        head = "linear" if item.kind == "linear" else f"conv {item.text.rsplit(', ', 1)[0]}"
        return Bar(head, item.kind, item.shape)
    return item


def _same(one: Item, other: Item) -> bool:
    """Tell whether two items look the same; a dense layer may have more channels out than the one before."""
    if isinstance(one, Block) and isinstance(other, Block):
        return (one.name, one.items, one.shape[1:]) == (other.name, other.items, other.shape[1:])
    return one == other


def words(name: str) -> str:
    """Write a class name as words.

    Example:
        >>> words("InvertedResidual"), words("SE"), words("InceptionV4A"), words("RiRUnit")
        ('inverted residual', 'SE', 'inception v4 A', 'RiR unit')
    """
    parts = sub(
        r"(?<=[a-z0-9]{2})(?=[A-Z])|(?<=[0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name.strip("_")
    ).split()
    text = " ".join(part.lower() if part[1:] and part[1:].lower() == part[1:] else part for part in parts)
    return text.replace("pre act", "pre-act")


class _Graph:
    """The operations of a net, and the modules that they belong to."""

    def __init__(self, model: nn.Module, ops: Sequence[Op]) -> None:
        self.ops = ops
        self.modules = dict(model.named_modules())
        self.users: dict[int, set[int]] = {}
        for index, op in enumerate(ops):
            for source in op.inputs:
                self.users.setdefault(source, set()).add(index)

    def series(self, prefix: str, members: Sequence[int]) -> Series | None:
        """Return what the operations of one module do; None when it is not a tangle-free diagram."""
        inside = set(members)
        outputs = [i for i in members if self.users.get(i, set()) - inside or i == len(self.ops) - 1]
        inputs = {i for index in members for i in self.ops[index].inputs if i not in inside}
        if len(outputs) != 1 or len(inputs) > 1:
            return None
        units: dict[int, list[int]] = {}  # first operation of a unit → all of them
        unit_of: dict[int, int] = {}
        before, head = "", 0
        for index in members:  # the operations of one call stand in a row
            unit = self._unit(prefix, self.ops[index].name)
            head = head if unit and unit == before else index
            units.setdefault(head, []).append(index)
            unit_of[index], before = head, unit
        return self._weave(prefix, units, unit_of, outputs[0])

    def _unit(self, prefix: str, name: str) -> str:
        """Return the module below ``prefix`` that a name belongs to, containers skipped; "" for none."""
        start = f"{prefix}." if prefix else ""
        if name == prefix or not name.startswith(start):
            return ""
        path = prefix
        for part in name[len(start) :].split("."):
            path = f"{path}.{part}" if path else part
            if type(self.modules[path]) not in _CONTAINERS:
                return path
        return ""

    def _weave(
        self, prefix: str, units: dict[int, list[int]], unit_of: dict[int, int], output: int
    ) -> Series | None:
        """Draw the edges between the units, leave out those that show nothing, and walk through the rest."""
        shown: dict[int, Series | str] = {}  # what a unit shows: items, or the kind of a join
        stands_for: dict[int, int] = {}
        edges: dict[int, list[int]] = {}
        for head, group in units.items():
            sources = [unit_of.get(i, START) for index in group for i in self.ops[index].inputs]
            feeds = list(dict.fromkeys(stands_for.get(s, s) for s in sources if s != head))
            what = self._show(self._unit(prefix, self.ops[head].name), group, len(feeds))
            if what or len(feeds) != 1:
                shown[head] = what
                for source in feeds:
                    edges.setdefault(source, []).append(head)
            else:
                stands_for[head] = feeds[0]
        last = unit_of[output]
        shapes = {head: self.ops[group[-1]].shape for head, group in units.items()}
        return weave(edges, shown, shapes, stands_for.get(last, last))

    def _show(self, unit: str, group: list[int], feeds: int) -> Series | str:
        op = self.ops[group[0]]
        module = self.modules.get(unit)
        if module is not None and unit and list(module.children()):
            return self._block(unit, group)
        if op.kind in _JOINS and feeds > 1:
            return _JOINS[op.kind]
        if (unit and op.name != unit) or len(group) > 1:
            return self._block(unit, group)
        bar = self.bar(op)
        return (bar,) if bar else (() if feeds == 1 else (Bar(op.kind, "other", op.shape),))

    def _block(self, unit: str, group: list[int]) -> Series:
        """Return a module's own chain, or a block where it branches."""
        items = self.series(unit, group)
        name, shape = words(type(self.modules[unit]).__name__), self.ops[group[-1]].shape
        if items is None:
            return (Block(name, self.opaque(group), shape, tangled=True),)
        if not items:
            return self._hidden(name, group)
        if len(items) == 1 and isinstance(items[0], Bar):
            return items
        return (Block(name, _flat(items), shape),)

    def _hidden(self, name: str, group: list[int]) -> Series:
        """Return a bar for a module without layers that does more than bend values one by one (LRN, RBF)."""
        first, last = self.ops[group[0]], self.ops[group[-1]]
        source = first.inputs[0]
        before = self.ops[source].shape if source >= 0 else last.shape
        branches = any(len(set(self.ops[index].inputs)) > 1 for index in group)
        known = _numel(before) == _numel(last.shape) and not branches
        return () if known else (Bar(name, "other", last.shape),)

    def opaque(self, members: Sequence[int]) -> Series:
        """Return the layers of a tangle, counted."""
        bars = [bar for index in members if (bar := self.bar(self.ops[index]))]
        counts = Counter((bar.text, bar.kind) for bar in bars)
        last = {(bar.text, bar.kind): bar for bar in bars}
        return tuple(
            Bar(f"{count} × {key[0]}" if count > 1 else key[0], key[1], last[key].shape)
            for key, count in counts.items()
        )

    def bar(self, op: Op) -> Bar | None:
        """Return the bar of a layer; None for what is not drawn."""
        if op.kind == "conv":
            window, _, groups = op.detail.partition(", ")
            if groups == f"{op.shape[0]} groups":
                window = f"{window} depthwise"
            elif groups:
                window = f"{window}, {groups}"
            return Bar(f"{window}, {op.shape[0]}", "conv", op.shape)
        if op.kind == "linear":
            return Bar(f"linear, {op.shape[-1]}", "linear", op.shape)
        if op.kind == "pool" and op.detail:
            highest = "Max" in type(self.modules[op.name]).__name__ or op.detail.startswith("max ")
            kind, detail = "max" if highest else "mean", op.detail.removeprefix("max ")
            text = f"global {kind}" if detail == "global" else f"{kind} {detail}"
            return Bar(text.replace("adaptive", f"to {op.shape[-1]}×{op.shape[-1]}"), "pool", op.shape)
        if op.kind in ("transpose", "permute") and len(op.shape) == 4:
            return Bar("shuffle", "other", op.shape)
        if op.kind in ("chunk", "split"):
            return Bar("split channels", "other", op.shape)
        if op.kind in ("interpolate", "upsample"):
            return Bar("enlarge", "other", op.shape)
        return None


def _numel(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _flat(items: Series) -> Series:
    """Open nested blocks that stack their branches; a nested residual block or gate becomes one bar."""
    found: list[Item] = []
    for item in items:
        if isinstance(item, Block):
            cats = all(part.join == "cat" for part in item.items if isinstance(part, Parallel))
            closed = item.tangled or not cats
            found.extend((Bar(item.name, "other", item.shape),) if closed else _flat(item.items))
        elif isinstance(item, Parallel):
            found.append(Parallel(tuple(map(_flat, item.branches)), item.join, item.shape))
        else:
            found.append(item)
    return tuple(found)
