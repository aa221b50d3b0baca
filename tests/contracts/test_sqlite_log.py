"""The SQLite log keeps what every log promises; besides, its file only grows, and shows what was done to it."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from refflow.errors import RefflowError
from refflow.events.event import StoredEvent
from refflow.events.kinds import Kinds
from refflow.events.people import ContactNoted
from refflow.log.database import connect
from refflow.log.log import LogDamaged
from refflow.log.sqlite import SqliteLog, stable_bucket
from refflow.testing.commits import AT, KINDS, commit_of, events, parts
from refflow.testing.log import LogContract

SECRET = "Ada told me in confidence"


class TestSqliteLog(LogContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> Iterator[None]:
        self.tmp_path, self.number = tmp_path, 0
        with ExitStack() as self.opened:
            yield

    def log(self) -> SqliteLog:
        self.number += 1
        return SqliteLog.create(self.connection(), KINDS, "w1", AT)

    def reopen(self, kinds: Kinds = KINDS) -> SqliteLog:
        return SqliteLog(self.connection(), kinds)

    def connection(self) -> sqlite3.Connection:
        return self.opened.enter_context(closing(connect(self.tmp_path / f"{self.number}.db")))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of five events: the second and fourth without personal fields."""
    path = tmp_path / "refflow.db"
    with closing(connect(path)) as connection:
        log = SqliteLog.create(connection, KINDS, "w1", AT)
        texts = [SECRET, None, SECRET, None, SECRET]
        log.append(commit_of(*(ContactNoted(contact=f"c{n}", text=text) for n, text in enumerate(texts, 1))), 0)
    return path


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(path)) as connection:
        yield connection


@pytest.fixture
def log(connection: sqlite3.Connection) -> SqliteLog:
    return SqliteLog(connection, KINDS)


def rows(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT * FROM event ORDER BY position").fetchall()


COPY = (
    "SELECT {}, commit_id, kind, version, occurred_at, recorded_at, by, cause, data, personal, salt,"
    " commitment, digest FROM event WHERE position = 1"
)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM event",
        "DELETE FROM event WHERE position = 5",
        "UPDATE event SET data = '{}' WHERE position = 3",
        "UPDATE event SET cause = 1 WHERE position = 3",
        "UPDATE event SET commitment = NULL, personal = NULL, salt = NULL WHERE position = 3",
        "UPDATE event SET personal = '{}' WHERE position = 3",
        "UPDATE event SET personal = NULL WHERE position = 3",
        "UPDATE event SET salt = NULL WHERE position = 3",
        "UPDATE event SET position = 6 WHERE position = 5",
        "UPDATE OR REPLACE event SET position = 1 WHERE position = 5",
        f"REPLACE INTO event {COPY.format(1)}",
        f"REPLACE INTO event {COPY.format(5)}",
        f"INSERT INTO event {COPY.format(3)} ON CONFLICT (position) DO UPDATE SET data = '[]'",
        f"INSERT OR IGNORE INTO event {COPY.format(7)}",
        f"INSERT INTO event {COPY.format(0)}",
        f"INSERT INTO event {COPY.format(-1)}",
        f"INSERT INTO event {COPY.format('NULL')}",
    ],
)
def test_the_database_refuses_every_change_but_the_next_event(
    connection: sqlite3.Connection, statement: str
) -> None:
    before = rows(connection)

    with pytest.raises(sqlite3.IntegrityError, match="the log"):
        connection.execute(statement)

    assert rows(connection) == before


@pytest.mark.parametrize(
    "change",
    [
        "position = 77", "commit_id = 'x'", "kind = 'x'", "version = 77", "occurred_at = 7", "recorded_at = 7",
        "by = 'x'", "cause = 77", "data = 'x'", "commitment = x'00'", "digest = x'00'",
    ],
)  # fmt: skip
def test_erasing_leaves_every_other_column_alone(connection: sqlite3.Connection, change: str) -> None:
    before = rows(connection)

    with pytest.raises(sqlite3.IntegrityError, match="the log is final"):
        connection.execute(f"UPDATE event SET personal = NULL, salt = NULL, {change} WHERE position = 3")

    assert rows(connection) == before


