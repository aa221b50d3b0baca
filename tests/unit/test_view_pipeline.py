"""The pipeline and the funnel: how far each ask got, and how many ever got so far."""

from __future__ import annotations

from typing import Any

import pytest

from refflow.events.messages import MessageSent
from refflow.events.openings import (
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    AskClosed,
    AskOpened,
    AskPersonalised,
    InterviewScheduled,
    OfferReceived,
    ReferralGiven,
    ReplyReceived,
)
from refflow.testing.commits import AT
from refflow.testing.events import HOUR, sample, told
from refflow.testing.projection import folded
from refflow.views.pipeline import FUNNEL, PIPELINE, STAGES, TAKEN, Ask, Funnel, Reached, ask_id

OPENED = sample(AskOpened)
WARMING = sample(AskOpened, warming=True)
SENT = sample(MessageSent)
AGREED = sample(ReplyReceived, intent="agreed")
DECLINED = sample(ReplyReceived, intent="declined")
CLOSED = sample(AskClosed)
REFERRED = sample(ReferralGiven)
APPLIED = sample(ApplicationSubmitted)
INTERVIEW = sample(InterviewScheduled)
OFFER = sample(OfferReceived)
REJECTED = sample(ApplicationRejected)
OTHER_RUN = sample(MessageSent, run="r2", message="m2")


def ask_after(*payloads: Any) -> Ask:
    ask = folded([PIPELINE], told(*payloads)).get(Ask, "c1:o1")
    assert ask is not None
    return ask


def funnel_after(*payloads: Any) -> dict[str, int]:
    return {each.stage: each.asks for each in folded([FUNNEL], told(*payloads)).find(Funnel)}


@pytest.mark.parametrize(
    ("payloads", "stage", "reached"),
    [
        ([WARMING], "warming", ""),
        ([WARMING, SENT], "warming", ""),
        ([WARMING, OPENED], "ready", "ready"),
        ([OPENED], "ready", "ready"),
        ([OPENED, OTHER_RUN], "ready", "ready"),
        ([OPENED, SENT], "asked", "ready asked"),
        ([OPENED, SENT, SENT], "asked", "ready asked"),
        ([OPENED, AGREED], "ready", "ready"),
        ([OPENED, SENT, DECLINED], "asked", "ready asked answered"),
        ([OPENED, SENT, AGREED], "agreed", "ready asked answered agreed"),
        ([OPENED, SENT, AGREED, DECLINED], "agreed", "ready asked answered agreed"),
        ([OPENED, SENT, CLOSED], "closed", "ready asked"),
        ([OPENED, SENT, CLOSED, OPENED], "ready", "ready asked"),
        ([OPENED, SENT, AGREED, REFERRED], "referred", "ready asked answered agreed referred"),
        # Help that nobody had asked for yet.
        ([OPENED, REFERRED], "referred", "ready referred"),
        ([OPENED, REFERRED, OTHER_RUN], "referred", "ready referred"),
        ([WARMING, REFERRED], "referred", "referred"),
        ([sample(AskPersonalised), REFERRED], "referred", "referred"),
        # After the referral, what the employer does.
        ([OPENED, REFERRED, APPLIED], "applied", "ready referred applied"),
        ([OPENED, REFERRED, APPLIED, INTERVIEW], "interview", "ready referred applied interview"),
        ([OPENED, REFERRED, APPLIED, INTERVIEW, OFFER], "offer", "ready referred applied interview offer"),
        ([OPENED, REFERRED, APPLIED, REJECTED], "closed", "ready referred applied"),
        ([OPENED, REFERRED, APPLIED, REJECTED, OFFER], "offer", "ready referred applied offer"),
    ],
)  # fmt: skip
def test_an_ask_stands_where_it_got_to_and_the_funnel_counts_what_it_reached(
    payloads: list[Any], stage: str, reached: str
) -> None:
    assert ask_after(*payloads).stage == stage
    assert funnel_after(*payloads) == dict.fromkeys(reached.split(), 1)


def test_nothing_but_a_referral_makes_an_ask_that_was_never_opened() -> None:
    for news in (SENT, AGREED, APPLIED, CLOSED):
        assert folded([PIPELINE], told(news)).find(Ask) == []
        assert funnel_after(news) == {}


def test_a_referral_by_somebody_who_was_not_asked_is_on_the_board_and_not_in_the_funnel() -> None:
    (ask,) = folded([PIPELINE], told(REFERRED)).find(Ask)

    assert (ask.stage, ask.run, ask.asked_at) == ("referred", "", None)
    assert ask.opened_at == ask.referred_at
    assert folded([PIPELINE], told(REFERRED, APPLIED)).find(Ask)[0].stage == "applied"
    assert funnel_after(REFERRED, APPLIED) == {}


def test_news_without_a_referrer_are_no_ask_s() -> None:
    alone = sample(ApplicationSubmitted, referrer=None)

    assert ask_after(OPENED, REFERRED, alone).stage == "referred"
    assert "applied" not in funnel_after(OPENED, REFERRED, alone)


def test_a_reply_about_something_else_leaves_the_ask() -> None:
    small_talk = sample(ReplyReceived, opening=None)

    assert ask_after(OPENED, SENT, small_talk).answered_at is None
    assert "answered" not in funnel_after(OPENED, SENT, small_talk)


def test_an_ask_notes_when_each_thing_happened() -> None:
    ask = ask_after(OPENED, SENT, DECLINED, AGREED, REFERRED, APPLIED)

    assert (ask.opened_at, ask.asked_at, ask.answered_at, ask.intent, ask.referred_at) == (
        AT,
        AT + HOUR,
        AT + 2 * HOUR,
        "agreed",
        AT + 4 * HOUR,
    )


@pytest.mark.parametrize(
    ("payloads", "outcome"),
    [
        ([OPENED, SENT, CLOSED], "no_answer"),
        ([OPENED, REFERRED, APPLIED, REJECTED], "rejected"),
        ([OPENED, REFERRED, sample(ApplicationWithdrawn)], "withdrawn"),
        ([OPENED, CLOSED, REFERRED], None),
        ([OPENED, REFERRED, REJECTED, OFFER], None),
    ],
)
def test_an_ask_has_an_outcome_as_long_as_it_is_closed(payloads: list[Any], outcome: str | None) -> None:
    ask = ask_after(*payloads)

    assert ask.outcome == outcome
    assert ask.closed_at == (None if outcome is None else AT + (len(payloads) - 1) * HOUR)


def test_the_personal_line_may_come_before_the_ask_and_stays() -> None:
    line = sample(AskPersonalised)
    before = ask_after(line)

    assert (before.stage, before.outcome, before.line) == ("closed", "not started", line.line)
    assert ask_after(line, OPENED, SENT, CLOSED, OPENED).line == line.line
    assert ask_after(OPENED, line, sample(AskPersonalised, line="Better.")).line == "Better."


def test_the_funnel_counts_every_ask_once() -> None:
    asks = [("c1", "o1"), ("c2", "o1"), ("c1", "o2")]
    opened = [sample(AskOpened, contact=contact, opening=opening) for contact, opening in asks]
    rows = folded([FUNNEL], told(*opened, *opened, SENT))

    assert {each.stage: each.asks for each in rows.find(Funnel)} == {"ready": 3, "asked": 1}
    assert {each.ask for each in rows.find(Reached)} == {ask_id(*each) for each in asks}


def test_an_opening_is_taken_from_the_ask_to_the_end() -> None:
    assert {stage for stage in STAGES if stage not in TAKEN} == {"warming", "closed"}
