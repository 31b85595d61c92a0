"""The student's side of a conversation: objects that stay there are numbered."""

import pytest

from cnncourse.grading.inside import wire
from cnncourse.grading.inside.agent import Agent
from cnncourse.grading.inside.wire import Handle, Name


def answer(agent, *request):
    return wire.decode(agent.answer(wire.encode(request, lambda reference: reference)))


@pytest.mark.timeout(120)
def test_as_many_objects_as_an_answer_can_name():
    """With a look through all earlier ones for each, these take half an hour."""
    agent = Agent({"objects": [object() for _ in range(200_000)]})
    _, handles, _ = answer(agent, "get", Name("objects"))
    assert [handle.number for handle in handles] == list(range(200_000))


def test_the_same_object_has_the_same_number_until_it_is_forgotten():
    one, other = object(), object()
    agent = Agent({"pair": [one, other, one], "other": other})
    _, handles, _ = answer(agent, "get", Name("pair"))
    assert [handle.number for handle in handles] == [0, 1, 0]
    assert answer(agent, "get", Name("other"))[1] == Handle(1, "object")
    agent.forget()
    assert answer(agent, "get", Name("other"))[1] == Handle(0, "object")
