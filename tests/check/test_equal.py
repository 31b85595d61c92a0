from collections import OrderedDict

import numpy as np
import pytest
import torch

from cnncourse import check
from cnncourse.check import CheckFailed


def failure(got, expected, **options):
    with pytest.raises(CheckFailed) as caught:
        check.equal(got, expected, **{"call": "f(x)", **options})
    return caught.value


class SaysYes:
    """An object that claims to equal everything."""

    shape = (2,)
    dtype = torch.float32

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return hash("mean")


class SaysYesTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return torch.tensor(True)


class SaysYesInt(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (torch.ones(2), torch.ones(2)),
        (torch.ones(2, requires_grad=True) * 1, torch.ones(2)),
        (torch.nn.Parameter(torch.ones(2)), torch.ones(2)),
        (torch.ones(2).double(), torch.ones(2)),
        (torch.ones(2).bfloat16(), torch.ones(2)),
        (torch.ones(2).to_sparse(), torch.ones(2)),
        (torch.ones(2, dtype=torch.int32), torch.ones(2, dtype=torch.int64)),
        (torch.tensor([float("nan"), float("inf")]), torch.tensor([float("nan"), float("inf")])),
        (torch.zeros(0, 3), torch.zeros(0, 3)),
        (torch.tensor([1 + 2j]), torch.tensor([1 + 2j])),
        (np.ones(3, np.float32), np.ones(3)),
        (np.float32(0.5), 0.5),
        (np.ones(3), torch.ones(3)),
        (OrderedDict(a=1, b=2), {"b": 2, "a": 1}),
        (3, 3.0),
        (float("nan"), float("nan")),
        (float("inf"), float("inf")),
        (True, True),
        (torch.Size([1, 2]), (1, 2)),
        ([1, (2.0, "three")], [1, (2.0, "three")]),
        ({"mean": torch.ones(1)}, {"mean": torch.ones(1)}),
        (None, None),
        (torch.float32, torch.float32),
    ],
)
def test_equal_things_pass(got, expected):
    assert check.equal(got, expected) is None


@pytest.mark.parametrize(
    ("got", "expected", "stage", "words"),
    [
        (None, torch.ones(2), "type", "did you forget `return`?"),
        (None, 3, "type", "did you forget `return`?"),
        (np.zeros(2), torch.ones(2), "value", "Everything is 0"),
        (torch.ones(2), np.ones(2), "type", ".numpy()"),
        ([1.0, 1.0], torch.ones(2), "type", "torch.tensor(list)"),
        (torch.tensor(3.0), 3.0, "type", ".item()"),
        (torch.tensor(True), True, "type", ".item()"),
        (3.0, 3, "type", "//"),
        (True, 1, "type", "True, True or False, expected a whole number"),
        (1, True, "type", "expected True or False"),
        ("3", 3, "type", "quotation marks"),
        ([1, 2], (1, 2), "type", "tuple(…)"),
        (torch.nn.ReLU, torch.ones(1), "type", "the class itself"),
        (len, 3, "type", "parentheses"),
        (range(3), (0, 1, 2), "type", "an object of type range"),
        (torch.ones(2, device="meta"), torch.ones(2), "type", "meta"),
        (torch.ones(1, 2), torch.ones(2), "shape", "too many: squeeze"),
        (torch.ones(2), torch.ones(1, 2), "shape", "missing: unsqueeze"),
        (torch.ones(4), torch.ones(2, 2), "shape", "Count the axes: 1 came, expected 2"),
        (torch.ones(3, 2), torch.ones(2, 3), "shape", "swapped"),
        (torch.ones(3, 4), torch.ones(3, 3), "shape", "Only axis 1 differs: expected 3, got 4"),
        (torch.ones(4, 4), torch.ones(3, 3), "shape", "f(x) has shape (4, 4), expected (3, 3)."),
        ((1, 2), (1, 2, 3), "shape", "with 2 items, expected 3 items"),
        ({"a": 1}, {"b": 1}, "shape", "missing: 'b'"),
        ({"a": 1, "b": 1}, {"b": 1}, "shape", "not expected: 'a'"),
        (torch.ones(2, dtype=torch.int64), torch.ones(2), "dtype", ".float()"),
        (torch.ones(2, dtype=torch.bool), torch.ones(2, dtype=torch.int64), "dtype", "truth values"),
        (np.array(["a", "b"]), np.ones(2), "dtype", "values of type <U1"),
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0]), "value", "[1]:  expected 3.0, got 2.0"),
        (torch.tensor([1, 2]), torch.tensor([1, 3]), "value", "1 of 2 numbers are wrong"),
        (torch.tensor(1.0), torch.tensor(2.0), "value", "single number"),
        (torch.tensor([float("nan"), 1.0]), torch.ones(2), "value", "0/0"),
        (torch.tensor([float("inf"), 1.0]), torch.ones(2), "value", "division by 0"),
        (torch.ones(2), torch.tensor([float("nan"), 1.0]), "value", "expected nan"),
        (torch.zeros(2), torch.tensor([1.0, 2.0]), "value", "Everything is 0"),
        (torch.tensor([-1.0, -2.0]), torch.tensor([1.0, 2.0]), "value", "opposite sign"),
        (torch.arange(4.0).view(2, 2).T, torch.arange(4.0).view(2, 2), "value", "rows and columns swapped"),
        (torch.tensor([2.0, 4.0]), torch.tensor([1.0, 2.0]), "value", "2.0 times the expected"),
        (torch.tensor([2.0, 4.0]), torch.tensor([1.0, 3.0]), "value", "off by the same amount, 1.0"),
        (torch.tensor([1.0, 2.001]), torch.tensor([1.0, 2.0]), "value", "That is close"),
        (2.5, 3.5, "value", "expected 3.5, got 2.5"),
        (float("nan"), 1.0, "value", "got nan"),
        (float("inf"), 1.0, "value", "got inf"),
        ("a", "b", "value", "expected 'b', got 'a'"),
        ((1, (2, 3)), (1, (2, 4)), "value", "item [1] of item [1] of f(x)" if False else "expected 4, got 3"),
        ({"a": 1}, {"a": 2}, "value", "item ['a'] of f(x)"),
    ],
)
def test_differences_name_stage_and_advice(got, expected, stage, words):
    error = failure(got, expected)
    assert error.stage == stage
    assert words in error.message
    assert error.message.startswith(("f(x)", "item ["))


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (SaysYes(), torch.ones(2)),
        (SaysYes(), 3),
        (SaysYes(), "text"),
        (SaysYes(), None),
        (SaysYesInt(2), 3),
        (torch.ones(2).as_subclass(SaysYesTensor), torch.zeros(2)),
        ([SaysYes()], [3]),
        ({SaysYes(): 1}, {"mean": 1}),
        (np.array([SaysYes(), SaysYes()], dtype=object), np.ones(2)),
    ],
)
def test_objects_that_claim_equality_fail(got, expected):
    failure(got, expected)


