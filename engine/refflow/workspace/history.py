"""Looking back: the events of the log, why things are as they are, and taking a mistake back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from refflow.errors import NotFound, UsageError
from refflow.events.event import Opaque, StoredEvent
from refflow.events.kinds import Kinds
from refflow.events.runs import EventsVoided
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask
from refflow.views.rows import Source
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.views.store import refold, voided_positions
from refflow.views.timeline import Happening

from .board import position_at
from .telling import Teller
from .workspace import Workspace

if TYPE_CHECKING:
    from refflow.workflows.runs.turn import Turn

_SUBJECTS: dict[str, tuple[str, Any]] = {
    "c": ("contact", Contact),
    "o": ("opening", Opening),
    "r": ("run", Run),
}


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


def events(
    workspace: Workspace,
    *,
    after: int = 0,
    kinds: list[str] | None = None,
    subject: str | None = None,
    effective: bool = False,
) -> Iterator[StoredEvent]:
    """The events of the log in their order; of `kinds`, or about `subject` (an id). `effective` leaves out
    those that were taken back.
    """
    voided = voided_positions(workspace.log) if effective else frozenset()
    if subject is None:
        for page in workspace.log.read(after=after, kinds=kinds):
            yield from (event for event in page if event.position not in voided)
        return
    for position in _positions(workspace, subject):
        event = workspace.event(position)
        if event is None or position <= after or position in voided:
            continue
        if kinds is None or event.kind in kinds:
            yield event


def _positions(workspace: Workspace, subject: str) -> list[int]:
    views = workspace.views
    if subject.startswith("m") and (message := views.get(Message, subject)) is not None:
        found = views.find(Happening, run=message.run)
        return [each.position for each in found if _names(workspace.event(each.position), "message", subject)]
    if subject.startswith("t") and (task := views.get(Task, subject)) is not None:
        found = views.find(Happening, run=task.run)
        return [each.position for each in found if _names(workspace.event(each.position), "task", subject)]
    if (ask := views.get(Ask, subject)) is not None:
        found = views.find(Happening, contact=ask.contact)
        return [each.position for each in found if each.opening in (ask.opening, None)]
    field, row = _SUBJECTS.get(subject[:1], ("", None))
    if row is None or views.get(row, subject) is None:
        raise NotFound(
            f"`{subject}` is the id of nothing here. Ids are shown by `refflow next` and `refflow board`."
        )
    return [each.position for each in views.find(Happening, **{field: subject})]


def _names(event: StoredEvent | None, field: str, value: str) -> bool:
    return event is not None and getattr(event.payload, field, None) == value


def why(workspace: Workspace, subject: str, at: datetime | None = None) -> Explanation:
    """Why a run, message, task, ask, contact or opening stands as it does, or as it did at `at`, from the log's own
    decisions.
    """
    until = workspace.log.head() if at is None else position_at(workspace, at)
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


def describe(event: StoredEvent, kinds: Kinds) -> str:
    """An event in a line, without anything personal: its fields as the log has them."""
    return describe_payload(event.payload, kinds)


def describe_payload(payload: Any, kinds: Kinds) -> str:
    """The fields of a payload in a line, without anything personal."""
    if isinstance(payload, Opaque):
        return f"(unknown kind) {payload.data[:120]}"
    shown, kind = [], kinds.of(payload)
    # What a plugin calls its fields nobody here knows: it says itself which of them are personal.
    hidden = _HIDDEN | kind.personal if kind.foreign else _HIDDEN
    for name in payload.__struct_fields__:
        value = getattr(payload, name)
        if value not in (None, (), {}, "") and name not in hidden:
            shown.append(f"{name}={_short(value)}")
    return " ".join(shown)


_HIDDEN = frozenset({
    "name", "first_name", "last_name", "keys", "emails", "url", "text", "subject", "body", "digest", "definition",
    "settings", "event", "identity", "line", "note", "title", "help", "how", "hash",
})  # fmt: skip


def _short(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%MZ}"
    text = str(msgspec.to_builtins(value))
    return text if len(text) <= 90 else f"{text[:87]}..."


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What was, or would be, taken back."""

    applied: bool
    events: list[StoredEvent]


def undo(workspace: Workspace, position: int | None, now: datetime, *, apply: bool = True) -> Undone:
    """Take back the commit that holds `position` (None: the last thing the owner did), with what followed
    from it at once. Raises `UsageError` when it was not the owner's doing, or something later builds on it.
    """
    commit = _undoable(workspace, position)

    def decide(turn: Turn) -> None:
        # A timer that fired just now may have built on it.
        positions = tuple(event.position for event in _undoable(workspace, commit[0].position))
        turn.record(EventsVoided(positions=positions), by="user")

    if apply:
        workspace.act(decide, now)
    return Undone(applied=apply, events=commit)


def _undoable(workspace: Workspace, position: int | None) -> list[StoredEvent]:
    commit = _commit_of(workspace, position)
    if not any(event.by == "user" for event in commit):
        raise UsageError(
            f"Event {commit[0].position} was not your doing ({commit[0].by}): it cannot be undone."
        )
    later = _built_upon(workspace, commit)
    if later is not None:
        raise UsageError(
            f"Event {later.position} ({later.kind}, by {later.by}) builds on it. "
            + (f"Undo that first: `refflow undo {later.position}`." if later.by == "user" else "It stays.")
        )
    return commit


def _commit_of(workspace: Workspace, position: int | None) -> list[StoredEvent]:
    voided = voided_positions(workspace.log)
    at = workspace.log.head() if position is None else position
    while position is None and at > 0:
        event = workspace.event(at)
        if event is not None and event.by == "user" and event.kind not in _NOT_UNDONE and at not in voided:
            break
        at -= 1
    found = workspace.event(at) if at > 0 else None
    if found is None:
        raise UsageError("There is nothing to undo." if position is None else f"There is no event {position}.")
    if found.position in voided:
        raise UsageError(f"Event {found.position} was taken back already.")
    if found.kind in _NOT_UNDONE:
        raise UsageError(f"Event {found.position} {_NOT_UNDONE[found.kind]}")
    first = last = found.position
    while (before := workspace.event(first - 1) if first > 1 else None) and before.commit == found.commit:
        first -= 1
    while (after := workspace.event(last + 1)) and after.commit == found.commit:
        last += 1
    return [event for page in workspace.log.read(after=first - 1, until=last) for event in page]


_FILE = "tells of a file that was changed: change it back instead."
_NOT_UNDONE = {
    "events.voided": "took something back, and an undo is not undone: do the thing again instead.",
    "settings.changed": _FILE,
    "workflow.defined": _FILE,
    "workflow.retired": _FILE,
}


def _built_upon(workspace: Workspace, commit: list[StoredEvent]) -> StoredEvent | None:
    """The first later event, not taken back, about something this commit touched."""
    touched = {value for event in commit for value in _subjects(event)}
    voided = voided_positions(workspace.log)
    for page in workspace.log.read(after=commit[-1].position):
        for event in page:
            if event.position not in voided and touched & set(_subjects(event)):
                return event
    return None


def _subjects(event: StoredEvent) -> list[str]:
    names = ("run", "message", "task", "contact", "opening", "referrer")
    found = [getattr(event.payload, name, None) for name in names]
    return [value for value in found if isinstance(value, str)]
