"""The judge's side: stand-ins for the student's functions and objects, whose calls run in the kernel."""

import builtins
import functools
import random
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from cnncourse import errors
from cnncourse.check.failure import LearnerError
from cnncourse.check.handed import came_back, note
from cnncourse.grading.inside import printed, wire
from cnncourse.grading.inside.wire import Handle, Name, WireError

_NOT_RAISED = ("StopIteration", "StopAsyncIteration", "GeneratorExit", "KeyboardInterrupt", "SystemExit")
_ERRORS: dict[str, type[BaseException]] = {
    name: kind
    for module in (builtins, errors)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Exception) and name not in _NOT_RAISED
}


Gone = Literal["ended", "unreadable", "endless", "closed", "spent"]
_GONE: dict[Gone, str] = {
    "ended": "Your code ended Python",
    "unreadable": "Your code's answer cannot be read",
    "endless": "Your code took too long, and could not be stopped",
    "closed": "Your code took too long or ended Python before: nothing more can be asked",
    "spent": "Your code ended its process again and again, and nothing more can be asked",
}


_CHANGES = (
    "{} changes what it is given. Here it got a copy; elsewhere the caller may still need it as it was."
)


class StudentGone(LearnerError):  # noqa: N818 - it says what became of the student's process
    """The student's process ended, hangs, or speaks nonsense.

    Args:
        kind: which of these.
        details: what is known besides, in words.
    """

    def __init__(self, kind: Gone, *details: str) -> None:
        self.kind = kind
        super().__init__(": ".join([_GONE[kind], *filter(None, details)]) + ".")


class Link:
    """Asks the student's kernel, one request at a time.

    Args:
        connection: to the agent.
        interrupt: stops what the student's process is doing; called when the time is over.
        limit: bytes of one answer.
        seconds: the time that one request may take.
        patience: seconds in which it must stop when it is interrupted.
        explain: ends the student's process, and says why it is gone, if that is known.
        seeded: whether calls draw the random numbers that this process would draw now.
    """

    def __init__(
        self,
        connection: socket.socket,
        interrupt: Callable[[], None] = lambda: None,
        limit: int = wire.MAX_BYTES,
        *,
        seconds: float = 60,
        patience: float = 5,
        explain: Callable[[Gone], str] = lambda kind: "",
        seeded: bool = False,
    ) -> None:
        self._connection = connection
        self._interrupt = interrupt
        self._limit = limit
        self._seconds = seconds
        self._patience = patience
        self._explain = explain
        self._seeded = seeded
        self._random: Any = None

    @property
    def closed(self) -> bool:
        """Whether nothing more can be asked."""
        return self._connection.fileno() < 0

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def share_randomness(self) -> None:
        """Let the student's process draw the same random numbers as this one would draw now.

        Nothing is sent as long as nothing was seeded or drawn here, so that the student's own draws go on.
        """
        if self._seeded and _fingerprint(state := _randomness()) != self._random:
            self.ask("seed", None, *state)
            # Drawing once here tells the same seed, set again, from no seed at all.
            random.random(), np.random.random(), torch.rand(())
            self._random = _fingerprint(_randomness())

    def ask(
        self, operation: str, target: Name | Handle | None, *rest: Any, seconds: float | None = None
    ) -> Any:
        """Send a request and read its answer.

        Args:
            operation: what to do.
            target: with what.
            rest: the operation's arguments.
            seconds: the time it may take, if not that of the link.

        Raises:
            StudentGone: no answer came that could be understood.
            Exception: what the student's code raised, as the same builtin class.
        """
        if self.closed:
            raise StudentGone("closed")
        request = wire.encode((operation, target, *rest), _reference)
        try:
            reply = self._exchange(request, seconds or self._seconds)
            return self._understand(*_heard(wire.decode(reply, self._stand_in)), target, rest)
        except BaseException as error:
            if not isinstance(error, _Raised):
                self.close()  # whatever comes later would be taken for the answer to something else
            if isinstance(error, _Raised):
                raise error.error from None
            if isinstance(error, (EOFError, OSError)) and not isinstance(error, TimeoutError):
                raise self._gone("ended") from None
            if isinstance(error, WireError):
                raise self._gone("unreadable", str(error)) from None
            raise

    def _exchange(self, request: bytes, seconds: float) -> bytes:
        try:
            self._connection.settimeout(seconds)
            self._connection.sendall(request)
            return wire.receive(self._connection, self._limit, seconds)
        except TimeoutError:
            self._interrupt()
        try:
            return wire.receive(self._connection, self._limit, self._patience)
        except TimeoutError:
            raise self._gone("endless") from None

    def _gone(self, kind: Gone, *details: str) -> StudentGone:
        return StudentGone(kind, *details, self._explain(kind))

    def _understand(self, reply: Any, where: str, target: Name | Handle | None, rest: tuple[Any, ...]) -> Any:
        match reply:
            case ("value", result, None):
                return result
            case ("value", result, (tuple() as arguments, dict() as keywords)) if rest:
                if keep_changes(rest, (arguments, keywords)):
                    note(_CHANGES.format(target.name if isinstance(target, Name) else "your code"))
                return result
            case ("error", tuple() as kinds, str() as message, bool() as unfinished):
                raise _Raised(_error(kinds, message, unfinished), where)
        raise WireError("it is no answer to the request")

    def _stand_in(self, reference: Name | Handle) -> "Remote":
        return remote(self, reference)


