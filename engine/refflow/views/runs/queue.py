"""The queue: what will start a run when another has ended."""

from __future__ import annotations

from typing import ClassVar

from refflow.events import runs as e
from refflow.events.event import StoredEvent

from ..projection import Handler, handles
from ..rows import Rows
from ..table import Row


class Queued(Row, kw_only=True):
    """A run that will start when the one it is `behind` has ended, and none more urgent is there."""

    table: ClassVar[str] = "queued"

    id: str
    workflow: str
    trigger: int
    reason: str
    behind: str
    priority: int
    since: int
    contact: str | None = None
    opening: str | None = None


HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "trigger.queued")
def _queued(rows: Rows, event: StoredEvent, payload: e.TriggerQueued) -> None:
    rows.put(
        payload.queued,
        Queued(
            id=payload.queued,
            workflow=payload.workflow,
            trigger=payload.trigger,
            reason=payload.reason,
            behind=payload.behind,
            priority=payload.priority,
            since=event.recorded_at,
            contact=payload.contact,
            opening=payload.opening,
        ),
    )


@handles(HANDLERS, "trigger.dequeued")
def _dequeued(rows: Rows, event: StoredEvent, payload: e.TriggerDequeued) -> None:
    rows.drop(Queued, payload.queued)
