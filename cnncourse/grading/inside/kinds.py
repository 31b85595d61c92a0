"""More kinds of values that cross the wire: packed into plainer ones, and made anew on the other side.

What comes from a student's side is data and no more: no class is named that is not in the tables here, and
what would grow far beyond its bytes is refused. A value that cannot be packed stays where it is, and the
judge gets a reference to it.
"""

import collections
import datetime
import decimal
import functools
import math
import re
import sys
import zoneinfo
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path, PurePosixPath
from types import EllipsisType
from typing import Any

import numpy as np

from cnncourse.grading.inside import tables

_LONGEST_RANGE = 10**7
_LARGEST_EXPONENT = 10_000
_MOST_FIELDS = 200
_MOST_EMPTY = 10**6
_UNIT = re.compile(r"[A-Za-zμ]{1,2}")
_FACTORIES = {kind.__name__: kind for kind in (list, dict, set, int, float, str, bool, tuple)}

Packed = tuple[str, Any]


def pack(value: Any) -> Packed | None:
    """Take a value apart.

    Returns:
        The name of its kind, and plainer values; None if its kind is not known.

    Example:
        >>> pack({3})
        ('set', [3])
    """
    kind = type(value)
    if kind in _PACK:
        return _PACK[kind](value)
    if isinstance(value, (np.ndarray, np.generic)):
        return _pack_array(value) if kind is np.ndarray or isinstance(value, np.generic) else None
    if kind.__bases__ == (tuple,) and _is_named(kind):
        return "namedtuple", [kind.__name__, list(kind._fields), list(value)]
    return tables.pack(value)


def unpack(kind: str, parts: Any) -> Any:
    """Make a value of its parts, which may come from a hostile program.

    Raises:
        Exception: the parts make no such value.

    Example:
        >>> unpack("set", [3])
        {3}
    """
    return _UNPACK[kind](parts) if kind in _UNPACK else tables.unpack(kind, parts)


def _items(parts: Any) -> list[Any]:
    """See that a part is a list: a reference to the student's object could be gone through as well."""
    if type(parts) is not list:
        raise ValueError("expected a list of parts")
    return parts


def _is_named(kind: Any) -> bool:
    fields = getattr(kind, "_fields", None)
    return type(fields) is tuple and 0 < len(fields) <= _MOST_FIELDS and all(type(f) is str for f in fields)


@functools.lru_cache(maxsize=256)
def _named(name: str, fields: tuple[str, ...]) -> Any:
    return collections.namedtuple(name, fields)  # it refuses what is no name


def _unpack_named(parts: Any) -> Any:
    name, fields, values = parts[0], _items(parts[1]), _items(parts[2])
    if type(name) is not str or not name.isidentifier() or len(fields) > _MOST_FIELDS:
        raise ValueError("no name of a class")
    return _named(name, tuple(fields))(*values)


def _pack_range(value: range) -> Packed | None:
    return ("range", [value.start, value.stop, value.step]) if len(value) <= _LONGEST_RANGE else None


def _unpack_range(parts: Any) -> range:
    made = range(*parts)
    if len(made) > _LONGEST_RANGE:
        raise ValueError("a range that is too long")
    return made


def _pack_default(value: defaultdict[Any, Any]) -> Packed | None:
    factory = value.default_factory
    name = next((name for name, known in _FACTORIES.items() if known is factory), None)
    return ("defaultdict", [name, dict(value)]) if factory is None or name else None


def _unpack_default(parts: Any) -> defaultdict[Any, Any]:
    name, items = parts
    return defaultdict(None if name is None else _FACTORIES[name], dict(items))


