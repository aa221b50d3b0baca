"""The hash chain: each event's digest covers the one before, so a changed or missing event shows.

    commitment = SHA-256(0x01, salt, personal)                            for events with personal fields
    digest     = SHA-256(0x01, digest before, position, version, times, cause, and each text with its length)

The first byte is the version of the scheme. Personal fields enter by their salted commitment alone: erasing
them and their salt leaves nothing readable and nothing that can be guessed, and the chain still verifies. A
chain does not show a cut tail: whoever wants to know that compares with a digest noted earlier.
"""

from __future__ import annotations

import struct
from hashlib import sha256

SCHEME = b"\x01"
SALT_BYTES = 16
ORIGIN = bytes(32)
"""The digest before the first event."""

_NUMBERS = struct.Struct(">qqqq?qIIIIi")


def commitment(salt: bytes, personal: bytes) -> bytes:
    """What stays of personal fields for ever."""
    return sha256(SCHEME + salt + personal).digest()


def digest(
    before: bytes,
    position: int,
    commit_id: bytes,
    kind: bytes,
    version: int,
    occurred_at: int,
    recorded_at: int,
    by: bytes,
    cause: int | None,
    data: bytes,
    committed: bytes | None,
) -> bytes:
    """The digest of an event, given the digest of the event before and its columns as UTF-8."""
    numbers = _NUMBERS.pack(
        position,
        version,
        occurred_at,
        recorded_at,
        cause is not None,
        cause or 0,
        len(commit_id),
        len(kind),
        len(by),
        len(data),
        -1 if committed is None else len(committed),
    )
    return sha256(b"".join((SCHEME, before, numbers, commit_id, kind, by, data, committed or b""))).digest()
