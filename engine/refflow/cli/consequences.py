"""What the events of a command led to, in lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from refflow import api
from refflow.events.event import StoredEvent
from refflow.views.contacts import Contact
from refflow.views.debts import Debt
from refflow.views.messages import Message
from refflow.views.runs.run import Run

from .naming import opening, person

if TYPE_CHECKING:
    from .opened import Opened

MOST_SHOWN = 12


def consequences(opened: Opened, events: Sequence[StoredEvent]) -> list[str]:
    """What followed from the events, the last word about each thing only."""
    said: dict[str, str] = {}
    for event in events:
        for about, line in _consequence(opened, event):
            said.pop(about, None)
            said[about] = line
    lines = [line for line in said.values() if line]
    if len(lines) > MOST_SHOWN:
        lines[MOST_SHOWN:] = [f"... and {len(lines) - MOST_SHOWN} more: refflow next"]
    return lines


def _consequence(opened: Opened, event: StoredEvent) -> list[tuple[str, str]]:
    payload, workspace = event.payload, opened.workspace
    match event.kind:
        case "run.started":
            return [
                (
                    f"start {payload.run}",
                    f"{payload.workflow} started with {person(workspace, payload.contact)} ({payload.run}).",
                )
            ]
        case "trigger.ignored":
            return [(f"ignored {payload.workflow}", f"{payload.workflow} did not start: {payload.detail}")]
        case "timer.set":
            return [(payload.run, _waits(opened, payload.run))]
        case "channel.paused" if payload.plugin is None:
            reason = f": {payload.reason.rstrip('.')}" if payload.reason else ""
            told = f"Nothing leaves by the channel {payload.channel} now{reason}."
            return [(payload.channel, f"{told} Put that right, then: refflow resume {payload.channel}")]
        case "run.exited":
            return [
                (payload.run, f"{payload.workflow} ({payload.run}) ended: {payload.outcome.replace('_', ' ')}.")
            ]
        case "run.stuck":
            return [(payload.run, f"{payload.run} is stuck: {payload.reason}")]
        case "task.opened":
            return [(payload.task, f"To do: {payload.in_words}. Then: refflow do {payload.task} done")]
        case "task.closed" if payload.outcome in ("expired", "dropped"):
            return [(payload.task, f"The task {payload.task} is {payload.outcome}.")]
        case "referral.given" | "application.submitted" | "interview.scheduled" | "offer.received":
            return _owed(opened, event.position)
        case "application.rejected" | "application.withdrawn":
            return _owed(opened, event.position)
    if event.kind.startswith("message."):
        return [(payload.message, _message(opened, payload.message, event))]
    return []


def _waits(opened: Opened, key: str) -> str:
    from refflow.workflows.runs.pauses import goes_on

    run = opened.workspace.views.get(Run, key)
    if run is None or run.due is None or run.status != "live" or run.message or run.task:
        return ""
    until = goes_on(opened.workspace.views, run)
    return (
        f"{run.workflow} ({run.id}) waits until {opened.say(until) if until is not None else 'you resume it'}."
    )


def _owed(opened: Opened, position: int) -> list[tuple[str, str]]:
    return [
        (debt.name, f"You owe {owed(opened, debt)} ({debt.name}).")
        for debt in opened.workspace.views.find(Debt, name=f"d{position}")
        if debt.settled_at is None
    ]


def owed(opened: Opened, debt: Debt) -> str:
    """What is owed, to whom and by when."""
    what = "thanks for the referral to" if debt.what == "thanks" else "an update about"
    about = opening(opened.workspace, debt.opening)
    whom = person(opened.workspace, debt.contact)
    return f"{whom}: {what} {about}, by {opened.say(debt.due)}"


def _message(opened: Opened, key: str, event: StoredEvent) -> str:
    from refflow.workflows.runs.packet import in_words
    from refflow.workspace.telling import in_other_words

    message = opened.workspace.views.get(Message, key)
    if message is None:
        return ""
    to = person(opened.workspace, message.contact)
    match message.status:
        case "drafted":
            lacks = f", but lacks: {', '.join(in_words(message.missing))}" if message.missing else ""
            return f"{key} to {to} is drafted{lacks}. Read it: refflow draft {key}"
        case "held":
            return f"{key} to {to} is held{_until(opened, message)}: {message.detail}"
        case "prepared":
            return handed_over(opened.workspace, message)
        case "sent" if event.by != "user":
            return f"{key} to {to} was sent."
        case "skipped" if event.by != "user":
            return f"{key} to {to} is left out: {in_other_words(getattr(event.payload, 'reason', ''))}"
        case "failed":
            reason = getattr(event.payload, "reason", "")
            return f"{key} to {to} could not be handed over: {reason} Look: refflow draft {key}"
        case "in_doubt":
            return f"Nobody knows whether {key} to {to} left. Look, then: refflow do {key} sent, or refflow skip {key}"
    return ""


def _until(opened: Opened, message: Message) -> str:
    return f" until {opened.say(message.until)}" if message.until is not None else ""


def handed_over(workspace: api.Workspace, message: Message) -> str:
    """Where a message lies that its channel prepared, or its text to paste; and how to say that it was sent."""
    to = person(workspace, message.contact)
    confirm = f"Once it is sent: refflow do {message.id} sent"
    if mode_of(workspace, message) != "assist":
        path = file_of(workspace, message)
        where = f" in {path}" if path else " in the outbox"
        return f"{message.id} to {to} lies{where}. Open it, read it over and send it.\n{confirm}"
    contact = workspace.views.get(Contact, message.contact)
    profile = contact.url if contact is not None and contact.url else f"the profile of {to}"
    return f"{message.id} to {to}: paste this at {profile}\n\n{(message.body or '').rstrip()}\n\n{confirm}"


def mode_of(workspace: api.Workspace, message: Message) -> str | None:
    """How the channel of a message works: `auto`, `draft` or `assist`."""
    channel = workspace.channels().get(message.channel)
    return None if channel is None else channel[0].mode


def file_of(workspace: api.Workspace, message: Message) -> str | None:
    """The file that a channel left in the outbox for a message."""
    found = sorted(workspace.folder.outbox.glob(f"{message.id}--*"))
    return str(found[0]) if found else None
