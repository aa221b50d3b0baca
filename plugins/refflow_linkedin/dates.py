"""The ways a LinkedIn export writes dates and instants.

Month names are English whatever the language of the account. A month comes before its day wherever both are
figures, and a year of two figures is one of this century.

    31 Dec 2024, 15-Jan-24            2024-12-31, 2024/12/31         12/31/24, 12/31/2024
    12/31/24, 7:18 AM                 2024-12-31 19:29:01 UTC        2024-12-31T19:29Z
    Wed Jan 05 12:00:00 UTC 2022      Mar 1, 2024 09:00 AM           Jul 2018, 2018

Instants of the form `12/31/24, 7:18 AM` name no zone. They are US Pacific time: the note of an invitation
turns up again among the messages with a UTC stamp, and over 81 such pairs the smallest differences were 421
minutes in summer and 481 in winter. Any other instant without a zone is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_PACIFIC = ZoneInfo("America/Los_Angeles")
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_NO_DATE = frozenset(("", "n/a", "not available", "present"))

_DAYS = tuple(
    re.compile(form)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})[ -](?P<name>[A-Za-z]{3,9})[ -](?P<year>\d{4}|\d{2})(?!\d)",
        r"(?P<us>)(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4}|\d{2})(?!\d)",
        r"(?P<name>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}), ?(?P<year>\d{4})",
        r"(?P<name>[A-Za-z]{3,9})\.? (?P<year>\d{4})",
        r"(?P<year>\d{4})(?!.)",
    )
)
_CTIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} \d{1,2}) (\d{2}:\d{2}:\d{2}) ([A-Z]{3}) (\d{4})")
_TIME = re.compile(
    r"(?:,?\s*|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?"
    r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?(?:\s*(?P<zone>UTC|GMT|Z|[+-]\d{2}:?\d{2}))?(?:\s*-\s.*)?"
)


@lru_cache(maxsize=16384)
def parse_date(text: str) -> date | None:
    """The day that `text` names, as it is written. A bare month or year is its first day.

    None when it says that there is none; ValueError when it is no date.
    """
    if text.lower() in _NO_DATE:
        return None
    found, rest = _day(_plain(text))
    if rest and not _TIME.fullmatch(rest):
        raise ValueError("not a date")
    return _date(found)


def parse_instant(text: str) -> int | None:
    """The instant that `text` names, in microseconds since 1970 UTC; midnight UTC when it is a bare day.

    None when it says that there is none; ValueError when it is neither.
    """
    if len(text) == 23 and text[4] == "-" and text.endswith(" UTC"):
        return (datetime.fromisoformat(text[:19]) - _NAIVE_EPOCH) // _MICROSECOND
    if text.lower() in _NO_DATE:
        return None
    found, rest = _day(_plain(text))
    moment = datetime.combine(_date(found), datetime.min.time(), UTC)
    if not rest:
        return _microseconds(moment)
    time = _TIME.fullmatch(rest)
    if not time:
        raise ValueError("not an instant")
    hour, minute, second = _hour(time), int(time["minute"]), int(time["second"] or 0)
    zone = _zone(time["zone"], us="us" in found.groupdict())
    return _microseconds(moment.replace(hour=hour, minute=minute, second=second, tzinfo=zone))


def day_of(instant: int) -> date:
    """The day of an instant in UTC."""
    return (_EPOCH + timedelta(microseconds=instant)).date()


def _plain(text: str) -> str:
    """`text` with the parts of `Wed Jan 05 12:00:00 UTC 2022` in the order of the other forms."""
    ctime = _CTIME.fullmatch(text)
    return f"{ctime[1]}, {ctime[4]} {ctime[2]} {ctime[3]}" if ctime else text


def _day(text: str) -> tuple[re.Match[str], str]:
    for form in _DAYS:
        if found := form.match(text):
            return found, text[found.end() :]
    raise ValueError("not a date")


def _date(found: re.Match[str]) -> date:
    parts = found.groupdict()
    year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
    name = parts.get("name")
    month = _MONTHS.index(name[:3].lower()) + 1 if name else int(parts.get("month") or 1)
    return date(year, month, int(parts.get("day") or 1))


def _hour(time: re.Match[str]) -> int:
    hour = int(time["hour"])
    if not time["half"]:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("not an hour of twelve")
    return hour % 12 + (12 if time["half"] in "Pp" else 0)


def _zone(name: str | None, *, us: bool) -> tzinfo:
    if name and name[0] in "+-":
        offset = timedelta(hours=int(name[1:3]), minutes=int(name[-2:]))
        return timezone(-offset if name[0] == "-" else offset)
    return _PACIFIC if us and not name else UTC


def _microseconds(moment: datetime) -> int:
    try:
        return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
    except OverflowError:
        raise ValueError("not within the years 1 to 9999") from None
