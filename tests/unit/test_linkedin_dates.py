from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, date, datetime

import pytest

from refflow_linkedin.dates import day_of, parse_date, parse_instant


def micros(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


def refused() -> AbstractContextManager[object]:
    return pytest.raises(ValueError)  # noqa: PT011  # what it says is not shown to anybody


@pytest.mark.parametrize(
    "text",
    [
        "05 Jan 2024",
        "5 Jan 2024",
        "5 January 2024",
        "5-Jan-24",
        "05-Jan-2024",
        "2024-01-05",
        "2024/01/05",
        "01/05/2024",
        "1/5/24",
        "1/5/24, 6:14 PM",
        "01/05/24 06:14 PM UTC",
        "2024/01/05 23:59:59 UTC",
        "2024-01-05 23:59:59",
        "2024-01-05T23:59:59.123Z",
        "Jan 5, 2024",
        "Fri Jan 05 12:00:00 UTC 2024",
    ],
)
def test_a_day_is_read_as_it_is_written_in_every_form(text: str) -> None:
    assert parse_date(text) == date(2024, 1, 5)


@pytest.mark.parametrize(("text", "day"), [("Jul 2018", date(2018, 7, 1)), ("2018", date(2018, 1, 1))])
def test_a_bare_month_or_year_is_its_first_day(text: str, day: date) -> None:
    assert parse_date(text) == day


@pytest.mark.parametrize("text", ["", "N/A", "Not Available"])
def test_what_says_that_there_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None
    assert parse_instant(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "31/12/2024",
        "30 Feb 2024",
        "5 Foo 2024",
        "2024-13-01",
        "2024-01-05 nonsense",
        "12345",
        "1/2/345",
    ],
)
def test_what_is_no_date_is_refused_rather_than_guessed(text: str) -> None:
    with refused():
        parse_date(text)
    with refused():
        parse_instant(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-12-23 19:29:01 UTC", micros(2024, 12, 23, 19, 29, 1)),
        ("2024/12/23 19:29:01 UTC", micros(2024, 12, 23, 19, 29, 1)),
        ("2024-12-23 19:29:01", micros(2024, 12, 23, 19, 29, 1)),
        ("2024-12-23 19:29 UTC", micros(2024, 12, 23, 19, 29)),
        ("2024-12-23T19:29:01Z", micros(2024, 12, 23, 19, 29, 1)),
        ("2024-12-23T19:29:01+02:00", micros(2024, 12, 23, 17, 29, 1)),
        ("12/23/24 07:29 PM UTC", micros(2024, 12, 23, 19, 29)),
        ("Wed Jan 05 12:00:00 UTC 2022", micros(2022, 1, 5, 12)),
        ("Mar 1, 2024 09:00 AM - Mar 1, 2024 10:00 AM", micros(2024, 3, 1, 9)),
        ("03 Mar 2025", micros(2025, 3, 3)),
    ],
)
def test_an_instant_is_utc_unless_its_form_says_otherwise(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("7/18/18, 9:08 AM", micros(2018, 7, 18, 16, 8)),
        ("1/8/18, 7:30 AM", micros(2018, 1, 8, 15, 30)),
        ("07/18/18, 9:08 AM", micros(2018, 7, 18, 16, 8)),
        ("7/18/18, 9:08\u202fAM", micros(2018, 7, 18, 16, 8)),
        ("7/18/18, 12:37 AM", micros(2018, 7, 18, 7, 37)),
        ("7/18/18, 12:37 PM", micros(2018, 7, 18, 19, 37)),
        ("12/31/24, 11:18 PM", micros(2025, 1, 1, 7, 18)),
    ],
)
def test_a_zoneless_stamp_with_the_month_first_is_pacific_time(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text", ["1/8/18, 13:30 PM", "1/8/18, 0:30 AM", "2024-01-05 25:00:00 UTC", "0001-01-01T00:00+09:00"]
)
def test_an_impossible_time_is_refused(text: str) -> None:
    with refused():
        parse_instant(text)


def test_instants_before_1970_have_their_day_too() -> None:
    assert day_of(-1) == date(1969, 12, 31)
