"""Import: a LinkedIn data export through the call behind `refflow import --apply`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import msgspec

from refflow import api

from . import floor
from .export import read_rows, write_export
from .measure import Contestant, Line, duration

SECTION = "import"
ROWS = 30_000
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


def lines(folder: Path, events: int, repeat: int) -> Iterator[Line]:
    """What is measured, a line at a time. A small number of `events` makes the export small too."""
    rows = min(ROWS, max(100, events * 3 // 20))
    folders = (folder / str(number) for number in count())
    mixed = write_export(folder / "mixed.zip", rows)
    network = write_export(folder / "network.zip", rows, connections=rows)
    for path, what in ((mixed, "messages and network"), (network, "network alone")):
        found: list[int] = []
        raw = _floor(folders, path)
        yield duration(
            SECTION, f"{rows:,} rows, {what}", _first(folders, path), "rows as JSON", raw,
            repeat=repeat, most=3, unit="s",
        )  # fmt: skip
        yield duration(
            SECTION, f"{rows:,} rows, {what}, again", _again(next(folders), path, found), "rows as JSON", raw,
            repeat=repeat, unit="s",
        )  # fmt: skip
        yield Line(
            section=SECTION, what=f"{rows:,} rows, {what}, again: new events", unit="", ours=max(found),
            against="rows", theirs=rows, ratio=max(found) / rows, budget="0", met=not any(found),
        )  # fmt: skip


def _first(folders: Iterator[Path], path: Path) -> Contestant:
    def run() -> float:
        with api.init(next(folders), NOW, name="Sam Seeker") as workspace:
            started = time.perf_counter()
            plan = api.import_source(workspace, path, NOW, apply=True)
            seconds = time.perf_counter() - started
        assert plan.applied
        return seconds

    return run


def _again(folder: Path, path: Path, found: list[int]) -> Contestant:
    """`found` gets the number of events that each further import adds."""
    with api.init(folder, NOW, name="Sam Seeker") as workspace:
        api.import_source(workspace, path, NOW, apply=True)

    def run() -> float:
        with api.open_workspace(folder) as workspace:
            before = workspace.log.head()
            started = time.perf_counter()
            api.import_source(workspace, path, NOW, apply=True)
            seconds = time.perf_counter() - started
            found.append(workspace.log.head() - before)
        return seconds

    return run


def _floor(folders: Iterator[Path], path: Path) -> Contestant:
    """Read the tables and keep every row as it is."""
    encode = msgspec.json.Encoder().encode

    def run() -> float:
        file = next(folders).with_suffix(".db")
        with closing(floor.connect(file)) as connection:
            connection.execute("CREATE TABLE line (number INTEGER PRIMARY KEY, cells TEXT NOT NULL) STRICT")
            started = time.perf_counter()
            rows = [(encode(row).decode(),) for row in read_rows(path)]
            _insert(connection, rows)
            return time.perf_counter() - started

    return run


def _insert(connection: sqlite3.Connection, rows: list[tuple[str]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO line (cells) VALUES (?)", rows)
    connection.execute("COMMIT")
