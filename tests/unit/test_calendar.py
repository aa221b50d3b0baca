from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from refflow.errors import RefflowError
from refflow.workflows.durations import Duration, parse_duration
from refflow.workflows.language.calendar import Calendar, both
from refflow.workflows.language.definition import Window

BERLIN = Calendar("Europe/Berlin")
NEW_YORK = Calendar("America/New_York")
LORD_HOWE = Calendar("Australia/Lord_Howe")
KATHMANDU = Calendar("Asia/Kathmandu")
OFFICE_HOURS = Window()


def wall(calendar: Calendar, text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return calendar.at(moment.date(), moment.time())


def shown(calendar: Calendar, instant: datetime) -> str:
    assert instant.tzinfo is UTC
    return calendar.local(instant).strftime("%a %Y-%m-%d %H:%M %z")


def span(text: str) -> Duration:
    duration = parse_duration(text)
    assert duration is not None
    return duration


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-03-02 10:00", "5bd", "Mon 2026-03-09 10:00 +0100"),
        ("2026-03-05 10:00", "3bd", "Tue 2026-03-10 10:00 +0100"),
        ("2026-03-07 10:00", "1bd", "Mon 2026-03-09 10:00 +0100"),
        ("2026-03-08 23:30", "2bd", "Tue 2026-03-10 23:30 +0100"),
        ("2026-03-07 10:00", "0bd", "Mon 2026-03-09 10:00 +0100"),
        ("2026-03-27 10:00", "1bd", "Mon 2026-03-30 10:00 +0200"),
        ("2026-03-02 10:00", "2w", "Mon 2026-03-16 10:00 +0100"),
    ],
)
def test_business_days_skip_the_weekend_and_keep_the_time_of_day(start: str, duration: str, end: str) -> None:
    assert shown(BERLIN, BERLIN.add(wall(BERLIN, start), span(duration))) == end


def test_business_days_skip_holidays() -> None:
    easter = Calendar("Europe/Berlin", frozenset({date(2026, 4, 3), date(2026, 4, 6)}))

    assert (
        shown(easter, easter.add(wall(easter, "2026-04-02 09:00"), span("1bd"))) == "Tue 2026-04-07 09:00 +0200"
    )
    assert not easter.is_business_day(date(2026, 4, 3))
    assert easter.is_business_day(date(2026, 4, 2))


def test_subtracting_business_days_goes_back_over_the_weekend() -> None:
    for start in ("2026-03-09 10:00", "2026-03-07 10:00"):
        end = BERLIN.subtract(wall(BERLIN, start), span("1bd"))
        assert shown(BERLIN, end) == "Fri 2026-03-06 10:00 +0100"


@pytest.mark.parametrize(
    ("calendar", "start", "duration", "end"),
    [
        (BERLIN, "2026-03-28 12:00", "1d", "Sun 2026-03-29 12:00 +0200"),
        (BERLIN, "2026-03-28 12:00", "24h", "Sun 2026-03-29 13:00 +0200"),
        (NEW_YORK, "2026-10-31 12:00", "1d", "Sun 2026-11-01 12:00 -0500"),
        (NEW_YORK, "2026-10-31 12:00", "1440m", "Sun 2026-11-01 11:00 -0500"),
        (LORD_HOWE, "2026-04-04 12:00", "24h", "Sun 2026-04-05 11:30 +1030"),
        (LORD_HOWE, "2026-04-04 12:00", "1d", "Sun 2026-04-05 12:00 +1030"),
        (KATHMANDU, "2026-03-28 12:00", "1w", "Sat 2026-04-04 12:00 +0545"),
    ],
)
def test_days_keep_the_wall_time_and_hours_do_not(
    calendar: Calendar, start: str, duration: str, end: str
) -> None:
    assert shown(calendar, calendar.add(wall(calendar, start), span(duration))) == end


@pytest.mark.parametrize(
    ("calendar", "start", "end"),
    [
        (BERLIN, "2026-03-28 02:30", "Sun 2026-03-29 03:00 +0200"),
        (NEW_YORK, "2026-03-07 02:59:59.5", "Sun 2026-03-08 03:00 -0400"),
        (LORD_HOWE, "2026-10-03 02:10", "Sun 2026-10-04 02:30 +1100"),
        (Calendar("Pacific/Apia"), "2011-12-29 10:00", "Sat 2011-12-31 00:00 +1400"),
    ],
)
def test_a_skipped_wall_time_is_the_first_instant_after_the_gap(
    calendar: Calendar, start: str, end: str
) -> None:
    moved = calendar.add(wall(calendar, start), span("1d"))

    assert shown(calendar, moved) == end
    assert (moved.second, moved.microsecond) == (0, 0)


@pytest.mark.parametrize(
    ("calendar", "start", "end"),
    [
        (BERLIN, "2026-10-24 02:30", "Sun 2026-10-25 02:30 +0200"),
        (NEW_YORK, "2026-10-31 01:30", "Sun 2026-11-01 01:30 -0400"),
        (LORD_HOWE, "2026-04-04 01:45", "Sun 2026-04-05 01:45 +1100"),
    ],
)
def test_a_repeated_wall_time_is_the_first_of_the_two(calendar: Calendar, start: str, end: str) -> None:
    assert shown(calendar, calendar.add(wall(calendar, start), span("1d"))) == end


