"""Data crosses unchanged; whatever is no data, or lies about itself, is refused."""

import contextlib
import json
import math
import socket
import struct
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cnncourse.check.structure import difference
from cnncourse.grading.inside import wire
from cnncourse.grading.inside.wire import Handle, Name, WireError, decode, encode

ATOMS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
)
DATA = st.recursive(
    ATOMS, lambda x: st.lists(x) | st.lists(x).map(tuple) | st.dictionaries(st.text(), x), max_leaves=20
)


@given(DATA)
def test_plain_data_comes_back_as_it_was(value):
    assert repr(decode(encode(value))) == repr(value)


@pytest.mark.parametrize("dtype", wire._TORCH.values(), ids=str)
def test_tensors_of_every_type(dtype):
    x = torch.tensor([[1, 0], [3, 1]]).to(dtype).T
    back = decode(encode({"x": x}))["x"]
    assert back.dtype is dtype
    assert back.shape == x.shape
    assert back.tolist() == x.tolist()


@pytest.mark.parametrize(
    "value",
    [
        np.arange(6.0).reshape(2, 3)[:, ::2],
        np.float32(0.1),
        np.zeros((0, 3)),
        torch.zeros(()),
        np.bool_(True),
    ],
    ids=["strided", "scalar", "empty", "no-axes", "truth"],
)
def test_arrays_and_numpy_scalars(value):
    back = decode(encode(value))
    assert type(back) is type(value)
    assert difference(back, value, "x", 0, 0) is None


def test_the_order_in_memory_is_kept():
    x = torch.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    for image in (x.to(memory_format=torch.channels_last), x.permute(3, 0, 1, 2), x.bfloat16().mT):
        back = decode(encode(image))
        assert (back.stride(), back.dtype) == (image.stride(), image.dtype)
        assert torch.equal(back, image)


def test_kinds_of_containers_are_kept():
    value = [torch.Size([2]), OrderedDict(a=1), (1,), torch.float16]
    assert decode(encode(value)) == value
    assert [type(item) for item in decode(encode(value))] == [type(item) for item in value]


def test_gradients_stay_behind_but_the_wish_for_them_crosses():
    x = torch.ones(2, requires_grad=True)
    assert decode(encode(x)).requires_grad
    assert not decode(encode(torch.ones(2))).requires_grad
    assert decode(encode(torch.ones(2).to_sparse())).tolist() == [1, 1]


def test_anything_else_needs_a_reference():
    with pytest.raises(TypeError, match="data only, not an object of type object"):
        encode([object()])
    with pytest.raises(TypeError, match="Tensor"):
        encode(torch.ones(1, device="meta"))
    assert decode(encode([object()], lambda value: Handle(3, "set"))) == [Handle(3, "set")]
    assert decode(encode((Name("conv2d"),)), lambda reference: reference.name) == ("conv2d",)


def frame(body, arrays=(), data=b""):
    text = body if isinstance(body, bytes) else json.dumps([body, list(arrays)]).encode()
    return struct.pack(">QI", len(text) + len(data), len(text)) + text + data


def deep(levels):
    return b'["list",[' * levels + b"]]" * levels


LIES = {
    "empty": b"",
    "cut-off": encode(torch.ones(4))[:-1],
    "too-long": encode(1) + b"x",
    "text-too-long": struct.pack(">QI", 4, 400) + b"true",
    "no-json": frame(b"{nope"),
    "no-pair": frame(b"[1]"),
    "object": frame({"x": 1}),
    "unknown-tag": frame(["pickle", "gASV"]),
    "no-tag": frame([]),
    "tag-is-a-list": frame([["list"], []]),
    "too-deep": frame(b"[" + deep(100) + b",[]]"),
    "much-too-deep": frame(b"[" + deep(200_000) + b",[]]"),
    "long-number": frame(b"[" + b"9" * 5000 + b",[]]"),
    "huge-array": frame(["array", 0], [["float64", [2**40]]], b"12345678"),
    "overflowing-array": frame(["array", 0], [["float64", [2**62, 2**62]]], b"12345678"),
    "negative-shape": frame(["array", 0], [["float64", [-1]]], b"12345678"),
    "truth-for-shape": frame(["array", 0], [["uint8", [True]]], b"1"),
    "object-array": frame(["array", 0], [["object", [1]]], b"12345678"),
    "left-over": frame(1, [], b"12345678"),
    "array-named-twice": frame(["list", [["array", 0], ["array", 0]]], [["uint8", [1]]], b"1"),
    "no-such-array": frame(["tensor", 7, False]),
    "negative-array": frame(["tensor", -1, False], [["uint8", [1]]], b"1"),
    "unhashable-key": frame(["dict", [[["list", []], 1]]]),
    "no-such-dtype": frame(["dtype", "__class__"]),
    "bytes": frame(["bytes", "%"]),
    "complex": frame(["complex", "1", None]),
    "name": frame(["name", 3]),
    "handle": frame(["object", True, "x"]),
    "no-order": frame(["tensor", 0, False, [0, 0]], [["uint8", [1, 1]]], b"1"),
    "order-of-other": frame(["tensor", 0, False, [1, 0]], [["uint8", [1]]], b"1"),
    "order-of-texts": frame(["tensor", 0, False, ["a"]], [["uint8", [1]]], b"1"),
    "size-of-texts": frame(["size", ["a"]]),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lie_is_refused(lie):
    with pytest.raises(WireError):
        decode(lie)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_noise_is_refused_or_read_but_never_an_accident(noise, place):
    good = encode({"x": [torch.ones(3), (1, "two", 3.0)]})
    for bad in (noise, good[:place] + noise + good[place + len(noise) :]):
        with contextlib.suppress(WireError):
            decode(bad)


def test_too_much_is_not_sent():
    with pytest.raises(WireError, match="at most 100 bytes"):
        encode(torch.ones(100), limit=100)
    with pytest.raises(WireError, match="outside arrays"):
        encode("x" * (wire._MAX_TEXT + 1))
    with pytest.raises(WireError, match="outside arrays"):
        decode(frame(b'["' + b"x" * wire._MAX_TEXT + b'",[]]'))
    circle = []
    circle.append(circle)
    with pytest.raises(WireError, match="levels deep"):
        encode(circle)
    with pytest.raises(WireError, match="cannot be sent"):
        encode(10**5000)


def test_too_much_is_not_received():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(encode([1, math.pi]))
        assert decode(wire.receive(ours)) == [1, math.pi]
        theirs.sendall(struct.pack(">QI", 2**50, 2))
        with pytest.raises(WireError, match="at most"):
            wire.receive(ours)
        theirs.close()
        with pytest.raises(EOFError):
            wire.receive(ours)
