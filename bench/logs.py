"""Logs to measure on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from refflow.events import kinds_with
from refflow.events.event import Commit, NewEvent, commit_id
from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog

from .story import START, Happening, story

KINDS = kinds_with()
BATCH = 5000
"""Events in a commit of an import."""
BY = "plugin:linkedin@1"


def told(events: int, asks: int | None = None) -> Iterator[Happening]:
    """So many events. Beyond 100,000 it is no longer more people, but the same for longer."""
    return story(events, max(20, min(10_000, events // 10)), asks)


def batches(happenings: Iterable[Happening], size: int) -> Iterator[list[Happening]]:
    """The happenings, `size` at a time."""
    rest = iter(happenings)
    while batch := list(islice(rest, size)):
        yield batch


def commits(happenings: Iterable[Happening], size: int) -> Iterator[Commit]:
    """The happenings in commits of `size` events, recorded a millisecond apart."""
    for number, batch in enumerate(batches(happenings, size)):
        at = START + number * 1000
        events = tuple(NewEvent(payload=payload, occurred_at=occurred, by=BY) for payload, occurred in batch)
        yield Commit(id=commit_id(at, number.to_bytes(10, "big")), recorded_at=at, events=events)


@contextmanager
def new_log(path: Path) -> Iterator[SqliteLog]:
    """An empty log in a new file."""
    with closing(connect(path)) as connection:
        yield SqliteLog.create(connection, KINDS, "bench", START)


def make_log(path: Path, events: int, asks: int | None = None) -> Path:
    """A log of so many events."""
    with new_log(path) as log:
        head = 0
        for commit in commits(told(events, asks), BATCH):
            head = log.append(commit, head)
    return path
