"""A table of a net: what each layer gives, its parameters, its multiplications and how far it sees."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from torch import nn

from cnncourse.diagrams.recorder import Op
from cnncourse.diagrams.trace import input_shape, trace
from cnncourse.diagrams.windows import UNKNOWN

_HEAD = ("layer", "what", "output", "parameters", "MACs", "sees")


@dataclass(frozen=True)
class Row:
    """One line of a summary.

    Attributes:
        name: the layer, as in ``named_modules()``.
        what: kind and window, such as "conv 3×3 / 2".
        shape: of the output, without the batch.
        params: trained parameters.
        macs: multiply-and-add operations for one image.
        field: receptive field, (height, width) in pixels; None: the whole image; UNKNOWN, shown as a question
            mark: shapes alone do not tell.
        uncounted: functions that multiply by weights and that nobody can count; the MACs lack them.
    """

    name: str
    what: str
    shape: tuple[int, ...]
    params: int
    macs: int
    field: tuple[int, int] | None
    uncounted: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text."""
        sees = "all" if self.field is None else "×".join(map(str, self.field))
        sees = "?" if self.field == UNKNOWN else sees
        return (
            self.name,
            self.what,
            "×".join(map(str, self.shape)),
            f"{self.params:,}",
            f"{self.macs:,}" + (" + ?" if self.uncounted else ""),
            sees,
        )


@dataclass(frozen=True)
class Summary:
    """The rows of a net, with totals; prints as a table, in a notebook as an HTML table.

    Attributes:
        name: of the net.
        input_size: (channels, height, width).
        rows: one a layer, or one a group of layers.
        params: parameters of the whole net.
        macs: multiply-and-add operations for one image.
    """

    name: str
    input_size: tuple[int, int, int]
    rows: tuple[Row, ...]
    params: int
    macs: int

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def missing(self) -> str:
        """Say what the MACs lack; an empty text where everything was counted."""
        names = [name for row in self.rows for name in row.uncounted]
        told = (f"{name} × {names.count(name)}" if names.count(name) > 1 else name for name in {*names})
        return f"MACs do not include: {', '.join(sorted(told))}" if names else ""

    def _lines(self) -> list[tuple[str, ...]]:
        total = ("total", "", "", f"{self.params:,}", f"{self.macs:,}", "")
        return [_HEAD, *(row.cells for row in self.rows), total]

    def __str__(self) -> str:
        lines = self._lines()
        widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
        left = {0, 1}
        text = [
            "  ".join(
                cell.ljust(width) if column in left else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        title = f"{self.name} on {'×'.join(map(str, self.input_size))}"
        return "\n".join([title, *text, *([self.missing] if self.missing else [])])

    def _repr_html_(self) -> str:
        head, *body = self._lines()
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in body)
        columns = "".join(f'<th scope="col">{cell}</th>' for cell in head)
        caption = f"{escape(self.name)} on {'×'.join(map(str, self.input_size))}"
        caption += f". {escape(self.missing)}" if self.missing else ""
        table = f"<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody>"
        return f"<table><caption>{caption}</caption>{table}</table>"


def summary(
    model: nn.Module, input_size: tuple[int, int, int] | None = None, *, depth: int | None = None
) -> Summary:
    """Tabulate a net: shapes, parameters, MACs, receptive fields.

    One MAC is one multiplication with its addition; biases, normalisation, activations and pooling are not
    counted, as is the custom. Convolutions of all kinds, matrix products and attention are counted by torch's
    own ``FlopCounterMode``; the last line names what multiplies by weights in other ways. The net is followed
    in eval mode on tensors without values, so even VGG takes no time.

    Args:
        model: the net; any module that takes images.
        input_size: (channels, height, width); None: the net's own form.
        depth: None: a row for every convolution, pooling, normalisation, full layer and whatever else has
            parameters or multiplies. A number: layers
            whose names agree in so many parts are one row ("layer1" at depth 1, "layer1.0" at depth 2).

    Returns:
        A ``Summary``; iterate over it for the rows as data.

    Example:
        >>> from cnncourse import backbones
        >>> print(summary(backbones.create("lenet5")))
        lenet5 on 1×32×32
        layer  what            output  parameters     MACs   sees
        conv1  conv 5×5       6×28×28         156  117,600    5×5
        pool1  pool 2×2 / 2   6×14×14           0        0    6×6
        conv2  conv 5×5      16×10×10       2,416  240,000  14×14
        pool2  pool 2×2 / 2    16×5×5           0        0  16×16
        fc1    linear             120      48,120   48,000    all
        fc2    linear              84      10,164   10,080    all
        fc3    linear              10         850      840    all
        total                              61,706  416,520

    Introduced in chapter 10.
    """
    groups: dict[str, list[Op]] = {}
    for op in trace(model, input_size):
        key = op.name if depth is None else ".".join(op.name.split(".")[:depth])
        groups.setdefault(key, []).append(op)
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    params = dict.fromkeys(groups, 0)
    for name, size in sizes.items():  # each parameter belongs to the innermost module that has a row
        owner = name
        while owner and (owner := owner.rpartition(".")[0]) not in groups:
            pass
        if owner in params:
            params[owner] += size
    rows = [_row(key, group, params[key]) for key, group in groups.items() if _tells(key, group, params[key])]
    name = str(getattr(model, "name", type(model).__name__))
    shape, macs = input_shape(model, input_size), sum(row.macs for row in rows)
    return Summary(name, shape, tuple(rows), sum(sizes.values()), macs)


def _tells(key: str, group: list[Op], params: int) -> bool:
    """Tell whether a group is worth a row; the net's own forward is so only where it multiplies."""
    layers = bool(key) and any(op.kind in ("conv", "pool", "norm", "linear") for op in group)
    return layers or params > 0 or any(op.macs or op.uncounted for op in group)


def _row(name: str, group: list[Op], params: int) -> Row:
    """Merge the operations of a group into one row."""
    last = group[-1]
    if len(group) == 1:
        what = f"{last.kind} {last.detail}".strip()
    else:
        kinds = [op.kind for op in group if op.kind in ("conv", "linear", "pool") or op.macs]
        what = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    uncounted = tuple(op.uncounted for op in group if op.uncounted)
    return Row(name or "(net)", what, last.shape, params, sum(op.macs for op in group), last.field, uncounted)
