"""An event before and after it is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(instant: datetime) -> int:
    """Integer microseconds since 1970 UTC of an aware `instant`."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant(value: int) -> datetime:
    """The UTC instant `value` microseconds after 1970."""
    return EPOCH + timedelta(microseconds=value)


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What an event says. Fields that may be erased have a default, so that the rest still decodes."""


class Opaque(msgspec.Struct, frozen=True):
    """The payload of a (kind, version) nobody here knows: kept as stored, never lost, never interpreted."""

    data: str
    personal: str | None


class NewEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event that is to be stored.

    `occurred_at` is in microseconds since 1970 UTC. `by` says who: `user`, `clock`, `engine`,
    `workflow:<name>@<hash>`, `plugin:<name>@<version>`. `cause` is the position of the event it follows from.
    """

    payload: Any
    occurred_at: int
    by: str
    cause: int | None = None


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """An event as the log has it. Positions are contiguous from 1 in a workspace."""

    position: int
    kind: str
    occurred_at: int
    recorded_at: int
    by: str
    cause: int | None
    commit: str
    payload: Any

    @property
    def decided(self) -> bool:
        """Whether the engine concluded it; all else are facts."""
        return self.by.startswith("workflow:")


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """One or more events that are stored together or not at all. `id` is time-ordered and makes a retry safe."""

    id: str
    recorded_at: int
    events: tuple[NewEvent, ...]


def commit_id(at: int, random: bytes) -> str:
    """A time-ordered identifier (RFC 9562, version 7) from `at` in microseconds and 10 random bytes."""
    value = (at // 1000 & (1 << 48) - 1) << 80 | int.from_bytes(random[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"
