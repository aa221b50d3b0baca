"""An open workspace in the hands of a command that looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from refflow import api
from refflow.errors import RefflowError
from refflow.events.event import instant, micros

from .progress import Progress
from .session import Session


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


@contextmanager
def reading(session: Session) -> Iterator[Opened]:
    """The workspace, for a command that looks and writes nothing."""
    with open_here(session) as workspace:
        yield Opened(session, workspace, session.now(workspace.settings.calendar))


@contextmanager
def judging(session: Session) -> Iterator[Opened]:
    """The workspace with what lies in its files, for a command that tells what they come to and does nothing.

    Recording a changed file would first do what is due; then that is left to a command which is meant to.
    """
    with reading(session) as opened:
        workspace = opened.workspace
        may_write = not workspace.read_only and not opened.in_the_past()
        if may_write and workspace.due(opened.now):
            session.output.note("note: changed files count once what is due was done: refflow next")
        elif may_write:
            _bring_up_to_date(opened, due=False)
        yield opened


@contextmanager
def catching_up(session: Session) -> Iterator[Opened]:
    """The workspace after what became due, where it may be written and the clock is not behind the log."""
    with reading(session) as opened:
        workspace, now = opened.workspace, opened.now
        head = workspace.log.head()
        if workspace.read_only:
            session.output.note("note: nothing can be written here, so this is how the workspace was left.")
        elif not opened.in_the_past():
            _bring_up_to_date(opened, due=True)
            if session.pretended_now is not None and workspace.log.head() > head and now > datetime.now(UTC):
                when = opened.say(micros(now))
                session.output.note(f"note: recorded as of {when}; commands before then are refused.")
        yield opened
        session.tell_blocked(workspace, head)


def _bring_up_to_date(opened: Opened, *, due: bool) -> None:
    """Record what has changed in the files of the workspace and, with `due`, do what has become due."""
    workspace, now = opened.workspace, opened.now
    try:
        api.synchronise(workspace, now)
        if due and workspace.due(now):
            workspace.catch_up(now)
    except RefflowError as error:
        opened.session.output.note(f"note: not brought up to date: {error}")


@contextmanager
def open_here(session: Session) -> Iterator[api.Workspace]:
    """The workspace that the session means. On a medium that cannot be written to it is open for reading."""
    from refflow.workspace.folder import find

    folder = find(session.folder)
    warn = lambda text: session.output.note(f"note: {text}")  # noqa: E731
    with Progress("Rebuilding the views", shown=not session.quiet) as progress:
        workspace = api.Workspace(folder, read_only=not folder.writable, warn=warn, progress=progress)
    with workspace:
        yield workspace
