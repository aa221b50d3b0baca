"""Why: what led to where something stands, from the decisions in the log."""

from __future__ import annotations

from datetime import datetime

import msgspec

from refflow.errors import NotFound
from refflow.events.event import StoredEvent, micros
from refflow.log.log import position_at
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask
from refflow.views.rows import Source
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.views.store import refold

from .history import describe, events
from .telling import Teller
from .workspace import Workspace


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an explanation: what happened, who decided it and which event it followed from.

    `at` is in microseconds since 1970 UTC.
    """

    position: int
    at: int
    kind: str
    text: str
    by: str
    cause: int | None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why something stands as it does: `now` says it in a sentence, `reasons` tell how it came to that."""

    subject: str
    now: str
    reasons: list[Reason]


def why(workspace: Workspace, subject: str, at: datetime | None = None) -> Explanation:
    """Why a run, message, task, ask, contact or opening stands as it does, or as it did at `at`, from the log's own
    decisions.
    """
    until = workspace.log.head() if at is None else position_at(workspace.log, micros(at))
    teller = Teller(workspace)
    told = [
        Reason(
            position=event.position,
            at=event.occurred_at,
            kind=event.kind,
            text=teller.tell(event) or describe(event, workspace.kinds),
            by=event.by,
            cause=event.cause,
        )
        for event in _story(workspace, subject)
        if event.position <= until
    ]
    if at is None:
        return Explanation(subject=subject, now=_now(workspace.views, subject, teller), reasons=told)
    if not told:
        raise NotFound(f"Of {subject} the log knew nothing yet on {at:%Y-%m-%d %H:%M} UTC.")
    rows, _ = refold(workspace.log, workspace.views.projections, until=until)
    return Explanation(subject=subject, now=_now(rows, subject, teller), reasons=told)


def _story(workspace: Workspace, subject: str) -> list[StoredEvent]:
    """The events that led to where a subject stands, and what they followed from. A message or a task is a step
    of its run, so what the run went through before belongs to it.
    """
    told = list(events(workspace, subject=subject, effective=True))
    run = getattr(told[0].payload, "run", None) if told and subject[:1] in ("m", "t") else None
    if run is not None:
        last = told[-1].position
        told = [each for each in events(workspace, subject=run, effective=True) if each.position <= last]
    return _with_causes(workspace, told)


def _with_causes(workspace: Workspace, told: list[StoredEvent]) -> list[StoredEvent]:
    """The events `told` with those they followed from, and those that these followed from, in their order."""
    found = {each.position: each for each in told}
    wanted = {each.cause for each in told if each.cause is not None}
    while wanted := wanted - found.keys():
        causes = [event for event in map(workspace.event, wanted) if event is not None]
        found |= {event.position: event for event in causes}
        wanted = {event.cause for event in causes if event.cause is not None}
    return [found[position] for position in sorted(found)]


def _now(views: Source, subject: str, teller: Teller) -> str:
    if (message := views.get(Message, subject)) is not None:
        held = f": {message.detail}" if message.status == "held" else ""
        return f"{subject} to {teller.who(message)} is {message.status.replace('_', ' ')}{held}"
    if (run := views.get(Run, subject)) is not None:
        about = f"{run.workflow} with {teller.who(run)} ({subject})"
        if run.status == "exited":
            return f"{about} ended: {(run.outcome or '').replace('_', ' ')}"
        if run.status == "stuck":
            return f"{about} is stuck: {run.reason}"
        message = views.get(Message, run.message) if run.message else None
        return f"{about} is at step `{run.step}`{_waits_for(message, run)}"
    if (task := views.get(Task, subject)) is not None:
        return f"{subject} ({task.title}) is {task.status}"
    if (ask := views.get(Ask, subject)) is not None:
        outcome = f": {ask.outcome.replace('_', ' ')}" if ask.outcome else ""
        return f"The ask of {teller.who(ask)} about {teller.job(ask)} is {ask.stage}{outcome}"
    if (opening := views.get(Opening, subject)) is not None:
        name = f"{opening.title}, {opening.company_name} ({subject})"
        return f"{name} is {opening.status}{f', {opening.applied}' if opening.applied else ''}"
    live = views.find(Run, contact=subject, status="live")
    return f"{teller.person(subject)} ({subject}): {_running(live)}"


def _running(runs: list[Run]) -> str:
    return ", ".join(f"{each.workflow} ({each.id}) is going on" for each in runs) or "no workflow is going on"


def _waits_for(message: Message | None, run: Run) -> str:
    if message is not None:
        return f", with message {message.id} {message.status}{f' ({message.detail})' if message.detail else ''}"
    if run.task is not None:
        return f", with task {run.task} open"
    return f", waiting for {run.rule}" if run.rule else ""
