"""What crosses between the judge and the student's kernel: plain data in a frame, and references to objects.

A frame is a JSON text followed by the bytes of its arrays, like a safetensors file. Nothing is unpickled, no
type is named that is not in the tables below, and each length is compared with what is there before memory is
taken.
"""

import base64
import json
import math
import socket
import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnncourse.errors import CourseError
from cnncourse.grading.inside import kinds

MAX_BYTES = 64 * 2**20
_MAX_TEXT = 8 * 2**20  # a megabyte of JSON can take a hundred of memory
_PREFIX = struct.Struct(">QI")
_DEPTH = 60
_KINDS = {
    name: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}
_TORCH = {name: getattr(torch, name) for name in (*_KINDS, "bfloat16") if hasattr(torch, name)}
_SEQUENCES: dict[str, Callable[[list[Any]], Any]] = {"list": list, "tuple": tuple, "size": torch.Size}
_MAPPINGS: dict[str, Callable[[list[Any]], Any]] = {"dict": dict, "ordered": OrderedDict}
_ATOMS = (complex, bytes, torch.dtype, Tensor, torch.nn.Parameter)
_TAGS: dict[type, str] = {
    list: "list",
    tuple: "tuple",
    torch.Size: "size",
    dict: "dict",
    OrderedDict: "ordered",
}


class WireError(CourseError):
    """A frame is no data: too large, cut off, or not what it says it is."""


@dataclass(frozen=True)
class Name:
    """A name in the student's notebook."""

    name: str


@dataclass(frozen=True)
class Handle:
    """An object that stays in the student's kernel: its number there, and the name of its type."""

    number: int
    kind: str


@dataclass
class _Writer:
    """Collects the arrays while the rest becomes JSON."""

    refer: Callable[[Any], Name | Handle]
    arrays: list[tuple[str, NDArray[Any]]] = field(default_factory=list)

    def node(self, value: Any, depth: int = 0) -> Any:
        if depth > _DEPTH:
            raise WireError(f"expected data at most {_DEPTH} levels deep, got more")
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind in (list, tuple, torch.Size):
            return [_TAGS[kind], [self.node(item, depth + 1) for item in value]]
        if kind in (dict, OrderedDict):
            return [_TAGS[kind], [[self.node(x, depth + 1) for x in pair] for pair in value.items()]]
        if kind in (Tensor, torch.nn.Parameter) and not value.is_meta:
            number, order = self._tensor(value)
            return ["tensor", number, bool(value.requires_grad), order]
        if (kind is np.ndarray or isinstance(value, np.generic)) and value.dtype.name in _KINDS:
            return ["array" if kind is np.ndarray else "scalar", self._array(value.dtype.name, value)]
        if kind in _ATOMS or not (packed := kinds.pack(value)):
            return self._atom(value)
        return ["kind", packed[0], self.node(packed[1], depth + 1)]

    def _atom(self, value: Any) -> Any:
        kind = type(value)
        if kind is complex:
            return ["complex", value.real, value.imag]
        if kind is bytes:
            return ["bytes", base64.b64encode(value).decode()]
        if kind is torch.dtype and str(value)[6:] in _TORCH:
            return ["dtype", str(value)[6:]]
        reference = value if kind in (Name, Handle) else self.refer(value)
        if isinstance(reference, Name):
            return ["name", reference.name]
        return ["object", reference.number, reference.kind]

    def _tensor(self, value: Tensor) -> tuple[int, list[int]]:
        """Keep the numbers, and the order of the axes in memory if it is another one, as in channels_last."""
        plain = Tensor.detach(value).cpu().resolve_conj().resolve_neg()
        plain = plain.to_dense() if plain.is_sparse else plain
        strides = plain.stride()
        order = sorted(range(plain.dim()), key=lambda axis: -strides[axis])
        if plain.is_contiguous() or not plain.permute(order).is_contiguous():
            order = []
        plain = plain.permute(order) if order else plain
        if plain.dtype is torch.bfloat16:
            return self._array("bfloat16", plain.contiguous().view(torch.int16).numpy()), order
        return self._array(str(plain.dtype)[6:], plain.numpy()), order

    def _array(self, name: str, value: Any) -> int:
        self.arrays.append((name, np.asarray(value)))
        return len(self.arrays) - 1


