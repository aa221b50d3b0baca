"""The agenda: what waits for the owner, and since when; gone as soon as it is done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from refflow.events.event import instant
from refflow.events.messages import (
    MessageApproved,
    MessageDrafted,
    MessageEdited,
    MessageFailed,
    MessageHeld,
    MessageInDoubt,
    MessagePrepared,
    MessageSent,
    MessageSkipped,
    SendRequested,
)
from refflow.events.openings import ReplyReceived
from refflow.events.runs import RunExited, RunStuck, TaskClosed, TaskOpened
from refflow.testing.commits import AT
from refflow.testing.events import HOUR, sample, told
from refflow.testing.projection import folded
from refflow.views.agenda import AGENDA, Item

DRAFTED = sample(MessageDrafted)
BY_ITSELF = sample(MessageDrafted, approval=False)
EDITED = sample(MessageEdited)
APPROVED = sample(MessageApproved)
HELD = sample(MessageHeld)
REQUESTED = sample(SendRequested)
PREPARED = sample(MessagePrepared)
SENT = sample(MessageSent)
SKIPPED = sample(MessageSkipped)
FAILED = sample(MessageFailed)
DOUBT = sample(MessageInDoubt)
STUCK = sample(RunStuck)
EXITED = sample(RunExited)
UNCLEAR = sample(ReplyReceived, intent="unclear")
TASK = sample(TaskOpened)


def agenda_after(*payloads: Any) -> list[Item]:
    return folded([AGENDA], told(*payloads)).find(Item)


@pytest.mark.parametrize(
    ("payloads", "waits"),
    [
        ([], []),
        # A message, from draft to sent.
        ([DRAFTED], ["approve m1"]),
        ([BY_ITSELF], []),
        ([DRAFTED, EDITED], ["approve m1"]),
        ([DRAFTED, APPROVED], []),
        ([DRAFTED, SKIPPED], []),
        ([DRAFTED, APPROVED, HELD], ["held m1"]),
        ([DRAFTED, APPROVED, HELD, REQUESTED], []),
        ([DRAFTED, HELD, EDITED], ["approve m1"]),
        ([DRAFTED, HELD, DRAFTED], ["approve m1"]),
        ([BY_ITSELF, HELD, BY_ITSELF], []),
        ([DRAFTED, APPROVED, REQUESTED, PREPARED], ["send m1"]),
        ([DRAFTED, APPROVED, REQUESTED, PREPARED, SENT], []),
        ([DRAFTED, APPROVED, REQUESTED, DOUBT], ["doubt m1"]),
        ([DRAFTED, APPROVED, REQUESTED, DOUBT, SENT], []),
        ([DRAFTED, APPROVED, REQUESTED, FAILED], ["failed m1"]),
        # A run that is stuck, until it goes on or ends.
        ([DRAFTED, APPROVED, REQUESTED, FAILED, STUCK], ["failed m1", "stuck r1"]),
        ([DRAFTED, APPROVED, REQUESTED, FAILED, STUCK, EDITED], ["approve m1"]),
        ([DRAFTED, APPROVED, REQUESTED, FAILED, STUCK, SKIPPED], []),
        ([STUCK, APPROVED], []),
        ([STUCK, EXITED], []),
        # A reply nobody understood, until somebody did.
        ([UNCLEAR], ["read reply:c1"]),
        ([UNCLEAR, UNCLEAR], ["read reply:c1"]),
        ([UNCLEAR, sample(ReplyReceived, intent="later")], []),
        ([UNCLEAR, sample(ReplyReceived, intent="later", contact="c2")], ["read reply:c1"]),
        ([sample(ReplyReceived)], []),
        # A task.
        ([TASK], ["task t1"]),
        *[([TASK, sample(TaskClosed, outcome=outcome)], []) for outcome in ("done", "skipped", "expired", "dropped")],
        # Two things at once.
        ([DRAFTED, sample(MessageDrafted, message="m2", run="r2"), TASK, SENT], ["approve m2", "task t1"]),
    ],
)  # fmt: skip
def test_the_agenda_has_what_waits_and_nothing_else(payloads: list[Any], waits: list[str]) -> None:
    assert [f"{item.do} {item.id}" for item in agenda_after(*payloads)] == waits


def test_an_item_says_whom_and_what_it_is_about() -> None:
    for payloads in ([DRAFTED], [DRAFTED, HELD], [DRAFTED, PREPARED], [DRAFTED, FAILED], [TASK]):
        (item,) = agenda_after(*payloads)
        assert (item.run, item.contact, item.opening) == ("r1", "c1", "o1")


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (DRAFTED, "ask"),
        (EDITED, "edited"),
        (HELD, "It leaves on Thursday at 9:30."),
        (PREPARED, "draft"),
        (FAILED, "no such address"),
        (DOUBT, "the connection was lost"),
        (STUCK, "The message could not be handed over."),
        (TASK, "Send your CV"),
        (sample(TaskOpened, title=None), "pack"),
    ],
)
def test_an_item_says_why_it_is_there(payload: Any, why: str) -> None:
    (item,) = agenda_after(payload)

    assert item.why == why


def test_what_is_to_be_sent_says_where_it_lies() -> None:
    (item,) = agenda_after(DRAFTED, PREPARED)

    assert item.reference == "outbox/m1.eml"


def test_an_item_is_due_at_once_unless_it_has_a_date() -> None:
    later = instant(AT) + timedelta(days=2)
    at_once: list[Any] = [DRAFTED, FAILED, STUCK, UNCLEAR, sample(MessageHeld, until=None)]
    dated: list[Any] = [sample(MessageHeld, until=later), sample(TaskOpened, due=later)]

    for payload in at_once + dated:
        (item,) = agenda_after(payload)
        assert (item.since, item.due) == (AT, AT + 48 * HOUR if payload in dated else AT)
