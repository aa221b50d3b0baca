"""A message to somebody else than the contact of the run: what protects people protects them."""

from __future__ import annotations

from datetime import UTC, datetime
from textwrap import dedent

import msgspec
import pytest

from refflow.events.event import Payload
from refflow.events.kinds import EventKind
from refflow.events.openings import ApplicationSubmitted, ReferralWanted, ReplyReceived
from refflow.events.people import ContactBlocked, ContactChanged, ContactOptedOut, MeetingHeld
from refflow.events.runs import OutreachPaused, OutreachResumed, RunCancelled, RunWanted
from refflow.testing.bench import Bench
from refflow.views.messages import Message
from refflow.views.pipeline import Ask, ask_id
from refflow.workflows.durations import Duration
from refflow.workflows.language.definition import Cap
from refflow.workflows.language.loader import load_workflow
from refflow.workflows.language.settings import Settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.proofs.checked import check_workflows
from refflow.workflows.proofs.promise import promise_of


class Introduced(Payload, frozen=True, kw_only=True):
    """The contact introduced the owner to somebody."""

    contact: str
    introduced: str


KINDS = (EventKind(name="intro.made", payload=Introduced),)
TEMPLATES = {
    "hi": "Subject: Hi\n\nHi {{ contact.first_name }}.",
    "hello": "Subject: Hello\n\nHello {{ to.name }}, {{ contact.name }} sent me.",
    "news": "Subject: News\n\nDear {{ to.name }}.",
}
HEAD = """\
refflow: 1
workflow: w
on: [{event: intro.made}]
subject: {contact: event.contact}
again: always
"""
INTRODUCED = (
    HEAD
    + """\
steps:
  - {id: hello, send: {template: hello, to: event.introduced}}
  - {id: silence, wait: 30d}
  - exit: done
outcomes: {good: [done]}
"""
)
OTHER = """\
refflow: 1
workflow: other
on: [{manual: true}]
subject: {contact: event.contact}
again: always
policy: {exclusive: contact}
steps:
  - {id: hi, send: {template: hi}}
  - {id: silence, wait: 20d}
  - exit: done
outcomes: {good: [done]}
"""
FREE = Settings(name="Maya", email="maya@example.org", approval="none", gap=Duration(0, "h"), caps=())


def bench(*workflows: str, settings: Settings = FREE, **changes: object) -> Bench:
    return Bench(
        *workflows,
        templates=TEMPLATES,
        settings=msgspec.structs.replace(settings, **changes),
        kinds=KINDS,
    )


def introduce(bench: Bench, ana: str, bo: str) -> Message:
    """Ana introduces Bo: the message to him."""
    bench.record(Introduced(contact=ana, introduced=bo))
    return bench.message()


def held(bench: Bench) -> str | None:
    return bench.message().rule if bench.message().status == "held" else None


def test_a_message_goes_to_whom_the_event_names_and_the_run_stays_with_its_contact() -> None:
    made = bench(INTRODUCED)
    ana, bo = made.contact(), made.contact("Bo Berg")
    message = introduce(made, ana, bo)

    assert (message.contact, message.status) == (bo, "sent")
    assert message.body == "Hello Bo Berg, Ana Lima sent me."
    assert (made.run().contact, made.run().step) == (ana, "silence")
    assert made.decided_again() == []


def test_a_run_about_an_opening_writes_to_the_referrer() -> None:
    made = bench(
        dedent("""\
            refflow: 1
            workflow: w
            on: [{event: application.submitted}]
            subject: {opening: event.opening}
            steps:
              - {id: news, if: has(event.referrer), send: {template: news, to: event.referrer}}
              - exit: done
            outcomes: {good: [done]}
            """)
    )
    bo, job = made.contact("Bo Berg"), made.opening()
    made.record(ApplicationSubmitted(opening=job, referrer=bo))
    assert (made.message().contact, made.run().outcome) == (bo, "done")

    made.record(ApplicationSubmitted(opening=made.opening("Designer")))
    assert (len(made.rows.find(Message)), made.run().outcome) == (1, "done")


@pytest.mark.parametrize("stop", [ContactBlocked, ContactOptedOut])
def test_whoever_is_not_to_be_written_to_is_left_out_and_the_run_goes_on(stop: type[Payload]) -> None:
    made = bench(INTRODUCED)
    ana, bo = made.contact(), made.contact("Bo Berg")
    made.record(stop(contact=bo))
    message = introduce(made, ana, bo)

    assert (message.status, made.run().step, made.sends()) == ("skipped", "silence", [])


def test_whoever_opts_out_while_the_message_waits_does_not_get_it() -> None:
    made = bench(INTRODUCED, settings=msgspec.structs.replace(FREE, approval="every"))
    ana, bo = made.contact(), made.contact("Bo Berg")
    message = introduce(made, ana, bo)
    made.record(ContactOptedOut(contact=bo))
    made.approve(message)

    assert (made.message().status, made.sends()) == ("skipped", [])


