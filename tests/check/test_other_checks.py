import numpy as np
import pytest
import torch

from cnncourse import check
from cnncourse.check import CheckFailed


def message(function, *args, **options):
    with pytest.raises(CheckFailed) as caught:
        function(*args, **options)
    return caught.value.message


def test_shape():
    check.shape(torch.ones(2, 3), (2, 3))
    check.shape(np.ones((2, 3)), torch.Size([2, 3]))
    assert "f(x) has shape (3,), expected (2, 3)." in message(check.shape, torch.ones(3), (2, 3), call="f(x)")
    assert "forget `return`" in message(check.shape, None, (2, 3))
    assert "a list" in message(check.shape, [1], (1,))


def test_type_of():
    check.type_of(torch.ones(1), torch.Tensor)
    check.type_of(np.int64(3), int)
    check.type_of(3, (float, str))
    assert "expected a text (str) or a list" in message(check.type_of, 3, (str, list))


def test_raises():
    check.raises((ValueError, TypeError), lambda: int("x"))
    assert "should raise KeyError, but gave 3." in message(check.raises, KeyError, lambda: 3, call="f()")
    said = message(check.raises, KeyError, lambda: int("x"), call="f()", hint="no-such-hint")
    assert "but raised ValueError: invalid literal" in said
    assert said.endswith('check.hint("no-such-hint")')


def test_raises_lets_an_open_answer_through():
    def answer():
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        check.raises(KeyError, answer)


@pytest.mark.parametrize("yes", [True, np.bool_(True), torch.tensor(True), np.array(True)])
def test_true(yes):
    check.true(yes, "expected so", "got not so")


def test_true_fails():
    assert (
        message(check.true, False, "expected the loss below 0.1", "got 0.7")
        == "expected the loss below 0.1\ngot 0.7"
    )
    assert message(check.true, torch.tensor(False), "expected a", "got b") == "expected a\ngot b"


@pytest.mark.parametrize("odd", [1, "yes", torch.tensor(1.0), torch.tensor([True]), object()])
def test_true_wants_a_truth_value(odd):
    assert "where True or False is needed" in message(check.true, odd, "expected so", "got not so")


def test_unchanged():
    x = torch.ones(2)
    before = x.clone()
    check.unchanged(before, x)
    x.add_(1)
    said = message(check.unchanged, before, x, call="relu(x)")
    assert said.startswith("relu(x) changed its input x")
    assert "first difference at [0]:  expected 1.0, got 2.0" in said


def test_a_copy_is_new_all_the_way_down():
    x, y = torch.ones(2, requires_grad=True), np.ones(2)
    given = {"pair": (x, [y, 3]), "name": "a"}
    made = check.copy(given)
    made["pair"][0].data.zero_()
    made["pair"][1][0][:] = 0
    made["pair"][1].pop()
    made["new"] = 1
    assert made["pair"][0].requires_grad
    assert (x.tolist(), y.tolist(), len(given["pair"][1]), list(given)) == (
        [1, 1],
        [1, 1],
        2,
        ["pair", "name"],
    )
    assert check.copy(x * 2).is_leaf
