"""The runs view: which workflows are defined, their runs, and what each run waits for."""

from __future__ import annotations

from typing import Any, ClassVar

from refflow.events import messages
from refflow.events import runs as e
from refflow.events.event import StoredEvent, micros

from .projection import Handler, Projection, handles
from .rows import Rows
from .table import Row


class Settings(Row, kw_only=True):
    """The workspace's settings, as the log last recorded them."""

    table: ClassVar[str] = "settings"

    id: str
    digest: str
    settings: dict[str, Any]


class Workflow(Row, kw_only=True):
    """A workflow that new runs may follow, by the hash of its present definition."""

    table: ClassVar[str] = "workflow"

    name: str
    hash: str
    digest: str
    retired: bool = False


class Defined(Row, kw_only=True):
    """A definition that was in force at some time, as canonical JSON."""

    table: ClassVar[str] = "definition"

    hash: str
    workflow: str
    definition: str


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


class Scheduled(Row, kw_only=True):
    """A trigger of a workflow that looks at a time of the week, and when next (microseconds since 1970 UTC)."""

    table: ClassVar[str] = "scheduled"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("due",),)

    id: str
    workflow: str
    trigger: int
    due: int


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


class Inbox(Row, kw_only=True):
    """A channel by which answers come in. Until `checked_at` (microseconds UTC; 0 when it was never looked into)
    all of them are in the log; since `missed_at` it could not be looked into, for `reason`.
    """

    table: ClassVar[str] = "inbox"

    channel: str
    checked_at: int
    missed_at: int | None = None
    reason: str | None = None


class Paused(Row, kw_only=True):
    """A channel that refflow is not let into, or whose `plugin` is not here or has failed."""

    table: ClassVar[str] = "paused_channel"

    channel: str
    since: int
    reason: str | None = None
    plugin: str | None = None


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


_HANDLERS: dict[str, Handler] = {}


@handles(_HANDLERS, "settings.changed")
def _settings(rows: Rows, event: StoredEvent, payload: e.SettingsChanged) -> None:
    rows.put("settings", Settings(id="settings", digest=payload.digest, settings=payload.settings))


@handles(_HANDLERS, "workflow.defined")
def _defined(rows: Rows, event: StoredEvent, payload: e.WorkflowDefined) -> None:
    rows.put(payload.workflow, Workflow(name=payload.workflow, hash=payload.hash, digest=payload.digest))
    rows.put(
        payload.hash,
        Defined(hash=payload.hash, workflow=payload.workflow, definition=payload.definition),
    )


@handles(_HANDLERS, "workflow.retired")
def _retired(rows: Rows, event: StoredEvent, payload: e.WorkflowRetired) -> None:
    workflow = rows.get(Workflow, payload.workflow)
    if workflow is not None:
        workflow.retired = True
        rows.put(workflow.name, workflow)


@handles(_HANDLERS, "run.started")
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


@handles(_HANDLERS, "step.entered")
def _entered(rows: Rows, event: StoredEvent, payload: e.StepEntered) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.step, run.at, run.loops = payload.step, payload.at, payload.loops
        run.reached = {**run.reached, payload.step: event.position}
        run.message = run.task = run.child = run.due = run.rule = run.settling = None
        run.paced = False
        rows.put(run.id, run)


@handles(_HANDLERS, "event.matched")
def _matched(rows: Rows, event: StoredEvent, payload: e.EventMatched) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.event_kind, run.event = payload.kind, payload.event
        run.since, run.heard_at = payload.position, event.recorded_at
        run.taken = [*run.taken, payload.position]
        run.due = run.rule = run.fell_due = None
        rows.put(run.id, run)


@handles(_HANDLERS, "trigger.queued")
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


@handles(_HANDLERS, "trigger.dequeued")
def _dequeued(rows: Rows, event: StoredEvent, payload: e.TriggerDequeued) -> None:
    rows.drop(Queued, payload.queued)


@handles(_HANDLERS, "child.started")
def _child_started(rows: Rows, event: StoredEvent, payload: e.ChildStarted) -> None:
    run, child = rows.get(Run, payload.run), rows.get(Run, payload.child)
    if child is not None:
        child.parent = payload.run
        rows.put(child.id, child)
    if run is not None and payload.wait:
        run.child = payload.child
        rows.put(run.id, run)


@handles(_HANDLERS, "schedule.set")
def _schedule_set(rows: Rows, event: StoredEvent, payload: e.ScheduleSet) -> None:
    key = f"{payload.workflow}/{payload.trigger}"
    rows.put(
        key, Scheduled(id=key, workflow=payload.workflow, trigger=payload.trigger, due=micros(payload.due))
    )


@handles(_HANDLERS, "schedule.fired")
def _schedule_fired(rows: Rows, event: StoredEvent, payload: e.ScheduleFired) -> None:
    rows.drop(Scheduled, f"{payload.workflow}/{payload.trigger}")


@handles(_HANDLERS, "outreach.paused")
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