def test_a_log_with_erased_fields_still_verifies(connection: sqlite3.Connection, log: SqliteLog) -> None:
    clean = log.verify()
    connection.execute("UPDATE event SET personal = NULL, salt = NULL WHERE position IN (1, 2, 5)")
    verdict = log.verify()

    assert verdict.damage is None
    assert verdict.erased == 2, "the second event has no personal fields to erase"
    assert (verdict.head, verdict.digest) == (clean.head, clean.digest)
    assert [each.payload.text for each in events(log)] == [None, None, SECRET, None, None]
    assert log.append(parts(1), 5) == 6


def test_everything_can_be_erased(connection: sqlite3.Connection, log: SqliteLog) -> None:
    connection.execute("UPDATE event SET personal = NULL, salt = NULL")

    assert log.verify().erased == 3
    assert SECRET not in "\n".join(connection.iterdump())


def unlocked(path: Path) -> sqlite3.Connection:
    """The hand of somebody who can write the file: no trigger holds it."""
    connection = sqlite3.connect(path, isolation_level=None)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    return connection


@pytest.mark.parametrize(
    ("position", "change"),
    [
        (3, "commit_id = commit_id || 'x'"),
        (3, "kind = 'contact.warmed'"),
        (3, "version = 2"),
        (3, "occurred_at = occurred_at + 1"),
        (3, "recorded_at = recorded_at - 1"),
        (3, "by = 'clock'"),
        (3, "cause = 1"),
        (3, "cause = 0"),
        (3, "cause = -1"),
        (3, 'data = \'{"contact":"c4"}\''),
        (3, "data = data || ' '"),
        (3, "data = CAST(x'ff' || data AS TEXT)"),
        (3, "kind = CAST(x'c3' AS TEXT)"),
        (3, "by = CAST(x'ff' AS TEXT)"),
        (3, "commit_id = CAST(x'80' AS TEXT)"),
        (3, "personal = CAST(x'fe' AS TEXT)"),
        (3, "personal = '{}'"),
        (3, "personal = NULL"),
        (3, "personal = personal || char(0)"),
        (3, "salt = randomblob(16)"),
        (3, "salt = NULL"),
        (3, "commitment = randomblob(32)"),
        (3, "commitment = x''"),
        (3, "commitment = NULL"),
        (3, "commitment = NULL, personal = NULL, salt = NULL"),
        (2, 'personal = \'{"text":"invented"}\''),
        (2, "salt = x'00'"),
        (2, "commitment = x''"),
        (2, "salt = x'00', personal = '{}'"),
        (3, "digest = randomblob(32)"),
        (3, "digest = x''"),
        (5, "digest = zeroblob(32)"),
        (1, "data = '{}'"),
        (3, "by = by || substr(data, 1, 1), data = substr(data, 2)"),
        (3, "kind = substr(kind, 1, 12), by = substr(kind, 13) || by"),
    ],
)
def test_a_tampered_column_is_found_at_its_event(
    path: Path, log: SqliteLog, position: int, change: str
) -> None:
    with closing(unlocked(path)) as hand:
        hand.execute(f"UPDATE event SET {change} WHERE position = ?", (position,))
    verdict = log.verify()

    assert verdict.damaged_at == position
    assert str(position) in (verdict.damage or "")
    assert verdict.head == position - 1


@pytest.mark.parametrize(
    ("statement", "position"),
    [
        ("DELETE FROM event WHERE position = 1", 1),
        ("DELETE FROM event WHERE position = 3", 3),
        ("DELETE FROM event WHERE position IN (2, 3, 4)", 2),
        ("UPDATE event SET position = 9 WHERE position = 5", 5),
        ("UPDATE event SET position = 0 WHERE position = 1", 1),
        ("UPDATE event SET position = position - 1 WHERE position > 0", 1),
        (f"INSERT INTO event {COPY.format(6)}", 6),
        ("UPDATE event SET position = CASE position WHEN 3 THEN -4 WHEN 4 THEN -3 END WHERE position IN (3, 4);"
         "UPDATE event SET position = -position WHERE position < 0", 3),
        ("DELETE FROM event WHERE position = 3;"
         "UPDATE event SET position = position - 1 WHERE position > 3", 3),
    ],
)  # fmt: skip
def test_a_removed_moved_or_added_event_is_found(
    path: Path, log: SqliteLog, statement: str, position: int
) -> None:
    with closing(unlocked(path)) as hand:
        hand.executescript(statement)

    assert log.verify().damaged_at == position


