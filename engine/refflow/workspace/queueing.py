"""The queue: what waits to start until a run with the same person, or of the same kind, has ended."""

from __future__ import annotations

from datetime import datetime

from refflow.errors import UsageError
from refflow.events.event import StoredEvent
from refflow.events.runs import TriggerDequeued
from refflow.views.contacts import Contact
from refflow.views.runs.queue import Queued
from refflow.workflows.runs.turn import Turn

from .workspace import Workspace


def queue(workspace: Workspace, contact: Contact | None = None) -> list[Queued]:
    """What waits for a run to end before it may start, in the order in which it will (for each person)."""
    found = workspace.views.find(Queued, **({} if contact is None else {"contact": contact.id}))
    return sorted(found, key=lambda each: (each.contact or "", -each.priority, each.trigger))


def withdraw(workspace: Workspace, queued: Queued, now: datetime) -> list[StoredEvent]:
    """Take something out of the queue."""
    withdrawn = TriggerDequeued(
        queued=queued.id,
        workflow=queued.workflow,
        outcome="withdrawn",
        contact=queued.contact,
        opening=queued.opening,
    )

    def decide(turn: Turn) -> None:
        if turn.rows.get(Queued, queued.id) is None:
            raise UsageError(f"{queued.id} no longer waits.")
        turn.record(withdrawn, by="user")

    return workspace.act(decide, now)[1]