def _no_reference(value: Any) -> Name | Handle:
    raise TypeError(f"a test may pass data only, not an object of type {type(value).__name__}")


def encode(
    value: Any, refer: Callable[[Any], Name | Handle] = _no_reference, limit: int = MAX_BYTES
) -> bytes:
    """Write data as one frame.

    Args:
        value: numbers, texts, tensors, arrays, and lists, tuples and dictionaries of them.
        refer: gives a reference for anything else, or raises.
        limit: bytes the frame may have.

    Raises:
        WireError: it would be too large, or too deep.
        TypeError: it holds something that is no data, and there is no ``refer``.

    Example:
        >>> decode(encode({"x": (1, 2.5)}))
        {'x': (1, 2.5)}
    """
    writer = _Writer(refer)
    try:
        body = writer.node(value)
        arrays = [[name, list(array.shape)] for name, array in writer.arrays]
        size = sum(array.nbytes for _, array in writer.arrays)
        header = json.dumps([body, arrays]).encode() if size <= limit else b""
    except (ValueError, RecursionError) as error:
        raise WireError(f"this cannot be sent: {error}") from None
    size += len(header)
    if not header or size > limit or len(header) > _MAX_TEXT:
        raise WireError(
            f"expected at most {limit:,} bytes of data, {_MAX_TEXT:,} outside arrays, got {size:,}"
        )
    parts = [np.ascontiguousarray(array).tobytes() for _, array in writer.arrays]
    return b"".join([_PREFIX.pack(size, len(header)), header, *parts])


def decode(frame: bytes, resolve: Callable[[Name | Handle], Any] = lambda reference: reference) -> Any:
    """Read the data of one frame, which may come from a hostile program.

    Args:
        frame: as ``encode`` or ``receive`` gives it.
        resolve: makes something of each reference.

    Raises:
        WireError: the frame is not what it says it is.
    """
    try:
        size, length = _PREFIX.unpack_from(frame)
        if size != len(frame) - _PREFIX.size or length > size:
            raise WireError(f"a frame says that it has {size} bytes, and has {len(frame) - _PREFIX.size}")
        if length > _MAX_TEXT:
            raise WireError(f"expected at most {_MAX_TEXT:,} bytes outside arrays, got {length:,}")
        start = _PREFIX.size + length
        body, described = json.loads(frame[_PREFIX.size : start])
        return _Reader(_arrays(described, memoryview(frame)[start:]), resolve).value(body)
    except WireError:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        RecursionError,
        struct.error,
        OverflowError,
    ) as error:
        raise WireError(f"a frame cannot be read: {type(error).__name__}: {str(error)[:80]}") from None


def _arrays(described: Any, data: memoryview) -> list[tuple[str, NDArray[Any]]]:
    arrays, start = [], 0
    for name, shape in described:
        dtype = _KINDS["int16" if name == "bfloat16" else name]
        if not all(type(n) is int and n >= 0 for n in shape) or len(shape) > 32:
            raise WireError(f"{str(shape)[:80]} is no shape")
        size = math.prod(shape) * dtype.itemsize
        if start + size > len(data):
            raise WireError(f"an array says that it has {size} bytes, and has {len(data) - start}")
        arrays.append((name, np.frombuffer(data[start : start + size], dtype).reshape(shape).copy()))
        start += size
    if start != len(data):
        raise WireError(f"a frame has {len(data) - start} bytes too many")
    return arrays


