"""A bulk append takes away the trigger that refuses gaps, for as long as its transaction: nobody else notices."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from refflow.log.database import connect
from refflow.log.sqlite import MANY, SqliteLog
from refflow.testing.commits import AT, KINDS, parts

GAP = (
    "INSERT INTO event SELECT position + 7, commit_id, kind, version, occurred_at, recorded_at, by, cause, data,"
    " personal, salt, commitment, digest FROM event ORDER BY position DESC LIMIT 1"
)


class Refused(Exception):
    """What is done within a commit fails."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "refflow.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    with closing(connect(path)) as connection:
        yield SqliteLog.create(connection, KINDS, "w1", AT)


@pytest.fixture
def other(log: SqliteLog, path: Path) -> Iterator[sqlite3.Connection]:
    """Another connection, which is open all the while."""
    with closing(connect(path)) as connection:
        connection.execute("SELECT count(*) FROM event").fetchone()
        yield connection


def schema(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return sorted(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())


def refuses_a_gap(connection: sqlite3.Connection) -> bool:
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        connection.execute(GAP)
    return True


@pytest.mark.parametrize("size", [MANY - 1, MANY, 3 * MANY])
def test_afterwards_the_log_refuses_a_gap_as_before(
    log: SqliteLog, other: sqlite3.Connection, size: int
) -> None:
    before = schema(other)
    log.append(parts(size), 0)

    assert schema(other) == before
    assert refuses_a_gap(other)
    assert log.append(parts(2), size) == size + 2
    assert log.verify().damage is None


def test_meanwhile_others_see_the_log_with_its_trigger(log: SqliteLog, other: sqlite3.Connection) -> None:
    before, seen = schema(other), []
    log.append(parts(MANY), 0, lambda: seen.append(schema(other)))

    assert seen == [before]


def test_a_bulk_append_that_fails_leaves_all_as_it_was(log: SqliteLog, other: sqlite3.Connection) -> None:
    log.append(parts(1), 0)
    before = schema(other)

    def refuse() -> None:
        raise Refused

    with pytest.raises(Refused):
        log.append(parts(MANY), 1, refuse)

    assert (log.head(), schema(other)) == (1, before)
    assert refuses_a_gap(other)


def test_a_log_without_the_trigger_takes_a_bulk_append_too(log: SqliteLog, other: sqlite3.Connection) -> None:
    other.execute("DROP TRIGGER event_is_next")

    assert log.append(parts(MANY), 0) == MANY
    assert log.verify().damage is None
