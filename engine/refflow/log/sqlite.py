"""The log in an SQLite file: one workspace, any number of processes."""

from __future__ import annotations

import os
import sqlite3
import struct
from collections.abc import Callable, Collection, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from refflow.errors import RefflowError
from refflow.events.event import Commit, StoredEvent
from refflow.events.kinds import Encoded, Kinds

from . import chain
from .database import file_of, roll_back, said, write_ahead
from .log import Conflict, Head, LogDamaged, OutcomeUnknown, Verdict

PAGE = 256
"""Events read at once. What a page is made of fits the cache of a core: 4096 are a third slower."""
MANY = 1000
"""From so many events on, a commit is a bulk append."""
BUCKETS = 1024

_INSERT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COLUMNS = "position, kind, version, occurred_at, recorded_at, by, cause, commit_id, data, personal"
_HEAD = "SELECT position, digest FROM event ORDER BY position DESC LIMIT 1"
# Text as bytes: what was made invalid UTF-8 is damage at its position, not an error of the whole page.
_CHAIN = (
    "SELECT position, CAST(commit_id AS BLOB), CAST(kind AS BLOB), version, occurred_at, recorded_at,"
    " CAST(by AS BLOB), cause, CAST(data AS BLOB), CAST(personal AS BLOB), salt, commitment, digest"
    " FROM event WHERE position > ? ORDER BY position LIMIT ?"
)

_Row = tuple[
    int, str, str, int, int, int, str, int | None, str, str | None, bytes | None, bytes | None, bytes
]  # fmt: skip
_Link = tuple[
    int, bytes, bytes, int, int, int, bytes, int | None, bytes, bytes | None, bytes | None, bytes | None, bytes
]  # fmt: skip


def stable_bucket(workspace: str) -> int:
    """Which of the 1024 buckets a workspace belongs to, for ever: the unit that stores shard by."""
    return int.from_bytes(sha256(workspace.encode()).digest()[:4], "big") % BUCKETS


