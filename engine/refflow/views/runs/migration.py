"""What moving a run to another version of its workflow changes: the run, and the task that it waits for."""

from __future__ import annotations

from refflow.events import runs as e
from refflow.events.event import StoredEvent, micros

from ..projection import Handler, handles
from ..rows import Rows
from .run import Run
from .tasks import Task

HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "run.migrated")
def _migrated(rows: Rows, event: StoredEvent, payload: e.RunMigrated) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.hash, run.at, run.step = payload.after, payload.at, payload.step
        if payload.due is not None:
            run.due, run.rule = micros(payload.due), payload.rule
            _put_off(rows, run)
        names = payload.renamed
        run.loops = {names.get(step, step): rounds for step, rounds in run.loops.items()}
        run.sends = {names.get(step, step): message for step, message in run.sends.items()}
        run.reached = {names.get(step, step): position for step, position in run.reached.items()}
        rows.put(run.id, run)


def _put_off(rows: Rows, run: Run) -> None:
    """A person has for the task of `run` until its timer fires."""
    task = rows.get(Task, run.task) if run.task else None
    if task is not None and run.due is not None:
        task.due = run.due
        rows.put(task.id, task)
