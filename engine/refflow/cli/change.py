"""An open workspace in the hands of a command that records something, and what it has to tell of that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from refflow import api
from refflow.events.event import StoredEvent

from .consequences import consequences
from .opened import Opened, open_here
from .session import Session


class Change(Opened):
    """A workspace that a command records something in."""

    def __init__(self, session: Session, workspace: api.Workspace, now: datetime) -> None:
        super().__init__(session, workspace, now)
        self._head = workspace.log.head()

    def done(self, said: str | None, result: Any = None) -> None:
        """Tell what was done, if what it led to does not, what that is, and how to take it back."""
        events = self._recorded()
        if self.session.as_json:
            undo = _undoable(events)
            self.session.result({"done": said, "undo": undo, "events": events, "value": result})
            return
        if said is not None:
            self.session.output.line(said)
        for line in consequences(self, events):
            self.session.output.line(line)
        self._hint(events)

    def hint(self) -> None:
        """Tell how to take back what was recorded."""
        self._hint(self._recorded())

    def _recorded(self) -> list[StoredEvent]:
        return [event for page in self.workspace.log.read(after=self._head) for event in page]

    def _hint(self, events: list[StoredEvent]) -> None:
        undo = _undoable(events)
        if undo is not None:
            self.session.output.note(f"undo: refflow undo {undo}")


def _undoable(events: list[StoredEvent]) -> int | None:
    """Where the owner's last commit begins, unless something was recorded after it: then it may be built upon."""
    last = [event for event in events if event.commit == events[-1].commit]
    return last[0].position if last and any(event.by == "user" for event in last) else None


@contextmanager
def writing(session: Session) -> Iterator[Change]:
    """The workspace, for a command that records something: what changed in its files is recorded first."""
    with open_here(session) as workspace:
        now = session.now(workspace.settings.calendar)
        api.synchronise(workspace, now)
        head = workspace.log.head()
        yield Change(session, workspace, now)
        session.tell_blocked(workspace, head)