def test_a_cut_tail_shows_against_a_noted_digest_and_by_nothing_else(path: Path, log: SqliteLog) -> None:
    noted = log.verify()
    with closing(unlocked(path)) as hand:
        hand.execute("DELETE FROM event WHERE position = 5")
    verdict = log.verify()

    assert verdict.damage is None
    assert (verdict.head, verdict.digest) != (noted.head, noted.digest)
    log.append(commit_of(ContactNoted(contact="c5", text=SECRET)), 4)
    assert log.verify().head == noted.head
    assert log.verify().digest != noted.digest


def test_text_that_is_not_utf8_is_damage_to_a_reader_too(path: Path, log: SqliteLog) -> None:
    with closing(unlocked(path)) as hand:
        hand.execute("UPDATE event SET data = CAST(x'ff' AS TEXT) WHERE position = 3")

    with pytest.raises(LogDamaged, match=r"refflow\.db"):
        events(log)


def test_fields_of_the_wrong_type_are_damage_to_a_reader_too(path: Path, log: SqliteLog) -> None:
    with closing(unlocked(path)) as hand:
        hand.execute("UPDATE event SET data = '{\"contact\":7}' WHERE position = 3")

    with pytest.raises(LogDamaged, match=r"refflow\.db"):
        events(log)


def outcome(path: Path) -> tuple[str, list[StoredEvent]] | None:
    """The digest and events of a log, or None where refflow says that something is wrong."""
    try:
        with closing(connect(path)) as connection:
            log = SqliteLog(connection, KINDS)
            read = events(log)
            verdict = log.verify()
            return None if verdict.damage else (verdict.digest, read)
    except RefflowError:
        return None


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_byte_anywhere_in_the_file_is_found_or_harmless(path: Path, seed: int) -> None:
    """Free space and page bookkeeping may change unseen; what a reader gets never does."""
    intact = outcome(path)
    content, chance = path.read_bytes(), random.Random(seed)
    tried = 0
    for _ in range(60):
        place = chance.randrange(len(content))
        broken = bytearray(content)
        broken[place] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        assert outcome(path) in (None, intact), f"byte {place}"
        tried += 1

    assert intact is not None
    assert tried == 60


def test_a_plain_sqlite_connection_reads_the_log_as_json(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        found = plain.execute(
            "SELECT kind, json_extract(data, '$.contact'), json_extract(personal, '$.text') FROM event LIMIT 2"
        ).fetchall()
        data = plain.execute("SELECT data FROM event WHERE position = 3").fetchone()[0]

    assert found == [("contact.noted", "c1", SECRET), ("contact.noted", "c2", None)]
    assert json.loads(data) == {"contact": "c3"}


def test_a_copied_file_is_the_same_log(path: Path, tmp_path: Path, log: SqliteLog) -> None:
    shutil.copy(path, tmp_path / "copy.db")
    with closing(connect(tmp_path / "copy.db")) as copy:
        assert SqliteLog(copy, KINDS).verify() == log.verify()


def test_every_commitment_has_a_salt_of_its_own(connection: sqlite3.Connection) -> None:
    """Equal notes about two people must not look equal after erasure."""
    found = connection.execute(
        "SELECT personal, commitment, salt FROM event WHERE personal IS NOT NULL"
    ).fetchall()

    assert len(found) == 3
    assert [len({row[column] for row in found}) for column in range(3)] == [1, 3, 3]


def test_the_salt_comes_from_the_given_randomness(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "zeros.db")) as connection:
        SqliteLog.create(connection, KINDS, "w1", AT)
        SqliteLog(connection, KINDS, random=bytes).append(parts(1), 0)

        assert connection.execute("SELECT salt FROM event").fetchone()[0] == bytes(16)


def test_a_log_knows_its_workspace(log: SqliteLog, connection: sqlite3.Connection) -> None:
    assert log.workspace() == "w1"
    assert connection.execute("SELECT bucket, created_at FROM workspace").fetchall() == [(271, AT)]


def test_a_workspace_keeps_its_bucket_for_ever() -> None:
    assert {name: stable_bucket(name) for name in ("w1", "ada", "雪")} == {"w1": 271, "ada": 781, "雪": 994}