def test_no_days_from_the_second_half_past_two_is_the_same_instant() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    assert BERLIN.add(second, span("0d")) == second
    assert shown(BERLIN, BERLIN.add(second, span("1d"))) == "Mon 2026-10-26 02:30 +0100"


@pytest.mark.parametrize(
    ("start", "opens"),
    [
        ("2026-03-02 08:59:59", "Mon 2026-03-02 09:00 +0100"),
        ("2026-03-02 09:00", "Mon 2026-03-02 09:00 +0100"),
        ("2026-03-02 17:29", "Mon 2026-03-02 17:29 +0100"),
        ("2026-03-02 17:30", "Tue 2026-03-03 09:00 +0100"),
        ("2026-03-06 18:00", "Mon 2026-03-09 09:00 +0100"),
        ("2026-03-27 18:00", "Mon 2026-03-30 09:00 +0200"),
    ],
)
def test_a_window_opens_inclusive_and_closes_exclusive(start: str, opens: str) -> None:
    assert shown(BERLIN, BERLIN.open_at(wall(BERLIN, start), OFFICE_HOURS)) == opens


def test_a_holiday_closes_the_window_for_the_whole_day() -> None:
    calendar = Calendar("Europe/Berlin", frozenset({date(2026, 5, 1)}))

    opening = calendar.open_at(wall(calendar, "2026-05-01 10:00"), OFFICE_HOURS)

    assert shown(calendar, opening) == "Mon 2026-05-04 09:00 +0200"


def test_moving_the_day_also_moves_back_to_the_opening_hour() -> None:
    mondays = Window(days=(0,), opens=600, closes=720)

    assert (
        shown(BERLIN, BERLIN.open_at(wall(BERLIN, "2026-03-03 11:00"), mondays)) == "Mon 2026-03-09 10:00 +0100"
    )


def test_a_window_inside_the_gap_opens_the_day_after() -> None:
    night = Window(days=(0, 6), opens=130, closes=170)

    assert (
        shown(BERLIN, BERLIN.open_at(wall(BERLIN, "2026-03-29 01:00"), night)) == "Mon 2026-03-30 02:10 +0200"
    )


def test_a_window_passed_once_opens_again_when_the_clocks_go_back() -> None:
    night = Window(days=(6,), opens=90, closes=150)
    first_pass_over = wall(BERLIN, "2026-10-25 02:45")

    assert shown(BERLIN, BERLIN.open_at(first_pass_over, night)) == "Sun 2026-10-25 02:00 +0100"


def test_a_window_may_last_until_midnight() -> None:
    evenings = Window(opens=20 * 60, closes=24 * 60)

    assert (
        shown(BERLIN, BERLIN.open_at(wall(BERLIN, "2026-03-02 23:59"), evenings))
        == "Mon 2026-03-02 23:59 +0100"
    )


@pytest.mark.parametrize("window", [Window(days=()), Window(opens=600, closes=600)])
def test_a_window_that_never_opens_is_an_error_that_names_it(window: Window) -> None:
    with pytest.raises(RefflowError, match=r"send window .* in Europe/Berlin does not open within 366 days"):
        BERLIN.open_at(wall(BERLIN, "2026-03-02 10:00"), window)


def test_both_windows_are_open_at_their_first_common_instant() -> None:
    opens = both(BERLIN, OFFICE_HOURS, NEW_YORK, OFFICE_HOURS, wall(BERLIN, "2026-03-02 10:00"))

    assert shown(BERLIN, opens) == "Mon 2026-03-02 15:00 +0100"
    assert shown(NEW_YORK, opens) == "Mon 2026-03-02 09:00 -0500"


def test_both_windows_honour_the_holidays_of_either_side() -> None:
    closed = Calendar("America/New_York", frozenset({date(2026, 3, 2)}))

    opens = both(BERLIN, OFFICE_HOURS, closed, OFFICE_HOURS, wall(BERLIN, "2026-03-02 10:00"))

    assert shown(BERLIN, opens) == "Tue 2026-03-03 15:00 +0100"


def test_windows_that_never_meet_are_an_error_that_names_both() -> None:
    with pytest.raises(RefflowError, match=r"mon 09:00-17:30 in Europe/Berlin and tue .* never open together"):
        both(BERLIN, Window(days=(0,)), BERLIN, Window(days=(1,)), wall(BERLIN, "2026-03-02 10:00"))


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Berln", "Did you mean `Europe/Berlin`?"),
        ("berlin", "Did you mean `Europe/Berlin`?"),
        ("america/new york", "Did you mean `America/New_York`?"),
        ("Kathmandoo", "Did you mean `Asia/Kathmandu`?"),
        ("GMT+2", "Write a region and city"),
        ("", "Write a region and city"),
        ("Europe", "There is no time zone `Europe`"),
        ("../etc/passwd", "There is no time zone"),
    ],
)
def test_an_unknown_zone_names_the_nearest_one(zone: str, hint: str) -> None:
    with pytest.raises(RefflowError) as caught:
        Calendar(zone)

    assert hint in str(caught.value)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        BERLIN.add(datetime(2026, 3, 2, 10), span("1d"))


def test_a_wall_time_is_given_as_an_instant_in_utc() -> None:
    assert KATHMANDU.at(date(2026, 3, 2), time(9)) == datetime(2026, 3, 2, 3, 15, tzinfo=UTC)
