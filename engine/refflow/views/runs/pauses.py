"""Pauses: times without messages."""

from __future__ import annotations

from typing import ClassVar

from refflow.events import runs as e
from refflow.events.event import StoredEvent, micros

from ..projection import Handler, handles
from ..rows import Rows
from ..table import Row


class Pause(Row, kw_only=True):
    """A time without messages, for the run, contact or workflow that is named, or for all. Instants are
    microseconds since 1970 UTC.
    """

    table: ClassVar[str] = "pause"

    id: str
    starts: int
    until: int | None = None
    run: str | None = None
    contact: str | None = None
    workflow: str | None = None
    reason: str | None = None


HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "outreach.paused")
def _paused(rows: Rows, event: StoredEvent, payload: e.OutreachPaused) -> None:
    rows.put(
        payload.pause,
        Pause(
            id=payload.pause,
            starts=event.recorded_at if payload.starts is None else micros(payload.starts),
            until=None if payload.until is None else micros(payload.until),
            run=payload.run,
            contact=payload.contact,
            workflow=payload.workflow,
            reason=payload.reason,
        ),
    )


@handles(HANDLERS, "outreach.resumed")
def _resumed(rows: Rows, event: StoredEvent, payload: e.OutreachResumed) -> None:
    pause = rows.get(Pause, payload.pause)
    if pause is not None:
        pause.until = event.recorded_at
        rows.put(pause.id, pause)
