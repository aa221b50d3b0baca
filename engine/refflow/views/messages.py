"""The messages view: every message refflow wrote, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from refflow.events import messages as e
from refflow.events.event import StoredEvent, instant, micros

from .projection import Handler, Projection, handles
from .rows import Rows
from .table import Row

OPEN: frozenset[str] = frozenset({"drafted", "approved", "held", "requested", "prepared", "in_doubt"})
"""States in which something is still to happen to a message."""


class SendingDay(Row, kw_only=True):
    """The instants (microseconds since 1970 UTC) at which messages left on an ISO day, in UTC."""

    table: ClassVar[str] = "sending_day"

    day: str
    sent: list[int] = []


class Message(Row, kw_only=True):
    """A message. Instants are microseconds since 1970 UTC; `thread` is the message it follows, `original` the body
    as its template made it, once the owner has edited it.
    """

    table: ClassVar[str] = "message"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("contact",), ("status",), ("run",))

    id: str
    run: str
    step: str
    contact: str
    channel: str
    template: str
    status: str
    digest: str
    drafted_at: int
    opening: str | None = None
    thread: str | None = None
    subject: str | None = None
    body: str | None = None
    approval: bool = True
    urgent: bool = False
    edited: bool = False
    original: str | None = None
    missing: list[str] = []
    rule: str | None = None
    detail: str | None = None
    until: int | None = None
    message_id: str | None = None
    reference: str | None = None
    attempts: int = 0
    approved_at: int | None = None
    sent_at: int | None = None


_HANDLERS: dict[str, Handler] = {}


@handles(_HANDLERS, "message.drafted")
def _drafted(rows: Rows, event: StoredEvent, payload: e.MessageDrafted) -> None:
    rows.put(
        payload.message,
        Message(
            id=payload.message,
            run=payload.run,
            step=payload.step,
            contact=payload.contact,
            opening=payload.opening,
            channel=payload.channel,
            template=payload.template,
            status="drafted",
            digest=payload.digest,
            drafted_at=event.occurred_at,
            thread=payload.thread,
            subject=payload.subject,
            body=payload.body,
            approval=payload.approval,
            urgent=payload.urgent,
            missing=list(payload.missing),
        ),
    )


@handles(_HANDLERS, "message.edited")
def _edited(rows: Rows, event: StoredEvent, payload: e.MessageEdited) -> None:
    message = rows.get(Message, payload.message)
    if message is not None:
        message.original = message.original if message.edited else message.body
        message.subject = payload.subject
        message.body = payload.body
        message.digest = payload.digest
        message.missing = list(payload.missing)
        message.edited = True
        message.status = "drafted"
        _unheld(message)
        rows.put(message.id, message)


@handles(_HANDLERS, "message.held")
def _held(rows: Rows, event: StoredEvent, payload: e.MessageHeld) -> None:
    message = rows.get(Message, payload.message)
    if message is not None:
        message.status = "held"
        message.rule = payload.rule
        message.detail = payload.detail
        message.until = None if payload.until is None else micros(payload.until)
        rows.put(message.id, message)


@handles(_HANDLERS, "message.send.requested")
def _requested(rows: Rows, event: StoredEvent, payload: e.SendRequested) -> None:
    message = rows.get(Message, payload.message)
    if message is not None:
        message.message_id = payload.message_id
        message.attempts += 1
        _become(rows, message, "requested")


@handles(_HANDLERS, "message.prepared")
def _prepared(rows: Rows, event: StoredEvent, payload: e.MessagePrepared) -> None:
    message = rows.get(Message, payload.message)
    if message is not None:
        message.reference = payload.reference
        _become(rows, message, "prepared")


@handles(_HANDLERS, "message.sent")
def _sent(rows: Rows, event: StoredEvent, payload: e.MessageSent) -> None:
    message = rows.get(Message, payload.message)
    if message is not None:
        message.sent_at = event.occurred_at
        _become(rows, message, "sent")
        key = instant(event.occurred_at).date().isoformat()
        day = rows.get(SendingDay, key) or SendingDay(day=key)
        day.sent = [*day.sent, event.occurred_at]
        rows.put(key, day)


_STATES = {
    "message.approved": "approved",
    "message.failed": "failed",
    "message.in_doubt": "in_doubt",
}


@handles(_HANDLERS, *_STATES)
def _state(rows: Rows, event: StoredEvent, payload: e.MessageApproved) -> None:
    message = rows.get(Message, payload.message)
    if message is not None:
        if event.kind == "message.approved":
            message.approved_at = event.recorded_at
        _become(rows, message, _STATES[event.kind])


@handles(_HANDLERS, "message.skipped")
def _skipped(rows: Rows, event: StoredEvent, payload: e.MessageSkipped) -> None:
    message = rows.get(Message, payload.message)
    if message is not None:
        _become(rows, message, "skipped", payload.reason)


def _become(rows: Rows, message: Message, status: str, detail: str | None = None) -> None:
    message.status = status
    _unheld(message)
    message.detail = detail
    rows.put(message.id, message)


def _unheld(message: Message) -> None:
    message.rule = message.detail = message.until = None


MESSAGES = Projection(name="messages", version=2, tables=(Message, SendingDay), handlers=_HANDLERS)
