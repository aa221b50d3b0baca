"""A simulated world as a story: what it would send, when, and how it would end."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from refflow.contacts.names import display_name
from refflow.events.event import StoredEvent
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.runs.run import Run
from refflow.workflows.stories.habits import LACKING
from refflow.workflows.stories.made_up import SUBJECT_FIELDS
from refflow.workflows.stories.world import World

What = Literal["start", "refused", "event", "message", "held", "skipped", "task", "outcome", "stuck"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Something of a simulated story. `at` is in microseconds since 1970 UTC."""

    at: int
    what: What
    text: str
    workflow: str = ""
    run: str | None = None
    step: str | None = None
    subject: str | None = None
    body: str | None = None


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen. `outcome` is None when the run does not start (`refused` says why), or has not ended
    when the simulation does (`parked` says at which step).
    """

    workflow: str
    run: str | None
    started_at: int
    lines: list[Line]
    messages: int
    outcome: str | None = None
    ending: str | None = None
    ended_at: int | None = None
    refused: str | None = None
    parked: str | None = None
    choices: list[str] = []


def told(world: World, workflow: str, run: str | None, started_at: int, choices: list[str]) -> Simulated:
    """What came of the run of `workflow` that is `run`, or of none."""
    row = world.rows.get(Run, run) if run is not None else None
    return Simulated(
        workflow=workflow,
        run=run,
        started_at=started_at,
        lines=lines_of(world),
        messages=sum(event.kind == "message.sent" for event in world.events),
        outcome=row.outcome if row else None,
        ending=row.ending if row else None,
        ended_at=row.ended_at if row else None,
        refused=None if row else _why_not(world, workflow),
        parked=row.step if row is not None and row.status != "exited" else None,
        choices=choices,
    )


def _why_not(world: World, workflow: str) -> str:
    for event in world.events:
        if event.kind == "trigger.ignored" and event.payload.workflow == workflow:
            return f"{event.payload.reason}: {event.payload.detail}"
    return "none of its triggers does it"


QUIET = (
    "run.", "step.", "branch.", "timer.", "message.", "task.", "event.", "trigger.", "ask.opened",
    "ask.personalised", "opening.changed", "schedule.",
)  # fmt: skip
"""Records of refflow's own, and what the simulated owner does by the way: they tell nothing of a story."""


def lines_of(world: World) -> list[Line]:
    """The story of a world."""
    told = [line for event in world.events if (line := line_of(world, event)) is not None]
    # A message that is tried twice in a moment is held twice for the same reason.
    return [line for before, line in zip([None, *told], told, strict=False) if line != before]


def line_of(world: World, event: StoredEvent) -> Line | None:
    """An event of a simulation as a line of its story; None for what goes without saying."""
    payload = event.payload
    run = world.rows.get(Run, getattr(payload, "run", None) or "")
    told = Line(
        at=event.recorded_at,
        what="event",
        text="",
        workflow=run.workflow if run else "",
        run=run.id if run else None,
    )
    match event.kind:
        case "run.started":
            return _say(told, "start", f"{payload.workflow} starts")
        case "trigger.ignored":
            said = f"{payload.workflow} does not start ({payload.reason}): {payload.detail}"
            return _say(told, "refused", said)
        case "message.sent":
            return _sent(world, told, payload)
        case "message.held" if payload.rule not in LACKING:
            local = world.turn().settings.calendar.local
            until = f" until {local(payload.until):%Y-%m-%d %H:%M}" if payload.until else ""
            said = f"{_called(world, payload)} is held{until} ({payload.rule}): {payload.detail}"
            return _say(told, "held", said)
        case "message.skipped":
            return _say(told, "skipped", f"{_called(world, payload)} is left out: {payload.reason}")
        case "task.opened":
            return _say(told, "task", f"to do: {payload.in_words}", step=payload.step)
        case "run.exited":
            return _say(told, "outcome", f"{payload.workflow} ends: {payload.outcome}")
        case "run.stuck":
            return _say(told, "stuck", f"cannot go on: {payload.reason}")
    return None if event.kind.startswith(QUIET) else _say(told, "event", _said(event))


def _sent(world: World, told: Line, payload: Any) -> Line | None:
    message = world.rows.get(Message, payload.message)
    if message is None:
        return None
    contact = world.rows.get(Contact, payload.contact)
    whom = display_name(contact.name) if contact is not None and contact.name else payload.contact
    said = f"{message.template} to {whom} ({message.channel})"
    return _say(told, "message", said, step=message.step, subject=message.subject, body=message.body)


def _called(world: World, payload: Any) -> str:
    message = world.rows.get(Message, payload.message)
    return message.template if message is not None else str(payload.message)


def _say(line: Line, what: What, text: str, **more: Any) -> Line:
    return msgspec.structs.replace(line, what=what, text=text, **more)


def _said(event: StoredEvent) -> str:
    fields = msgspec.to_builtins(event.payload)
    said = ", ".join(f"{name} {value}" for name, value in fields.items() if name not in SUBJECT_FIELDS)
    return f"{event.kind}{f' ({said})' if said else ''}"
