"""Schedules: when a trigger looks next at a time of the week."""

from __future__ import annotations

from typing import ClassVar

from refflow.events import runs as e
from refflow.events.event import StoredEvent, micros

from ..projection import Handler, handles
from ..rows import Rows
from ..table import Row


class Scheduled(Row, kw_only=True):
    """A trigger of a workflow that looks at a time of the week, and when next (microseconds since 1970 UTC)."""

    table: ClassVar[str] = "scheduled"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("due",),)

    id: str
    workflow: str
    trigger: int
    due: int


HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "schedule.set")
def _schedule_set(rows: Rows, event: StoredEvent, payload: e.ScheduleSet) -> None:
    key = f"{payload.workflow}/{payload.trigger}"
    rows.put(
        key, Scheduled(id=key, workflow=payload.workflow, trigger=payload.trigger, due=micros(payload.due))
    )


@handles(HANDLERS, "schedule.fired")
def _schedule_fired(rows: Rows, event: StoredEvent, payload: e.ScheduleFired) -> None:
    rows.drop(Scheduled, f"{payload.workflow}/{payload.trigger}")