def _unpack_decimal(text: Any) -> decimal.Decimal:
    made = decimal.Decimal(text)
    if made.is_finite() and abs(made.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("a number that is too large or small")
    return made


def _pack_time(value: Any) -> Packed | None:
    """Pack a date with a time, or a time: the clock, and the zone by its offset or name."""
    zone = value.tzinfo
    plain = value.replace(tzinfo=None).isoformat()
    said: Any = None
    if type(zone) is datetime.timezone:
        said = zone.utcoffset(None).total_seconds()
    elif type(zone) is zoneinfo.ZoneInfo and zone.key:
        said = zone.key
    elif zone is not None:
        return None
    return ("datetime" if type(value) is datetime.datetime else "time", [plain, said, value.fold])


def _unpack_time(kind: Any) -> Callable[[Any], Any]:
    def unpack(parts: Any) -> Any:
        plain, said, fold = parts
        zone: datetime.tzinfo | None = None
        if type(said) is str:
            zone = zoneinfo.ZoneInfo(said)
        elif said is not None:
            zone = datetime.timezone(datetime.timedelta(seconds=said))
        return kind.fromisoformat(plain).replace(tzinfo=zone, fold=fold)

    return unpack


def _pack_array(value: Any) -> Packed | None:
    """Pack texts, times, records and objects of NumPy; numbers are the wire's own."""
    array, scalar = np.asarray(value), not isinstance(value, np.ndarray)
    match array.dtype.kind:
        case "U" | "S":
            width = array.dtype.itemsize
            plain = np.frombuffer(
                np.ascontiguousarray(array).tobytes(), "uint32" if array.dtype.kind == "U" else "uint8"
            )
            return "letters", [array.dtype.kind, width, list(array.shape), plain.copy(), scalar]
        case "M" | "m":
            unit, step = np.datetime_data(array.dtype)
            return "clock", [array.dtype.kind, unit, step, array.astype("int64"), scalar]
        case "O" if not scalar:
            return "objects", [list(array.shape), array.ravel().tolist()]
        case "V" if array.dtype.names and not array.dtype.subdtype:
            fields = [np.ascontiguousarray(array[name]) for name in array.dtype.names]
            return "records", [list(array.dtype.names), fields, scalar]
    return None


def _unpack_letters(parts: Any) -> Any:
    kind, width, shape, plain, scalar = parts
    if kind not in ("U", "S") or type(width) is not int or type(plain) is not np.ndarray:
        raise ValueError("no letters")
    if kind == "U" and plain.size and int(plain.max()) > sys.maxunicode:
        raise ValueError("no letters")
    if not width:
        return np.zeros([] if math.prod(shape) > _MOST_EMPTY else shape, f"{kind}1")
    made = np.frombuffer(plain.tobytes(), np.dtype(f"{kind}{width // 4 if kind == 'U' else width}"))
    return made.reshape(shape).copy()[()] if scalar else made.reshape(shape).copy()


def _unpack_clock(parts: Any) -> Any:
    kind, unit, step, plain, scalar = parts
    if kind not in ("M", "m") or not _UNIT.fullmatch(unit) or type(step) is not int or not 0 < step < 10**6:
        raise ValueError("no unit of time")
    word = "generic" if unit == "ge" else f"{step}{unit}"
    made = np.asarray(plain, "int64").astype(f"{kind}8[{word}]" if word != "generic" else f"{kind}8")
    return made[()] if scalar else made


def _unpack_objects(parts: Any) -> Any:
    shape, items = parts[0], _items(parts[1])
    made = np.empty(len(items), object)
    for number, item in enumerate(items):
        made[number] = item
    return made.reshape(shape)


def _unpack_records(parts: Any) -> Any:
    names, fields, scalar = parts
    if len(names) > _MOST_FIELDS or len(names) != len(fields):
        raise ValueError("no records")
    whole = [np.asarray(field) for field in fields]
    made = np.empty(whole[0].shape, [(name, field.dtype) for name, field in zip(names, whole, strict=True)])
    for name, field in zip(names, whole, strict=True):
        made[name] = field
    return made[()] if scalar else made


_PACK: dict[Any, Callable[[Any], Packed | None]] = {
    set: lambda value: ("set", list(value)),
    frozenset: lambda value: ("frozenset", list(value)),
    Counter: lambda value: ("Counter", dict(value)),
    deque: lambda value: ("deque", [list(value), value.maxlen]),
    defaultdict: _pack_default,
    range: _pack_range,
    slice: lambda value: ("slice", [value.start, value.stop, value.step]),
    EllipsisType: lambda value: ("ellipsis", None),
    Fraction: lambda value: ("Fraction", [value.numerator, value.denominator]),
    decimal.Decimal: lambda value: ("Decimal", str(value)),
    datetime.date: lambda value: ("date", value.isoformat()),
    datetime.datetime: _pack_time,
    datetime.time: _pack_time,
    datetime.timedelta: lambda value: ("timedelta", [value.days, value.seconds, value.microseconds]),
    type(Path()): lambda value: ("Path", str(value)),
    PurePosixPath: lambda value: ("PurePosixPath", str(value)),
    bytearray: lambda value: ("bytearray", bytes(value)),
}
_UNPACK: dict[str, Callable[[Any], Any]] = {
    "set": lambda parts: set(_items(parts)),
    "frozenset": lambda parts: frozenset(_items(parts)),
    "Counter": lambda parts: Counter(dict(parts)),
    "deque": lambda parts: deque(_items(parts[0]), parts[1]),
    "defaultdict": _unpack_default,
    "range": _unpack_range,
    "slice": lambda parts: slice(*parts),
    "ellipsis": lambda parts: ...,
    "Fraction": lambda parts: Fraction(int(parts[0]), int(parts[1])),
    "Decimal": _unpack_decimal,
    "date": datetime.date.fromisoformat,
    "datetime": _unpack_time(datetime.datetime),
    "time": _unpack_time(datetime.time),
    "timedelta": lambda parts: datetime.timedelta(*parts),
    "Path": lambda parts: Path(str(parts)),
    "PurePosixPath": lambda parts: PurePosixPath(str(parts)),
    "bytearray": lambda parts: bytearray(bytes(parts)),
    "namedtuple": _unpack_named,
    "letters": _unpack_letters,
    "clock": _unpack_clock,
    "objects": _unpack_objects,
    "records": _unpack_records,
}
