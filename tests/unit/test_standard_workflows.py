"""The standard workflows, each branch of them, played in virtual time with every message in the owner's hands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from refflow import api
from refflow.errors import Held, UsageError
from refflow.events.event import instant
from refflow.views.debts import Debt

if TYPE_CHECKING:
    from tests.conftest import Search

ANA, BO, CHI = "Ana Lima", "Bo Berg", "Chi Cho"
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def due(search: Search, workflow: str) -> datetime:
    """When the run goes on by itself."""
    at = search.run(workflow).due
    assert at is not None
    return instant(at)


def ended(search: Search, workflow: str) -> tuple[str | None, str | None]:
    run = search.run(workflow)
    return run.outcome, run.ending


# referral-ask


@pytest.fixture
def asked(search: Search) -> Search:
    """Ana was asked about Engineer on Monday at half past nine."""
    search.ask(ANA)
    search.send(ANA)
    assert (search.ask_of(ANA).stage, search.run("referral-ask").step) == ("asked", "silence")
    return search


def test_silence_brings_one_reminder_a_farewell_and_frees_the_opening(asked: Search) -> None:
    assert due(asked, "referral-ask") == asked.business_day(7) == datetime(2026, 12, 2, 9, 30, tzinfo=UTC)
    asked.wait("7bd")
    assert asked.messages(ANA) == ["ask sent", "nudge drafted"]

    asked.send(ANA)
    assert due(asked, "referral-ask") == asked.business_day(15) == datetime(2026, 12, 14, 9, 30, tzinfo=UTC)
    asked.wait("8bd")
    assert asked.messages(ANA) == ["ask sent", "nudge sent", "goodbye drafted"]

    asked.send(ANA)
    assert ended(asked, "referral-ask") == ("no_answer", "bad")
    assert (asked.ask_of(ANA).stage, asked.ask_of(ANA).outcome) == ("closed", "no_answer")
    assert (asked.owed(), asked.runs()) == ([], [])
    asked.ask(BO)
    with pytest.raises(Held, match=r"\(again\): r\d+ did this once; it is not repeated"):
        asked.ask(ANA)


def test_waiting_begins_when_a_message_was_sent_not_when_it_was_written(search: Search) -> None:
    search.ask(ANA)
    search.wait("2bd")
    search.approve(ANA)
    search.wait("1bd")
    assert search.ask_of(ANA).stage == "ready"

    search.confirm(ANA)

    assert due(search, "referral-ask") == search.business_day(7 + 3)


def test_a_message_that_is_left_out_keeps_its_wait(asked: Search) -> None:
    asked.wait("7bd")
    asked.skip(ANA)

    assert due(asked, "referral-ask") == asked.business_day(7 + 8)


def test_holidays_do_not_count_as_days_of_waiting(search: Search) -> None:
    search.configure(holidays="[2026-11-26, 2026-11-27]")
    search.ask(ANA)
    search.send(ANA)

    assert due(search, "referral-ask") == search.business_day(7 + 2)


def test_a_yes_is_answered_at_once_and_asked_after_when_nothing_follows(asked: Search) -> None:
    asked.wait("1bd")
    asked.reply(ANA, "agreed")
    assert (asked.ask_of(ANA).stage, asked.ask_of(ANA).intent) == ("agreed", "agreed")
    assert asked.messages(ANA) == ["ask sent", "details drafted"]

    asked.send(ANA)
    assert due(asked, "referral-ask") == asked.business_day(1 + 10)
    asked.wait("10bd")
    asked.send(ANA)
    assert asked.messages(ANA) == ["ask sent", "details sent", "check-in sent"]
    assert due(asked, "referral-ask") == asked.business_day(1 + 20)
    asked.wait("10bd")

    assert ended(asked, "referral-ask") == ("promised", "open")
    assert asked.ask_of(ANA).stage == "agreed"  # It is theirs until the owner gives it up.
    with pytest.raises(Held, match="one_open_ask"):
        asked.ask(BO)
    api.close_ask(asked.workspace, asked.ask_of(ANA), None, asked.now)
    asked.ask(BO)


@pytest.mark.parametrize("before", [[], ["agreed"], ["later"], ["unclear"]])
def test_a_referral_ends_the_ask_whatever_it_waits_for_and_thanks_are_owed(
    asked: Search, before: list[str]
) -> None:
    for intent in before:
        asked.reply(ANA, intent)
    asked.wait("1bd")

    asked.refer(ANA)

    assert ended(asked, "referral-ask") == ("referred", "good")
    assert asked.ask_of(ANA).stage == "referred"
    assert (asked.owed(), asked.runs()) == (["thanks"], ["thank"])
    assert [each for each in asked.messages(ANA) if each.endswith("drafted")] == ["thanks drafted"]


def test_a_no_closes_the_ask_and_is_taken_kindly(asked: Search) -> None:
    asked.reply(ANA, "declined")

    assert ended(asked, "referral-ask") == ("declined", "bad")
    assert (asked.ask_of(ANA).stage, asked.ask_of(ANA).outcome) == ("closed", "declined")
    assert asked.runs() == ["declined"]
    assert asked.messages(ANA) == ["ask sent", "thanks-anyway drafted"]
    asked.skip(ANA)
    with pytest.raises(Held, match=r"\(cooldown\)"):
        asked.ask(ANA, "Designer")


def test_a_pointer_to_somebody_else_is_thanked_for_and_frees_the_opening(asked: Search) -> None:
    asked.reply(ANA, "refer_on")
    asked.send(ANA)

    assert ended(asked, "referral-ask") == ("pointed_on", "bad")
    assert asked.messages(ANA) == ["ask sent", "thanks-for-pointer sent"]
    assert asked.ask_of(ANA).outcome == "pointed_on"
    asked.ask(BO)


SECOND_ANSWERS = [
    ("agreed", ["details drafted"], None),
    ("declined", ["thanks-anyway drafted"], "declined"),
    ("refer_on", ["thanks-for-pointer drafted"], None),
    ("later", [], "postponed"),
    ("unclear", [], "by_hand"),
]


@pytest.mark.parametrize("named", [None, datetime(2026, 12, 10, 8, tzinfo=UTC)])
@pytest.mark.parametrize(("answer", "messages", "outcome"), SECOND_ANSWERS)
def test_later_is_asked_again_at_the_time_they_named_or_after_a_month(
    asked: Search, named: datetime | None, answer: str, messages: list[str], outcome: str | None
) -> None:
    asked.reply(ANA, "later", when=named)
    assert due(asked, "referral-ask") == (named or asked.business_day(20))
    asked.at("2026-12-21 08:30")  # The day they named has passed; an hour is left to look for an early answer.
    asked.at("2026-12-21 10:00")
    asked.send(ANA)
    assert asked.messages(ANA) == ["ask sent", "second-ask sent"]
    assert due(asked, "referral-ask") == asked.business_day(7, datetime(2026, 12, 21, 10, tzinfo=UTC))
    asked.wait("1bd")

    asked.reply(ANA, answer)

    assert asked.messages(ANA)[2:] == messages
    assert asked.run("referral-ask").outcome == outcome


def test_a_second_ask_without_an_answer_is_let_go(asked: Search) -> None:
    asked.reply(ANA, "later")
    asked.wait("20bd")
    asked.send(ANA)
    asked.wait("7bd")

    assert ended(asked, "referral-ask") == ("postponed", "open")


def test_a_time_that_has_passed_is_now(asked: Search) -> None:
    asked.wait("2bd")
    asked.reply(ANA, "later", when=MONDAY)
    asked.wait("1bd")

    assert asked.messages(ANA) == ["ask sent", "second-ask drafted"]


@pytest.mark.parametrize(("answer", "messages", "outcome"), SECOND_ANSWERS)
def test_an_unclear_answer_waits_for_its_meaning(
    asked: Search, answer: str, messages: list[str], outcome: str | None
) -> None:
    asked.reply(ANA, "unclear")
    assert due(asked, "referral-ask") == asked.business_day(10)
    assert [step.do for step in api.agenda(asked.workspace, asked.now).steps] == ["read"]

    asked.wait("1bd")
    asked.reply(ANA, answer)

    assert asked.messages(ANA)[1:] == messages
    assert asked.run("referral-ask").outcome == outcome


def test_an_answer_that_nobody_reads_is_left_to_the_owner(asked: Search) -> None:
    asked.reply(ANA, "unclear")
    asked.wait("10bd")

    assert ended(asked, "referral-ask") == ("by_hand", "open")


@pytest.mark.parametrize("answers", [[], ["agreed"], ["later"], ["unclear"]])
def test_a_closed_opening_ends_the_ask_and_drops_its_drafts(asked: Search, answers: list[str]) -> None:
    for intent in answers:
        asked.reply(ANA, intent)

    api.close_opening(asked.workspace, asked.opening("Engineer"), None, asked.now)

    assert ended(asked, "referral-ask") == ("opening_closed", "bad")
    assert asked.ask_of(ANA).outcome == "opening_closed"
    assert not any(each.endswith("drafted") for each in asked.messages(ANA))
    with pytest.raises(Held, match=r"\(opening_closed\)"):
        asked.ask(BO)


@pytest.mark.parametrize("answers", [[], ["agreed"]])
def test_who_must_not_be_written_to_any_more_ends_the_ask(asked: Search, answers: list[str]) -> None:
    for intent in answers:
        asked.reply(ANA, intent)

    asked.reply(ANA, "unclear", opted_out=True)

    assert ended(asked, "referral-ask") == ("do_not_contact", "bad")
    assert asked.ask_of(ANA).outcome == "do_not_contact"


def test_nobody_is_asked_about_two_openings_at_once(asked: Search) -> None:
    with pytest.raises(Held, match=r"referral-ask waits for its turn \(exclusive\)"):
        asked.ask(ANA, "Designer")


def test_an_ask_that_the_owner_cancels_frees_the_opening(asked: Search) -> None:
    api.cancel_run(asked.workspace, asked.run("referral-ask"), "no longer", asked.now)

    assert (asked.run("referral-ask").outcome, asked.ask_of(ANA).stage) == ("cancelled", "closed")
    asked.ask(BO)
    with pytest.raises(UsageError, match="has ended already"):
        api.cancel_run(asked.workspace, asked.run("referral-ask", ANA), None, asked.now)


def test_an_answer_that_was_noted_while_the_ask_waited_for_approval_is_not_overtaken(search: Search) -> None:
    search.ask(ANA)

    search.reply(ANA, "agreed")

    assert search.messages(ANA) == ["ask skipped", "details drafted"]


# reconnect


@pytest.fixture
def greeted(search: Search) -> Search:
    """Chi, who was never more than a link, is to be asked about Engineer, and has got a hello first."""
    search.ask(CHI)
    assert (search.ask_of(CHI).stage, search.runs()) == ("warming", ["reconnect"])
    search.send(CHI)
    return search


def test_a_tie_that_stays_quiet_gets_two_messages_and_then_peace(greeted: Search) -> None:
    assert due(greeted, "reconnect") == greeted.business_day(7)
    greeted.wait("7bd")
    greeted.send(CHI)
    assert due(greeted, "reconnect") == greeted.business_day(17)
    greeted.wait("10bd")

    assert ended(greeted, "reconnect") == ("still_quiet", "bad")
    assert greeted.messages(CHI) == ["hello sent", "once-more sent"]
    assert (greeted.ask_of(CHI).stage, greeted.ask_of(CHI).outcome) == ("closed", "still_quiet")


@pytest.mark.parametrize("outcome", ["done", "skipped", "expired"])
def test_an_answer_is_answered_and_after_three_days_the_ask_is_taken_up_by_itself(
    greeted: Search, outcome: str
) -> None:
    greeted.wait("1bd")
    greeted.reply(CHI, "unclear")
    assert greeted.task().title == "Answer Chi: a real conversation, no ask yet"
    assert instant(greeted.task().due) == greeted.business_day(1 + 2)

    if outcome == "expired":
        greeted.wait("2bd")
    else:
        greeted.close_task(outcome)
    answered = greeted.now
    assert due(greeted, "reconnect") == greeted.business_day(3, answered)
    greeted.wait("3bd")

    assert ended(greeted, "reconnect") == ("ask_next", "good")
    assert greeted.runs() == ["referral-ask"]
    assert greeted.ask_of(CHI).stage == "ready"
    assert greeted.messages(CHI) == ["hello sent", "ask drafted"]
    assert "\nBecause.\n" in (greeted.message(CHI).body or "")  # The line that was given with the wish.


def test_a_meeting_makes_a_tie_warm_at_once(greeted: Search) -> None:
    greeted.wait("1bd")
    api.log_contact(greeted.workspace, greeted.contact(CHI), "met", "", greeted.now)

    assert ended(greeted, "reconnect") == ("ask_next", "good")
    assert greeted.messages(CHI) == ["hello sent", "ask drafted"]


@pytest.mark.parametrize("closed", [False, True])
def test_without_an_open_opening_a_renewed_tie_is_all_there_is(search: Search, closed: bool) -> None:
    search.start("reconnect", CHI, "Engineer" if closed else None)
    search.send(CHI)
    if closed:
        api.close_opening(search.workspace, search.opening("Engineer"), None, search.now)
    search.reply(CHI, "agreed")
    search.close_task()
    search.wait("3bd")

    assert ended(search, "reconnect") == ("warmed", "good")
    assert api.profile(search.workspace, search.contact(CHI), search.now).warmth == "warm"
    assert search.runs() == []


def test_who_says_not_now_is_left_in_peace(greeted: Search) -> None:
    greeted.reply(CHI, "declined")

    assert ended(greeted, "reconnect") == ("not_now", "open")
    assert greeted.runs() == []


def test_a_friend_can_be_greeted_without_being_asked(search: Search) -> None:
    """Though an opening is named: it was the greeting that was wanted."""
    search.start("reconnect", ANA, "Engineer")

    assert search.runs() == ["reconnect"]
    assert search.messages(ANA) == ["hello drafted"]


def test_a_tie_is_renewed_at_most_twice_a_year(greeted: Search) -> None:
    greeted.reply(CHI, "declined")
    with pytest.raises(Held, match=r"reconnect did not start \(again\): r\d+ did this; not before 2027-05-22"):
        greeted.start("reconnect", CHI)

    greeted.wait("180d")
    greeted.start("reconnect", CHI)


def test_a_hello_keeps_a_week_from_any_other_message(search: Search) -> None:
    search.refer(CHI)
    search.send(CHI)
    search.wait("4bd")
    search.start("reconnect", CHI)

    with pytest.raises(Held, match=r"is held until Mon 30 Nov \(gap\)"):
        search.approve(CHI)


def test_whoever_got_three_messages_in_two_months_gets_no_hello(search: Search) -> None:
    search.refer(CHI)
    search.send(CHI)
    search.news("applied")
    search.at("2026-12-01 10:00")
    search.send(CHI)
    search.at("2026-12-08 10:00")
    search.news("interview")
    search.send(CHI)
    assert search.messages(CHI) == ["thanks sent", "applied sent", "interview sent"]
    search.wait("10bd")
    search.start("reconnect", CHI)

    with pytest.raises(Held, match="3 messages within 60 days per contact; the limit is 3"):
        search.approve(CHI)

    assert ended(search, "reconnect") == ("capped", "bad")


# thank


@pytest.fixture
def helped(search: Search) -> Search:
    """Ana handed in the referral on Monday morning."""
    search.refer(ANA)
    assert search.messages(ANA) == ["thanks drafted"]
    return search


def debts(search: Search) -> list[tuple[str, timedelta, bool]]:
    """What is or was owed: what, how long after Monday morning, and whether it is settled."""
    return [
        (each.what, instant(each.due) - MONDAY, each.settled_at is not None)
        for each in search.workspace.views.find(Debt)
    ]


def test_thanks_are_due_within_a_day_and_settled_by_the_message(helped: Search) -> None:
    assert debts(helped) == [("thanks", timedelta(days=1), False)]

    helped.send(ANA)

    assert ended(helped, "thank") == ("thanked", "good")
    assert debts(helped) == [("thanks", timedelta(days=1), True)]


def test_thanks_do_not_wait_for_the_gap_after_the_ask(asked: Search) -> None:
    asked.refer(ANA)
    asked.send(ANA)

    assert asked.messages(ANA) == ["ask sent", "thanks sent"]


@pytest.mark.parametrize(
    ("outcome", "end", "owed"),
    [("done", "thanked", []), ("skipped", "owed", ["thanks"]), ("expired", "owed", ["thanks"])],
)
def test_without_the_message_another_way_of_thanking_is_asked_for(
    helped: Search, outcome: str, end: str, owed: list[str]
) -> None:
    helped.skip(ANA)
    assert helped.task().title == "Thank Ana in another way: a call, a card, a coffee"
    assert instant(helped.task().due) == helped.business_day(2)

    if outcome == "expired":
        helped.wait("2bd")
    else:
        helped.close_task(outcome)

    assert helped.run("thank").outcome == end
    assert helped.owed() == owed


def test_a_debt_stays_until_the_owner_lets_it_go(helped: Search) -> None:
    helped.skip(ANA)
    helped.close_task("skipped")
    (debt,) = helped.workspace.views.find(Debt)

    api.settle_debt(helped.workspace, api.find_debt(helped.workspace, debt.name), "bought lunch", helped.now)

    assert helped.owed() == []
    with pytest.raises(UsageError, match="is settled already"):
        api.settle_debt(
            helped.workspace, api.find_debt(helped.workspace, debt.name), "bought lunch", helped.now
        )


def test_thanks_given_by_another_workflow_are_thanks(helped: Search) -> None:
    helped.define(
        """\
