"""Notebooks that went through anything: their JSON is changed here and there, then their bytes."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

KEYS = (
    *(
        "cells",
        "metadata",
        "nbformat",
        "nbformat_minor",
        "cell_type",
        "source",
        "outputs",
        "id",
        "attachments",
    ),
    *(
        "nbgrader",
        "grade_id",
        "solution",
        "grade",
        "locked",
        "points",
        "schema_version",
        "kernelspec",
        "tags",
    ),
)
TEXTS = (
    *("", "\0", "\ud800", "\u202e", "é" * 3, "\r\n", "\r", "%%bash\nrm", "!ls", "def f(:", "x = (" * 300),
    *(
        "### BEGIN SOLUTION",
        "### END HIDDEN TESTS",
        "double-value",
        "double-answer",
        "raw",
        "markdown",
        "code",
    ),
    *("# A sample", "return 2 * x", "a" * 70_000, "__proto__", "<script>", "{{ 7*7 }}", "$(id)", "../../x"),
)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 4, 5, 2**31, 2**63, 10**400, 1e308, float("nan"), float("inf"), -0.0]),
    st.integers(),
    st.floats(),
    st.sampled_from(TEXTS),
    st.text(max_size=30),
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Name every place in a tree: what holds it, and the key or number."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from places(node[key])


def delete(tree: Any, holder: Any, key: Any, value: Any) -> None:
    del holder[key]


def replace(tree: Any, holder: Any, key: Any, value: Any) -> None:
    holder[key] = value


def insert(tree: Any, holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, list):
        holder.insert(key, value)
    else:
        holder[KEYS[len(str(value)) % len(KEYS)]] = value


def double(tree: Any, holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder[f"{key} (1)"] = copy.deepcopy(holder[key])


def swap(tree: Any, holder: Any, key: Any, value: Any) -> None:
    other = next(iter(holder)) if isinstance(holder, dict) else 0
    holder[key], holder[other] = holder[other], holder[key]


def move(tree: Any, holder: Any, key: Any, value: Any) -> None:
    """Put a part of the tree somewhere else, also into the list of cells."""
    part = copy.deepcopy(holder[key])
    if isinstance(tree.get("cells"), list):
        tree["cells"].insert(len(str(value)) % (len(tree["cells"]) + 1), part)


def nest(tree: Any, holder: Any, key: Any, value: Any) -> None:
    for _ in range(60):
        holder[key] = [holder[key]]


OPERATIONS: list[Callable[[Any, Any, Any, Any], None]] = [delete, replace, insert, double, swap, move, nest]
changes = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(OPERATIONS), values), min_size=1, max_size=6
)


def changed(tree: Any, steps: list[tuple[int, Callable[..., None], Any]]) -> Any:
    """Apply changes, each at the place that its number falls on."""
    tree = copy.deepcopy(tree)
    for number, operation, value in steps:
        found = list(places(tree))
        if found:
            operation(tree, *found[number % len(found)], copy.deepcopy(value))
    return tree


def cut(data: bytes, at: int) -> bytes:
    return data[: at % (len(data) + 1)]


def flip(data: bytes, at: int) -> bytes:
    place = at % len(data)
    return data[:place] + bytes([data[place] ^ (1 + at % 255)]) + data[place + 1 :]


DAMAGES: list[Callable[[bytes, int], bytes]] = [
    cut,
    flip,
    lambda data, at: b"\xef\xbb\xbf" + data,
    lambda data, at: data.replace(b"\n", b"\r\n").replace(b"\\n", b"\\r\\n"),
    lambda data, at: data.decode("utf-8", "replace").encode("utf-16"),
    lambda data, at: data + data,
    lambda data, at: b"[" * (at % 3000) + data,
    lambda data, at: data[: at % len(data)] + data[at % 97 :],
    lambda data, at: data.replace(b'"cells"', b'"cells": 1, "cells"', 1),
    lambda data, at: b"\x80\x04" + data,
]
damages = st.lists(st.tuples(st.sampled_from(DAMAGES), st.integers(0, 10**6)), max_size=2)


def written(tree: Any, hurts: list[tuple[Callable[[bytes, int], bytes], int]], escaped: bool) -> bytes:
    """Write a notebook's JSON, then damage its bytes."""
    data = json.dumps(tree, indent=1, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    for damage, at in hurts:
        data = damage(data or b"x", at)
    return data
