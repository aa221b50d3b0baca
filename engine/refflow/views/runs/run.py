"""A run: where it stands, and what it waits for."""

from __future__ import annotations

from typing import Any, ClassVar

from refflow.events import messages
from refflow.events import runs as e
from refflow.events.event import StoredEvent, micros

from ..projection import Handler, handles
from ..rows import Rows
from ..table import Row


class Run(Row, kw_only=True):
    """One run. It stands at address `at` of its definition. Instants are microseconds since 1970 UTC.

    `event` and `event_kind` are the plain fields of the event it last took up, `since` the position of that
    event and `heard_at` when it took it up; `taken` has the positions of all that it took up. `sends` has the
    message of each send step, `reached` the position at which it entered each step or its message left. `due`
    is when its timer fires; `settling` is when a wait that gathers events goes on at the latest. `fell_due` is
    when the timer that last moved it was due, until something else does; `paced` says that its message is one
    of several that are late and leave one after the other.
    """

    table: ClassVar[str] = "run"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("status", "due"),
        ("contact", "status"),
        ("opening", "status"),
        ("workflow", "contact"),
    )

    id: str
    workflow: str
    hash: str
    trigger: int
    started_at: int
    since: int
    heard_at: int
    event_kind: str
    event: dict[str, Any]
    contact: str | None = None
    opening: str | None = None
    status: str = "live"
    step: str = ""
    at: int = 0
    loops: dict[str, int] = {}
    sends: dict[str, str] = {}
    reached: dict[str, int] = {}
    taken: list[int] = []
    vars: dict[str, Any] = {}
    settling: int | None = None
    parent: str | None = None
    child: str | None = None
    message: str | None = None
    task: str | None = None
    due: int | None = None
    rule: str | None = None
    fell_due: int | None = None
    paced: bool = False
    released: bool = False
    outcome: str | None = None
    ending: str | None = None
    ended_at: int | None = None
    reason: str | None = None


HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "run.started")
def _started(rows: Rows, event: StoredEvent, payload: e.RunStarted) -> None:
    rows.put(
        payload.run,
        Run(
            id=payload.run,
            workflow=payload.workflow,
            hash=payload.hash,
            trigger=payload.trigger,
            started_at=event.recorded_at,
            since=payload.trigger,
            heard_at=event.recorded_at,
            event_kind=payload.kind,
            event=payload.event,
            contact=payload.contact,
            opening=payload.opening,
        ),
    )


@handles(HANDLERS, "step.entered")
def _entered(rows: Rows, event: StoredEvent, payload: e.StepEntered) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.step, run.at, run.loops = payload.step, payload.at, payload.loops
        run.reached = {**run.reached, payload.step: event.position}
        run.message = run.task = run.child = run.due = run.rule = run.settling = None
        run.paced = False
        rows.put(run.id, run)


@handles(HANDLERS, "event.matched")
def _matched(rows: Rows, event: StoredEvent, payload: e.EventMatched) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.event_kind, run.event = payload.kind, payload.event
        run.since, run.heard_at = payload.position, event.recorded_at
        run.taken = [*run.taken, payload.position]
        run.due = run.rule = run.fell_due = None
        rows.put(run.id, run)


@handles(HANDLERS, "child.started")
def _child_started(rows: Rows, event: StoredEvent, payload: e.ChildStarted) -> None:
    run, child = rows.get(Run, payload.run), rows.get(Run, payload.child)
    if child is not None:
        child.parent = payload.run
        rows.put(child.id, child)
    if run is not None and payload.wait:
        run.child = payload.child
        rows.put(run.id, run)


@handles(HANDLERS, "wait.settling")
def _settling(rows: Rows, event: StoredEvent, payload: e.WaitSettling) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.settling = micros(payload.latest)
        rows.put(run.id, run)


@handles(HANDLERS, "vars.set")
def _vars_set(rows: Rows, event: StoredEvent, payload: e.VarsSet) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.vars = {**run.vars, **payload.values}
        rows.put(run.id, run)


@handles(HANDLERS, "timer.set")
def _timer_set(rows: Rows, event: StoredEvent, payload: e.TimerSet) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.due, run.rule = micros(payload.due), payload.rule
        rows.put(run.id, run)


@handles(HANDLERS, "timer.fired")
def _timer_fired(rows: Rows, event: StoredEvent, payload: e.TimerFired) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.due = run.rule = None
        run.fell_due = micros(payload.due)
        rows.put(run.id, run)


@handles(HANDLERS, "message.drafted")
def _drafted(rows: Rows, event: StoredEvent, payload: messages.MessageDrafted) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.message = payload.message
        run.sends = {**run.sends, payload.step: payload.message}
        rows.put(run.id, run)


@handles(HANDLERS, "message.approved", "message.edited", "message.skipped", "message.send.requested")
def _released(rows: Rows, event: StoredEvent, payload: messages.MessageApproved) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.due = run.rule = run.reason = None
        run.status = "live"
        approved = event.kind == "message.approved" and payload.contact == run.contact
        run.released = run.released or approved
        rows.put(run.id, run)


@handles(HANDLERS, "message.held")
def _message_held(rows: Rows, event: StoredEvent, payload: messages.MessageHeld) -> None:
    run = rows.get(Run, payload.run)
    if run is not None and payload.rule == "pace":
        run.paced = True
        rows.put(run.id, run)


@handles(HANDLERS, "message.sent")
def _sent(rows: Rows, event: StoredEvent, payload: messages.MessageSent) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.due = run.rule = run.fell_due = None
        # An answer to the message can only come after it left.
        run.reached = {
            **run.reached,
            **{step: event.position for step, sent in run.sends.items() if sent == payload.message},
        }
        rows.put(run.id, run)


@handles(HANDLERS, "run.exited")
def _exited(rows: Rows, event: StoredEvent, payload: e.RunExited) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.status, run.outcome, run.ending = "exited", payload.outcome, payload.ending
        run.ended_at = event.recorded_at
        run.message = run.task = run.child = run.due = run.rule = run.settling = None
        rows.put(run.id, run)


@handles(HANDLERS, "run.stuck")
def _stuck(rows: Rows, event: StoredEvent, payload: e.RunStuck) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.status, run.reason, run.due = "stuck", payload.reason, None
        rows.put(run.id, run)