refflow: 1
workflow: card
title: Send a card
on: [{manual: true}]
subject: {contact: event.contact, opening: event.opening}
steps:
  - emit: {event: referral.thanked}
  - exit: thanked
outcomes: {good: [thanked], open: [], bad: []}
"""
    )
    helped.start("card", ANA, "Engineer")

    assert ended(helped, "thank") == ("thanked", "good")
    assert (helped.messages(ANA), helped.owed()) == (["thanks skipped"], [])


# keep-referrer-updated


@pytest.fixture
def applied(helped: Search) -> Search:
    """Ana was thanked; two weeks later the owner applied, and Ana knows."""
    helped.send(ANA)
    helped.at("2026-12-07 09:30")
    helped.news("applied")
    helped.send(ANA)
    assert (helped.owed(), helped.runs()) == ([], ["keep-referrer-updated"])
    return helped


APPLIED = datetime(2026, 12, 7, 9, 30, tzinfo=UTC)


def test_an_application_is_told_within_two_working_days_but_not_right_after_the_thanks(helped: Search) -> None:
    helped.send(ANA)
    helped.wait("4bd")
    helped.news("applied")

    (update,) = [each for each in helped.workspace.views.find(Debt) if each.what == "update"]
    assert instant(update.due) == helped.business_day(2, helped.now)
    with pytest.raises(Held, match=r"is held until Mon 30 Nov \(gap\)"):
        helped.approve(ANA)
    helped.wait("1bd")
    assert helped.messages(ANA) == ["thanks sent", "applied prepared"]
    helped.confirm(ANA)
    assert helped.owed() == []


def test_nobody_is_told_of_an_application_without_a_referrer(search: Search) -> None:
    search.news("applied")

    assert (search.owed(), search.runs()) == ([], [])


def test_an_update_that_is_left_out_stays_owed(helped: Search) -> None:
    helped.send(ANA)
    helped.wait("10bd")
    helped.news("applied")
    helped.skip(ANA)

    assert helped.owed() == ["update"]
    assert helped.run("keep-referrer-updated").step == "news"


def test_each_interview_is_told_and_after_six_the_workflow_stops_counting(applied: Search) -> None:
    for number in range(6):
        applied.wait("15bd")
        applied.news("interview", when=applied.now + timedelta(days=3))
        applied.send(ANA)
        assert applied.messages(ANA).count("interview sent") == number + 1
        assert applied.owed() == []

    assert ended(applied, "keep-referrer-updated") == ("lost_track", "open")


def test_silence_of_the_employer_is_told_once(applied: Search) -> None:
    assert due(applied, "keep-referrer-updated") == applied.business_day(30, APPLIED)
    applied.wait("30bd")
    applied.send(ANA)

    assert applied.messages(ANA)[-1] == "still-waiting sent"
    assert ended(applied, "keep-referrer-updated") == ("lost_track", "open")


@pytest.mark.parametrize("outcome", ["done", "skipped", "expired"])
def test_an_offer_is_told_at_once_and_a_favour_offered_in_return(applied: Search, outcome: str) -> None:
    applied.wait("1bd")
    applied.news("offer")
    applied.send(ANA)  # Though the last update is a day old.
    assert applied.messages(ANA)[-1] == "good-news sent"
    assert applied.owed() == []
    assert applied.task().title == "Offer Ana something in return"
    assert instant(applied.task().due) == applied.business_day(1 + 10, APPLIED)

    if outcome == "expired":
        applied.wait("10bd")
    else:
        applied.close_task(outcome)

    assert ended(applied, "keep-referrer-updated") == ("offer", "good")


def test_a_rejection_is_told_after_a_day(applied: Search) -> None:
    applied.wait("1bd")
    applied.news("rejected")
    assert applied.run("keep-referrer-updated").step == "let-it-sink-in"
    assert due(applied, "keep-referrer-updated") == applied.business_day(2, APPLIED)
    applied.wait("1bd")
    applied.send(ANA)

    assert applied.messages(ANA)[-1] == "bad-news sent"
    assert ended(applied, "keep-referrer-updated") == ("rejected", "bad")
    assert applied.owed() == []


def test_a_withdrawal_is_told_at_once(applied: Search) -> None:
    applied.news("withdrawn")
    applied.send(ANA)

    assert applied.messages(ANA)[-1] == "withdrew sent"
    assert ended(applied, "keep-referrer-updated") == ("withdrawn", "open")
    assert applied.owed() == []


@pytest.mark.parametrize(
    ("news", "block"), [("offer", "good-news"), ("rejected", "let-it-sink-in"), ("withdrawn", "withdrew")]
)
def test_news_that_comes_while_an_update_waits_for_approval_is_not_lost(
    helped: Search, news: Any, block: str
) -> None:
    helped.send(ANA)
    helped.wait("10bd")
    helped.news("applied")
    helped.wait("1bd")
    helped.news(news)
    assert helped.messages(ANA)[-1] == "applied drafted"

    helped.send(ANA)

    assert helped.run("keep-referrer-updated").step == block


def test_old_updates_are_left_out_when_there_were_too_many(applied: Search) -> None:
    """An old update is worth nothing; what is left out stays owed, for another way of telling."""
    applied.configure(caps="[{per: contact, max: 3, in: 30d}]")
    applied.wait("5bd")
    applied.news("interview")
    applied.send(ANA)
    applied.wait("5bd")
    applied.news("interview")

    with pytest.raises(Held, match="was left out: 3 messages within 30 days per contact; the limit is 3"):
        applied.approve(ANA)

    assert applied.messages(ANA)[-1] == "interview skipped"
    assert applied.owed() == ["update"]
    assert applied.run("keep-referrer-updated").step == "news"


# declined


@pytest.fixture
def refused(asked: Search) -> Search:
    """Ana said no on Monday."""
    asked.reply(ANA, "declined")
    return asked


@pytest.mark.parametrize("outcome", ["done", "skipped", "expired"])
def test_a_no_is_thanked_for_and_then_the_next_person_is_due(refused: Search, outcome: str) -> None:
    refused.send(ANA)
    assert refused.messages(ANA) == ["ask sent", "thanks-anyway sent"]
    opening = refused.opening("Engineer").id
    assert refused.task().title == f"Ask the next person about Engineer: refflow who {opening}"
    assert instant(refused.task().due) == refused.business_day(3)

    if outcome == "expired":
        refused.wait("3bd")
    else:
        refused.close_task(outcome)

    assert ended(refused, "declined") == ("moved_on", "good")
    assert refused.owed() == []


def test_when_the_opening_is_gone_nobody_is_next(refused: Search) -> None:
    api.close_opening(refused.workspace, refused.opening("Engineer"), None, refused.now)
    refused.send(ANA)

    assert ended(refused, "declined") == ("moved_on", "good")
    assert refused.runs() == []


def test_whoever_opts_out_with_their_no_is_not_even_thanked(asked: Search) -> None:
    asked.reply(ANA, "declined", opted_out=True)

    assert asked.messages(ANA) == ["ask sent"]
    (refusal,) = asked.events("trigger.ignored")
    assert (refusal.payload.workflow, refusal.payload.reason) == ("declined", "do_not_contact")