def test_a_patched_tensor_cannot_speak_for_itself():
    liar = torch.zeros(2)
    liar.detach = lambda: torch.ones(2)
    failure(liar, torch.ones(2))


def test_tolerance_is_used_for_floats_only():
    check.equal(torch.tensor([1.0]), torch.tensor([1.05]), atol=0.1)
    check.equal(1.0, 1.05, atol=0.1)
    failure(10, 11, atol=5)
    failure(torch.tensor([10]), torch.tensor([11]), atol=5)


def test_numbers_that_look_alike_are_written_out():
    assert "expected 1.0, got 1.000001" in failure(1.000001, 1.0, atol=0, rtol=0).message


def test_unknown_things_are_the_authors_mistake():
    with pytest.raises(TypeError, match="cannot compare an object of type object"):
        check.equal(1, object())


def test_message_points_to_hint_and_chapter(hints):
    error = failure(1, 2, hint="turn")
    assert error.hint == "turn"
    assert error.pointer == '→ hint: check.hint("turn")      → chapter 02, "Turning"'
    assert error.message.splitlines()[-1] == error.pointer


def test_a_known_mistake_brings_its_own_hint_and_diagnosis(hints):
    mistakes = {"turn": torch.tensor([3.0, 2.0, 1.0]), "step": torch.tensor([9.0])}
    right = torch.tensor([1.0, 2.0, 3.0])
    error = failure(right.flip(0), right, hint="step", mistakes=mistakes)
    assert error.hint == "turn"
    assert "The kernel is turned round." in error.message
    error = failure(torch.tensor([9.0]), right, hint="turn", mistakes=mistakes)
    assert (error.hint, error.stage) == ("step", "shape")
    assert "Count your steps." in error.message
    assert failure(right + 1, right, hint="step", mistakes=mistakes).hint == "step"


def test_a_mistake_that_happens_to_be_right_is_not_blamed(hints):
    right = torch.ones(2)
    error = failure(torch.zeros(2), right, hint="step", mistakes={"turn": right.flip(0)})
    assert error.hint == "step"
