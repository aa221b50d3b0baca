"""What the owner does to a run and its tasks by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refflow.errors import UsageError
from refflow.events.event import StoredEvent
from refflow.events.runs import RunCancelled, TaskClosed
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task

from .seen import record_about
from .workspace import Workspace


def close_task(
    workspace: Workspace, task: Task, outcome: Any, note: str | None, now: datetime
) -> list[StoredEvent]:
    """Finish a task: `done` or `skipped`."""
    if task.status != "open":
        raise UsageError(f"{task.id} is {task.status} already.")
    closed = TaskClosed(task=task.id, run=task.run, outcome=outcome, contact=task.contact, note=note)
    return record_about(workspace, task, closed, now)


def cancel_run(workspace: Workspace, run: Run, reason: str | None, now: datetime) -> list[StoredEvent]:
    """End a run. The ask it was about is closed, if it came to nothing."""
    if run.status == "exited":
        raise UsageError(f"{run.id} has ended already ({run.outcome}).")
    cancelled = RunCancelled(run=run.id, contact=run.contact, opening=run.opening, reason=reason)
    return record_about(workspace, run, cancelled, now)