def test_the_gap_is_that_to_the_person_written_to() -> None:
    made = bench(INTRODUCED, OTHER.replace("policy: {exclusive: contact}", "policy: {}"), gap=Duration(5, "d"))
    ana, bo = made.contact(), made.contact("Bo Berg")
    made.record(RunWanted(workflow="other", contact=ana))
    introduce(made, ana, bo)
    assert made.message().status == "sent"  # It was Ana who was written to just now.

    made.record(RunWanted(workflow="other", contact=bo))
    assert held(made) == "gap"
    made.wait(days=7)
    assert made.message().status == "sent"


def test_caps_count_the_messages_to_that_person() -> None:
    one = Cap(per="contact", most=1, within=Duration(9, "d"))
    made = bench(INTRODUCED, caps=(one,))
    ana, chi, bo = made.contact(), made.contact("Chi Cho"), made.contact("Bo Berg")
    introduce(made, ana, bo)
    introduce(made, ana, chi)
    assert made.message().status == "sent"

    introduce(made, chi, bo)
    assert held(made) == "cap"


def test_it_leaves_in_the_hours_of_their_zone() -> None:
    made = bench(INTRODUCED)
    ana, bo = made.contact(), made.contact("Bo Berg", zone="Asia/Tokyo")
    introduce(made, ana, bo)
    assert held(made) == "window"

    made.wait(days=1)
    assert made.sends() == [("hello", datetime(2026, 3, 3, 0, 0, tzinfo=UTC))]


def test_a_pause_of_the_person_written_to_holds_it() -> None:
    made = bench(INTRODUCED)
    ana, bo = made.contact(), made.contact("Bo Berg")
    made.record(OutreachPaused(pause="p1", contact=bo))
    introduce(made, ana, bo)
    assert held(made) == "paused"

    made.record(OutreachResumed(pause="p1", contact=bo))
    assert made.message().status == "sent"


def test_an_exclusive_run_waits_until_the_other_conversation_with_them_has_ended() -> None:
    made = bench(INTRODUCED + "policy: {exclusive: contact}\n", OTHER)
    ana, bo = made.contact(), made.contact("Bo Berg")
    made.record(RunWanted(workflow="other", contact=bo))
    other = made.run("other")
    introduce(made, ana, bo)
    assert held(made) == "exclusive"

    made.record(RunCancelled(run=other.id, contact=bo))
    assert made.message().status == "sent"
    assert made.decided_again() == []


def test_a_run_that_lets_others_in_does_not_wait_for_them() -> None:
    made = bench(INTRODUCED, OTHER)
    ana, bo = made.contact(), made.contact("Bo Berg")
    made.record(RunWanted(workflow="other", contact=bo))

    assert introduce(made, ana, bo).status == "sent"


def test_what_they_wrote_since_the_run_began_holds_it_until_the_owner_has_read_it() -> None:
    """Although the run has taken up something of its contact since."""
    made = bench(
        HEAD
        + """\
vars: {whom: {type: text, default: ""}}
steps:
  - set: {whom: event.introduced}
  - {id: met, wait: {for: meeting.held, within: 9d}, got: [], timeout: [{exit: done}]}
  - {id: hello, send: {template: hello, to: vars.whom}}
  - exit: done
outcomes: {good: [done]}
"""
    )
    ana, bo = made.contact(), made.contact("Bo Berg")
    made.record(Introduced(contact=ana, introduced=bo))
    made.wait(days=1)
    made.record(ReplyReceived(contact=bo, intent="declined", channel="mail"))
    made.record(MeetingHeld(contact=ana))
    assert held(made) == "answered"

    made.approve(made.message())
    assert made.message().status == "sent"


def test_the_first_that_was_read_was_not_for_them() -> None:
    made = bench(
        HEAD
        + """\
steps:
  - {id: hi, send: {template: hi}}
  - {id: hello, send: {template: hello, to: event.introduced}}
  - {id: again, send: {template: hi}}
  - exit: done
outcomes: {good: [done]}
policy: {approval: first}
""",
        approval="first",
    )
    ana, bo = made.contact(), made.contact("Bo Berg")
    made.approve(introduce(made, ana, bo))
    assert (made.message().step, made.message().approval) == ("hello", True)

    made.approve(made.message())
    assert (made.message().step, made.message().approval) == ("again", False)


def test_to_read_what_goes_to_somebody_else_releases_nothing_to_the_contact() -> None:
    made = bench(
        HEAD
        + """\
steps:
  - {id: hello, send: {template: hello, to: event.introduced}}
  - {id: hi, send: {template: hi}}
  - exit: done
outcomes: {good: [done]}
policy: {approval: first}
""",
        approval="first",
    )
    ana, bo = made.contact(), made.contact("Bo Berg")
    made.approve(introduce(made, ana, bo))

    assert (made.message().step, made.message().status) == ("hi", "drafted")


