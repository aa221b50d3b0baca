"""An open workspace in the hands of a command, and what a command that wrote has to tell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from refflow import api
from refflow.events.event import StoredEvent, instant, micros

from .consequences import consequences
from .progress import Progress
from .session import Session

if TYPE_CHECKING:
    from refflow.workspace.folder import Folder


class Opened:
    """A workspace at a moment."""

    def __init__(self, session: Session, workspace: api.Workspace, now: datetime) -> None:
        self.session = session
        self.workspace = workspace
        self.now = now

    def when(self, text: str | None, *, end_of_day: bool = False) -> datetime | None:
        """The instant that somebody typed, on the clocks of the workspace's zone."""
        if text is None:
            return None
        return api.parse_when(text, self.now, self.workspace.settings.calendar, end_of_day=end_of_day)

    def say(self, at: int | None) -> str:
        """A moment in microseconds since 1970 UTC, for people."""
        return "" if at is None else api.say_when(instant(at), self.now, self.workspace.settings.calendar)

    def in_the_past(self) -> bool:
        """Whether the log goes on after the present moment of this command."""
        head = self.workspace.log.head()
        last = self.workspace.event(head) if head else None
        return last is not None and last.recorded_at > micros(self.now)


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
def open_here(session: Session) -> Iterator[api.Workspace]:
    """The workspace that the session means. On a medium that cannot be written to it is open for reading."""
    from refflow.workspace.folder import find

    folder = find(session.folder)
    warn = lambda text: session.output.note(f"note: {text}")  # noqa: E731
    with Progress("Rebuilding the views", shown=not session.quiet) as progress:
        workspace = api.Workspace(folder, read_only=not _writable(folder), warn=warn, progress=progress)
    with workspace:
        yield workspace


def _writable(folder: Folder) -> bool:
    return all(os.access(path, os.W_OK) for path in (folder.path, folder.database))
