"""How long the runs in the log were at each step before they went on, and which way they went."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from refflow.events.event import StoredEvent
from refflow.views.store import voided_positions
from refflow.workflows.stories.graph import Stays

from .workspace import Workspace

_KINDS = (
    "run.started", "step.entered", "event.matched", "timer.fired", "task.closed", "message.sent",
    "message.skipped", "message.failed", "child.started", "run.exited",
)  # fmt: skip


class _At(msgspec.Struct):
    """A run that stands at a step since `since`; `way` is what moves it on, as far as that is known."""

    step: str
    since: int
    way: str = ""


def stays(workspace: Workspace, workflow: str) -> Stays:
    """How long (microseconds) the runs of a workflow were at each step, by the step and what moved them on: an
    event, `timeout`, what became of a task, how another run ended, `failed`, or nothing.
    """
    voided = voided_positions(workspace.log)
    found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    standing: dict[str, _At] = {}
    own: set[str] = set()
    parents: dict[str, str] = {}
    for page in workspace.log.read(kinds=_KINDS):
        for event in page:
            if event.position in voided:
                continue
            run = event.payload.run
            if event.kind == "run.started" and event.payload.workflow == workflow:
                own.add(run)
            if event.kind == "run.exited" and run in parents and parents[run] in standing:
                standing[parents[run]].way = event.payload.outcome
            if run not in own:
                continue
            if event.kind == "child.started":
                parents[event.payload.child] = run
            elif event.kind in ("step.entered", "run.exited"):
                at = standing.pop(run, None)
                if at is not None:
                    found[at.step, at.way].append(event.recorded_at - at.since)
                if event.kind == "step.entered":
                    standing[run] = _At(event.payload.step, event.recorded_at)
            elif run in standing:
                _moves(standing[run], event)
    return dict(found)


def _moves(at: _At, event: StoredEvent) -> None:
    """Note what `event` says of the way on which a run leaves the step where it stands."""
    payload = event.payload
    match event.kind:
        case "event.matched":
            at.way = payload.kind
        case "timer.fired" if not at.way:
            at.way = "timeout"
        case "task.closed":
            at.way = payload.outcome
        case "message.sent" | "message.skipped":
            at.way = ""  # What fired before only let it go.
        case "message.failed" if payload.severity == "permanent":
            at.way = "failed"
