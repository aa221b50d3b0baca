"""The debts view: thanks and updates that the owner owes to those who helped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from refflow.events.event import micros
from refflow.events.openings import (
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    HelperUpdated,
    InterviewScheduled,
    OfferReceived,
    ReferralGiven,
    ReferralThanked,
)
from refflow.events.runs import DebtSettled
from refflow.testing.commits import AT
from refflow.testing.events import HOUR, sample, told
from refflow.testing.projection import folded
from refflow.views.debts import DEBTS, Debt, debt_id, two_working_days_after

REFERRED = sample(ReferralGiven)
APPLIED = sample(ApplicationSubmitted)
THANKED = sample(ReferralThanked)
UPDATED = sample(HelperUpdated)


def debts_after(*payloads: Any, every: int = HOUR) -> list[Debt]:
    return folded([DEBTS], told(*payloads, every=every)).find(Debt)


@pytest.mark.parametrize(
    ("payloads", "owed"),
    [
        ([], []),
        ([REFERRED], ["thanks"]),
        ([REFERRED, THANKED], []),
        ([REFERRED, UPDATED], ["thanks"]),
        ([REFERRED, APPLIED], ["thanks", "update"]),
        ([REFERRED, APPLIED, THANKED], ["update"]),
        ([REFERRED, APPLIED, THANKED, UPDATED], []),
        ([REFERRED, THANKED, REFERRED], ["thanks"]),
        ([APPLIED, UPDATED, sample(OfferReceived)], ["update"]),
        *[([sample(kind)], ["update"]) for kind in (InterviewScheduled, OfferReceived, ApplicationRejected)],
        ([sample(ApplicationWithdrawn)], ["update"]),
        ([sample(ApplicationSubmitted, referrer=None)], []),
        ([REFERRED, sample(DebtSettled, debt="thanks:c1:o1")], []),
        ([REFERRED, sample(DebtSettled, debt="update:c1:o1")], ["thanks"]),
        ([THANKED, UPDATED, sample(DebtSettled)], []),
    ],
)  # fmt: skip
def test_help_is_owed_thanks_and_news_until_they_are_paid(payloads: list[Any], owed: list[str]) -> None:
    assert [debt.what for debt in debts_after(*payloads) if debt.settled_at is None] == owed


def test_a_debt_says_to_whom_about_what_and_why() -> None:
    assert debts_after(REFERRED) == [
        Debt(
            id=debt_id("thanks", "c1", "o1"), name="d1", what="thanks", contact="c1", opening="o1",
            reason="referral.given", owed_at=AT, due=AT + 24 * HOUR,
        )
    ]  # fmt: skip


def test_each_helper_and_opening_is_a_debt_of_its_own() -> None:
    debts = debts_after(
        REFERRED, sample(ReferralGiven, contact="c2"), sample(ReferralGiven, opening="o2"), THANKED
    )

    assert [(debt.id, debt.settled_at is None) for debt in debts] == [
        ("thanks:c1:o1", False),
        ("thanks:c1:o2", True),
        ("thanks:c2:o1", True),
    ]


def test_more_news_while_an_update_is_owed_keep_its_name_and_its_date() -> None:
    (debt,) = debts_after(APPLIED, sample(InterviewScheduled))

    assert (debt.name, debt.due) == ("d1", two_working_days_after(AT))
    assert (debt.reason, debt.owed_at) == ("interview.scheduled", AT + HOUR)


def test_news_after_an_update_was_paid_are_a_new_debt() -> None:
    (debt,) = debts_after(APPLIED, UPDATED, sample(InterviewScheduled))

    assert (debt.name, debt.settled_at, debt.due) == ("d3", None, two_working_days_after(AT + 2 * HOUR))


@pytest.mark.parametrize(
    ("payload", "how"),
    [
        (THANKED, "user"),
        (sample(DebtSettled), "with flowers"),
        (sample(DebtSettled, how=None), "by hand"),
    ],
)
def test_a_paid_debt_says_when_and_how(payload: Any, how: str) -> None:
    (debt,) = debts_after(REFERRED, payload)

    assert (debt.settled_at, debt.how) == (AT + HOUR, how)


def test_paying_twice_is_paying_once() -> None:
    assert debts_after(REFERRED, THANKED, sample(DebtSettled)) == debts_after(REFERRED, THANKED)


@pytest.mark.parametrize(
    ("weekday", "then"),
    [
        ("Monday", "2026-03-04"),
        ("Wednesday", "2026-03-06"),
        ("Thursday", "2026-03-09"),
        ("Friday", "2026-03-10"),
        ("Saturday", "2026-03-10"),
        ("Sunday", "2026-03-10"),
    ],
)
def test_an_update_is_due_two_working_days_later(weekday: str, then: str) -> None:
    week = {f"{datetime(2026, 3, day):%A}": datetime(2026, 3, day, 9, 30, tzinfo=UTC) for day in range(2, 9)}
    due = datetime.fromisoformat(f"{then}T09:30:00+00:00")

    assert two_working_days_after(micros(week[weekday])) == micros(due)
