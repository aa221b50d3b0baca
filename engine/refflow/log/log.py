"""The log: the only truth of a workspace, to which commits are appended and from which all else is rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Protocol

import msgspec

from refflow.errors import RefflowError
from refflow.events.event import Commit, StoredEvent


class Conflict(RefflowError):
    """Somebody else appended first. Read the log again, decide again, and append to the new head."""


class OutcomeUnknown(RefflowError):
    """The connection was lost while appending. Append the same commit again: it is stored once."""


class LogUnavailable(RefflowError):
    """The log cannot be read or written."""


class LogDamaged(RefflowError):
    """The log is not as refflow wrote it."""


Head = tuple[int, str]
"""A position and the digest (hexadecimal, or how it begins) that the log had there."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What checking the chain found: `damage` is the first event that does not fit, and how, if any.

    `digest` (hexadecimal) identifies the whole history up to `head`: noted elsewhere, it shows later whether
    events at the end have been cut off.
    """

    head: int
    digest: str
    erased: int = 0
    damage: str | None = None
    damaged_at: int | None = None


class Log(Protocol):
    """An append-only log of one workspace. Positions run from 1 without a gap."""

    def head(self) -> int:
        """The position of the last event; 0 for an empty log."""
        ...

    def append(self, commit: Commit, expected: int, within: Callable[[], None] | None = None) -> int:
        """Store the commit's events after `expected` and return the new head.

        `within` is called in the same transaction: what it raises leaves nothing stored. Appending a commit
        that is stored already, at the same place, changes nothing and returns the head it made. Raises
        `Conflict` when the log stands elsewhere, `OutcomeUnknown` and `LogUnavailable`.
        """
        ...

    def read(
        self, after: int = 0, until: int | None = None, kinds: Collection[str] | None = None
    ) -> Iterator[list[StoredEvent]]:
        """Pages of the events after position `after`, up to and including `until`, of `kinds` (None: of all)."""
        ...

    def verify(self, progress: Callable[[int], None] | None = None, noted: Head | None = None) -> Verdict:
        """Check the chain from the first event to the last, and that it goes through the head `noted` earlier."""
        ...


def position_at(log: Log, moment: int) -> int:
    """The position of the last event recorded at or before `moment` (microseconds since 1970 UTC); 0 when there
    is none.

    Positions and recording times rise together, so half of the log is ruled out at each look.
    """
    low, high = 0, log.head()
    while low < high:
        middle = (low + high + 1) // 2
        event = next(log.read(after=middle - 1, until=middle))[0]
        if event.recorded_at <= moment:
            low = middle
        else:
            high = middle - 1
    return low
