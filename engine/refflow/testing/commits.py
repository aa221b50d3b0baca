"""Commits for tests, made in a word, and what to say of the log that holds them."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import msgspec

from refflow.events import kinds_with
from refflow.events.event import Commit, NewEvent, Payload, StoredEvent, commit_id
from refflow.events.kinds import EventKind, Upcaster, event_kind
from refflow.log.log import Log

AT = 1_772_442_000_000_000
"""Monday 2 March 2026, 09:00 UTC, in microseconds."""

CATALOGUE: list[EventKind] = []
_numbers = itertools.count()


@event_kind(CATALOGUE, "test.part", "text")
class Part(Payload, frozen=True, kw_only=True):
    """One event of a commit of `of` events: `part` counts from 1."""

    part: int
    of: int
    text: str | None = None


KINDS = kinds_with(CATALOGUE)
CORE_KINDS = kinds_with()
LATER_KINDS = kinds_with(
    [msgspec.structs.replace(kind, version=2) for kind in CATALOGUE],
    [Upcaster(kind=kind.name, from_version=1, upcast=dict) for kind in CATALOGUE],
)
"""The same kinds a release later."""


def parts(of: int = 1, text: str | None = "Grüße, 雪", number: int | None = None) -> Commit:
    """A commit of `of` events: the one with this `number`, or one unlike any other made here."""
    number = next(_numbers) if number is None else number
    return Commit(
        id=commit_id(AT + number * 1000, number.to_bytes(10, "big")),
        recorded_at=AT + number,
        events=tuple(event(Part(part=part, of=of, text=text)) for part in range(1, of + 1)),
    )


def commit_of(*payloads: Payload) -> Commit:
    """A commit with an event for each payload."""
    return msgspec.structs.replace(parts(), events=tuple(event(payload) for payload in payloads))


def event(payload: Payload, *, by: str = "user", cause: int | None = None) -> NewEvent:
    """An event that says `payload`."""
    return NewEvent(payload=payload, occurred_at=AT - 60_000_000, by=by, cause=cause)


def events(
    log: Log, after: int = 0, until: int | None = None, kinds: Collection[str] | None = None
) -> list[StoredEvent]:
    """The events of all pages that `log.read` yields."""
    return [event for page in log.read(after, until, kinds) for event in page]


def positions(
    log: Log, after: int = 0, until: int | None = None, kinds: Collection[str] | None = None
) -> list[int]:
    """The positions of the events of all pages that `log.read` yields."""
    return [event.position for event in events(log, after, until, kinds)]


def whole(log: Log) -> list[StoredEvent]:
    """All events of a log of `parts`, once it is checked that the chain holds and every commit is whole."""
    verdict = log.verify()
    assert verdict.damage is None
    stored = events(log)
    assert [each.position for each in stored] == list(range(1, verdict.head + 1))
    for commit, found in itertools.groupby(stored, key=lambda each: each.commit):
        told = [(each.payload.part, each.payload.of) for each in found]
        assert told == [(part, len(told)) for part in range(1, len(told) + 1)], f"{commit} is half there"
    assert len({each.commit for each in stored}) == sum(each.payload.part == 1 for each in stored)
    return stored
