"""Decisions, as far as they matter: held against those that another definition would have led to."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from refflow.events.event import StoredEvent
from refflow.workflows.language.calendar import Calendar

How = Literal["starts", "does not start", "added", "dropped", "moved", "ends", "other", "reads"]
Key = tuple[Literal["run", "start"], str]

_IGNORED = frozenset({"branch.taken"})
"""How a condition is written says nothing of what follows from it."""
_NOT_COMPARED = frozenset({"hash", "at", "rule", "detail", "message_id", "values"})
_TEXTS = frozenset({"subject", "body", "digest", "title", "help", "missing"})
_SENDING = frozenset({"message.drafted", "message.send.requested"})
_IDS = frozenset({"run", "message", "task", "thread"})


class Decision(msgspec.Struct, frozen=True):
    """A decision as far as it matters: what it says without ids and wording, and its text apart."""

    event: StoredEvent
    said: dict[str, Any]
    text: dict[str, Any]


def by_run(events: list[StoredEvent], head: int, about: str | None) -> dict[Key, list[Decision]]:
    """The decisions about each run, in order. One that starts here goes by its people: its id is another on each side.
    What carries no run belongs to the one that was last spoken of, at first to the one that the commit is `about`.
    """
    starting: dict[str, Key] = {}
    found: dict[Key, list[Decision]] = {}
    key: Key = ("start", "") if about is None else ("run", about)
    for event in events:
        payload = event.payload
        run = getattr(payload, "run", None)
        if event.kind in ("run.started", "trigger.ignored"):
            key = ("start", f"{payload.contact} {payload.opening}")
            if event.kind == "run.started":
                starting[payload.run] = key
        elif run is not None:
            key = starting.get(run, ("run", run))
        if event.kind not in _IGNORED:
            found.setdefault(key, []).append(_decision(event, head))
    return found


def started(decisions: list[Decision]) -> str | None:
    """The run that starts with these decisions, if one does."""
    return next((each.event.payload.run for each in decisions if each.event.kind == "run.started"), None)


def reads_otherwise(old: Decision, new: Decision) -> bool:
    """Whether the text would be another. Of one that was erased nobody knows."""
    return bool(old.text) and old.text != new.text and old.text.get("body") is not None


def kind_of_difference(was: list[Decision], would: list[Decision]) -> How:
    """What kind of difference it is when both sides begin to differ here."""
    old, new = (each[0].event.kind if each else None for each in (was, would))
    if old == "run.started" or new == "run.started":
        return "does not start" if old == "run.started" else "starts"
    sent, sends = (any(each.event.kind in _SENDING for each in side) for side in (was, would))
    if sent != sends:
        return "dropped" if sent else "added"
    if "timer.set" in (old, new) or "message.held" in (old, new):
        return "moved"
    ended, ends = (any(each.event.kind == "run.exited" for each in side) for side in (was, would))
    return "ends" if ended or ends else "other"


def in_words(event: StoredEvent, calendar: Calendar) -> str:
    """A decision in a few words."""
    payload = event.payload
    match event.kind:
        case "run.started":
            return "it starts"
        case "trigger.ignored":
            return f"it does not start ({payload.reason}): {payload.detail}"
        case "step.entered":
            return f"goes to `{payload.step}`"
        case "timer.set":
            return f"`{payload.step}` waits until {calendar.local(payload.due):%Y-%m-%d %H:%M}"
        case "message.drafted":
            return f"writes `{payload.template}`"
        case "message.held":
            return f"holds a message ({payload.rule})"
        case "message.send.requested":
            return "sends a message"
        case "message.skipped":
            return f"leaves a message out: {payload.reason}"
        case "task.opened":
            return f"asks for `{payload.step}`"
        case "child.wanted":
            return f"starts {payload.workflow}"
        case "event.matched":
            return f"takes up {payload.kind}"
        case "run.exited":
            return f"ends: {payload.outcome}"
        case "run.stuck":
            return f"cannot go on: {payload.reason}"
    return event.kind


def _decision(event: StoredEvent, head: int) -> Decision:
    fields = msgspec.to_builtins(event.payload)
    said = {
        name: _anonymous(name, value, head)
        for name, value in fields.items()
        if name not in _NOT_COMPARED and name not in _TEXTS
    }
    return Decision(
        event, {"kind": event.kind, **said}, {name: fields.get(name) for name in _TEXTS if name in fields}
    )


def _anonymous(name: str, value: Any, head: int) -> Any:
    """What is made in this commit has another id and position on each side."""
    if name in _IDS and isinstance(value, str) and value[1:].isdecimal() and int(value[1:]) > head:
        return f"{value[0]}*"
    if name in ("position", "trigger") and isinstance(value, int) and value > head:
        return "*"
    return value
