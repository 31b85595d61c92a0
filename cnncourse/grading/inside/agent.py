"""The student's side: lives in the sandboxed kernel, calls the student's code, and answers with data.

Student code can reach all of this and change it. That is allowed for: an answer is only ever a claim, and it
is judged where the student cannot reach.
"""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from cnncourse.check import session
from cnncourse.grading.inside import printed, wire
from cnncourse.grading.inside.wire import Handle, Name, WireError

_MESSAGE = 2000
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "get": lambda value: value,
    "attribute": getattr,
    "set": setattr,
    "item": operator.getitem,
    "length": len,
    "list": list,
}


class Agent:
    """Answers the judge's requests about the names of one notebook.

    Args:
        names: the notebook's names.
        operations: what can be asked for besides, by name.
        output: bytes that one answer may have.
    """

    def __init__(
        self,
        names: Mapping[str, Any],
        operations: Mapping[str, Callable[..., Any]] | None = None,
        output: int = wire.MAX_BYTES,
    ) -> None:
        self._names = names
        self._operations = _OPERATIONS | dict(operations or {})
        self._output = output
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}  # by identity, which an object in the list keeps

    def forget(self) -> None:
        """Let go of the objects that a test was given handles of."""
        self._objects.clear()
        self._numbers.clear()

    def answer(self, frame: bytes) -> bytes:
        """Do what one request asks: the frame with its result, or with the error it ended in.

        What was printed meanwhile goes with it.
        """
        said = where = ""
        try:
            with printed.copied() as copy:
                try:
                    reply = self._do(*wire.decode(frame, self._resolve))
                finally:
                    said = copy.text()
            return self._reply(("with", said, where, reply) if said else reply)
        except KeyboardInterrupt:
            reply = ("error", ("TimeoutError",), "it took too long", False)
        except BaseException as error:
            reply = _describe(error)
            where = "\n".join(session.students_line(error.__traceback__))[:_MESSAGE]
        return self._reply(("with", said, where, reply) if said or where else reply)

    def _do(self, operation: str, target: Any, *rest: Any) -> tuple[Any, ...]:
        if operation == "call":
            return self._call(target, *rest)
        return "value", self._operations[operation](target, *rest), None

    def _call(self, function: Any, arguments: Any, keywords: dict[str, Any]) -> tuple[Any, ...]:
        before = wire.encode((arguments, keywords), self._refer)
        result = function(*arguments, **keywords)
        changed = wire.encode((arguments, keywords), self._refer) != before
        return "value", result, (arguments, keywords) if changed else None

    def _reply(self, value: tuple[Any, ...]) -> bytes:
        return wire.encode(value, self._refer, self._output)

    def _resolve(self, reference: Name | Handle) -> Any:
        if isinstance(reference, Handle):
            return self._objects[reference.number]
        if reference.name not in self._names:
            raise NameError(f"name {reference.name!r} is not defined", name=reference.name)
        return self._names[reference.name]

    def _refer(self, value: Any) -> Handle:
        number = self._numbers.setdefault(id(value), len(self._objects))
        if number == len(self._objects):
            self._objects.append(value)
        return Handle(number, type(value).__name__)


def _describe(error: BaseException) -> tuple[str, tuple[str, ...], str, bool]:
    names = tuple(kind.__name__ for kind in type(error).__mro__)
    if isinstance(error, WireError):
        names = ("ValueError",)
    return "error", names, str(error)[:_MESSAGE], session.unfinished(error)
