"""The guard rails, each alone: what may not leave does not, and says which rule holds it and until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.errors import Held
from refflow.events.event import instant
from refflow.plugins.channel import Permanent
from refflow.views.messages import Message

if TYPE_CHECKING:
    from tests.conftest import Action, Search, Searching

HELLO = """\
refflow: 1
workflow: hello
title: Say hello twice, a business day apart
on: [{manual: true}]
subject: {contact: event.contact}
again: always
policy: {approval: none, gap: 1bd}
steps:
  - id: hello
    send: {template: reconnect-hello}
  - id: silence
    wait: 1bd
  - id: again
    send: {template: reconnect-once-more}
  - exit: greeted
outcomes: {good: [greeted], open: [], bad: []}
"""
FREE = {"caps": "[]", "gap": "1bd"}


@pytest.fixture
def free(searching: Searching) -> Iterator[Search]:
    """A search in which no rule holds a message but the hours: each test adds the one it is about."""
    with searching(unattended=True, **FREE) as search:
        search.define(HELLO)
        yield search


def policy(**rules: str) -> str:
    """The workflow that says hello, under other rules."""
    written = {"approval": "none", "gap": "1bd", **rules}
    inside = ", ".join(f"{name}: {value}" for name, value in written.items())
    return HELLO.replace("policy: {approval: none, gap: 1bd}", f"policy: {{{inside}}}")


def held(search: Search, who: str = "Ana Lima") -> tuple[str | None, str | None]:
    """The rule that holds the message to somebody, and until when (UTC)."""
    message = search.message(who)
    assert message.status == "held"
    until = f"{instant(message.until):%Y-%m-%d %H:%M}" if message.until is not None else None
    return message.rule, until


def test_without_a_reason_against_it_a_message_leaves(free: Search) -> None:
    free.start("hello", "Ana Lima")
    assert free.messages("Ana Lima") == ["hello sent"]

    free.wait("1bd")
    assert free.messages("Ana Lima") == ["hello sent", "again sent"]
    assert free.run("hello").outcome == "greeted"


# Do not contact.


@pytest.mark.parametrize("how", ["block", "opt_out"])
def test_with_whoever_must_not_be_written_to_nothing_begins(free: Search, how: str) -> None:
    stop(free, how)

    with pytest.raises(Held, match=r"hello did not start \(do_not_contact\)"):
        free.start("hello", "Ana Lima")
    assert free.messages("Ana Lima") == []


@pytest.mark.parametrize("how", ["block", "opt_out"])
def test_whoever_asks_for_it_in_between_gets_nothing_more(free: Search, how: str) -> None:
    """Though the workflow says nothing of it."""
    free.start("hello", "Ana Lima")
    free.now = datetime(2026, 11, 26, 10, tzinfo=UTC)  # The second hello is due, and nobody has noticed.

    stop(free, how)

    assert free.run("hello").outcome == "do_not_contact"
    free.wait("30d")
    assert free.messages("Ana Lima") == ["hello sent"]


def test_a_message_that_could_not_leave_before_a_block_cannot_be_approved_after_it(free: Search) -> None:
    free.post.troubles = [Permanent("mailbox full")]
    free.start("hello", "Ana Lima")
    stop(free, "block")
    failed = free.workspace.views.find(Message, contact=free.contact("Ana Lima").id)[0]

    with pytest.raises(Held, match=r"\(do_not_contact\): This person is not to be contacted"):
        api.approve(free.workspace, failed, free.now)
    assert free.post.sent == []

    api.unblock(free.workspace, free.contact("Ana Lima"), free.now)
    free.send("Ana Lima")
    assert free.messages("Ana Lima") == ["hello sent"]


def test_only_a_block_can_be_lifted(free: Search) -> None:
    stop(free, "opt_out")

    with pytest.raises(api.UsageError, match="theirs to take back, not yours"):
        api.unblock(free.workspace, free.contact("Ana Lima"), free.now)


def stop(search: Search, how: str) -> None:
    if how == "block":
        api.block(search.workspace, search.contact("Ana Lima"), None, search.now)
    else:
        api.opt_out(search.workspace, search.contact("Ana Lima"), search.now)


# One conversation, one ask.


def test_one_person_is_in_one_exclusive_conversation(free: Search) -> None:
    free.define(policy(exclusive="contact"))
    free.ask("Ana Lima")

    with pytest.raises(Held, match=r"hello waits for its turn \(exclusive\)"):
        free.start("hello", "Ana Lima")
    assert free.runs() == ["referral-ask"]

    api.cancel_run(free.workspace, free.run("referral-ask"), None, free.now)
    assert free.runs() == ["hello"]


def test_a_conversation_that_is_not_exclusive_goes_on_beside_another(free: Search) -> None:
    free.ask("Ana Lima")
    free.start("hello", "Ana Lima")

    assert sorted(free.runs()) == ["hello", "referral-ask"]


def test_one_person_at_a_time_is_asked_about_an_opening(search: Search) -> None:
    search.ask("Ana Lima", "Engineer")

    with pytest.raises(
        Held, match=r"\(one_open_ask\): c\d+:o\d+ is ready: one person at a time for one opening"
    ):
        search.ask("Bo Berg", "Engineer")

    search.ask("Bo Berg", "Designer")
    api.close_ask(search.workspace, search.ask_of("Ana Lima", "Engineer"), None, search.now)
    search.skip("Bo Berg")
    api.cancel_run(search.workspace, search.run("referral-ask", "Bo Berg"), None, search.now)
    search.ask("Bo Berg", "Engineer")
    assert search.ask_of("Bo Berg").stage == "ready"


def test_an_ask_is_held_when_somebody_else_has_referred_in_the_meantime(search: Search) -> None:
    search.ask("Ana Lima")
    search.send("Ana Lima")
    search.reply("Ana Lima", "declined")
    search.ask("Bo Berg")
    search.refer("Ana Lima")

    with pytest.raises(Held, match=r"\(one_open_ask\): c\d+:o\d+ is referred: one person at a time"):
        search.approve("Bo Berg")


def test_whoever_is_warmed_up_does_not_take_the_opening(search: Search) -> None:
    search.ask("Chi Cho")
    search.ask("Ana Lima")
    assert search.ask_of("Chi Cho").stage == "warming"

    api.log_contact(search.workspace, search.contact("Chi Cho"), "met", "", search.now)

    (refused,) = [
        each.payload for each in search.events("trigger.ignored") if each.payload.reason != "not_eligible"
    ]
    assert (refused.workflow, refused.reason) == ("referral-ask", "one_open_ask")
    assert search.run("reconnect").outcome == "ask_next"


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ("{per_company: 1}", "1 asks are open at this company; the limit is 1"),
        ("{in_all: 1}", "1 asks are open; the limit is 1"),
    ],
)
def test_only_so_many_asks_are_open_at_once(search: Search, limits: str, words: str) -> None:
    """A company has one limit, by whatever name an opening calls it."""
    search.add_opening("Tester", company="Acme Holding")
    api.alias_company(search.workspace, "Acme Holding", "Acme", search.now)
    search.configure(open_asks=limits)
    search.ask("Ana Lima", "Engineer")

    with pytest.raises(Held, match=rf"\(open_asks\): {words}"):
        search.ask("Bo Berg", "Tester")


def test_whoever_said_no_is_not_asked_again_before_the_cooldown_is_over(search: Search) -> None:
    search.reply("Ana Lima", "declined")

    with pytest.raises(Held, match=r"\(cooldown\): This person said no on 2026-11-23; not before 2027-05-22"):
        search.ask("Ana Lima")
    search.wait("180d")
    search.ask("Ana Lima")


# Caps.


def test_a_cap_per_person_holds_a_message_until_the_first_is_old_enough(free: Search) -> None:
    free.configure(approval="none", caps="[{per: contact, max: 1, in: 10d}]", gap="1bd")
    free.start("hello", "Ana Lima")
    free.start("hello", "Bo Berg")
    free.wait("1bd")

    assert held(free) == ("cap", "2026-12-03 09:30")
    assert free.message("Ana Lima").detail == "1 messages within 10 days per contact; the limit is 1."
    free.at("2026-12-03 09:29")
    assert free.messages("Ana Lima") == ["hello sent", "again held"]
    free.at("2026-12-03 09:30")
    assert free.messages("Ana Lima") == ["hello sent", "again sent"]


def test_a_cap_per_company_counts_colleagues_under_every_name_of_it(free: Search) -> None:
    free.add_person("Dee Dow", company="Acme Robotics", relation="friend", channel="post")
    api.alias_company(free.workspace, "Acme Robotics", "Acme", free.now)
    free.add_person("Eli Ek", company="Globex", relation="friend", channel="post")
    free.configure(approval="none", caps="[{per: company, max: 1, in: 10d}]")
    free.start("hello", "Ana Lima")

    free.start("hello", "Dee Dow")
    free.start("hello", "Eli Ek")

    assert held(free, "Dee Dow") == ("cap", "2026-12-03 09:30")
    assert free.messages("Eli Ek") == ["hello sent"]


def test_a_cap_on_all_counts_everybody(free: Search) -> None:
    free.configure(approval="none", caps="[{per: workspace, max: 2, in: 1d}]")
    for who in ("Ana Lima", "Bo Berg", "Chi Cho"):
        free.start("hello", who)

    assert held(free, "Chi Cho") == ("cap", "2026-11-24 09:30")


def test_what_was_handed_over_counts_before_it_is_confirmed(free: Search) -> None:
    free.configure(approval="none", caps="[{per: contact, max: 1, in: 10d}]")
    free.add_person("Dee Dow", company="Acme", relation="friend")
    free.start("hello", "Dee Dow")
    assert free.messages("Dee Dow") == ["hello prepared"]

    free.ask("Dee Dow")

    ask = free.workspace.views.find(Message, step="ask")[0]
    assert (ask.status, ask.rule) == ("held", "cap")


def test_unanswered_messages_in_a_row_are_limited_until_the_owner_has_read_an_answer(free: Search) -> None:
    free.configure(approval="none", caps="[{per: contact, unanswered: 1}]", gap="1bd")
    free.start("hello", "Ana Lima")
    free.wait("1bd")

    assert held(free) == ("cap", None)
    with pytest.raises(Held, match="1 messages in a row are unanswered; the limit is 1"):
        free.approve("Ana Lima")
    free.reply("Ana Lima", "unclear")
    free.send("Ana Lima")
    assert free.messages("Ana Lima") == ["hello sent", "again sent"]


@pytest.mark.parametrize(
    ("on_cap", "messages", "outcome"),
    [
        ("defer", ["hello sent", "again held"], None),
        ("skip", ["hello sent", "again skipped"], "greeted"),
        ("exit", ["hello sent", "again skipped"], "capped"),
    ],
)
def test_a_workflow_says_what_a_cap_means_and_can_only_add_to_the_caps(
    free: Search, on_cap: str, messages: list[str], outcome: str | None
) -> None:
    free.configure(approval="none", caps="[{per: contact, max: 1, in: 10d}]", gap="1bd")
    free.define(policy(on_cap=on_cap, caps="[{per: contact, max: 9, in: 10d}]"))
    free.start("hello", "Ana Lima")
    free.wait("1bd")

    assert free.messages("Ana Lima") == messages
    assert free.run("hello").outcome == outcome


def test_what_is_owed_is_said_however_many_messages_are_unanswered(free: Search) -> None:
    free.configure(approval="none", caps="[{per: contact, unanswered: 1}]", gap="1bd")
    free.start("hello", "Ana Lima")

    free.refer("Ana Lima")

    assert free.messages("Ana Lima") == ["hello sent", "thanks sent"]


# Gap.


def test_a_second_message_waits_for_the_gap(free: Search) -> None:
    free.define(policy(gap="3bd"))
    free.start("hello", "Ana Lima")
    free.at("2026-11-24 16:00")

    assert held(free) == ("gap", "2026-11-26 09:30")
    assert free.message("Ana Lima").detail == "Less than 3 business days after the last message."
    free.at("2026-11-26 09:30")
    assert free.messages("Ana Lima") == ["hello sent", "again sent"]


@pytest.mark.parametrize(
    ("own", "shared", "until"),
    [
        ("1bd", "3bd", "2026-11-26 09:30"),
        ("3bd", "1bd", "2026-11-26 09:30"),
        ("4d", "3bd", "2026-11-27 09:30"),  # No weekend in between: four days are more.
        ("6h", "3bd", "2026-11-26 09:30"),
    ],
)
def test_of_the_gaps_of_workflow_and_workspace_the_longer_one_holds(
    free: Search, own: str, shared: str, until: str
) -> None:
    free.configure(approval="none", caps="[]", gap=shared)
    free.define(policy(gap=own))
    free.start("hello", "Ana Lima")
    free.at("2026-11-24 16:00")

    assert held(free) == ("gap", until)


def test_to_answer_is_not_to_nag(free: Search) -> None:
    free.define(policy(gap="3bd"))
    free.start("hello", "Ana Lima")
    free.at("2026-11-24 16:00")
    free.reply("Ana Lima", "unclear")

    free.send("Ana Lima")

    assert free.messages("Ana Lima") == ["hello sent", "again sent"]


def test_what_is_urgent_does_not_wait_for_the_gap(free: Search) -> None:
    free.define(
        policy(gap="3bd").replace(
            "template: reconnect-once-more", "template: reconnect-once-more, urgent: true"
        )
    )
    free.start("hello", "Ana Lima")
    free.wait("1bd")

    assert free.messages("Ana Lima") == ["hello sent", "again sent"]


# Hours and holidays.


@pytest.mark.parametrize(
    ("zone", "now", "until"),
    [
        pytest.param("Asia/Tokyo", "2026-11-24 09:30", "2026-11-25 00:00", id="after hours in Tokyo"),
        pytest.param("America/New_York", "2026-11-24 09:30", "2026-11-24 14:00", id="early in New York"),
        pytest.param("Asia/Tokyo", "2026-11-27 09:30", "2026-11-30 00:00", id="over the weekend"),
        pytest.param(None, "2026-11-24 08:59", "2026-11-24 09:00", id="by the owner's clock"),
        pytest.param(None, "2026-11-24 17:30", "2026-11-25 09:00", id="the window is closed when it closes"),
    ],
)
def test_messages_leave_in_the_hours_of_whoever_gets_them(
    free: Search, zone: str | None, now: str, until: str
) -> None:
    free.configure(approval="none", caps="[]")
    free.add_person("Dee Dow", company="Globex", relation="friend", channel="post", zone=zone)
    free.now = datetime.fromisoformat(now).replace(tzinfo=UTC)
    free.start("hello", "Dee Dow")

    assert held(free, "Dee Dow") == ("window", until)
    free.at(until)
    assert free.messages("Dee Dow") == ["hello sent"]


def test_nothing_leaves_on_a_holiday(free: Search) -> None:
    free.configure(approval="none", caps="[]", holidays="[2026-11-23, 2026-11-24]")
    free.start("hello", "Ana Lima")

    assert held(free) == ("window", "2026-11-25 09:00")


def test_a_workflow_may_narrow_the_hours_and_where_nobody_knows_the_zone_both_must_be_open(
    free: Search,
) -> None:
    free.define(policy(window="{days: sun-mon, hours: 13:00-20:00}"))
    free.start("hello", "Ana Lima")

    assert held(free) == ("window", "2026-11-23 13:00")


def test_hours_that_never_come_send_nothing_and_say_so(free: Search) -> None:
    free.define(policy(window="{days: sat-sun, hours: 13:00-20:00}"))
    free.start("hello", "Ana Lima")

    assert free.run("hello").status == "stuck"
    assert "are never open together" in (free.run("hello").reason or "")
    assert free.post.sent == []


# Approval.


@pytest.mark.parametrize(
    ("workspace", "workflow", "messages"),
    [
        ("none", "none", ["hello sent", "again sent"]),
        ("first", "none", ["hello sent", "again sent"]),
        ("none", "first", ["hello sent", "again sent"]),
        ("none", "every", ["hello sent", "again drafted"]),
        ("every", "none", ["hello sent", "again drafted"]),
    ],
)
def test_the_more_careful_of_workspace_and_workflow_says_what_waits_for_approval(
    free: Search, workspace: str, workflow: str, messages: list[str]
) -> None:
    free.configure(approval=workspace, caps="[]", gap="1bd")
    free.define(policy(approval=workflow))
    free.start("hello", "Ana Lima")
    if {workspace, workflow} != {"none"}:
        assert free.messages("Ana Lima") == ["hello drafted"]
        free.approve("Ana Lima")
    free.wait("1bd")

    assert free.messages("Ana Lima") == messages


def test_after_a_first_message_that_was_left_out_the_next_is_the_first(free: Search) -> None:
    free.define(policy(approval="first"))
    free.start("hello", "Ana Lima")
    free.skip("Ana Lima")
    free.wait("1bd")

    assert free.messages("Ana Lima") == ["hello skipped", "again drafted"]


def test_a_draft_that_is_edited_must_be_approved_again(search: Search) -> None:
    """Also when the old text was approved and only waited for the morning."""
    search.now = datetime(2026, 11, 23, 19, tzinfo=UTC)
    search.ask("Ana Lima")
    with pytest.raises(Held, match=r"is held until tomorrow 09:00 \(window\)"):
        search.approve("Ana Lima")

    search.edit("Ana Lima", "In other words")
    search.at("2026-11-24 10:00")

    assert search.messages("Ana Lima") == ["ask drafted"]
    search.approve("Ana Lima")
    assert search.messages("Ana Lima") == ["ask prepared"]


def test_what_was_approved_in_the_evening_leaves_in_the_morning(search: Search) -> None:
    search.now = datetime(2026, 11, 23, 19, tzinfo=UTC)
    search.ask("Ana Lima")
    with pytest.raises(Held):
        search.approve("Ana Lima")

    search.at("2026-11-24 09:00")

    assert search.messages("Ana Lima") == ["ask prepared"]


def test_an_approval_is_of_the_text_that_was_read(search: Search) -> None:
    search.ask("Ana Lima")
    read = search.message("Ana Lima")
    search.edit("Ana Lima", "In other words")

    with pytest.raises(api.UsageError, match="has changed meanwhile"):
        api.approve(search.workspace, read, search.now)


# Whatever they answer.


def test_a_message_does_not_leave_after_they_wrote_something_nobody_has_read(free: Search) -> None:
    free.start("hello", "Ana Lima")
    free.reply("Ana Lima", "unclear")
    free.wait("1bd")

    assert held(free) == ("answered", None)
    free.wait("30d")
    assert free.messages("Ana Lima") == ["hello sent", "again held"]
    free.approve("Ana Lima")
    assert free.messages("Ana Lima") == ["hello sent", "again sent"]


def test_an_approved_message_that_waits_for_the_morning_is_held_when_they_write_at_night(free: Search) -> None:
    free.define(policy(approval="every"))
    free.now = datetime(2026, 11, 23, 19, tzinfo=UTC)
    free.start("hello", "Ana Lima")
    with pytest.raises(Held):
        free.approve("Ana Lima")
    free.now = datetime(2026, 11, 23, 23, tzinfo=UTC)
    api.log_contact(free.workspace, free.contact("Ana Lima"), "phone", "", free.now, direction="in")

    free.at("2026-11-24 09:00")

    assert held(free) == ("answered", None)


def test_an_answer_that_is_noted_late_counts_though_an_approval_came_in_between(free: Search) -> None:
    """They wrote at noon; the message was approved in the evening, and the answer is noted at night."""
    free.define(policy(approval="every"))
    free.start("hello", "Ana Lima")
    free.now = datetime(2026, 11, 23, 19, tzinfo=UTC)
    with pytest.raises(Held):
        free.approve("Ana Lima")
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    free.now = datetime(2026, 11, 23, 23, tzinfo=UTC)
    free.reply("Ana Lima", "unclear", at=noon)

    free.at("2026-11-24 09:00")

    assert held(free) == ("answered", None)


def test_what_they_wrote_years_ago_holds_nothing_when_it_is_imported(free: Search) -> None:
    free.start("hello", "Ana Lima")
    ana = free.contact("Ana Lima")
    api.edit_person(free.workspace, ana, api.PersonDetails(url="https://www.linkedin.com/in/ana"), free.now)
    free.import_records([
        api.Interaction(
            identity="old", counterpart=api.Counterpart(keys=("linkedin:ana",)), at=1_700_000_000_000_000,
            direction="in", medium="message",
        )
    ])  # fmt: skip
    free.wait("1bd")

    assert free.messages("Ana Lima") == ["hello sent", "again sent"]


def test_an_overdue_reminder_does_not_leave_while_their_answer_is_noted(free: Search) -> None:
    """The computer was off for two weeks. What is noted first must not be too late."""
    free.ask("Ana Lima")
    free.now = datetime(2026, 12, 7, 10, tzinfo=UTC)

    free.reply("Ana Lima", "agreed")

    assert free.messages("Ana Lima") == ["ask sent", "nudge skipped", "details sent"]


def test_a_fact_about_somebody_else_does_not_keep_what_is_due_from_leaving(free: Search) -> None:
    free.ask("Ana Lima")
    free.now = datetime(2026, 12, 3, 10, tzinfo=UTC)

    free.reply("Bo Berg", "unclear")

    assert free.messages("Ana Lima") == ["ask sent", "nudge sent"]


FOLLOW_UPS = {"nudge", "goodbye", "again"}
DEAF = HELLO.replace("workflow: hello", "workflow: reconnect")


WITH_ANA = st.lists(
    st.one_of(
        st.just(("start", "reconnect", "Ana Lima", "Engineer")),
        st.just(("ask", "Ana Lima", "Engineer")),
        st.tuples(st.just("reply"), st.just("Ana Lima"), st.sampled_from(["agreed", "later", "unclear"])),
        st.just(("log", "Ana Lima", "in")),
        st.just(("approve", "Ana Lima")),
        st.tuples(st.just("wait"), st.integers(1, 24 * 14)),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=WITH_ANA)
def test_nothing_more_is_sent_to_somebody_who_answered(searching: Searching, history: list[Action]) -> None:
    """Unless the run took the answer up, or the owner approved the message after it; and what follows up an
    unanswered message never goes on by itself after an answer. That holds for a workflow, too, that says nothing
    of answers.
    """
    with searching(unattended=True, **FREE) as search:
        search.define(DEAF)
        search.live(history)

        steps = {each.id: each.step for each in search.workspace.views.find(Message)}
        wrote: dict[str, int] = {}
        began: dict[str, int] = {}
        took_up: dict[str, int] = {}
        approved: dict[str, int] = {}
        for event in search.events():
            payload, position = event.payload, event.position
            match event.kind:
                case "reply.received":
                    wrote[payload.contact] = position
                case "interaction.logged" if payload.direction == "in":
                    wrote[payload.contact] = position
                case "run.started":
                    began[payload.run] = took_up[payload.run] = position
                case "event.matched":
                    took_up[payload.run] = position
                case "message.approved":
                    approved[payload.message] = position
                case "message.send.requested":
                    follows_up = steps[payload.message] in FOLLOW_UPS
                    heard = began[payload.run] if follows_up else took_up[payload.run]
                    answered = wrote.get(payload.contact, 0)
                    assert answered < max(heard, approved.get(payload.message, 0))


# The guards of a workflow, and what is told.


def test_the_guard_of_a_workflow_is_asked_again_before_each_message(free: Search) -> None:
    free.define(HELLO.replace("steps:", "guard: [contact.messages < 1]\nsteps:"))
    free.start("hello", "Ana Lima")
    free.wait("1bd")

    assert held(free) == ("guard", None)
    assert free.message("Ana Lima").detail == "`contact.messages < 1` no longer holds."
    with pytest.raises(Held, match=r"hello did not start \(running\)"):
        free.start("hello", "Ana Lima")
    api.cancel_run(free.workspace, free.run("hello"), None, free.now)
    with pytest.raises(
        Held, match=r"\(not_eligible\): `contact.messages < 1` is false \(contact.messages = 1\)"
    ):
        free.start("hello", "Ana Lima")


def test_a_held_message_tells_its_rule_and_until_when_wherever_one_looks(free: Search) -> None:
    free.define(policy(gap="3bd"))
    free.start("hello", "Ana Lima")
    free.at("2026-11-24 16:00")
    message = free.message("Ana Lima")

    (step,) = api.agenda(free.workspace, free.now).held
    told = api.why(free.workspace, message.id)

    assert (step.id, step.text) == (message.id, "Less than 3 business days after the last message.")
    assert instant(step.due) == datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
    assert told.now == f"{message.id} to Ana Lima is held: Less than 3 business days after the last message."
    assert any("is held until 2026-11-26 09:30 by the rule gap" in reason.text for reason in told.reasons)
