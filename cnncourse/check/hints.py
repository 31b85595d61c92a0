"""Hints that a learner asks for, one level at a time."""

from collections import Counter

from cnncourse.errors import ArgumentError, did_you_mean
from cnncourse.hints import all_hints

_asked: Counter[str] = Counter()


def pointer(key: str) -> str:
    """Write the line that points from a failed check to a hint, and to the chapter that explains it.

    Example:
        >>> pointer("no-such-hint")
        '→ hint: check.hint("no-such-hint")'
    """
    entry = all_hints().get(key)
    where = f"      → {entry.where}" if entry and entry.where else ""
    return f'→ hint: check.hint("{key}"){where}'


def hint(key: str) -> None:
    """Print the next level of help. Ask again for more.

    Args:
        key: the name that a failed check printed.

    Raises:
        ArgumentError: no hint has that name; the message suggests the nearest.
    """
    hints = all_hints()
    if key not in hints:
        raise ArgumentError(
            f"no hint is called {key!r} — {did_you_mean(key, hints, 'a failed check names its hint')}"
        )
    entry = hints[key]
    level = min(_asked[key], len(entry.levels) - 1)
    _asked[key] += 1
    last = level == len(entry.levels) - 1
    print(f"hint {level + 1} of {len(entry.levels)} · {key}")
    print(f"  {entry.levels[level]}")
    if not last:
        print(f'  → more: run check.hint("{key}") again')
    elif entry.where:
        print(f"  → {entry.where}")
