"""The same workflow in the `dbos` library, on SQLite: two steps and a sleep between them.

It is used as its documentation shows, but for one thing: its file has a write-ahead log, as refflow's has, and is
faster by it. Every step is stored before the next one begins, and so is when a sleep ends. What it does not do, and
refflow does: say why, keep views, ask a person, notice what else happens while a run waits.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from dbos import DBOS


class Runs:
    """An application of the library with the one workflow."""

    def __init__(self, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        DBOS(
            config={
                "name": "bench",
                "system_database_url": f"sqlite:///{path}",
                "log_level": "ERROR",
            }
        )
        DBOS.launch()

    def run(self, runs: int) -> None:
        """Begin so many runs and carry each to its end."""
        for number in range(runs):
            assert three_steps(number) == number

    def close(self) -> None:
        """Stop its threads."""
        DBOS.destroy()


def _prepare(number: int) -> int:
    return number


def _finish(number: int) -> int:
    return number


prepare, finish = DBOS.step()(_prepare), DBOS.step()(_finish)


def _three_steps(number: int) -> int:
    prepare(number)
    DBOS.sleep(1e-6)
    finished: int = finish(number)
    return finished


three_steps = DBOS.workflow()(_three_steps)
