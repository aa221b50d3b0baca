from __future__ import annotations

from datetime import UTC, datetime

import pytest

from refflow.errors import UsageError
from refflow.workflows.language.calendar import Calendar
from refflow.workspace.when import FORMS, parse_when, say_distance, say_when

BERLIN = Calendar("Europe/Berlin")
MONDAY_NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)  # 12:00 in Berlin


def local(instant: datetime) -> str:
    assert instant.tzinfo is UTC
    return BERLIN.local(instant).strftime("%a %Y-%m-%d %H:%M:%S")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2026-03-05", "Thu 2026-03-05 09:00:00"),
        ("2026-07-05 14:30", "Sun 2026-07-05 14:30:00"),
        ("2026-07-05 9:05", "Sun 2026-07-05 09:05:00"),
        ("2026-07-05T14:30:15", "Sun 2026-07-05 14:30:15"),
        ("2026-07-05T14:30Z", "Sun 2026-07-05 16:30:00"),
        ("2026-07-05t14:30:00.5-05:00", "Sun 2026-07-05 21:30:00"),
        ("2026-07-05 14:30 +0545", "Sun 2026-07-05 10:45:00"),
        ("today", "Mon 2026-03-02 09:00:00"),
        (" Tomorrow ", "Tue 2026-03-03 09:00:00"),
        ("yesterday 18:00", "Sun 2026-03-01 18:00:00"),
        ("tomorrow  9:00", "Tue 2026-03-03 09:00:00"),
        ("friday", "Fri 2026-03-06 09:00:00"),
        ("Thurs 16:45", "Thu 2026-03-05 16:45:00"),
        ("mon", "Mon 2026-03-09 09:00:00"),
        ("sunday", "Sun 2026-03-08 09:00:00"),
        ("14:30", "Mon 2026-03-02 14:30:00"),
        ("8:00", "Mon 2026-03-02 08:00:00"),
        ("+3bd", "Thu 2026-03-05 12:00:00"),
        ("-1bd", "Fri 2026-02-27 12:00:00"),
        ("+2w", "Mon 2026-03-16 12:00:00"),
        ("-4h", "Mon 2026-03-02 08:00:00"),
        ("2026-03-29 02:30", "Sun 2026-03-29 03:00:00"),
    ],
)
def test_people_can_type_a_date_in_many_forms(text: str, means: str) -> None:
    assert local(parse_when(text, MONDAY_NOON, BERLIN)) == means


@pytest.mark.parametrize("form", FORMS)
def test_every_form_in_the_error_message_is_understood(form: str) -> None:
    parse_when(form, MONDAY_NOON, BERLIN)


def test_the_day_is_the_day_of_the_calendars_zone() -> None:
    late_in_london = instant("2026-03-02 23:30")

    assert local(parse_when("today", late_in_london, BERLIN)) == "Tue 2026-03-03 09:00:00"


@pytest.mark.parametrize("text", ["2026-03-05", "thursday"])
def test_the_end_of_a_range_is_the_last_second_of_its_day(text: str) -> None:
    assert local(parse_when(text, MONDAY_NOON, BERLIN, end_of_day=True)) == "Thu 2026-03-05 23:59:59"


def test_a_time_that_was_given_is_kept_at_the_end_of_a_range() -> None:
    assert (
        local(parse_when("thursday 10:00", MONDAY_NOON, BERLIN, end_of_day=True)) == "Thu 2026-03-05 10:00:00"
    )


@pytest.mark.parametrize(
    "text",
    ["", "soon", "3bd", "+3", "+3x", "02/03/2026", "to", "friday morning", "9", "today 9:00 10:00", "2026-03"],
)
def test_an_unknown_form_lists_the_forms(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_when(text, MONDAY_NOON, BERLIN)

    assert all(form in str(caught.value) for form in FORMS)
    assert f"`{text}`" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["2026-02-30", "2026-13-01 10:00", "25:00", "today 12:60", "9999-12-31T23:59-05:00", "0001-01-01 00:00"],
)
def test_a_day_or_time_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="exists"):
        parse_when(text, MONDAY_NOON, BERLIN)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-03-02 13:30", "today 14:30"),
        ("2026-03-02 23:00", "tomorrow 00:00"),
        ("2026-03-03 08:00", "tomorrow 09:00"),
        ("2026-03-01 08:00", "yesterday 09:00"),
        ("2026-03-04 08:00", "Wed 4 Mar"),
        ("2026-12-01 23:30", "Wed 2 Dec"),
        ("2027-12-02 08:00", "2 Dec 2027"),
        ("2025-12-31 08:00", "31 Dec 2025"),
        ("2026-12-31 23:30", "1 Jan 2027"),
    ],
)
def test_an_instant_is_said_as_a_person_would(moment: str, said: str) -> None:
    assert say_when(instant(moment), MONDAY_NOON, BERLIN) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-03-02 11:00:20", "now"),
        ("2026-03-02 11:01", "in 1 minute"),
        ("2026-03-02 10:15", "45 minutes ago"),
        ("2026-03-02 14:10", "in 3 hours"),
        ("2026-03-03 00:00", "in 1 day"),
        ("2026-03-05 08:00", "in 3 days"),
        ("2026-02-28 20:00", "2 days ago"),
        ("2026-03-15 11:00", "in 13 days"),
        ("2026-03-16 11:00", "in 2 weeks"),
        ("2026-06-01 11:00", "in 3 months"),
        ("2023-03-02 11:00", "3 years ago"),
    ],
)
def test_a_distance_is_counted_in_local_days(moment: str, said: str) -> None:
    assert say_distance(instant(moment), MONDAY_NOON, BERLIN) == said
