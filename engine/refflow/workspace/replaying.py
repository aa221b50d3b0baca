"""Replay: rebuilding views from the log, and holding what is stored against what it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import zip_longest
from typing import Any

import msgspec

from refflow.events.event import StoredEvent, micros
from refflow.events.runs import EventsVoided
from refflow.log.log import Head, LogUnavailable, Verdict, position_at
from refflow.views.compare import Comparison, compare
from refflow.views.projection import Fold, Projection
from refflow.views.rows import Rows
from refflow.views.store import refold
from refflow.workflows.language.library import Library
from refflow.workflows.runs.engine import settle
from refflow.workflows.runs.turn import Turn

from .history import describe_payload
from .workspace import Workspace

Progress = Callable[[int], None]
MOST_SHOWN = 20


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What a rebuild did: `events` read in `seconds`."""

    views: list[str]
    events: int
    seconds: float


class AsOf(msgspec.Struct, frozen=True, kw_only=True):
    """The views as they stood after `position`: how many rows each had. Nothing is written."""

    position: int
    rows: dict[str, int]


class Redecided(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding again found: `differing` describes the first decisions that this engine makes otherwise."""

    commits: int
    decisions: int
    differing: list[str]


def replay(workspace: Workspace, view: str | None = None, progress: Progress | None = None) -> Replayed:
    """Rebuild one view, or all, from the log, and swap the rows in at once. Raises `LogUnavailable` where nothing
    can be written.
    """
    chosen = _chosen(workspace, view)
    if workspace.read_only:
        raise LogUnavailable(f"{workspace.folder.database} is read-only. Nothing was rebuilt.")
    started = time.perf_counter()
    count = workspace.views.rebuild(workspace.log, chosen, progress)
    return Replayed(views=[each.name for each in chosen], events=count, seconds=time.perf_counter() - started)


def replay_until(
    workspace: Workspace, moment: datetime, view: str | None = None, progress: Progress | None = None
) -> AsOf:
    """Fold the events recorded until `moment` in memory. The live views stay as they are."""
    position = position_at(workspace.log, micros(moment))
    chosen = _chosen(workspace, view)
    counts = {each.name: 0 for each in chosen}
    owner = {row: each.name for each in chosen for row in each.tables}

    def count(row: Any, added: list[Any]) -> None:
        counts[owner[row]] += len(added)

    rows, _ = refold(workspace.log, chosen, until=position, progress=progress, added=count)
    for row, name in owner.items():
        counts[name] += len(rows.all(row))
    return AsOf(position=position, rows=counts)


def replay_check(
    workspace: Workspace, view: str | None = None, progress: Progress | None = None
) -> list[Comparison]:
    """Rebuild in memory and compare with the live rows, view by view. Nothing is written."""
    return [compare(workspace.views, workspace.log, each, progress) for each in _chosen(workspace, view)]


def verify_chain(workspace: Workspace, noted: Head | None = None, progress: Progress | None = None) -> Verdict:
    """Check the hash chain of the log, and that it goes through the head `noted` earlier, if one is given."""
    return workspace.log.verify(progress, noted)


def redecide(workspace: Workspace, progress: Progress | None = None) -> Redecided:
    """Decide again from the facts of every commit, and compare with the decisions the log holds.

    Facts are what a person, the clock, a channel or a source reported; all else must follow from them.
    """
    projections = workspace.views.projections
    fold, rows, library = Fold(projections), Rows(), Library(workspace.kinds, workspace.extensions)
    commits = decisions = 0
    differing: list[str] = []
    for commit in commits_of(workspace):
        if progress is not None:
            progress(len(commit))
        commits += 1
        again = _again(workspace, commit, fold, rows, library)
        different = _difference(workspace, commit, again)
        if different is not None or any(isinstance(event.payload, EventsVoided) for event in commit):
            # What follows is decided over what the log really led to.
            rows, _ = refold(workspace.log, projections, until=commit[-1].position)
        decisions += sum(event.decided for event in commit)
        if different is not None:
            differing.append(different)
            if len(differing) >= MOST_SHOWN:
                break
    return Redecided(commits=commits, decisions=decisions, differing=differing)


def _again(
    workspace: Workspace, commit: list[StoredEvent], fold: Fold, rows: Rows, library: Library
) -> list[StoredEvent]:
    """The events of a turn over the facts of `commit`; `rows` are then those after these events."""
    turn = Turn(
        rows,
        fold,
        head=commit[0].position - 1,
        now=commit[0].recorded_at,
        workspace=workspace.id,
        library=library,
        recall=workspace.event,
    )
    for event in commit:
        if not event.decided:
            turn.record(event.payload, by=event.by, cause=event.cause, occurred_at=event.occurred_at)
    settle(turn)
    return turn.events


def _difference(workspace: Workspace, commit: list[StoredEvent], again: list[StoredEvent]) -> str | None:
    for recorded, decided in zip_longest(commit, again):
        if recorded is None:
            return f"after event {commit[-1].position}: now also {type(decided.payload).__name__}"
        if decided is None:
            return f"event {recorded.position} ({recorded.kind}) would not happen now"
        if recorded.payload != decided.payload:
            now = describe_payload(decided.payload, workspace.kinds)
            return f"event {recorded.position} ({recorded.kind}) would now be {now}"
        if recorded.by != decided.by:
            return f"event {recorded.position} ({recorded.kind}) would now be decided by {decided.by}"
    return None


def commits_of(workspace: Workspace) -> Iterator[list[StoredEvent]]:
    """The events of the log, commit by commit."""
    commit: list[StoredEvent] = []
    for page in workspace.log.read():
        for event in page:
            if commit and event.commit != commit[0].commit:
                yield commit
                commit = []
            commit.append(event)
    if commit:
        yield commit


def _chosen(workspace: Workspace, view: str | None) -> tuple[Projection, ...]:
    return workspace.views.projections if view is None else (workspace.views.named(view),)
