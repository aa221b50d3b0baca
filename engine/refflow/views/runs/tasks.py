"""Tasks: what a person is to do for a run."""

from __future__ import annotations

from typing import ClassVar

from refflow.events import runs as e
from refflow.events.event import StoredEvent, micros

from ..projection import Handler, handles
from ..rows import Rows
from ..table import Row
from .run import Run


class Task(Row, kw_only=True):
    """Something a person is to do for a run: the owner, or `assignee`. Instants are microseconds since 1970 UTC."""

    table: ClassVar[str] = "task"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("run",),)

    id: str
    run: str
    step: str
    title: str
    opened_at: int
    due: int
    status: str = "open"
    contact: str | None = None
    opening: str | None = None
    help: str | None = None
    assignee: str | None = None


HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "task.opened")
def _task_opened(rows: Rows, event: StoredEvent, payload: e.TaskOpened) -> None:
    rows.put(
        payload.task,
        Task(
            id=payload.task,
            run=payload.run,
            step=payload.step,
            title=payload.title or "",
            opened_at=event.occurred_at,
            due=micros(payload.due),
            contact=payload.contact,
            opening=payload.opening,
            help=payload.help,
            assignee=payload.assignee,
        ),
    )
    run = rows.get(Run, payload.run)
    if run is not None:
        run.task = payload.task
        rows.put(run.id, run)


@handles(HANDLERS, "task.closed")
def _task_closed(rows: Rows, event: StoredEvent, payload: e.TaskClosed) -> None:
    task = rows.get(Task, payload.task)
    if task is not None:
        task.status = payload.outcome
        rows.put(task.id, task)
    run = rows.get(Run, payload.run)
    if run is not None and payload.outcome in ("done", "skipped"):
        run.fell_due = None
        rows.put(run.id, run)
