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


@event_kind(KINDS, "schedule.set")
class ScheduleSet(Payload, frozen=True, kw_only=True):
    """The trigger number `trigger` of `workflow` looks next at `due`."""

    workflow: str
    trigger: int
    due: datetime


@event_kind(KINDS, "schedule.fired")
class ScheduleFired(Payload, frozen=True, kw_only=True):
    """`due` has come."""

    workflow: str
    trigger: int
    due: datetime


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
    """A person is to do something by `due`: the owner, or `assignee`."""

    task: str
    run: str
    step: str
    due: datetime
    contact: str | None = None
    opening: str | None = None
    title: str | None = None
    help: str | None = None
    assignee: str | None = None

    @property
    def in_words(self) -> str:
        """What is to be done, and by whom if somebody else is to: `coach: Practise the interview`."""
        what = self.title or self.step
        return f"{self.assignee}: {what}" if self.assignee else what


@event_kind(KINDS, "task.closed", "note")
class TaskClosed(Payload, frozen=True, kw_only=True):
    """The task ended: done, skipped, expired, or dropped because the run went elsewhere."""

    task: str
    run: str
    outcome: Literal["done", "skipped", "expired", "dropped"]
    contact: str | None = None
    note: str | None = None


@event_kind(KINDS, "vars.set", "values")
class VarsSet(Payload, frozen=True, kw_only=True):
    """The run gave these variables new values. A duration is written as a text, a time as an instant."""

    run: str
    step: str
    values: dict[str, Any] = {}


@event_kind(KINDS, "wait.settling")
class WaitSettling(Payload, frozen=True, kw_only=True):
    """What the run waited for has come; it goes on when no more of it comes for a while, at `latest`."""

    run: str
    step: str
    latest: datetime


@event_kind(KINDS, "side.taken")
class SideTaken(Payload, frozen=True, kw_only=True):
    """The event at `position` made the run go through a side list of `anytime`; it stays where it stands."""

    run: str
    step: str
    position: int
    kind: str


@event_kind(KINDS, "child.wanted")
class ChildWanted(Payload, frozen=True, kw_only=True):
    """The run starts `workflow`, and goes on when that has ended (`wait`) or at once."""

    run: str
    step: str
    workflow: str
    contact: str | None = None
    opening: str | None = None
    wait: bool = False


@event_kind(KINDS, "child.started")
class ChildStarted(Payload, frozen=True, kw_only=True):
    """The run `child` was started by a step of `run`."""

    run: str
    step: str
    child: str
    wait: bool = False


@event_kind(KINDS, "trigger.queued")
class TriggerQueued(Payload, frozen=True, kw_only=True):
    """The event at `trigger` will start a run when `reason` no longer forbids it; `behind` is the run it waits
    for. Those of the highest `priority` come first, then those that came first.
    """

    queued: str
    workflow: str
    trigger: int
    reason: Literal["exclusive", "mode"]
    behind: str
    priority: int = 0
    contact: str | None = None
    opening: str | None = None


@event_kind(KINDS, "trigger.dequeued")
class TriggerDequeued(Payload, frozen=True, kw_only=True):
    """What waited in the queue no longer does: its turn came, or the owner withdrew it."""

    queued: str
    workflow: str
    outcome: Literal["started", "refused", "withdrawn"]
    contact: str | None = None
    opening: str | None = None


@event_kind(KINDS, "outreach.paused", "reason")
class OutreachPaused(Payload, frozen=True, kw_only=True):
    """From `starts` (default now) to `until` (default until resumed) nothing leaves and no timer fires: of a run,
    to a contact, in a workflow, or at all when none is named. Timers keep when they are due.
    """

    pause: str
    starts: datetime | None = None
    until: datetime | None = None
    run: str | None = None
    contact: str | None = None
    workflow: str | None = None
    reason: str | None = None


@event_kind(KINDS, "outreach.resumed")
class OutreachResumed(Payload, frozen=True, kw_only=True):
    """The pause ends now."""

    pause: str
    run: str | None = None
    contact: str | None = None


@event_kind(KINDS, "inbox.checked")
class InboxChecked(Payload, frozen=True, kw_only=True):
    """All that had come in by `channel` when this happened is in the log."""

    channel: str


@event_kind(KINDS, "inbox.missed", "reason")
class InboxMissed(Payload, frozen=True, kw_only=True):
    """What has come in by `channel` since the last look may not be in the log: it could not be looked into, for
    `reason`, or never was.
    """

    channel: str
    reason: str | None = None


@event_kind(KINDS, "inbox.closed")
class InboxClosed(Payload, frozen=True, kw_only=True):
    """Answers no longer come in by `channel`, or nobody looks there: the owner notes them."""

    channel: str


@event_kind(KINDS, "channel.paused", "reason")
class ChannelPaused(Payload, frozen=True, kw_only=True):
    """The channel does not let refflow in: nothing leaves by it until the owner has put that right.

    `plugin` is given when it is the plugin of the channel that is not here, or has failed.
    """

    channel: str
    reason: str | None = None
    plugin: str | None = None


@event_kind(KINDS, "channel.resumed")
class ChannelResumed(Payload, frozen=True, kw_only=True):
    """The channel may be used again."""

    channel: str


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
    Its timer stays as it was set, unless `due` and `rule` say for when it is set anew. `renamed` has the new ids of
    steps by their old ones.
    """

    run: str
    workflow: str
    before: str
    after: str
    step: str
    at: int
    due: datetime | None = None
    rule: str | None = None
    renamed: dict[str, str] = {}
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
