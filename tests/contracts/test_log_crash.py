"""The SQLite log among real processes: killed at any moment, racing, reading while others write."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog
from refflow.testing.commits import AT, KINDS, events, parts, whole

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
        acknowledged: list[Acknowledged] = []
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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "refflow.db"
    with closing(connect(path)) as connection:
        SqliteLog.create(connection, KINDS, "w1", AT)
    return path


def check(path: Path, acknowledged: list[Acknowledged]) -> int:
    """The head of a log that is whole and has every acknowledged commit, once, where its writer was told."""
    with closing(connect(path)) as connection:
        stored = whole(SqliteLog(connection, KINDS))
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
        found = [each.position for each in whole(log) if each.commit == commit.id]

    assert found == [1, 2, 3]


@needs_fork
def test_a_reader_sees_whole_commits_while_others_write(writers: Writers, path: Path) -> None:
    writers.order("Write", path, commits=200)
    with closing(connect(path, read_only=True)) as connection:
        log = SqliteLog(connection, KINDS)
        for _ in range(150):
            stored = events(log, until=log.head())
            assert not stored or stored[-1].payload.part == stored[-1].payload.of
    code, acknowledged = writers.ended()

    assert code == 0
    check(path, acknowledged)