class SqliteLog:
    """The log over a connection made by `connect`."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        kinds: Kinds,
        *,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._connection = connection
        self._kinds = kinds
        self._random = random
        self.path = file_of(connection)

    @classmethod
    def create(cls, connection: sqlite3.Connection, kinds: Kinds, workspace: str, at: int) -> SqliteLog:
        """Lay out an empty log for the workspace with the identifier `workspace`, created `at`."""
        script = Path(__file__).parent.joinpath("sql", "log.sql").read_text(encoding="utf-8")
        try:
            write_ahead(connection)
            connection.executescript(f"BEGIN IMMEDIATE; {script}")
            if connection.execute("SELECT 1 FROM workspace").fetchone():
                raise RefflowError(f"{file_of(connection)} has a workspace in it already.")
            connection.execute(
                "INSERT INTO workspace VALUES (?, ?, ?)", (workspace, stable_bucket(workspace), at)
            )
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            roll_back(connection)
            raise said(error, file_of(connection)) from error
        except BaseException:
            roll_back(connection)
            raise
        return cls(connection, kinds)

    def workspace(self) -> str:
        """The identifier of the workspace."""
        try:
            row = self._connection.execute("SELECT id FROM workspace").fetchone()
        except sqlite3.Error as error:
            raise said(error, self.path) from error
        if row is None:
            raise LogDamaged(f"{self.path} has no workspace in it.")
        return str(row[0])

    def head(self) -> int:
        return self._tip()[0]

    def append(self, commit: Commit, expected: int, within: Callable[[], None] | None = None) -> int:
        connection = self._connection
        encoded = [self._kinds.encode(event.payload) for event in commit.events]
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise said(error, self.path) from error
        try:
            head, before = self._tip()
            if head != expected:
                return self._stored_before(commit, expected, head)
            rows = self._rows(commit, encoded, expected, before)
            self._insert(rows)
            if within is not None:
                within()
        except sqlite3.Error as error:
            roll_back(connection)
            raise said(error, self.path) from error
        except BaseException:
            roll_back(connection)
            raise
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._after_failed_commit(error, expected) from error
        return expected + len(rows)

    def _rows(self, commit: Commit, encoded: list[Encoded], head: int, before: bytes) -> list[_Row]:
        """The commit as rows after `head`, whose digest is `before`."""
        rows: list[_Row] = []
        identifier, recorded_at = commit.id.encode(), commit.recorded_at
        salts = self._random(chain.SALT_BYTES * len(encoded))
        for position, (event, parts) in enumerate(zip(commit.events, encoded, strict=True), head + 1):
            personal = salt = committed = None
            if parts.personal is not None:
                start = chain.SALT_BYTES * len(rows)
                salt = salts[start : start + chain.SALT_BYTES]
                committed = chain.commitment(salt, parts.personal)
                personal = parts.personal.decode()
            before = chain.digest(
                before, position, identifier, parts.kind.encode(), parts.version, event.occurred_at,
                recorded_at, event.by.encode(), event.cause, parts.data, committed,
            )  # fmt: skip
            rows.append((
                position, commit.id, parts.kind, parts.version, event.occurred_at, recorded_at, event.by,
                event.cause, parts.data.decode(), personal, salt, committed, before,
            ))  # fmt: skip
        return rows

    def _insert(self, rows: list[_Row]) -> None:
        """Insert rows whose positions follow the head, inside a transaction."""
        connection, trigger = self._connection, None
        if len(rows) >= MANY:
            # What refuses a gap runs for every row, a quarter of the cost of a bulk append; these rows have none.
            # The transaction that takes the trigger away brings it back: nobody ever sees the log without it.
            trigger = connection.execute(
                "SELECT sql FROM sqlite_master WHERE name = 'event_is_next'"
            ).fetchone()
        if trigger is not None:
            connection.execute("DROP TRIGGER event_is_next")
        connection.executemany(_INSERT, rows)
        if trigger is not None:
            connection.execute(trigger[0])

    def read(
        self, after: int = 0, until: int | None = None, kinds: Collection[str] | None = None
    ) -> Iterator[list[StoredEvent]]:
        wanted = "" if kinds is None else f" AND kind IN ({', '.join('?' * len(kinds))})"
        limit = "" if until is None else " AND position <= ?"
        query = f"SELECT {_COLUMNS} FROM event WHERE position > ?{limit}{wanted} ORDER BY position LIMIT {PAGE}"
        bounds = () if until is None else (until,)
        while page := self._page(query, (after, *bounds, *(kinds or ()))):
            yield page
            if len(page) < PAGE:
                return
            after = page[-1].position

    def _page(self, query: str, values: tuple[Any, ...]) -> list[StoredEvent]:
        decode = self._kinds.decode
        try:
            rows = self._connection.execute(query, values).fetchall()
            return [
                StoredEvent(
                    position, kind, occurred_at, recorded_at, by, cause, commit,
                    decode(kind, version, data, personal),
                )
                for position, kind, version, occurred_at, recorded_at, by, cause, commit, data, personal in rows
            ]  # fmt: skip
        except sqlite3.Error as error:
            raise said(error, self.path) from error
        except (ValueError, TypeError) as error:
            raise LogDamaged(f"{self.path}: an event after {values[0]} cannot be read ({error}).") from error

    def verify(self, progress: Callable[[int], None] | None = None, noted: Head | None = None) -> Verdict:
        before, head, erased = chain.ORIGIN, 0, 0
        while True:
            try:
                rows: list[_Link] = self._connection.execute(_CHAIN, (head, PAGE)).fetchall()
            except sqlite3.Error as error:
                raise said(error, self.path) from error
            for row in rows:
                damage = _damage(row, head + 1, before)
                if damage is None and noted is not None and row[0] == noted[0]:
                    damage = _other_history(row, noted)
                if damage is not None:
                    return Verdict(
                        head=head, digest=before.hex(), erased=erased, damage=damage, damaged_at=head + 1
                    )
                head, before = row[0], row[12]
                erased += row[11] is not None and row[9] is None
            if progress is not None:
                progress(len(rows))
            if len(rows) < PAGE:
                damage = self._file_damage()
                if damage is None and noted is not None and head < noted[0]:
                    damage = f"event {head + 1} is missing, and all up to {noted[0]}, the head that was noted"
                return Verdict(head=head, digest=before.hex(), erased=erased, damage=damage)

    def _file_damage(self) -> str | None:
        """What SQLite itself finds wrong with the table: a text marked as a blob does not show in the chain."""
        try:
            found = self._connection.execute("PRAGMA quick_check('event')").fetchone()[0]
        except sqlite3.Error as error:
            raise said(error, self.path) from error
        return None if found == "ok" else f"the file is damaged: {found}"

    def _tip(self) -> tuple[int, bytes]:
        try:
            row = self._connection.execute(_HEAD).fetchone()
        except sqlite3.Error as error:
            raise said(error, self.path) from error
        return (0, chain.ORIGIN) if row is None else (row[0], row[1])

    def _after_failed_commit(self, error: sqlite3.Error, expected: int) -> RefflowError:
        try:
            roll_back(self._connection)
            stored = self.head() != expected
        except (sqlite3.Error, RefflowError):
            stored = True
        if stored:
            return OutcomeUnknown(f"{self.path}: {error}. Whether the last change was stored is unknown.")
        return said(error, self.path)

    def _stored_before(self, commit: Commit, expected: int, head: int) -> int:
        """The head this commit made when it was stored by an earlier try; else it is a conflict."""
        last = expected + len(commit.events)
        found = self._connection.execute(
            "SELECT count(*) FROM event WHERE position > ? AND position <= ? AND commit_id = ?",
            (expected, last, commit.id),
        ).fetchone()[0]
        roll_back(self._connection)
        if found == len(commit.events):
            return last
        raise Conflict(f"The log stands at {head}, not at {expected}: somebody else wrote in between.")


def _other_history(row: _Link, noted: Head) -> str | None:
    if row[12].hex().startswith(noted[1]):
        return None
    return f"event {noted[0]} is not the one that was noted: it, or one before it, was replaced"


def _damage(row: _Link, position: int, before: bytes) -> str | None:
    (at, commit_id, kind, version, occurred_at, recorded_at, by, cause, data,
     personal, salt, committed, noted) = row  # fmt: skip
    if at != position:
        return f"event {position} is missing"
    try:
        expected = chain.digest(
            before, at, commit_id, kind, version, occurred_at, recorded_at, by, cause, data, committed
        )
        personal_fits = (personal is None and salt is None) or (
            personal is not None and salt is not None and chain.commitment(salt, personal) == committed
        )
    except (struct.error, TypeError):
        # A damaged page can hold values that the table's types forbid.
        return f"event {position} has a value of a wrong type"
    if expected != noted:
        return f"event {position} ({kind.decode(errors='replace')}) was changed, or one before it was removed"
    if not personal_fits:
        return f"the personal fields of event {position} ({kind.decode(errors='replace')}) were changed"
    return None
