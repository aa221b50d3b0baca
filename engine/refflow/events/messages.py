"""Events in the life of a message, from draft to sent."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from .event import Payload
from .kinds import EventKind, event_kind

KINDS: list[EventKind] = []


@event_kind(KINDS, "message.drafted", "subject", "body", "digest")
class MessageDrafted(Payload, frozen=True, kw_only=True):
    """A run wrote a message. `digest` identifies its text, `thread` the message it answers or follows;
    `missing` names what the text still lacks. `approval`: a person has to release it. Drafting a message
    again, because what it is made of changed, keeps its id.
    """

    message: str
    run: str
    step: str
    contact: str
    channel: str
    template: str
    opening: str | None = None
    thread: str | None = None
    approval: bool = True
    urgent: bool = False
    missing: tuple[str, ...] = ()
    digest: str = ""
    subject: str | None = None
    body: str | None = None


@event_kind(KINDS, "message.edited", "subject", "body", "digest")
class MessageEdited(Payload, frozen=True, kw_only=True):
    """The owner changed the text."""

    message: str
    run: str
    contact: str
    missing: tuple[str, ...] = ()
    digest: str = ""
    subject: str | None = None
    body: str | None = None


@event_kind(KINDS, "message.approved", "digest")
class MessageApproved(Payload, frozen=True, kw_only=True):
    """The owner released the text that `digest` identifies."""

    message: str
    run: str
    contact: str
    digest: str = ""


@event_kind(KINDS, "message.held")
class MessageHeld(Payload, frozen=True, kw_only=True):
    """A rule keeps the message back, until `until` or until something changes; `detail` is for people."""

    message: str
    run: str
    contact: str
    rule: str
    detail: str
    until: datetime | None = None


@event_kind(KINDS, "message.skipped")
class MessageSkipped(Payload, frozen=True, kw_only=True):
    """The message will not be sent."""

    message: str
    run: str
    contact: str
    reason: str


@event_kind(KINDS, "message.send.requested")
class SendRequested(Payload, frozen=True, kw_only=True):
    """The message may leave, once, by `channel`. `message_id` is its RFC 5322 identification."""

    message: str
    run: str
    contact: str
    channel: str
    message_id: str


@event_kind(KINDS, "message.prepared")
class MessagePrepared(Payload, frozen=True, kw_only=True):
    """The channel left a draft, or a text to paste (`assist`), at `reference`; the owner sends it and says so."""

    message: str
    run: str
    contact: str
    reference: str
    mode: Literal["draft", "assist"] = "draft"


@event_kind(KINDS, "message.sent")
class MessageSent(Payload, frozen=True, kw_only=True):
    """The message left."""

    message: str
    run: str
    contact: str
    opening: str | None = None


@event_kind(KINDS, "message.failed", "reason")
class MessageFailed(Payload, frozen=True, kw_only=True):
    """The channel could not take the message: for good (`permanent`), or this time (`retry`).

    `wait` is how long the channel asked to be left alone, in seconds.
    """

    message: str
    run: str
    contact: str
    reason: str = ""
    severity: Literal["permanent", "retry"] = "permanent"
    wait: int | None = None


@event_kind(KINDS, "message.in_doubt", "reason")
class MessageInDoubt(Payload, frozen=True, kw_only=True):
    """Whether the message left is unknown. It is never sent again by itself: a person looks and says."""

    message: str
    run: str
    contact: str
    reason: str = ""