@handles(_HANDLERS, "outreach.resumed")
def _resumed(rows: Rows, event: StoredEvent, payload: e.OutreachResumed) -> None:
    pause = rows.get(Pause, payload.pause)
    if pause is not None:
        pause.until = event.recorded_at
        rows.put(pause.id, pause)


@handles(_HANDLERS, "inbox.checked")
def _inbox_checked(rows: Rows, event: StoredEvent, payload: e.InboxChecked) -> None:
    rows.put(payload.channel, Inbox(channel=payload.channel, checked_at=event.occurred_at))


@handles(_HANDLERS, "inbox.missed")
def _inbox_missed(rows: Rows, event: StoredEvent, payload: e.InboxMissed) -> None:
    inbox = rows.get(Inbox, payload.channel) or Inbox(channel=payload.channel, checked_at=0)
    if payload.reason is not None:
        inbox.missed_at, inbox.reason = event.occurred_at, payload.reason
    rows.put(inbox.channel, inbox)


@handles(_HANDLERS, "inbox.closed")
def _inbox_closed(rows: Rows, event: StoredEvent, payload: e.InboxClosed) -> None:
    rows.drop(Inbox, payload.channel)


@handles(_HANDLERS, "channel.paused")
def _channel_paused(rows: Rows, event: StoredEvent, payload: e.ChannelPaused) -> None:
    rows.put(
        payload.channel,
        Paused(
            channel=payload.channel,
            since=event.recorded_at,
            reason=payload.reason,
            plugin=payload.plugin,
        ),
    )


@handles(_HANDLERS, "channel.resumed")
def _channel_resumed(rows: Rows, event: StoredEvent, payload: e.ChannelResumed) -> None:
    rows.drop(Paused, payload.channel)


@handles(_HANDLERS, "wait.settling")
def _settling(rows: Rows, event: StoredEvent, payload: e.WaitSettling) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.settling = micros(payload.latest)
        rows.put(run.id, run)


@handles(_HANDLERS, "vars.set")
def _vars_set(rows: Rows, event: StoredEvent, payload: e.VarsSet) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.vars = {**run.vars, **payload.values}
        rows.put(run.id, run)


@handles(_HANDLERS, "timer.set")
def _timer_set(rows: Rows, event: StoredEvent, payload: e.TimerSet) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.due, run.rule = micros(payload.due), payload.rule
        rows.put(run.id, run)


@handles(_HANDLERS, "timer.fired")
def _timer_fired(rows: Rows, event: StoredEvent, payload: e.TimerFired) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.due = run.rule = None
        run.fell_due = micros(payload.due)
        rows.put(run.id, run)


@handles(_HANDLERS, "message.drafted")
def _drafted(rows: Rows, event: StoredEvent, payload: messages.MessageDrafted) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.message = payload.message
        run.sends = {**run.sends, payload.step: payload.message}
        rows.put(run.id, run)


@handles(_HANDLERS, "message.approved", "message.edited", "message.skipped", "message.send.requested")
def _released(rows: Rows, event: StoredEvent, payload: messages.MessageApproved) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.due = run.rule = run.reason = None
        run.status = "live"
        approved = event.kind == "message.approved" and payload.contact == run.contact
        run.released = run.released or approved
        rows.put(run.id, run)


@handles(_HANDLERS, "message.held")
def _message_held(rows: Rows, event: StoredEvent, payload: messages.MessageHeld) -> None:
    run = rows.get(Run, payload.run)
    if run is not None and payload.rule == "pace":
        run.paced = True
        rows.put(run.id, run)


@handles(_HANDLERS, "message.sent")
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


@handles(_HANDLERS, "task.opened")
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


@handles(_HANDLERS, "task.closed")
def _task_closed(rows: Rows, event: StoredEvent, payload: e.TaskClosed) -> None:
    task = rows.get(Task, payload.task)
    if task is not None:
        task.status = payload.outcome
        rows.put(task.id, task)
    run = rows.get(Run, payload.run)
    if run is not None and payload.outcome in ("done", "skipped"):
        run.fell_due = None
        rows.put(run.id, run)


@handles(_HANDLERS, "run.exited")
def _exited(rows: Rows, event: StoredEvent, payload: e.RunExited) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.status, run.outcome, run.ending = "exited", payload.outcome, payload.ending
        run.ended_at = event.recorded_at
        run.message = run.task = run.child = run.due = run.rule = run.settling = None
        rows.put(run.id, run)


@handles(_HANDLERS, "run.migrated")
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


@handles(_HANDLERS, "run.stuck")
def _stuck(rows: Rows, event: StoredEvent, payload: e.RunStuck) -> None:
    run = rows.get(Run, payload.run)
    if run is not None:
        run.status, run.reason, run.due = "stuck", payload.reason, None
        rows.put(run.id, run)


RUNS = Projection(
    name="runs",
    version=3,
    tables=(Settings, Workflow, Defined, Run, Queued, Scheduled, Pause, Inbox, Paused, Task),
    handlers=_HANDLERS,
)
