"""The stand-ins and the agent, over a socket in one process: what crosses, is raised, is refused."""

import operator
import socket
import threading
from collections import OrderedDict

import numpy as np
import pytest
import torch

from cnncourse import check
from cnncourse.check import handed
from cnncourse.errors import ShapeError
from cnncourse.grading.inside import wire
from cnncourse.grading.inside.agent import Agent
from cnncourse.grading.inside.wire import Name
from cnncourse.grading.judge.proxy import Link, StudentGone, remote

STUDENT = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 2)
        self.sizes = [1, 2]
    def forward(self, x):
        return self.fc(x)
class Mine(ValueError):
    pass
def add_one(x, *, scale=1):
    x += scale
    return x
def append(items, table):
    items.append(torch.ones(1)); table["new"] = 1
def swap(pair):
    pair[0] = "other"
def fill(batches):
    batches[0]["x"].zero_()
def grow(x):
    x.unsqueeze_(0)
def refuse(): raise Mine("no")
def shapes():
    from cnncourse.errors import ShapeError
    raise ShapeError("3 and 4")
def undecodable(): b"\\xff".decode()
def todo(): raise NotImplementedError
def lookup(): return {}["key"]
def missing(): return undefined_name
def leave(): raise SystemExit("bye")
def skip(): raise StopIteration("early")
def numbers(): return iter([1, 2])
def nothing(): return object()
def same(x): return x
"""


@pytest.fixture
def link():
    names = {}
    exec(STUDENT, names)
    ours, theirs = socket.socketpair()
    agent = Agent(names)

    def answer():
        with theirs:
            while True:
                try:
                    theirs.sendall(agent.answer(wire.receive(theirs)))
                except (EOFError, OSError):
                    return

    thread = threading.Thread(target=answer)
    thread.start()
    link = Link(ours)
    yield link
    link.close()
    thread.join(10)


@pytest.fixture
def student(link):
    return lambda name: remote(link, Name(name))


def test_modules_attributes_items_and_iteration(student):
    net = student("Net")()
    assert type(net).__name__ == "Net"
    assert net(torch.zeros(4, 3)).shape == (4, 2)
    assert [tuple(p.shape) for p in net.parameters()] == [(2, 3), (2,)]
    assert net.fc.in_features == 3
    assert net.sizes == [1, 2]
    assert net.eval().training is False
    net.training = True
    assert net.training is True
    assert type(net.state_dict()) is OrderedDict
    assert student("same")(net).training is True
    sequence = student("torch").nn.Sequential(net)
    assert len(sequence) == 1
    assert type(sequence[0]).__name__ == "Net"


def test_what_is_handed_over_is_a_copy_and_what_came_back_can_be_asked_for(student):
    x, y = torch.zeros(2), np.zeros(2)
    assert student("add_one")(x, scale=2).tolist() == [2, 2]
    student("add_one")(y)
    assert (x.tolist(), y.tolist()) == ([0, 0], [0, 0])
    assert (check.after(x).tolist(), check.after(y).tolist()) == ([2, 2], [1, 1])
    items, table = [1], {"old": 0}
    student("append")(items, table)
    assert (items, table) == ([1], {"old": 0})
    assert len(check.after(items)) == 2
    assert check.after(table) == {"old": 0, "new": 1}
    batches = [{"x": torch.ones(2)}]
    inner = batches[0]["x"]
    student("fill")(batches)
    assert (inner.tolist(), check.after(inner).tolist()) == ([1, 1], [0, 0])
    student("grow")(inner)
    assert (inner.shape, check.after(inner).shape) == ((2,), (1, 2))


def test_what_became_of_several_inputs_can_be_asked_for_at_once(student):
    given = ([1], {"old": 0})
    student("append")(*given)
    assert given == ([1], {"old": 0})
    items, table = check.after(given)
    assert (len(items), table) == (2, {"old": 0, "new": 1})
    with pytest.raises(check.CheckFailed, match="changed its input"):
        check.unchanged(([1], {"old": 0}), given)
    handed.forget()
    assert check.after(given) is given


def test_a_change_stays_known_when_a_later_call_makes_none(student):
    x = torch.zeros(2)
    student("add_one")(x)
    assert student("same")(x).tolist() == [0, 0]
    with pytest.raises(check.CheckFailed, match="changed its input x"):
        check.unchanged(torch.zeros(2), x)
    handed.forget()
    check.unchanged(torch.zeros(2), x)


def test_a_change_is_told_once_in_a_test(student, capsys):
    handed.forget()
    for _ in range(2):
        student("add_one")(torch.zeros(2))
    student("same")(torch.zeros(2))
    said = capsys.readouterr().out
    assert said.count("note: add_one changes what it is given") == said.count("note") == 1


def test_numbers_in_a_list_are_no_inputs_of_their_own(student):
    pair = [1, 2]
    student("swap")(pair)
    assert check.after(pair) == ["other", 2]
    assert check.after(1) == 1


def test_errors_are_of_the_same_class_or_the_nearest_known(student):
    with pytest.raises(ValueError, match="no"):
        student("refuse")()
    with pytest.raises(ShapeError, match="3 and 4"):
        student("shapes")()
    with pytest.raises(KeyError):
        student("lookup")()
    with pytest.raises(ValueError, match="can't decode"):
        student("undecodable")()
    with pytest.raises(SystemExit, match="bye"):
        student("leave")()
    with pytest.raises(Exception, match="early") as other:
        student("skip")()
    assert type(other.value) is Exception  # StopIteration would end a loop of the test
    with pytest.raises(NameError, match="undefined_name") as caught:
        student("missing")()
    assert caught.value.name == "undefined_name"
    with pytest.raises(NameError, match="never_defined"):
        student("never_defined")()
    check.raises(ValueError, student("refuse"))


def test_an_open_answer_stays_one(student):
    with pytest.raises(NotImplementedError) as caught, check.cell("open", points=1):
        student("todo")()
    assert not caught.value.args


def test_an_object_is_neither_true_nor_equal_nor_data(student):
    thing = student("nothing")()
    with pytest.raises(TypeError, match="neither True nor False"):
        bool(thing)
    for compare in (operator.eq, operator.ne):  # it would be unequal to everything, right or wrong
        with pytest.raises(TypeError, match="where it lives"):
            compare(thing, 1)
    with pytest.raises(check.CheckFailed, match="expected a whole number"):
        check.equal(thing, 1)
    with pytest.raises(AttributeError):
        _ = thing.__array__
    with pytest.raises(TypeError):
        len(thing)
    assert list(student("numbers")()) == [1, 2]


def test_a_test_may_pass_data_only(student):
    with pytest.raises(TypeError, match="data only, not an object of type function"):
        student("same")(lambda: 1)


def answered(*replies, **options):
    """A link to a student who answers with these bytes, whatever is asked."""
    ours, theirs = socket.socketpair()
    for reply in replies:
        theirs.sendall(reply)
    return remote(Link(ours, **options), Name("f")), theirs


@pytest.mark.parametrize(
    "reply",
    [
        b"x" * 100,
        wire.encode(1),
        wire.encode(("value", 1)),
        wire.encode(("value", 1, 7)),
        wire.encode(("error", ("ValueError",), 3, False)),
        wire.encode(("passed", True, None)),
    ],
)
def test_a_forged_answer_ends_the_talk(reply):
    f, theirs = answered(reply)
    with theirs:
        with pytest.raises(StudentGone):
            f()
        with pytest.raises(StudentGone, match="before"):
            f()


def test_forged_errors_and_lengths_are_harmless():
    for kinds in ((), (3,), ("exec",), ("Remote",), ("KeyboardInterrupt",), ("GeneratorExit",)):
        f, theirs = answered(wire.encode(("error", kinds, "x", False)))
        with theirs, pytest.raises(RuntimeError, match="x"):
            f()
    for length in (-1, 2**40, True, "3"):
        f, theirs = answered(wire.encode(("value", length, None)))
        with theirs, pytest.raises(TypeError, match="no length"):
            len(f)
    f, theirs = answered(wire.encode(("value", 3, None)))
    with theirs, pytest.raises(TypeError, match="gone through"):
        list(f)
    f, theirs = answered(wire.encode(("value", wire.Handle(1, "not a name!"), None)))
    with theirs:
        assert type(f()).__name__ == "object"


def test_a_large_answer_is_not_read():
    f, theirs = answered(wire.encode(("value", torch.zeros(1000), None)), limit=100)
    with theirs, pytest.raises(StudentGone, match="at most 100 bytes"):
        f()


def test_a_silent_student_is_interrupted_once_and_given_up():
    called = []
    ours, theirs = socket.socketpair()

    def interrupt():
        called.append(1)
        theirs.sendall(wire.encode(("error", ("TimeoutError",), "it took too long", False)))

    with theirs, pytest.raises(TimeoutError, match="it took too long"):
        remote(Link(ours, interrupt, seconds=0.01), Name("f"))()
    assert called == [1]


def test_a_student_who_leaves_is_gone():
    f, theirs = answered()
    theirs.close()
    with pytest.raises(StudentGone, match="ended Python"):
        f()
