"""Say for each set which source ``load`` would use, without loading it and without touching the network."""

from dataclasses import dataclass
from typing import Literal

from cnncourse.data.imageset import Kind
from cnncourse.data.registry import REGISTRY, Entry
from cnncourse.data.samples import sample_source
from cnncourse.data.sources import local_sources
from cnncourse.errors import DataError


@dataclass(frozen=True)
class Found:
    """What ``load`` would use for a set if there were no network.

    Args:
        name: the set, as in ``load``.
        kind: all of it, a sample, drawn by the course, or ``"absent"``: another set would take its place.
        text: the same for people, without the name.
    """

    name: str
    kind: Kind | Literal["absent"]
    text: str


def found() -> list[Found]:
    """Look for every set on this machine.

    Returns:
        A line for each set, in the order of ``names()``. A wrong setting is told there too: nothing is
        raised.

    Example:
        >>> [line for line in found() if line.name == "shapes10"][0]
        Found(name='shapes10', kind='generated', text='drawn by the course, 10,000 train + 2,000 test images')
    """
    return [_look(entry) for entry in REGISTRY.values()]


def _look(entry: Entry) -> Found:
    counts = f"{entry.counts['train']:,} train + {entry.counts['test']:,} test images"
    if entry.format == "drawn":
        return Found(entry.name, "generated", f"drawn by the course, {counts}")
    try:
        source = next(local_sources(entry), None)
    except DataError as error:
        return Found(entry.name, "absent", str(error))
    if source:
        return Found(entry.name, source.kind, f"{source.variant}, {counts}, {source.where}")
    sample = sample_source(entry)
    if sample:
        return Found(entry.name, "sample", f"not on this machine, only the {sample.variant} in the package")
    return Found(entry.name, "absent", "not on this machine, shapes10 takes its place")
