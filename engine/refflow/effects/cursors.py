"""How far each reactor and reminder sink of a plugin has come. Not in the log: a replay moves none of it."""

from __future__ import annotations

import sqlite3

import msgspec

_TABLES = (
    "CREATE TABLE IF NOT EXISTS effect_cursor ("
    "name TEXT PRIMARY KEY, position INTEGER NOT NULL, attempts INTEGER NOT NULL, retry_at INTEGER, error TEXT"
    ") STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS effect_reminder ("
    "sink TEXT NOT NULL, uid TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (sink, uid)"
    ") STRICT, WITHOUT ROWID",
)

FIRST_PAUSE = 60 * 1_000_000
LONGEST_PAUSE = 24 * 3600 * 1_000_000


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """`position` is that of the last event which is done with. After a failure nothing is tried before
    `retry_at` (microseconds since 1970 UTC); `attempts` counts failures in a row.
    """

    name: str
    position: int = 0
    attempts: int = 0
    retry_at: int | None = None
    error: str | None = None

    def at(self, position: int) -> Cursor:
        """It came to `position`."""
        return Cursor(name=self.name, position=position)

    def failed(self, error: str, now: int) -> Cursor:
        """It failed at the event after its position: the pause doubles with every failure in a row."""
        pause = min(FIRST_PAUSE * 2**self.attempts, LONGEST_PAUSE)
        return msgspec.structs.replace(self, attempts=self.attempts + 1, retry_at=now + pause, error=error)

    def pauses(self, now: int) -> bool:
        """Whether it is too early to try again."""
        return self.retry_at is not None and now < self.retry_at


class Cursors:
    """The cursors in the database of a workspace. Writing belongs in a transaction, if one is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Cursor | None:
        """The cursor of that name, if it ever moved."""
        if not self._exists("effect_cursor"):
            return None
        query = "SELECT position, attempts, retry_at, error FROM effect_cursor WHERE name = ?"
        found = self._connection.execute(query, (name,)).fetchone()
        if found is None:
            return None
        position, attempts, retry_at, error = found
        return Cursor(name=name, position=position, attempts=attempts, retry_at=retry_at, error=error)

    def put(self, cursor: Cursor) -> None:
        """Keep `cursor`."""
        self._make()
        self._connection.execute(
            "INSERT OR REPLACE INTO effect_cursor VALUES (?, ?, ?, ?, ?)", msgspec.structs.astuple(cursor)
        )

    def reminders(self, sink: str) -> dict[str, str]:
        """What a sink was given: the digest of each reminder, by uid."""
        if not self._exists("effect_reminder"):
            return {}
        query = "SELECT uid, digest FROM effect_reminder WHERE sink = ?"
        return dict(self._connection.execute(query, (sink,)).fetchall())

    def given(self, sink: str, uid: str, digest: str | None) -> None:
        """A sink was given a reminder, or (None) it was cancelled there."""
        self._make()
        if digest is None:
            self._connection.execute("DELETE FROM effect_reminder WHERE sink = ? AND uid = ?", (sink, uid))
        else:
            self._connection.execute(
                "INSERT OR REPLACE INTO effect_reminder VALUES (?, ?, ?)", (sink, uid, digest)
            )

    def _exists(self, table: str) -> bool:
        query = "SELECT 1 FROM sqlite_master WHERE name = ?"
        return self._connection.execute(query, (table,)).fetchone() is not None

    def _make(self) -> None:
        for table in _TABLES:
            self._connection.execute(table)
