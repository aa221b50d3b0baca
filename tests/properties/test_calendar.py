from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refflow.workflows.durations import Duration
from refflow.workflows.language.calendar import Calendar, both
from refflow.workflows.language.definition import Window

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
MINUTE = timedelta(minutes=1)

# 2026: the weekends when the clocks change in Berlin, New York and on Lord Howe.
WEEKENDS = ((3, 8), (3, 29), (4, 4), (10, 3), (10, 25), (11, 1))
CHANGES = [datetime(2026, month, day, tzinfo=UTC) for month, day in WEEKENDS]

calendars = st.builds(
    Calendar,
    st.sampled_from(ZONES),
    st.frozensets(st.dates(date(2026, 3, 1), date(2026, 11, 30)), max_size=20),
)
instants = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),
    st.builds(
        lambda day, minutes: day + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-720, 2160)
    ),
)
amounts = st.integers(0, 40)
exact_units = st.sampled_from(("m", "h"))
wall_units = st.sampled_from(("d", "w"))
units = st.sampled_from(("m", "h", "d", "bd", "w"))
minutes_of_day = st.integers(0, 24 * 60)
windows = st.builds(
    lambda days, ends: Window(days=tuple(sorted(days)), opens=min(ends), closes=max(ends)),
    st.sets(st.integers(0, 6), min_size=1),
    st.sets(minutes_of_day, min_size=2, max_size=2),
)


def inside(calendar: Calendar, window: Window, instant: datetime) -> bool:
    """The rule of a window, said once more by hand."""
    wall = calendar.local(instant)
    minute = (wall - wall.replace(hour=0, minute=0, second=0, microsecond=0)) / MINUTE
    on_the_day = wall.weekday() in window.days and wall.date() not in calendar.holidays
    return on_the_day and window.opens <= minute < window.closes


@given(calendars, instants, amounts, amounts, units)
def test_a_longer_wait_never_ends_earlier(
    calendar: Calendar, instant: datetime, one: int, two: int, unit: str
) -> None:
    short, long = sorted((one, two))

    def end(amount: int) -> datetime:
        return calendar.add(instant, Duration(amount, unit))  # type: ignore[arg-type]

    assert instant <= end(short) <= end(long)


@given(calendars, instants, instants, amounts, wall_units)
def test_a_wait_that_starts_later_on_the_clock_never_ends_earlier(
    calendar: Calendar, one: datetime, two: datetime, amount: int, unit: str
) -> None:
    first, second = sorted((one, two), key=lambda moment: calendar.local(moment).replace(tzinfo=None))
    duration = Duration(amount or 1, unit)  # type: ignore[arg-type]

    assert calendar.add(first, duration) <= calendar.add(second, duration)


@given(calendars, instants, instants, amounts)
def test_business_days_from_a_later_day_never_end_on_an_earlier_day(
    calendar: Calendar, one: datetime, two: datetime, amount: int
) -> None:
    duration = Duration(amount, "bd")

    first, second = (calendar.local(calendar.add(start, duration)).date() for start in sorted((one, two)))

    assert first <= second


@given(calendars, instants, amounts)
def test_business_days_land_on_a_business_day(calendar: Calendar, instant: datetime, amount: int) -> None:
    duration = Duration(amount, "bd")

    for end in (calendar.add(instant, duration), calendar.subtract(instant, duration)):
        assert calendar.is_business_day(calendar.local(end).date())


@given(calendars, instants, amounts)
def test_business_days_pass_as_many_business_days_as_they_say(
    calendar: Calendar, instant: datetime, amount: int
) -> None:
    start = calendar.local(instant).date()
    end = calendar.local(calendar.add(instant, Duration(amount, "bd"))).date()
    passed = [start + timedelta(days=n + 1) for n in range((end - start).days)]

    expected = amount if calendar.is_business_day(start) else max(amount, 1)
    assert sum(map(calendar.is_business_day, passed)) == expected


