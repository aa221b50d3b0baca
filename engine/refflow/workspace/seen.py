"""What the owner does to a thing as they saw it: not to what it has become meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refflow.errors import UsageError
from refflow.events.event import StoredEvent, micros
from refflow.views.messages import Message
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.workflows.runs.turn import Turn

from .workspace import Workspace


def record_about(
    workspace: Workspace, seen: Message | Task | Run, payload: Any, now: datetime, at: datetime | None = None
) -> list[StoredEvent]:
    """Record what the owner did to a thing as they saw it. Raises `UsageError` when it has changed since."""

    def decide(turn: Turn) -> None:
        present = turn.rows.get(type(seen), seen.id)
        if present is None or present.status != seen.status or _text(present) != _text(seen):
            raise UsageError(f"{seen.id} has changed meanwhile. Look again: `refflow why {seen.id}`.")
        turn.record(payload, by="user", occurred_at=micros(at or now))

    return workspace.act(decide, now, at)[1]


def _text(thing: Message | Task | Run) -> str:
    return thing.digest if isinstance(thing, Message) else ""
