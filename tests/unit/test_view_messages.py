"""The messages view: every message refflow wrote, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from refflow.events.event import micros
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
from refflow.testing.commits import AT
from refflow.testing.events import HOUR, sample, told
from refflow.testing.projection import folded
from refflow.views.messages import MESSAGES, OPEN, Message, SendingDay

DRAFTED = sample(MessageDrafted)
EDITED = sample(MessageEdited)
APPROVED = sample(MessageApproved)
HELD = sample(MessageHeld)
REQUESTED = sample(SendRequested)
PREPARED = sample(MessagePrepared)
SENT = sample(MessageSent)


def message_after(*payloads: Any) -> Message:
    message = folded([MESSAGES], told(DRAFTED, *payloads)).get(Message, "m1")
    assert message is not None
    return message


def test_a_draft_is_as_it_was_written() -> None:
    drafted = sample(MessageDrafted, thread="m0", urgent=True, missing=("personal line",))
    message = folded([MESSAGES], told(drafted)).get(Message, "m1")

    assert message == Message(
        id="m1", run="r1", step="ask", contact="c1", opening="o1", channel="eml", template="ask-referral",
        status="drafted", digest=DRAFTED.digest, drafted_at=AT, thread="m0", subject=DRAFTED.subject,
        body=DRAFTED.body, urgent=True, missing=["personal line"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("payloads", "status", "still_open"),
    [
        ([], "drafted", True),
        ([EDITED], "drafted", True),
        ([APPROVED], "approved", True),
        ([HELD], "held", True),
        ([APPROVED, HELD, EDITED], "drafted", True),
        ([sample(MessageSkipped)], "skipped", False),
        ([APPROVED, REQUESTED], "requested", True),
        ([APPROVED, REQUESTED, PREPARED], "prepared", True),
        ([APPROVED, REQUESTED, PREPARED, SENT], "sent", False),
        ([APPROVED, REQUESTED, sample(MessageFailed)], "failed", False),
        ([APPROVED, REQUESTED, sample(MessageInDoubt)], "in_doubt", True),
        ([APPROVED, REQUESTED, sample(MessageInDoubt), SENT], "sent", False),
    ],
)
def test_a_message_stands_where_the_last_event_puts_it(
    payloads: list[Any], status: str, still_open: bool
) -> None:
    message = message_after(*payloads)

    assert message.status == status
    assert (message.status in OPEN) == still_open


def test_a_held_message_says_which_rule_holds_it_until_it_goes_on() -> None:
    held = message_after(APPROVED, HELD)
    assert (held.rule, held.detail) == (HELD.rule, HELD.detail)
    assert HELD.until is not None
    assert held.until == micros(HELD.until)

    for payload in (EDITED, REQUESTED, sample(MessageSkipped)):
        gone_on = message_after(APPROVED, HELD, payload)
        assert (gone_on.rule, gone_on.until) == (None, None)
        assert gone_on.detail == (payload.reason if isinstance(payload, MessageSkipped) else None)


def test_what_the_owner_wrote_replaces_the_text() -> None:
    message = message_after(sample(MessageEdited, missing=("date",)))

    assert (message.edited, message.subject, message.body) == (True, EDITED.subject, EDITED.body)
    assert (message.digest, message.missing) == (EDITED.digest, ["date"])


def test_a_message_drafted_anew_begins_again() -> None:
    message = message_after(EDITED, HELD, DRAFTED)

    assert (message.status, message.edited, message.rule, message.body) == (
        "drafted",
        False,
        None,
        DRAFTED.body,
    )


def test_each_attempt_is_counted_and_what_it_left_is_noted() -> None:
    retry = sample(MessageFailed, severity="retry")
    message = message_after(APPROVED, REQUESTED, retry, HELD, REQUESTED, PREPARED)

    assert message.attempts == 2
    assert (message.message_id, message.reference) == (REQUESTED.message_id, PREPARED.reference)
    assert (message.approved_at, message.sent_at) == (AT + HOUR, None)


def test_what_left_is_counted_by_the_day_in_utc() -> None:
    late = micros(datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
    drafts = [sample(MessageDrafted, message=f"m{number}") for number in range(3)]
    sent = [sample(MessageSent, message=f"m{number}") for number in range(3)]
    rows = folded([MESSAGES], told(*drafts) + told(*sent, start=late))

    assert rows.find(SendingDay) == [
        SendingDay(day="2026-03-02", sent=[late]),
        SendingDay(day="2026-03-03", sent=[late + HOUR, late + 2 * HOUR]),
    ]


def test_of_a_message_that_was_never_drafted_nothing_is_kept() -> None:
    rows = folded([MESSAGES], told(EDITED, APPROVED, HELD, REQUESTED, PREPARED, SENT))

    assert rows.find(Message) == []
    assert rows.find(SendingDay) == []