def _randomness() -> tuple[Any, Any, Tensor]:
    return random.getstate(), np.random.get_state(), torch.get_rng_state()


def _fingerprint(state: tuple[Any, Any, Tensor]) -> Any:
    python, numpy, torchs = state
    return python, numpy[1].tobytes(), numpy[2:], torchs.numpy().tobytes()


class _Raised(Exception):  # noqa: N818 - carries an error, is none
    def __init__(self, error: BaseException, where: str = "") -> None:
        super().__init__()
        self.error = error
        error.students_line = where  # type: ignore[attr-defined]  # not its words: a test may compare them


def _heard(reply: Any) -> tuple[Any, str]:
    """Print here what the student's code printed there; give the answer, and the line that an error is of."""
    match reply:
        case ("with", str() as said, str() as where, tuple() as answer):
            print(said[: printed.LONGEST], end="")
            return answer, where
    return reply, ""


def _error(kinds: tuple[Any, ...], message: str, unfinished: bool) -> BaseException:
    """Make an error of the nearest class that is known here: the student cannot bring their own."""
    if unfinished and "NotImplementedError" in kinds:
        return NotImplementedError()
    if kinds[:1] == ("SystemExit",):
        return SystemExit(message)
    known = next((kind for kind in kinds if isinstance(kind, str) and kind in _ERRORS), "RuntimeError")
    kind = _ERRORS[known]
    error: BaseException
    try:
        error = kind(message)
    except TypeError:  # UnicodeDecodeError and the like want more than a message
        return ValueError(message)
    if isinstance(error, NameError) and (found := re.match(r"name '(\w{1,80})' is not defined", message)):
        error.name = found[1]
    return error


def _reference(value: Any) -> Name | Handle:
    if isinstance(value, Remote):
        return value._target
    raise TypeError(f"a test may pass data only, not an object of type {type(value).__name__}")


def keep_changes(handed: Any, now: Any) -> bool:
    """Keep what the student's code made of an argument, for ``check.after``; the argument stays as it is.

    Args:
        handed: the judge's.
        now: what came back in its place; whatever the student's side says it is.

    Returns:
        Whether it is another now.

    Example:
        >>> x = [1, 2]
        >>> keep_changes(x, [1, 2, 3])
        True
        >>> x
        [1, 2]
    """
    if wire.encode(handed, _reference) == wire.encode(now, _reference):
        return False
    if isinstance(handed, (Tensor, tuple)) or type(handed).__hash__ is None:  # what can change in place
        came_back(handed, now)
    if type(handed) is type(now):
        for mine, theirs in _parts(handed, now):
            keep_changes(mine, theirs)
    return True


def _parts(handed: Any, now: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(handed, (tuple, list)):
        yield from zip(handed, now, strict=False)
    elif isinstance(handed, dict):
        yield from ((handed[key], now[key]) for key in handed if key in now)


class Remote:
    """Stands in for an object of the student's. What it gives is data, or another stand-in."""

    __slots__ = ("_link", "_target")
    _link: Link
    _target: Name | Handle

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the student's object with data; what it changes in them, it changes in its copies."""
        self._link.share_randomness()
        return self._link.ask("call", self._target, arguments, keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__"):
            raise AttributeError(name)
        return self._link.ask("attribute", self._target, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.ask("set", self._target, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._link.ask("item", self._target, key)

    def __len__(self) -> int:
        length = self._link.ask("length", self._target)
        if type(length) is not int or not 0 <= length < 2**31:
            raise TypeError("your object has no length")
        return length

    def __iter__(self) -> Iterator[Any]:
        items = self._link.ask("list", self._target)
        if type(items) is not list:
            raise TypeError("your object cannot be gone through")
        return iter(items)

    def __eq__(self, other: object) -> bool:
        raise TypeError("your object can be compared only where it lives: in your own process")

    __hash__ = object.__hash__  # two stand-ins are the same only if they are one

    def __bool__(self) -> bool:
        raise TypeError("your object is neither True nor False")


def remote(link: Link, target: Name | Handle) -> Remote:
    """Make a stand-in. Its class has the name of the student's class, so that messages read right."""
    kind = target.kind if isinstance(target, Handle) else "function"
    made = object.__new__(_remote_class(kind if kind.isidentifier() else "object"))
    object.__setattr__(made, "_link", link)
    object.__setattr__(made, "_target", target)
    return made


@functools.lru_cache(maxsize=256)
def _remote_class(name: str) -> type[Remote]:
    told = property(lambda stand_in: stand_in._link.ask("attribute", stand_in._target, "__doc__"))
    return type(name, (Remote,), {"__slots__": (), "__doc__": told})
