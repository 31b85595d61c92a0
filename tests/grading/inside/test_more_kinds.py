"""More kinds of values on the wire: what goes in comes out, and parts from a hostile program make nothing."""

import collections
import datetime
import decimal
import json
import zoneinfo
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pandas.testing as same
import pytest

from cnncourse.grading.inside import wire
from cnncourse.grading.inside.wire import Handle, WireError

Point = collections.namedtuple("Point", "x y")
VALUES = [
    *({1, 2}, frozenset({(1, 2)}), collections.Counter("abba"), collections.deque([1], maxlen=3)),
    *(collections.defaultdict(list, {1: [2]}), range(1, 9, 2), slice(1, None), ..., bytearray(b"x")),
    *(Fraction(1, 3), decimal.Decimal("1.50"), decimal.Decimal("NaN").copy_abs().is_nan(), Path("a/b")),
    *(datetime.date(2024, 2, 29), datetime.time(1, 2, 3, 4), datetime.timedelta(1, 2, 3)),
    datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1))),
    datetime.datetime(2024, 10, 27, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"), fold=1),
    {"deep": [({Point(1, (2,)): {Fraction(1, 2)}},)]},
]
ARRAYS = [
    np.array(["ab", "", "ünï"]),
    np.array([["a"], ["b"]]).T,
    np.array([b"ab", b"c"]),
    np.array([], "U3"),
    np.array(["2024-01-01", "NaT"], "M8[D]"),
    np.array([1, 2], "m8[25s]"),
    np.array([None, "a", 1, [2]], object),
    np.array([("a", 1)], dtype=[("n", "U5"), ("a", "i4")]),
    *(np.str_("x"), np.datetime64("2024-01-01T12"), np.timedelta64(3, "s")),
]
FRAME = pd.DataFrame(
    {
        "ints": [1, 2],
        "texts": ["x", None],
        "gaps": [1.5, np.nan],
        "times": pd.to_datetime(["2024-01-01", None]),
        "zones": pd.to_datetime(["2024-01-01"] * 2).tz_localize("Europe/Berlin"),
        "spans": pd.to_timedelta([1, 2], unit="s"),
        "kinds": pd.Categorical(["u", "v"], ["v", "u", "w"], ordered=True),
        "Int64": pd.array([1, None], dtype="Int64"),
        "UInt8": pd.array([1, None], dtype="UInt8"),
        "Float32": pd.array([1.5, None], dtype="Float32"),
        "boolean": pd.array([True, None], dtype="boolean"),
        "string": pd.array(["x", None], dtype="string"),
        "objects": pd.Series([[1], {"k": {2}}], dtype=object),
        "words": pd.Series(["x", "y"], dtype=object),
    }
)
FRAMES = [
    FRAME,
    pd.DataFrame(),
    FRAME[["ints"]].iloc[:0],
    FRAME.set_index(["ints", "kinds"])[["gaps"]],
    FRAME.set_index("texts")[["gaps"]],
    pd.DataFrame({"a": [1, 2]}, index=pd.date_range("2024-01-01", periods=2)),
    pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_product([["a"], ["b", "c"]])),
]


def back(value):
    return wire.decode(wire.encode(value))


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_out_as_it_went_in(value):
    got = back(value)
    assert got == value
    assert type(got).__name__ == type(value).__name__
    assert getattr(got, "fold", 0) == getattr(value, "fold", 0)
    assert getattr(got, "maxlen", 0) == getattr(value, "maxlen", 0)


@pytest.mark.parametrize("array", ARRAYS, ids=repr)
def test_an_array_of_texts_times_records_and_objects(array):
    got = back(array)
    assert type(got) is type(array)
    assert got.dtype == array.dtype
    assert np.shape(got) == np.shape(array)
    assert np.asarray(got).tolist() == np.asarray(array).tolist()


@pytest.mark.parametrize("frame", FRAMES, ids=range(len(FRAMES)))
def test_a_table_of_pandas(frame):
    same.assert_frame_equal(back(frame), frame)


def test_other_values_of_pandas():
    for series in (FRAME["zones"], pd.Series([1, 2], name=("a", 1)), pd.Series([], dtype=float)):
        same.assert_series_equal(back(series), series)
    for index in (FRAME.index, pd.Index(["a"], name="n"), pd.date_range("2024", periods=3, freq="MS")):
        same.assert_index_equal(back(index), index)
    moment = pd.Timestamp("2024-01-01 12:00:00.123456789", tz="Europe/Berlin")
    assert back([moment, pd.Timedelta("1s")]) == [moment, pd.Timedelta("1s")]
    assert back([pd.NA])[0] is pd.NA
    assert back([pd.NaT])[0] is pd.NaT
    same.assert_extension_array_equal(back(FRAME["kinds"].array), FRAME["kinds"].array)


class Mine(set):
    pass


@pytest.mark.parametrize(
    "value",
    [
        Mine({1}),
        range(10**9),
        collections.defaultdict(lambda: 1),
        pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}),
        pd.DataFrame({"a": pd.period_range("2024", periods=1, freq="D")}),
        np.ma.masked_array([1], [True]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_no_table_knows_stays_where_it_is(value):
    assert wire.decode(wire.encode([value], lambda object_: Handle(0, "x"))) == [Handle(0, "x")]


def frame_of(kind, parts, arrays=(), data=b""):
    text = json.dumps([["kind", kind, parts], list(arrays)]).encode()
    return wire._PREFIX.pack(len(text) + len(data), len(text)) + text + data


def listed(*items):
    return ["list", list(items)]


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        *(("os.system", "true"), (3, 3), (None, None), ("pandas.eval", "1"), ("set", 7), ("set", "ab")),
        ("set", listed(listed(1))),
        ("set", ["object", 0, "x"]),
        ("range", listed(0, 10**12, 1)),
        ("range", listed(0, 1, 0)),
        ("Decimal", "1e999999999"),
        ("Fraction", listed(1, 0)),
        ("date", "tomorrow"),
        ("datetime", listed("2024-01-01", "../../etc/passwd", 0)),
        ("namedtuple", listed("os", listed("__class__"), listed(1))),
        ("namedtuple", listed("a b", listed("x"), listed(1))),
        ("namedtuple", listed("A", listed("x", "x"), listed(1, 2))),
        ("defaultdict", listed("eval", ["dict", []])),
        ("letters", listed("U", 8, listed(10**9), ["array", 0], False)),
        ("letters", listed("O", 8, listed(1), ["array", 0], False)),
        ("clock", listed("M", "D]; import", 1, ["array", 0], False)),
        ("objects", listed(listed(10**9), listed(1))),
        ("records", listed(listed("a", "a"), listed(["array", 0]), False)),
        ("pandas.Index", listed("range", listed(0, 10**12, 1), listed(None))),
        ("pandas.DataFrame", listed(1, 2, 3)),
        ("pandas.Series", listed(listed("string", "object", listed("a")), listed(), "x")),
    ],
)
def test_parts_that_make_no_such_value_are_refused(kind, parts):
    arrays = [["uint32", [1]]] if '"array"' in json.dumps(parts) else []
    data = b"\xff\xff\xff\x7f" if arrays else b""
    with pytest.raises(WireError):
        wire.decode(frame_of(kind, parts, arrays, data))


def test_letters_beyond_unicode_are_refused():
    parts = listed("U", 4, listed(1), ["array", 0], False)
    with pytest.raises(WireError):
        wire.decode(frame_of("letters", parts, [["uint32", [1]]], b"\xff\xff\xff\x7f"))
