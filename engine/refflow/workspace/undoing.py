"""Undoing: a mistake of the owner's is taken back, as if it had not happened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from refflow.errors import UsageError
from refflow.events.event import StoredEvent
from refflow.events.runs import EventsVoided
from refflow.views.store import voided_positions

from .workspace import Workspace

if TYPE_CHECKING:
    from refflow.workflows.runs.turn import Turn

_FILE = "tells of a file that was changed: change it back instead."
_NOT_UNDONE = {
    "events.voided": "took something back, and an undo is not undone: do the thing again instead.",
    "settings.changed": _FILE,
    "workflow.defined": _FILE,
    "workflow.retired": _FILE,
}


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
