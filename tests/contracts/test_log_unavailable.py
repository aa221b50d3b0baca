"""The SQLite log when it cannot go on: no room, no right to write, or a file that is no log."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from refflow.errors import RefflowError
from refflow.log.database import connect
from refflow.log.log import LogDamaged, LogUnavailable
from refflow.log.sqlite import SqliteLog
from refflow.testing.commits import AT, KINDS, parts, whole


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return empty_log(tmp_path)


def empty_log(folder: Path) -> Path:
    path = folder / "refflow.db"
    with closing(connect(path)) as connection:
        SqliteLog.create(connection, KINDS, "w1", AT)
    return path


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
        assert len(whole(log)) == head
        connection.execute("PRAGMA max_page_count = 100000")
        assert log.append(parts(2, "x" * 5_000), head) == head + 2
        whole(log)


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


@pytest.fixture
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
        assert len(whole(log)) == head
        assert fill(log)[0] == head, "still full, and said again"
        ballast.unlink()
        assert log.append(parts(2, "x" * 5_000), head) == head + 2
    with closing(connect(path)) as connection:
        assert len(whole(SqliteLog(connection, KINDS))) == head + 2


# No right to write.


def refuses_to_write(connection: sqlite3.Connection) -> None:
    log = SqliteLog(connection, KINDS)
    with pytest.raises(LogUnavailable, match=r"refflow\.db is read-only\. Nothing was written"):
        log.append(parts(1), log.head())
    assert len(whole(log)) == 2


@pytest.fixture
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


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the administrator may write anything"
)
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
    with (
        pytest.raises(LogUnavailable, match=r"refflow\.db .*(Check|check)"),
        closing(connect(path)) as connection,
    ):
        SqliteLog(connection, KINDS).append(parts(1), 0)


# Files that are no log.


def damage_of(path: Path) -> str:
    """What refflow says is wrong with the file; empty if nothing."""
    try:
        with closing(connect(path)) as connection:
            return SqliteLog(connection, KINDS).verify().damage or ""
    except LogDamaged as error:
        return str(error)


@pytest.mark.parametrize(
    "content",
    [b"Dear Ada,\n", b"x" * 100_000, bytes(8192), b"SQLite format 3\0" + b"x" * 5000, b"%PDF-1.7\n" * 900],
    ids=["letter", "long", "zeros", "header-only", "pdf"],
)
def test_a_file_that_is_no_database_is_called_that(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "refflow.db"
    path.write_bytes(content)

    assert damage_of(path).startswith(f"{path} is not a refflow database")
    assert path.read_bytes() == content, "it may be somebody's only copy"


@pytest.mark.parametrize("way", ["empty", "another program's"])
def test_a_database_without_a_log_is_called_that(tmp_path: Path, way: str) -> None:
    path = tmp_path / "refflow.db"
    path.touch()
    if way != "empty":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE bookmark (url TEXT)")

    assert damage_of(path).startswith(f"{path} has no refflow log in it")
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
