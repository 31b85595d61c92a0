"""When something was handed in, as ``timestamp.txt`` says it: read if it can mean one moment only."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_TIME = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)"
    r"(?: ?(?P<zone>Z|UTC|GMT|(?P<sign>[+-])(?P<hours>\d\d)(?::?(?P<minutes>\d\d))?|[A-Za-z_]+/[\w/+-]+))?"
)
_WANTED = "expected a time such as 2026-01-31 12:00:00 +01:00"


def read_time(raw: bytes) -> datetime | str:
    """Read a time.

    nbgrader writes ``2026-01-31 12:00:00 UTC``; a time without a zone is UTC to it. Letters such as PST or
    CST mean several zones, and 01/02 is two days: neither is guessed.

    Args:
        raw: what is in the file.

    Returns:
        The moment in UTC, without a zone, as nbgrader keeps it; or why it is not known.

    Example:
        >>> read_time(b"2026-01-31 12:00:00 -0800")
        datetime.datetime(2026, 1, 31, 20, 0)
        >>> read_time(b"2026-01-31 12:00:00 PST")
        'expected a time such as 2026-01-31 12:00:00 +01:00, got “2026-01-31 12:00:00 PST”'
    """
    text = _text(raw)
    found = _TIME.fullmatch(text)
    try:
        if found:
            local = datetime.fromisoformat(f"{found['day']} {found['clock']}").replace(tzinfo=_zone(found))
            if local.utcoffset() == local.replace(fold=1).utcoffset():  # else the clock was put back: twice
                return local.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, KeyError, OSError):  # no such day, zone or offset
        pass
    return f"{_WANTED}, got “{text[:60]}”" if text else f"{_WANTED}, got nothing that can be read"


def _text(raw: bytes) -> str:
    code = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = raw[:200].decode(code, "replace").strip().strip("\x00")
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _zone(found: re.Match[str]) -> tzinfo:
    zone = found["zone"]
    if found["sign"]:
        offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
        return timezone(-offset if found["sign"] == "-" else offset)
    return UTC if zone in (None, "Z", "UTC", "GMT") else ZoneInfo(zone)
