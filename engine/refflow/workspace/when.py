"""The dates and times that people type, and how refflow says them.

Typed without an offset they are on the clocks of the calendar's zone; instants come back in UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from refflow.errors import UsageError
from refflow.workflows.durations import parse_duration
from refflow.workflows.language.calendar import Calendar

FORMS = (
    "2026-03-02",
    "2026-03-02 14:30",
    "2026-03-02T14:30+01:00",
    "today",
    "tomorrow 9:00",
    "yesterday",
    "friday",
    "14:30",
    "+3bd",
    "+2w",
    "-4h",
)

_MORNING = time(9)
_LAST_SECOND = time(23, 59, 59)
_NEAR_DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# From how many days on a distance is said in which unit, and its length in days.
_LONG = ((730, 365, "year"), (60, 30, "month"), (14, 7, "week"), (1, 1, "day"))
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_WITH_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(z|[+-]\d\d:?\d\d)", re.ASCII)


def parse_when(text: str, now: datetime, calendar: Calendar, *, end_of_day: bool = False) -> datetime:
    """The instant that `text` means at `now`.

    A day without a time means 09:00, or 23:59:59 with `end_of_day` (for the last day of a range); a time
    without a day is today's, even when it has passed; a weekday is the next such day after today. A signed
    duration counts from `now`. Raises `UsageError` listing the forms when it is none of them.
    """
    words = text.casefold().split()
    today = calendar.local(now).date()
    try:
        found = _moment(" ".join(words), now, calendar) or _on_a_day(words, today, calendar, end_of_day)
    except (ValueError, OverflowError):
        raise UsageError(f"`{text.strip()}` is not a day and time that exists.") from None
    if found is None:
        raise UsageError(f"`{text.strip()}` is not a date I can read. Write it as one of: {', '.join(FORMS)}.")
    return found


def say_when(instant: datetime, now: datetime, calendar: Calendar) -> str:
    """`today 14:30`, `tomorrow 09:00`, `Tue 2 Dec` in the year of `now`, else `2 Dec 2027`."""
    local = calendar.local(instant)
    if (near := _NEAR_DAYS.get(_days_until(instant, now, calendar))) is not None:
        return f"{near} {local:%H:%M}"
    day = f"{local.day} {_MONTHS[local.month - 1]}"
    if local.year == calendar.local(now).year:
        return f"{_WEEKDAYS[local.weekday()][:3].title()} {day}"
    return f"{day} {local.year}"


def say_distance(instant: datetime, now: datetime, calendar: Calendar) -> str:
    """`in 3 days`, `2 days ago`, by the local date; on the same day `in 3 hours`, `5 minutes ago`, `now`."""
    days = _days_until(instant, now, calendar)
    minutes = round((instant - now).total_seconds() / 60)
    if days == 0 and minutes == 0:
        return "now"
    amount = _amount(abs(days), abs(minutes))
    return f"in {amount}" if (days or minutes) > 0 else f"{amount} ago"


def _moment(text: str, now: datetime, calendar: Calendar) -> datetime | None:
    if text[:1] in ("+", "-") and (duration := parse_duration(text[1:])) is not None:
        return calendar.add(now, duration) if text[0] == "+" else calendar.subtract(now, duration)
    if written := _WITH_OFFSET.fullmatch(text):
        day, clock, offset = written.groups()
        return datetime.fromisoformat(f"{day}T{clock}{offset.upper()}").astimezone(UTC)
    return None


def _on_a_day(words: list[str], today: date, calendar: Calendar, end_of_day: bool) -> datetime | None:
    if len(words) == 1 and _ISO_DATE.match(words[0]):
        words = words[0].split("t")
    match words:
        case [word]:
            if (clock := _clock(word)) is not None:
                return calendar.at(today, clock)
            day, clock = _day(word, today), _LAST_SECOND if end_of_day else _MORNING
        case [first, second]:
            day, clock = _day(first, today), _clock(second)
        case _:
            return None
    return None if day is None or clock is None else calendar.at(day, clock)


def _day(word: str, today: date) -> date | None:
    for days, name in _NEAR_DAYS.items():
        if word == name:
            return today + timedelta(days=days)
    for weekday, name in enumerate(_WEEKDAYS):
        if len(word) >= 3 and name.startswith(word):
            return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return date.fromisoformat(word) if _ISO_DATE.fullmatch(word) else None


def _clock(word: str) -> time | None:
    written = _CLOCK.fullmatch(word)
    if written is None:
        return None
    hour, minute, second = map(int, written.groups(default="0"))
    return time(hour, minute, second)


def _days_until(instant: datetime, now: datetime, calendar: Calendar) -> int:
    return (calendar.local(instant).date() - calendar.local(now).date()).days


def _amount(days: int, minutes: int) -> str:
    if days:
        size, name = next((size, name) for least, size, name in _LONG if days >= least)
        count = days // size
    else:
        count, name = (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return f"{count} {name}{'' if count == 1 else 's'}"
