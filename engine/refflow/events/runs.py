"""Events about workflows and their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from .event import Payload
from .kinds import EventKind, event_kind
from .openings import OutcomeClass

KINDS: list[EventKind] = []


@event_kind(KINDS, "settings.changed")
class SettingsChanged(Payload, frozen=True, kw_only=True):
    """The workspace's settings as of now, whole; `digest` identifies the file they were read from."""

    digest: str
    settings: dict[str, Any]


@event_kind(KINDS, "workflow.defined")
class WorkflowDefined(Payload, frozen=True, kw_only=True):
    """New runs of `workflow` follow this definition. `digest` identifies the files it was compiled from."""

    workflow: str
    hash: str
    digest: str
    definition: str


@event_kind(KINDS, "workflow.retired")
class WorkflowRetired(Payload, frozen=True, kw_only=True):
    """No new run of `workflow` starts; those that live finish."""

    workflow: str


@event_kind(KINDS, "run.wanted")
class RunWanted(Payload, frozen=True, kw_only=True):
    """The owner starts a workflow by hand."""

    workflow: str
    contact: str | None = None
    opening: str | None = None


@event_kind(KINDS, "run.started")
class RunStarted(Payload, frozen=True, kw_only=True):
    """A run of the definition `hash`, set off by the event at `trigger`, whose plain fields are `event`."""

    run: str
    workflow: str
    hash: str
    trigger: int
    kind: str
    event: dict[str, Any]
    contact: str | None = None
    opening: str | None = None


@event_kind(KINDS, "trigger.ignored")
class TriggerIgnored(Payload, frozen=True, kw_only=True):
    """An event would have started a run, but `reason` forbids; `detail` says it to a person."""

    workflow: str
    reason: str
    detail: str
    contact: str | None = None
    opening: str | None = None
    run: str | None = None


@event_kind(KINDS, "step.entered")
class StepEntered(Payload, frozen=True, kw_only=True):
    """The run is at `step`, address `at` of its program; `loops` counts the rounds of each loop."""

    run: str
    step: str
    at: int
    loops: dict[str, int] = {}


@event_kind(KINDS, "branch.taken", "values")
class BranchTaken(Payload, frozen=True, kw_only=True):
    """How a condition came out, with the values of its terms."""

    run: str
    step: str
    clause: str
    values: dict[str, Any] = {}


@event_kind(KINDS, "event.matched")
class EventMatched(Payload, frozen=True, kw_only=True):
    """The event at `position` is what the run waited for, or an interrupt of it; `event` has its plain fields."""

    run: str
    step: str
    position: int
    kind: str
    event: dict[str, Any]


@event_kind(KINDS, "timer.set")
class TimerSet(Payload, frozen=True, kw_only=True):
    """The run goes on at `due`, computed by `rule`. Later changes of rules or zones do not move it."""

    run: str
    step: str
    due: datetime
    rule: str


@event_kind(KINDS, "timer.fired")
class TimerFired(Payload, frozen=True, kw_only=True):
    """`due` has come."""

    run: str
    due: datetime


@event_kind(KINDS, "task.opened", "title", "help")
class TaskOpened(Payload, frozen=True, kw_only=True):
    """A person is to do something by `due`."""

    task: str
    run: str
    step: str
    due: datetime
    contact: str | None = None
    opening: str | None = None
    title: str | None = None
    help: str | None = None


@event_kind(KINDS, "task.closed", "note")
class TaskClosed(Payload, frozen=True, kw_only=True):
    """The task ended: done, skipped, expired, or dropped because the run went elsewhere."""

    task: str
    run: str
    outcome: Literal["done", "skipped", "expired", "dropped"]
    contact: str | None = None
    note: str | None = None


@event_kind(KINDS, "run.exited")
class RunExited(Payload, frozen=True, kw_only=True):
    """The run ended."""

    run: str
    workflow: str
    outcome: str
    ending: OutcomeClass
    contact: str | None = None
    opening: str | None = None


@event_kind(KINDS, "run.stuck")
class RunStuck(Payload, frozen=True, kw_only=True):
    """The run cannot go on by itself; nothing of it is lost."""

    run: str
    reason: str
    contact: str | None = None


@event_kind(KINDS, "run.cancelled", "reason")
class RunCancelled(Payload, frozen=True, kw_only=True):
    """The owner ends the run."""

    run: str
    contact: str | None = None
    opening: str | None = None
    reason: str | None = None


@event_kind(KINDS, "run.migrated")
class RunMigrated(Payload, frozen=True, kw_only=True):
    """The owner lets the run go on by another version: from `before` to `after`, where `step` is at address `at`.
    Its timer stays as it was set.
    """

    run: str
    workflow: str
    before: str
    after: str
    step: str
    at: int
    contact: str | None = None
    opening: str | None = None


@event_kind(KINDS, "debt.settled", "how")
class DebtSettled(Payload, frozen=True, kw_only=True):
    """The owner paid a debt to a helper outside refflow, or lets it go, and says how or why."""

    debt: str
    contact: str
    opening: str
    how: str | None = None


@event_kind(KINDS, "events.voided")
class EventsVoided(Payload, frozen=True, kw_only=True):
    """The events at `positions` were a mistake: views are rebuilt as if they had not happened."""

    positions: tuple[int, ...]
