"""The agenda view: what waits for the owner, and why."""

from __future__ import annotations

from typing import Any, ClassVar

from refflow.events import messages, openings, runs
from refflow.events.event import StoredEvent, micros

from .projection import Handler, Projection, handles
from .rows import Rows
from .table import Row


class Item(Row, kw_only=True):
    """Something to do. `id` is the message, task or run it is about; `do` says what:

    `read` a reply and say what it means, `approve` a draft, `send` a prepared message and confirm it, wait for a
    `held` one, do a `task`, settle a `doubt` whether a message left, look at a `failed` message or a `stuck` run.

    `due` and `since` are microseconds since 1970 UTC. The owner is to do it, or `assignee`.
    """

    table: ClassVar[str] = "agenda"

    id: str
    do: str
    run: str
    since: int
    due: int
    contact: str | None = None
    opening: str | None = None
    why: str = ""
    reference: str | None = None
    assignee: str | None = None


class Failed(Row, kw_only=True):
    """The message of a run that could not be handed over."""

    table: ClassVar[str] = "failed_message"

    run: str
    message: str


_HANDLERS: dict[str, Handler] = {}


@handles(_HANDLERS, "message.drafted")
def _drafted(rows: Rows, event: StoredEvent, payload: messages.MessageDrafted) -> None:
    if not payload.approval:
        rows.drop(Item, payload.message)
    else:
        rows.put(
            payload.message,
            Item(
                id=payload.message,
                do="approve",
                run=payload.run,
                since=event.occurred_at,
                due=event.occurred_at,
                contact=payload.contact,
                opening=payload.opening,
                why=payload.step,
            ),
        )


@handles(_HANDLERS, "message.edited")
def _edited(rows: Rows, event: StoredEvent, payload: messages.MessageEdited) -> None:
    _become(rows, event, payload, "approve", "edited")
    rows.drop(Item, payload.run)  # If it was stuck, it goes on now.


@handles(_HANDLERS, "message.held")
def _held(rows: Rows, event: StoredEvent, payload: messages.MessageHeld) -> None:
    until = event.occurred_at if payload.until is None else micros(payload.until)
    _become(rows, event, payload, "approve" if payload.rule == "late" else "held", payload.detail, due=until)


@handles(_HANDLERS, "message.prepared")
def _prepared(rows: Rows, event: StoredEvent, payload: messages.MessagePrepared) -> None:
    _become(rows, event, payload, "send", payload.mode, reference=payload.reference)


@handles(_HANDLERS, "message.failed")
def _failed(rows: Rows, event: StoredEvent, payload: messages.MessageFailed) -> None:
    _become(rows, event, payload, "failed", payload.reason)
    rows.put(payload.run, Failed(run=payload.run, message=payload.message))


@handles(_HANDLERS, "message.in_doubt")
def _in_doubt(rows: Rows, event: StoredEvent, payload: messages.MessageInDoubt) -> None:
    _become(rows, event, payload, "doubt", payload.reason)


@handles(_HANDLERS, "message.approved", "message.send.requested", "message.sent", "message.skipped")
def _gone(rows: Rows, event: StoredEvent, payload: messages.MessageSent) -> None:
    rows.drop(Item, payload.message)
    rows.drop(Item, payload.run)  # Whoever settles the message of a stuck run sets it going again.


@handles(_HANDLERS, "reply.received")
def _reply(rows: Rows, event: StoredEvent, payload: openings.ReplyReceived) -> None:
    key = f"reply:{payload.contact}"
    if payload.intent != "unclear":
        rows.drop(Item, key)
        return
    rows.put(
        key,
        Item(
            id=key,
            do="read",
            run="",
            since=event.occurred_at,
            due=event.occurred_at,
            contact=payload.contact,
            opening=payload.opening,
        ),
    )


@handles(_HANDLERS, "task.opened")
def _task(rows: Rows, event: StoredEvent, payload: runs.TaskOpened) -> None:
    rows.put(
        payload.task,
        Item(
            id=payload.task,
            do="task",
            run=payload.run,
            since=event.occurred_at,
            due=micros(payload.due),
            contact=payload.contact,
            opening=payload.opening,
            why=payload.title or payload.step,
            assignee=payload.assignee,
        ),
    )


@handles(_HANDLERS, "task.closed")
def _task_closed(rows: Rows, event: StoredEvent, payload: runs.TaskClosed) -> None:
    rows.drop(Item, payload.task)


@handles(_HANDLERS, "run.migrated")
def _migrated(rows: Rows, event: StoredEvent, payload: runs.RunMigrated) -> None:
    if payload.due is not None:
        for item in rows.find(Item, run=payload.run, do="task"):
            item.due = micros(payload.due)
            rows.put(item.id, item)


@handles(_HANDLERS, "run.stuck")
def _stuck(rows: Rows, event: StoredEvent, payload: runs.RunStuck) -> None:
    rows.put(
        payload.run,
        Item(
            id=payload.run,
            do="stuck",
            run=payload.run,
            since=event.occurred_at,
            due=event.occurred_at,
            contact=payload.contact,
            why=payload.reason,
        ),
    )


@handles(_HANDLERS, "run.exited")
def _exited(rows: Rows, event: StoredEvent, payload: runs.RunExited) -> None:
    rows.drop(Item, payload.run)
    failed = rows.get(Failed, payload.run)
    if failed is None:
        return
    item = rows.get(Item, failed.message)
    if item is not None and item.do == "failed":
        rows.drop(Item, item.id)
    rows.drop(Failed, payload.run)


def _become(
    rows: Rows,
    event: StoredEvent,
    payload: Any,
    do: str,
    why: str,
    due: int | None = None,
    reference: str | None = None,
) -> None:
    before = rows.get(Item, payload.message)
    rows.put(
        payload.message,
        Item(
            id=payload.message,
            do=do,
            run=payload.run,
            since=event.occurred_at,
            due=event.occurred_at if due is None else due,
            contact=payload.contact,
            opening=before.opening if before else None,
            why=why,
            reference=reference,
        ),
    )


AGENDA = Projection(name="agenda", version=4, tables=(Item, Failed), handlers=_HANDLERS)
