"""The openings view: the postings the owner tracks, and how far each application got."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from refflow.events.openings import (
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    InterviewScheduled,
    OfferReceived,
    OpeningAdded,
    OpeningChanged,
    OpeningClosed,
    ReferralGiven,
)
from refflow.testing.commits import AT
from refflow.testing.events import HOUR, sample, told
from refflow.testing.projection import folded
from refflow.views.openings import OPENINGS, Opening

ADDED = sample(OpeningAdded)


def opening_after(*payloads: Any) -> Opening:
    """The opening, after it was added and `payloads`, one each hour."""
    opening = folded([OPENINGS], told(ADDED, *payloads)).get(Opening, "o1")
    assert opening is not None
    return opening


def test_an_opening_is_as_it_was_added() -> None:
    assert opening_after() == Opening(
        id="o1", company="acme", company_name="Acme Inc.", title="Data Engineer", source="user", submit="form",
        url="https://jobs.example.com/o1", deadline="2026-04-30", interest="pursued", added_at=AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"title": "Lead"}, {"title": "Lead", "url": "https://jobs.example.com/o1"}),
        ({"company": "Cobalt AG"}, {"company": "cobalt", "company_name": "Cobalt AG", "title": "Data Engineer"}),
        ({"deadline": date(2026, 5, 1)}, {"deadline": "2026-05-01", "submit": "form"}),
        ({"interest": "saved"}, {"interest": "saved"}),
        ({"requisition": "R-1", "location": "Madrid"}, {"requisition": "R-1", "location": "Madrid"}),
        ({}, {"title": "Data Engineer", "company": "acme"}),
    ],
)  # fmt: skip
def test_what_changed_replaces_what_was_and_the_rest_stays(
    change: dict[str, Any], expected: dict[str, Any]
) -> None:
    opening = opening_after(OpeningChanged(opening="o1", **change))

    assert {name: getattr(opening, name) for name in expected} == expected


def test_a_closed_opening_keeps_what_it_was() -> None:
    opening = opening_after(sample(OpeningClosed))

    assert (opening.status, opening.title) == ("closed", "Data Engineer")


@pytest.mark.parametrize(
    ("news", "applied"),
    [
        ([ApplicationSubmitted], "applied"),
        ([ApplicationSubmitted, InterviewScheduled], "interview"),
        ([ApplicationSubmitted, InterviewScheduled, OfferReceived], "offer"),
        ([ApplicationSubmitted, ApplicationRejected], "rejected"),
        ([ApplicationSubmitted, ApplicationWithdrawn], "withdrawn"),
    ],
)
def test_an_application_stands_where_the_last_news_puts_it(news: list[Any], applied: str) -> None:
    opening = opening_after(*map(sample, news))

    assert (opening.applied, opening.applied_at) == (applied, AT + HOUR)


def test_the_referrer_is_whoever_referred_last() -> None:
    assert opening_after().referrer is None
    assert opening_after(sample(ReferralGiven), sample(ReferralGiven, contact="c2")).referrer == "c2"


def test_of_an_opening_that_was_never_added_nothing_is_kept() -> None:
    news = sample(OpeningChanged), sample(OpeningClosed), sample(ReferralGiven), sample(ApplicationSubmitted)

    assert folded([OPENINGS], told(*news)).find(Opening) == []
