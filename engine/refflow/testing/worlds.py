"""History for tests: what happened in a simulated world, put into a real log as if it had."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from refflow.events.event import Commit, NewEvent, StoredEvent, commit_id
from refflow.log.log import Log
from refflow.views.store import ViewStore


def live_through(log: Log, views: ViewStore, events: Iterable[StoredEvent]) -> None:
    """Append the events of a world that began at the head of this log, commit by commit, and bring the views up."""
    for number, commit in enumerate(commits_of(events)):
        told = tuple(
            NewEvent(payload=each.payload, occurred_at=each.occurred_at, by=each.by, cause=each.cause)
            for each in commit
        )
        at = commit[0].recorded_at
        key = commit_id(at, number.to_bytes(10, "big"))
        log.append(Commit(id=key, recorded_at=at, events=told), log.head())
    views.rebuild(log)


def commits_of(events: Iterable[StoredEvent]) -> list[list[StoredEvent]]:
    """The events of a world by the fact that they follow from, each with its fact first."""
    number = 0

    def of(event: StoredEvent) -> int:
        nonlocal number
        number += event.cause is None
        return number

    return [list(group) for _, group in groupby(events, of)]
