"""Pausing: for a time, or until it is resumed, nothing leaves and no timer fires."""

from __future__ import annotations

from datetime import datetime

from refflow.errors import Held, NotFound, UsageError
from refflow.events.event import StoredEvent, micros
from refflow.events.runs import ChannelResumed, OutreachPaused, OutreachResumed
from refflow.views.contacts import Contact
from refflow.views.runs.channels import PausedChannel
from refflow.views.runs.definitions import Workflow
from refflow.views.runs.pauses import Pause
from refflow.views.runs.run import Run
from refflow.workflows.runs.turn import Turn

from .absence import lacking
from .when import say_when
from .workspace import Workspace


def pause(
    workspace: Workspace,
    now: datetime,
    *,
    run: Run | None = None,
    contact: Contact | None = None,
    workflow: str | None = None,
    until: datetime | None = None,
    reason: str | None = None,
) -> Pause:
    """Pause a run, all that goes to a contact, a workflow, or everything when none is named.

    What comes in is still taken up. Timers keep when they are due: those that fell due fire when it is over,
    and what is then late is asked about first. Tasks get the time back that was lost.
    """
    if sum(each is not None for each in (run, contact, workflow)) > 1:
        raise UsageError("Pause one thing at a time: a run, a person or a workflow.")
    if workflow is not None and workspace.views.get(Workflow, workflow) is None:
        raise NotFound(f"There is no workflow `{workflow}`.")
    return _pause(workspace, now, run=run, contact=contact, workflow=workflow, until=until, reason=reason)


def away(
    workspace: Workspace, starts: datetime, until: datetime, now: datetime, reason: str | None = None
) -> Pause:
    """Pause everything from `starts` to `until`, a holiday say. Afterwards what is late leaves bit by bit."""
    if until <= starts:
        raise UsageError(
            "You are back before you leave: give the day you leave first, then the day you are back."
        )
    return _pause(workspace, now, starts=starts, until=until, reason=reason)


def resume(workspace: Workspace, paused: Pause, now: datetime) -> list[StoredEvent]:
    """End a pause now, or call one off that has not begun."""
    if paused.until is not None and paused.until <= micros(now):
        raise UsageError(f"{paused.id} is over already.")
    resumed = OutreachResumed(pause=paused.id, run=paused.run, contact=paused.contact)
    return workspace.act(lambda turn: turn.record(resumed, by="user"), now)[1]


def pauses(workspace: Workspace, now: datetime) -> list[Pause]:
    """The pauses that last, and those to come."""
    return workspace.views.query(Pause, "until IS NULL OR until > ? ORDER BY starts, id", (micros(now),))


def closed_channels(workspace: Workspace) -> list[PausedChannel]:
    """The channels by which nothing leaves: those that do not let refflow in, and those whose plugin is away."""
    return sorted(workspace.views.find(PausedChannel), key=lambda each: each.channel)


def reopen_channel(workspace: Workspace, channel: str, now: datetime) -> list[StoredEvent]:
    """Use a channel again that did not let refflow in; what was held for it leaves.

    Raises `UsageError` when nothing keeps it, and `Held` when its plugin is away: it is used again once that is back.
    """
    if workspace.views.get(PausedChannel, channel) is None:
        raise UsageError(f"The channel {channel} is not paused.")
    if (lack := lacking(workspace, channel)) is not None:
        raise Held(f"The channel {channel} cannot be used: {lack.reason}: {lack.detail}.")
    return workspace.act(lambda turn: turn.record(ChannelResumed(channel=channel), by="user"), now)[1]


def _pause(
    workspace: Workspace,
    now: datetime,
    *,
    run: Run | None = None,
    contact: Contact | None = None,
    workflow: str | None = None,
    starts: datetime | None = None,
    until: datetime | None = None,
    reason: str | None = None,
) -> Pause:
    if until is not None and until <= now:
        said = say_when(until, now, workspace.settings.calendar)
        raise UsageError(f"{said[:1].upper()}{said[1:]} is over already.")

    def decide(turn: Turn) -> str:
        key = f"p{turn.next_position}"
        turn.record(
            OutreachPaused(
                pause=key,
                starts=starts,
                until=until,
                run=None if run is None else run.id,
                contact=None if contact is None else contact.id,
                workflow=workflow,
                reason=reason,
            ),
            by="user",
        )
        return key

    key, _ = workspace.act(decide, now)
    found = workspace.views.get(Pause, key)
    assert found is not None, "it has just been recorded"
    return found