def test_a_thread_is_with_one_person() -> None:
    made = bench(
        HEAD
        + """\
vars: {whom: {type: text, default: ""}}
steps:
  - set: {whom: event.introduced}
  - {id: hello, send: {template: hello, to: vars.whom}}
  - set: {whom: event.contact}
  - {id: more, send: {template: hello, to: vars.whom, thread: hello}}
  - exit: done
outcomes: {good: [done]}
"""
    )
    ana, bo = made.contact(), made.contact("Bo Berg")
    message = introduce(made, ana, bo)

    assert (message.contact, message.thread, message.subject) == (ana, None, "Hello")


def test_nobody_is_written_to_whom_nobody_knows() -> None:
    made = bench(INTRODUCED)
    made.record(Introduced(contact=made.contact(), introduced="c999"))

    assert made.run().status == "stuck"
    assert "`event.introduced` is nobody that refflow knows" in (made.run().reason or "")
    assert made.rows.find(Message) == []


def test_a_draft_to_them_is_written_anew_when_their_name_changes() -> None:
    made = bench(INTRODUCED, approval="every")
    ana, bo = made.contact(), made.contact("Bo Berg")
    introduce(made, ana, bo)
    made.record(ContactChanged(contact=bo, name="Bosse Berg"))

    assert (made.message().contact, made.message().body) == (bo, "Hello Bosse Berg, Ana Lima sent me.")


def test_a_message_to_somebody_else_makes_no_ask() -> None:
    made = bench(
        INTRODUCED.replace("intro.made", "referral.wanted")
        .replace("{contact: event.contact}", "{contact: event.contact, opening: event.opening}")
        .replace("steps:", "steps:\n  - {id: met, wait: {for: intro.made, within: 9d}, got: [], timeout: []}")
        .replace("to: event.introduced", "to: vars.whom")
        .replace("  - {id: hello", "  - set: {whom: event.contact}\n  - {id: hello")
        + 'vars: {whom: {type: text, default: ""}}\n'
    )
    ana, job = made.contact(), made.opening()
    made.record(ReferralWanted(contact=ana, opening=job))
    made.record(Introduced(contact=ana, introduced=ana))
    assert held(made) == "packet"  # To Ana herself it is the ask.

    bo = made.contact("Bo Berg")
    made = bench(
        INTRODUCED.replace("intro.made", "referral.wanted")
        .replace("{contact: event.contact}", "{contact: event.contact, opening: event.opening}")
        .replace(
            "steps:",
            "steps:\n  - {id: met, wait: {for: intro.made, within: 9d}, got: [], timeout: [{exit: done}]}",
        )
    )
    ana, bo, job = made.contact(), made.contact("Bo Berg"), made.opening()
    made.record(ReferralWanted(contact=ana, opening=job))
    made.record(Introduced(contact=ana, introduced=bo))
    ask = made.rows.get(Ask, ask_id(ana, job))
    assert made.message().status == "sent"
    assert ask is not None
    assert ask.stage == "ready"


# What is promised.


def test_an_answer_of_the_contact_ends_no_row_of_somebody_else() -> None:
    text = (
        HEAD
        + """\
anytime: [{event: reply.received, go: more}]
steps:
  - {id: a, send: {template: hello, to: vars.whom}}
  - {id: rest, wait: 9d}
  - exit: done
blocks:
  more:
    - {id: c, send: {template: hello, to: vars.whom, thread: a}}
    - exit: done
outcomes: {good: [done]}
vars: {whom: {type: text, default: ""}}
"""
    )
    loaded = load_workflow(text, "w.yaml", TemplateTexts(TEMPLATES), bench().kinds, ("mail",))
    assert loaded.definition is not None, loaded.problems
    found = promise_of(loaded.definition, FREE)

    assert found is not None
    assert (found.messages.amount, found.unanswered.amount) == (2, 2)
    assert [stop.step for stop in found.unanswered.witness] == ["a", "c"]
    assert found.in_all is None  # The run of anybody may write to the same person.


def test_a_second_message_to_somebody_whose_answer_nobody_reads_is_found() -> None:
    text = HEAD.replace("intro.made", "referral.given").replace("again: always\n", "") + (
        "anytime: [{event: reply.received, exit: done}]\n"
        "steps:\n"
        "  - {id: a, send: {template: news, to: event.contact}}\n"
        "  - {id: b, send: {template: news, to: event.contact, thread: a}}\n"
        "  - exit: done\n"
        "outcomes: {good: [done]}\n"
    )
    found = check_workflows({"w.yaml": text}, TemplateTexts(TEMPLATES), FREE, bench().kinds, ("mail",))

    assert [(each.code, each.line) for each in found.problems] == [("W303", 4), ("W310", 8)]
