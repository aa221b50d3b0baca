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


def by_run(events: list[StoredEvent], about: str | None) -> dict[Key, list[StoredEvent]]:
    """The decisions about each run, in order. One that starts here goes by its people: its id is another on each side.
    What carries no run belongs to the one that was last spoken of, at first to the one that the commit is `about`.
    """
    starting: dict[str, Key] = {}
    found: dict[Key, list[StoredEvent]] = {}
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
            found.setdefault(key, []).append(event)
    return found


def started(decisions: list[StoredEvent]) -> str | None:
    """The run that starts with these decisions, if one does."""
    return next((each.payload.run for each in decisions if each.kind == "run.started"), None)


def says_the_same(old: StoredEvent, new: StoredEvent, head: int) -> bool:
    """Whether two decisions over the log up to `head` are the same as far as it matters: without ids and wording."""
    return old.payload == new.payload or (old.kind == new.kind and _said(old, head) == _said(new, head))


def reads_otherwise(old: StoredEvent, new: StoredEvent) -> bool:
    """Whether the text would be another. Of one that was erased nobody knows."""
    if old.payload == new.payload:
        return False
    was, would = _texts(old), _texts(new)
    return was != would and was.get("body") is not None


def kind_of_difference(was: list[StoredEvent], would: list[StoredEvent]) -> How:
    """What kind of difference it is when both sides begin to differ here."""
    old, new = (each[0].kind if each else None for each in (was, would))
    if old == "run.started" or new == "run.started":
        return "does not start" if old == "run.started" else "starts"
    sent, sends = (any(each.kind in _SENDING for each in side) for side in (was, would))
    if sent != sends:
        return "dropped" if sent else "added"
    if "timer.set" in (old, new) or "message.held" in (old, new):
        return "moved"
    ended, ends = (any(each.kind == "run.exited" for each in side) for side in (was, would))
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


def _said(event: StoredEvent, head: int) -> dict[str, Any]:
    return {
        name: _anonymous(name, value, head)
        for name, value in msgspec.to_builtins(event.payload).items()
        if name not in _NOT_COMPARED and name not in _TEXTS
    }


def _texts(event: StoredEvent) -> dict[str, Any]:
    fields = msgspec.to_builtins(event.payload)
    return {name: value for name, value in fields.items() if name in _TEXTS}


def _anonymous(name: str, value: Any, head: int) -> Any:
    """What is made in this commit has another id and position on each side."""
    if name in _IDS and isinstance(value, str) and value[1:].isdecimal() and int(value[1:]) > head:
        return f"{value[0]}*"
    if name in ("position", "trigger") and isinstance(value, int) and value > head:
        return "*"
    return value
