"""Tables of pandas on the wire: columns as plain arrays, never a pickle. pandas need not be installed."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

_LONGEST_RANGE = 10**7

Packed = tuple[str, Any]


def pack(value: Any) -> Packed | None:
    """Take a value of pandas apart; None if it is none, or holds what no table here knows."""
    pandas = sys.modules.get("pandas")
    kind = type(value)
    if pandas is None or str(kind.__module__).partition(".")[0] != "pandas":
        return None
    if kind is pandas.DataFrame:
        return _pack_frame(value)
    if kind is pandas.Series:
        column, index = _pack_column(value.array), _pack_index(value.index)
        return ("pandas.Series", [column, index, value.name]) if column and index else None
    if isinstance(value, pandas.Index):
        index = _pack_index(value)
        return ("pandas.Index", index) if index else None
    if kind is pandas.Timestamp:
        return "pandas.Timestamp", [value.asm8, None if value.tz is None else str(value.tz)]
    if kind is pandas.Timedelta:
        return "pandas.Timedelta", value.asm8
    if value is pandas.NaT or value is pandas.NA:
        return "pandas.missing", value is pandas.NA
    column = _pack_column(value) if isinstance(value, pandas.api.extensions.ExtensionArray) else None
    return ("pandas.array", column) if column else None


def unpack(kind: str, parts: Any) -> Any:
    """Make a value of pandas of its parts, which may come from a hostile program.

    Raises:
        Exception: the parts make no such value, or pandas is not installed.
    """
    import pandas

    return _UNPACK[kind](pandas, parts)


def _pack_frame(frame: Any) -> Packed | None:
    index, names = _pack_index(frame.index), _pack_index(frame.columns)
    columns = [_pack_column(frame.iloc[:, number].array) for number in range(frame.shape[1])]
    whole = index and names and all(columns)
    return ("pandas.DataFrame", [index, names, columns]) if whole else None


def _pack_column(array: Any) -> list[Any] | None:
    """Pack the values of a column, an index or an array of pandas."""
    pandas = sys.modules["pandas"]
    dtype = array.dtype
    if isinstance(dtype, pandas.CategoricalDtype):
        categories = _pack_index(dtype.categories)
        return ["category", np.asarray(array.codes), categories, bool(dtype.ordered)] if categories else None
    if isinstance(dtype, pandas.DatetimeTZDtype):
        plain = array.tz_convert("UTC").tz_localize(None)
        return ["zone", np.asarray(plain), str(dtype.tz)]
    if isinstance(dtype, pandas.StringDtype):
        return [
            "string",
            str(dtype),
            [None if gap else str(x) for x, gap in zip(array, array.isna(), strict=True)],
        ]
    if isinstance(dtype, np.dtype) or isinstance(array, pandas.arrays.NumpyExtensionArray):
        return ["plain", np.asarray(array)]
    if hasattr(array, "_mask") and isinstance(getattr(dtype, "numpy_dtype", None), np.dtype):
        gaps = np.asarray(array.isna())
        return ["masked", array.to_numpy(dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0)), gaps]
    return None


def _column(pandas: Any, parts: Any) -> Any:
    match parts:
        case ["category", np.ndarray() as codes, categories, bool(ordered)]:
            kind = pandas.CategoricalDtype(_index(pandas, categories), ordered)
            return pandas.Categorical.from_codes(codes, dtype=kind)
        case ["zone", np.ndarray() as plain, str(zone)]:
            return pandas.DatetimeIndex(plain).tz_localize("UTC").tz_convert(zone).array
        case ["string", "str" | "string" as dtype, list(words)]:
            return pandas.array(words, dtype=dtype)
        case ["masked", np.ndarray() as plain, np.ndarray() as gaps]:
            name = str(plain.dtype)
            known = (
                "boolean"
                if name == "bool"
                else name.replace("uint", "UInt")
                if "uint" in name
                else name.capitalize()
            )
            made = pandas.array(plain, dtype=known)
            made[gaps.astype(bool)] = pandas.NA
            return made
        case ["plain", np.ndarray() as plain]:
            return plain
    raise ValueError("no column")


def _pack_index(index: Any) -> list[Any] | None:
    pandas = sys.modules["pandas"]
    names = list(index.names)
    if type(index) is pandas.RangeIndex:
        return ["range", [index.start, index.stop, index.step], names]
    if isinstance(index, pandas.MultiIndex):
        levels = [_pack_column(index.get_level_values(number).array) for number in range(index.nlevels)]
        return ["levels", levels, names] if all(levels) else None
    column = _pack_column(index.array)
    return ["one", column, names, getattr(index, "freqstr", None)] if column else None


def _index(pandas: Any, parts: Any) -> Any:
    match parts:
        case ["range", [int(start), int(stop), int(step)], names]:
            if len(range(start, stop, step)) > _LONGEST_RANGE:
                raise ValueError("an index that is too long")
            return pandas.RangeIndex(start, stop, step).set_names(names)
        case ["levels", list(levels), names]:
            return pandas.MultiIndex.from_arrays([_column(pandas, level) for level in levels], names=names)
        case ["one", column, [name], frequency]:
            values = _column(pandas, column)
            plain = isinstance(values, np.ndarray) and values.dtype == object
            made = pandas.Index(values, name=name, dtype=object if plain else None)
            if frequency is not None and isinstance(made, (pandas.DatetimeIndex, pandas.TimedeltaIndex)):
                made.freq = str(frequency)[:20]
            return made
    raise ValueError("no index")


def _series(pandas: Any, values: Any, **about: Any) -> Any:
    """Make a series that keeps its kind: pandas would make texts of objects."""
    plain = isinstance(values, np.ndarray) and values.dtype == object
    return pandas.Series(values, dtype=object if plain else None, **about)


def _frame(pandas: Any, parts: Any) -> Any:
    index, names, columns = parts
    rows = _index(pandas, index)
    made = {
        number: _series(pandas, _column(pandas, column), index=rows) for number, column in enumerate(columns)
    }
    frame = pandas.DataFrame(made, index=rows)
    frame.columns = _index(pandas, names)
    return frame


def _timestamp(pandas: Any, parts: Any) -> Any:
    plain, zone = parts
    made = pandas.Timestamp(plain)
    return made if zone is None else made.tz_localize("UTC").tz_convert(str(zone))


_UNPACK: dict[str, Callable[[Any, Any], Any]] = {
    "pandas.DataFrame": _frame,
    "pandas.Series": lambda pandas, parts: _series(
        pandas, _column(pandas, parts[0]), index=_index(pandas, parts[1]), name=parts[2]
    ),
    "pandas.Index": _index,
    "pandas.Timestamp": _timestamp,
    "pandas.Timedelta": lambda pandas, parts: pandas.Timedelta(parts),
    "pandas.missing": lambda pandas, parts: pandas.NA if parts is True else pandas.NaT,
    "pandas.array": _column,
}
