"""The SQLite log among real processes: killed, racing, out of space, shut out, and over files that are no log."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from refflow.errors import RefflowError
from refflow.events.event import StoredEvent
from refflow.log.database import connect
from refflow.log.log import LogDamaged, LogUnavailable
from refflow.log.sqlite import SqliteLog
from refflow.testing.log import AT, KINDS, events, parts

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")


class Acknowledged(msgspec.Struct, frozen=True):
    """A commit that a writer's `append` returned from."""

    head: int
    commit: str
    size: int


class Writers:
    """The process that writers are forked from; `log_writer.py` has the orders."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def order(self, do: str, path: Path, **details: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"type": do, "path": str(path), **details}) + "\n")
        self._process.stdin.flush()

    def ended(self) -> tuple[int, list[Acknowledged]]:
        """The exit code of the writer ordered last, and what it acknowledged."""
        assert self._process.stdout is not None
        acknowledged = []
        for line in self._process.stdout:
            words = line.split()
            if words[0] == "ended":
                return int(words[1]), acknowledged
            acknowledged.append(Acknowledged(int(words[0]), words[1], int(words[2])))
        raise AssertionError("the writers' process ended")


@contextmanager
def writing() -> Iterator[Writers]:
    script = Path(__file__).with_name("log_writer.py")
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Writers(process)


@pytest.fixture(scope="module")
def writers() -> Iterator[Writers]:
    with writing() as writers:
        yield writers


@pytest.fixture()
def path(tmp_path: Path) -> Path:
    return empty_log(tmp_path)


def empty_log(folder: Path) -> Path:
    path = folder / "refflow.db"
    with closing(connect(path)) as connection:
        SqliteLog.create(connection, KINDS, "w1", AT)
    return path


def whole_and_verified(log: SqliteLog) -> list[StoredEvent]:
    """All events, after checking that the chain holds and that every commit is there whole."""
    verdict = log.verify()
    assert verdict.damage is None
    stored = events(log)
    assert [each.position for each in stored] == list(range(1, verdict.head + 1))
    left: list[int] = []
    for before, each in zip([None, *stored], stored, strict=False):
        if not left:
            left = list(range(1, each.payload.of + 1))
            assert before is None or before.commit != each.commit
        else:
            assert before is not None
            assert before.commit == each.commit
        assert each.payload.part == left.pop(0)
    assert left == [], "the last commit is half there"
    return stored


def check(path: Path, acknowledged: list[Acknowledged]) -> int:
    """The head of a log that is whole and has every acknowledged commit, once, where its writer was told."""
    with closing(connect(path)) as connection:
        stored = whole_and_verified(SqliteLog(connection, KINDS))
    places: dict[str, list[int]] = {}
    for each in stored:
        places.setdefault(each.commit, []).append(each.position)
    for commit in acknowledged:
        assert places[commit.commit] == list(range(commit.head - commit.size + 1, commit.head + 1))
    return len(stored)


@needs_fork
@pytest.mark.parametrize("seed", range(10))
def test_every_acknowledged_commit_outlives_kill_9(writers: Writers, path: Path, seed: int) -> None:
    """Thirty times on one log: killed while opening, recovering, writing, or checkpointing."""
    chance = random.Random(seed)
    acknowledged: list[Acknowledged] = []
    for each in range(30):
        writers.order(
            "Write", path, commits=1_000_000, kill_after=chance.uniform(0, 0.030), under_way=each % 2 == 0
        )
        code, more = writers.ended()
        assert code == -signal.SIGKILL
        acknowledged += more
        check(path, acknowledged)
    assert len(acknowledged) >= 15


@needs_fork
def test_four_writers_at_once_lose_nothing_and_leave_no_gap(path: Path) -> None:
    with ExitStack() as stack:
        racing = [stack.enter_context(writing()) for _ in range(4)]
        for writers in racing:
            writers.order("Write", path, commits=60)
        ends = [writers.ended() for writers in racing]
    acknowledged = [commit for _, commits in ends for commit in commits]

    assert [code for code, _ in ends] == [0, 0, 0, 0]
    assert len({commit.commit for commit in acknowledged}) == 240
    assert check(path, acknowledged) == sum(commit.size for commit in acknowledged)


@needs_fork
def test_writers_killed_among_others_that_go_on_harm_nobody(writers: Writers, path: Path) -> None:
    chance = random.Random(7)
    acknowledged: list[Acknowledged] = []
    with writing() as steady:
        steady.order("Write", path, commits=300)
        for _ in range(20):
            writers.order("Write", path, commits=1_000_000, kill_after=chance.uniform(0.001, 0.020))
            acknowledged += writers.ended()[1]
        code, more = steady.ended()

    assert (code, len(more)) == (0, 300)
    check(path, acknowledged + more)


@needs_fork
@pytest.mark.parametrize("others", [0, 3])
@pytest.mark.parametrize("stored", [True, False], ids=["after-the-commit", "before-the-commit"])
def test_a_commit_whose_writer_died_is_stored_once_when_retried(
    writers: Writers, path: Path, stored: bool, others: int
) -> None:
    writers.order("Lose", path, number=5, size=3, stored=stored)
    assert writers.ended() == (-signal.SIGKILL, [])
    commit = parts(3, number=5)

    with closing(connect(path)) as connection:
        log = SqliteLog(connection, KINDS)
        assert log.head() == (3 if stored else 0)
        for _ in range(others if stored else 0):
            log.append(parts(2), log.head())
        assert log.append(commit, 0) == 3
        found = [each.position for each in whole_and_verified(log) if each.commit == commit.id]

    assert found == [1, 2, 3]


@needs_fork
def test_a_reader_sees_whole_commits_while_others_write(writers: Writers, path: Path) -> None:
    writers.order("Write", path, commits=200)
    with closing(connect(path, read_only=True)) as connection:
        log = SqliteLog(connection, KINDS)
        seen = 0
        while seen < 200:
            stored = events(log, until=log.head())
            assert not stored or stored[-1].payload.part == stored[-1].payload.of
            seen = len({each.commit for each in stored})
    code, acknowledged = writers.ended()

    assert code == 0
    check(path, acknowledged)


# A full disk.


def fill(log: SqliteLog) -> tuple[int, LogUnavailable]:
    """Append until there is no room: the head that was reached, and what refflow said."""
    head = log.head()
    for _ in range(10_000):
        try:
            head = log.append(parts(3, "x" * 5_000), head)
        except LogUnavailable as error:
            return head, error
    raise AssertionError("the disk never filled up")


def says_it_is_full(error: LogUnavailable) -> bool:
    return "refflow.db is full" in str(error) and "free some space" in str(error)


def test_a_database_that_may_not_grow_keeps_what_it_has_and_goes_on_later(path: Path) -> None:
    """The same error as from a full disk, at the insert instead of the commit, and without a disk to fill."""
    with closing(connect(path)) as connection:
        log = SqliteLog(connection, KINDS)
        connection.execute("PRAGMA max_page_count = 60")
        head, error = fill(log)

        assert says_it_is_full(error)
        assert head > 0
        assert len(whole_and_verified(log)) == head
        connection.execute("PRAGMA max_page_count = 100000")
        assert log.append(parts(2, "x" * 5_000), head) == head + 2
        whole_and_verified(log)


def test_a_log_is_laid_out_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "refflow.db"
    with closing(connect(path)) as connection:
        connection.execute("PRAGMA max_page_count = 2")
        with pytest.raises(LogUnavailable) as failed:
            SqliteLog.create(connection, KINDS, "w1", AT)

        assert says_it_is_full(failed.value)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        connection.execute("PRAGMA max_page_count = 100000")
        assert SqliteLog.create(connection, KINDS, "w1", AT).append(parts(1), 0) == 1


def test_a_second_workspace_in_one_file_is_refused(path: Path) -> None:
    with closing(connect(path)) as connection:
        with pytest.raises(RefflowError, match=r"refflow\.db has a workspace in it already"):
            SqliteLog.create(connection, KINDS, "w2", AT)

        assert SqliteLog(connection, KINDS).workspace() == "w1"


def mount(*arguments: str) -> None:
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small disk")


@pytest.fixture()
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of one megabyte; only the administrator may have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    path = empty_log(small_disk)
    ballast = small_disk / "holiday.mp4"
    ballast.write_bytes(bytes(300_000))
    with closing(connect(path)) as connection:
        log = SqliteLog(connection, KINDS)
        head, error = fill(log)

        assert says_it_is_full(error)
        assert head > 0
        assert len(whole_and_verified(log)) == head
        assert fill(log)[0] == head, "still full, and said again"
        ballast.unlink()
        assert log.append(parts(2, "x" * 5_000), head) == head + 2
    with closing(connect(path)) as connection:
        assert len(whole_and_verified(SqliteLog(connection, KINDS))) == head + 2


# No right to write.


def refuses_to_write(connection: sqlite3.Connection) -> None:
    log = SqliteLog(connection, KINDS)
    with pytest.raises(LogUnavailable, match=r"refflow\.db is read-only\. Nothing was written"):
        log.append(parts(1), log.head())
    assert len(whole_and_verified(log)) == 2


@pytest.fixture()
def two_events(path: Path) -> Path:
    with closing(connect(path)) as connection:
        SqliteLog(connection, KINDS).append(parts(2), 0)
    return path


def test_a_log_opened_to_read_refuses_to_write(two_events: Path) -> None:
    with closing(connect(two_events, read_only=True)) as connection:
        refuses_to_write(connection)


def test_a_connection_that_may_only_query_refuses_to_write(two_events: Path) -> None:
    with closing(connect(two_events)) as connection:
        connection.execute("PRAGMA query_only = ON")
        refuses_to_write(connection)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anything")
def test_a_write_protected_file_is_named(two_events: Path) -> None:
    two_events.chmod(0o444)
    two_events.parent.chmod(0o555)
    try:
        unusable(two_events)
    finally:
        two_events.parent.chmod(0o755)


def test_a_log_on_a_write_protected_disk_is_named(small_disk: Path) -> None:
    path = empty_log(small_disk)
    mount("-o", "remount,ro", str(small_disk))
    unusable(path)


def unusable(path: Path) -> None:
    """To append fails, with a message that names the file and the way out."""
    with pytest.raises(LogUnavailable, match=r"refflow\.db .*(Check|check)"), closing(connect(path)) as connection:
        SqliteLog(connection, KINDS).append(parts(1), 0)


# Files that are no log.


def damage_of(path: Path) -> str:
    """What refflow says is wrong with the file; empty if nothing."""
    try:
        with closing(connect(path)) as connection:
            return SqliteLog(connection, KINDS).verify().damage or ""
    except LogDamaged as error:
        assert str(path) in str(error)
        return str(error)


@pytest.mark.parametrize(
    "content", [b"Dear Ada,\n", b"x" * 100_000, bytes(8192), b"SQLite format 3\0" + b"x" * 5000, b"%PDF-1.7\n" * 900]
)
def test_a_file_that_is_no_database_is_called_that(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "refflow.db"
    path.write_bytes(content)

    assert "is not a refflow database" in damage_of(path)
    assert path.read_bytes() == content, "it may be somebody's only copy"


@pytest.mark.parametrize("way", ["empty", "another program's"])
def test_a_database_without_a_log_is_called_that(tmp_path: Path, way: str) -> None:
    path = tmp_path / "refflow.db"
    path.touch()
    if way != "empty":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE bookmark (url TEXT)")

    assert "has no refflow log in it" in damage_of(path)
    with pytest.raises(LogDamaged, match="has no refflow log in it"), closing(connect(path)) as connection:
        SqliteLog(connection, KINDS).workspace()


@pytest.mark.parametrize("kept", [17, 99, 100, 1000, 4096, 5000, 8192, 0.3, 0.5, 0.9, -4096, -10])
def test_a_truncated_log_is_damaged(path: Path, kept: float) -> None:
    with closing(connect(path)) as connection:
        SqliteLog(connection, KINDS).append(parts(100, "x" * 500), 0)
    size = path.stat().st_size
    os.truncate(path, int(kept * size) if 0 < kept < 1 else int(kept) % size)

    assert damage_of(path)


@pytest.mark.parametrize("place", ["a folder", "in no folder"])
def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path, place: str) -> None:
    path = tmp_path if place == "a folder" else tmp_path / "missing" / "refflow.db"

    with pytest.raises(LogUnavailable, match="cannot be opened"):
        connect(path)


def test_a_missing_log_opened_to_read_is_named_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="cannot be opened"):
        connect(tmp_path / "refflow.db", read_only=True)

    assert list(tmp_path.iterdir()) == []


def test_a_log_that_another_program_holds_is_called_that(path: Path) -> None:
    with closing(connect(path)) as holder, closing(connect(path)) as connection:
        holder.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA busy_timeout = 10")
        log = SqliteLog(connection, KINDS)

        with pytest.raises(LogUnavailable, match="in use by another program"):
            log.append(parts(1), 0)
        holder.execute("ROLLBACK")
        assert log.append(parts(1), 0) == 1