@given(calendars, instants, amounts, exact_units)
def test_minutes_and_hours_are_exact_and_undone_by_subtracting(
    calendar: Calendar, instant: datetime, amount: int, unit: str
) -> None:
    duration = Duration(amount, unit)  # type: ignore[arg-type]
    later = calendar.add(instant, duration)

    assert later - instant == amount * (MINUTE if unit == "m" else 60 * MINUTE)
    assert calendar.subtract(later, duration) == instant


@given(calendars, instants, amounts, st.sampled_from(("d", "w", "bd")))
def test_days_keep_the_wall_time_unless_the_clocks_skip_it(
    calendar: Calendar, instant: datetime, amount: int, unit: str
) -> None:
    start = calendar.local(instant)
    end = calendar.local(calendar.add(instant, Duration(amount, unit)))  # type: ignore[arg-type]

    if end.replace(tzinfo=None, fold=0).time() != start.time().replace(fold=0):
        assert calendar.local(end - timedelta(microseconds=1)).utcoffset() != end.utcoffset()


@given(calendars, windows, instants)
def test_an_opening_is_inside_the_window_and_is_its_own_opening(
    calendar: Calendar, window: Window, instant: datetime
) -> None:
    opening = calendar.open_at(instant, window)

    assert opening >= instant
    assert inside(calendar, window, opening)
    assert calendar.open_at(opening, window) == opening


@given(calendars, windows, instants)
def test_no_earlier_minute_is_inside_the_window(calendar: Calendar, window: Window, instant: datetime) -> None:
    opening = calendar.open_at(instant, window)
    brute = min(opening, instant + timedelta(days=2))
    whole = instant.replace(second=0, microsecond=0)
    minutes = [whole + n * MINUTE for n in range(1 + (brute - whole) // MINUTE)]

    earlier = [moment for moment in minutes if instant <= moment < opening]
    assert not any(inside(calendar, window, moment) for moment in earlier)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", CHANGES)
def test_every_minute_of_a_day_of_change_finds_the_next_opening(zone: str, day: datetime) -> None:
    calendar, window = Calendar(zone), Window(days=(5, 6), opens=105, closes=150)
    minutes = [day - timedelta(hours=24) + n * MINUTE for n in range(72 * 60)]
    is_in = [inside(calendar, window, moment) for moment in minutes]
    last = max(n for n, yes in enumerate(is_in) if yes)

    for n in range(0, last, 7):
        expected = next(minutes[m] for m in range(n, last + 1) if is_in[m])
        assert calendar.open_at(minutes[n], window) == expected


@given(calendars, windows, calendars, windows, instants)
def test_the_common_opening_is_in_both_windows_and_does_not_depend_on_their_order(
    one: Calendar, window: Window, two: Calendar, other: Window, instant: datetime
) -> None:
    wide = Window(days=(0, 1, 2, 3, 4, 5, 6), opens=0, closes=24 * 60)
    opening = both(one, window, two, wide, instant)

    assert inside(one, window, opening)
    assert inside(two, wide, opening)
    assert opening == both(two, wide, one, window, instant)
    assert both(one, other, one, other, instant) == one.open_at(instant, other)


@given(st.sampled_from(ZONES), st.sampled_from(ZONES), instants)
def test_no_earlier_minute_is_in_both_windows(zone: str, other: str, instant: datetime) -> None:
    one, two = Calendar(zone), Calendar(other)
    early = Window(days=(0, 1, 2, 3, 4, 5, 6), opens=0, closes=900)
    late = Window(days=(1, 3), opens=600, closes=1380)
    opening = both(one, early, two, late, instant)

    start = max(instant, opening - timedelta(days=2)).replace(second=0, microsecond=0) + MINUTE
    earlier = [start + n * MINUTE for n in range(max(0, (opening - start) // MINUTE))]
    assert not any(inside(one, early, moment) and inside(two, late, moment) for moment in earlier)


@given(calendars, st.sampled_from(CHANGES))
def test_wall_times_in_order_are_instants_in_order(calendar: Calendar, day: datetime) -> None:
    walls = [day.replace(tzinfo=None) + timedelta(minutes=10 * n) for n in range(-72, 216)]

    instants = [calendar.at(wall.date(), wall.time()) for wall in walls]

    assert all(earlier <= later for earlier, later in pairwise(instants))