@dataclass
class _Reader:
    arrays: list[tuple[str, NDArray[Any]]]
    resolve: Callable[[Name | Handle], Any]
    taken: set[int] = field(default_factory=set)

    def value(self, node: Any, depth: int = 0) -> Any:
        if depth > _DEPTH:
            raise WireError(f"expected data at most {_DEPTH} levels deep, got more")
        if type(node) is not list:
            if type(node) is dict:
                raise WireError("an object where a tag was expected")
            return node
        tag, *rest = node
        if tag in _SEQUENCES:
            return _SEQUENCES[tag]([self.value(item, depth + 1) for item in rest[0]])
        if tag in _MAPPINGS:
            return _MAPPINGS[tag]([(self.value(k, depth + 1), self.value(v, depth + 1)) for k, v in rest[0]])
        if tag == "kind":
            return self._kind(rest[0], self.value(rest[1], depth + 1))
        return self._leaf(tag, *rest)

    def _kind(self, name: Any, parts: Any) -> Any:
        try:
            return kinds.unpack(name, parts)
        except Exception as error:
            raise WireError(f"no {str(name)[:40]!r}: {type(error).__name__}: {str(error)[:80]}") from None

    def _leaf(self, tag: str, first: Any, second: Any = None, third: Any = ()) -> Any:
        match tag:
            case "tensor":
                return self._tensor(first, second is True, third)
            case "array":
                return self._take(first)[1]
            case "scalar":
                return self._take(first)[1][()]
            case "complex":
                return complex(first, second)
            case "bytes":
                return base64.b64decode(first, validate=True)
            case "dtype":
                return _TORCH[first]
            case "name" if isinstance(first, str):
                return self.resolve(Name(first))
            case "object" if type(first) is int and isinstance(second, str):
                return self.resolve(Handle(first, second[:60]))
        raise WireError(f"unknown tag {str(tag)[:40]!r}")

    def _take(self, number: int) -> tuple[str, NDArray[Any]]:
        """Give out an array, once: the same bytes in many places would be a way to fill the memory."""
        if type(number) is not int or number < 0 or number in self.taken:
            raise WireError("an array is named twice, or by no number")
        self.taken.add(number)
        return self.arrays[number]

    def _tensor(self, number: int, requires_grad: bool, order: list[int]) -> Tensor:
        name, array = self._take(number)
        tensor = torch.from_numpy(array)
        if order:
            if sorted(order) != list(range(tensor.dim())):
                raise WireError(f"{str(order)[:80]} is no order of {tensor.dim()} axes")
            tensor = tensor.permute([order.index(axis) for axis in range(tensor.dim())])
        if name == "bfloat16":
            tensor = tensor.view(torch.bfloat16)
        inexact = tensor.is_floating_point() or tensor.is_complex()
        return tensor.requires_grad_() if requires_grad and inexact else tensor


def receive(connection: socket.socket, limit: int = MAX_BYTES, seconds: float | None = None) -> bytes:
    """Wait for one frame.

    Args:
        connection: where it comes from.
        limit: bytes it may have.
        seconds: time that all of it may take; None for as long as the connection waits for each part.

    Raises:
        WireError: it is too large, or the other side went away in the middle.
        EOFError: the other side went away.
        TimeoutError: the connection's time is over.
    """
    end = None if seconds is None else time.monotonic() + seconds
    prefix = _read(connection, _PREFIX.size, end)
    size, _ = _PREFIX.unpack(prefix)
    if size > limit:
        raise WireError(f"expected at most {limit:,} bytes of data, got {size:,}")
    return prefix + _read(connection, size, end)


def _read(connection: socket.socket, size: int, end: float | None) -> bytes:
    data = bytearray()
    while len(data) < size:
        if end is not None:
            connection.settimeout(max(end - time.monotonic(), 1e-3))
        part = connection.recv(min(size - len(data), 2**20))
        if not part:
            raise EOFError("the other side went away")
        data += part
    return bytes(data)
