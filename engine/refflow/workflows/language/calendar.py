"""A calendar: a time zone and its holidays, and what `5bd` or a send window mean in it.

Instants are aware datetimes and come back in UTC. A wall time that the clocks skip stands for the first
instant after the gap, one that happens twice for the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from refflow.spelling import nearest

from ...errors import RefflowError, UsageError
from ..durations import Duration
from .definition import Schedule, Window

SEARCH_DAYS = 366

_DAY = timedelta(days=1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_STEPS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": _DAY, "w": timedelta(weeks=1)}


class Calendar(msgspec.Struct, frozen=True):
    """`zone` is an IANA name (`Europe/Berlin`); business days are Monday to Friday without `holidays`.

    Raises `UsageError` when there is no such zone.
    """

    zone: str
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise UsageError(f"There is no time zone `{self.zone}`. {_hint(self.zone)}") from None

    def local(self, instant: datetime) -> datetime:
        """`instant` on the clocks of the zone."""
        if instant.tzinfo is None:
            raise ValueError(f"{instant} needs a time zone")
        return instant.astimezone(ZoneInfo(self.zone))

    def at(self, day: date, clock: time) -> datetime:
        """The instant when the clocks of the zone show `clock` on `day`."""
        wall = datetime.combine(day, clock.replace(fold=0), ZoneInfo(self.zone))
        first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
        # Only of a time that the clocks skip does the second reading come before the first (PEP 495).
        return first if first <= second else self._change(second, first)

    def add(self, instant: datetime, duration: Duration) -> datetime:
        """`duration` after `instant`.

        Minutes and hours are exact; days and weeks keep the local time of day. Business days keep it too
        and count from the day of `instant`, be it a business day or not: Saturday and `1bd` is Monday.
        `0bd` is the same day, or the next business day.
        """
        return self._shift(instant, duration, 1)

    def subtract(self, instant: datetime, duration: Duration) -> datetime:
        """`duration` before `instant`, by the same rules backwards: Saturday less `1bd` is Friday."""
        return self._shift(instant, duration, -1)

    def is_business_day(self, day: date) -> bool:
        """Whether `day` is one of Monday to Friday and no holiday."""
        return day.weekday() < 5 and day not in self.holidays

    def is_open(self, instant: datetime, window: Window) -> bool:
        """Whether day, hours and holiday allow a message: the window opens at `opens` and is closed again
        at `closes`, on the clocks of the zone.
        """
        wall = self.local(instant)
        return self._has(wall.date(), window) and window.opens <= wall.hour * 60 + wall.minute < window.closes

    def open_at(self, instant: datetime, window: Window) -> datetime:
        """The first instant from `instant` on that is in `window`: day, hours and holiday all hold.

        Raises `RefflowError` when there is none within 366 days.
        """
        if self.is_open(instant, window):
            return instant.astimezone(UTC)
        first = self.local(instant).date()
        for day in (first + n * _DAY for n in range(SEARCH_DAYS + 1)):
            if self._has(day, window):
                for moment in sorted(self._openings(day, window)):
                    if moment >= instant and self.is_open(moment, window):
                        return moment
        raise RefflowError(
            f"The send window {_say(window)} in {self.zone} does not open within {SEARCH_DAYS} days of {first}."
            " Look at its days and hours, and at the holidays of the calendar."
        )

    def next_time(self, instant: datetime, schedule: Schedule) -> datetime:
        """The first time of the week that `schedule` names, after `instant`."""
        first = self.local(instant).date()
        for day in (first + n * _DAY for n in range(9)):
            moment = self.at(day, time(*divmod(schedule.at, 60)))
            if day.weekday() in schedule.days and moment > instant:
                return moment
        raise ValueError("a schedule names a day")

    def _has(self, day: date, window: Window) -> bool:
        return day.weekday() in window.days and day not in self.holidays

    def _openings(self, day: date, window: Window) -> Iterator[datetime]:
        """Every instant of `day` at which the window can open: at `opens` (twice when the clocks go back
        over it), and when the clocks change.
        """
        midnight = datetime.combine(day, time(), ZoneInfo(self.zone))
        opens = midnight + timedelta(minutes=window.opens)
        yield opens.astimezone(UTC)
        yield opens.replace(fold=1).astimezone(UTC)
        if midnight.utcoffset() != (midnight + _DAY).utcoffset():
            yield self._change(self.at(day, time()), self.at(day + _DAY, time()))

    def _shift(self, instant: datetime, duration: Duration, sign: int) -> datetime:
        if duration.unit in ("m", "h"):
            return instant.astimezone(UTC) + sign * duration.amount * _STEPS[duration.unit]
        wall = self.local(instant)
        if duration.unit == "bd":
            day = self._business_day(wall.date(), duration.amount, sign)
        else:
            day = wall.date() + sign * duration.amount * _STEPS[duration.unit]
        return instant.astimezone(UTC) if day == wall.date() else self.at(day, wall.time())

    def _business_day(self, day: date, count: int, sign: int) -> date:
        step, counts = sign * _DAY, self.is_business_day(day)
        while count or not counts:
            day += step
            counts = self.is_business_day(day)
            if count and counts:
                count -= 1
        return day

    def _offset(self, instant: datetime) -> timedelta | None:
        return self.local(instant).utcoffset()

    def _change(self, before: datetime, after: datetime) -> datetime:
        """The instant in between at which the clocks change, to the second."""
        old, low, high = self._offset(before), 0, int((after - before).total_seconds())
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(before + timedelta(seconds=middle)) == old:
                low = middle
            else:
                high = middle
        return (before + timedelta(seconds=high)).replace(microsecond=0)


def both(
    calendar_a: Calendar, window_a: Window, calendar_b: Calendar, window_b: Window, instant: datetime
) -> datetime:
    """The first instant from `instant` on that is in both windows: for a contact whose zone is a guess.

    Raises `RefflowError` when there is none within 366 days.
    """
    moment = instant
    while moment - instant <= timedelta(days=SEARCH_DAYS):
        first = calendar_a.open_at(moment, window_a)
        moment = calendar_b.open_at(first, window_b)
        if moment == first:
            return moment
    raise RefflowError(
        f"The send windows {_say(window_a)} in {calendar_a.zone} and {_say(window_b)} in {calendar_b.zone} are "
        f"never open together within {SEARCH_DAYS} days. Widen one of them, or note the contact's time zone."
    )


def _say(window: Window) -> str:
    hours = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (window.opens, window.closes))
    days = ",".join(_WEEKDAYS[day] for day in window.days)
    return f"{days or 'on no day'} {hours}"


def _hint(zone: str) -> str:
    # Etc/GMT+2 is two hours *behind* UTC, so it must never be offered to somebody who wrote GMT+2.
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    spellings = {name.rpartition("/")[2].casefold(): name for name in names}
    spellings |= {name.casefold(): name for name in names}
    near = nearest(zone.strip().casefold().replace(" ", "_"), spellings)
    if near:
        return f"Did you mean `{spellings[near]}`?"
    return "Write a region and city, such as `Europe/Berlin`."
