"""Writing to a workspace: by one process at a time, and never before what the log has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from refflow.effects.outbox import locked
from refflow.errors import Held
from refflow.events.event import StoredEvent, instant
from refflow.log.log import LogUnavailable

from .folder import Folder

PATIENCE = 20.0
"""Seconds to wait for another process that is writing."""
CLOCK_SLACK = 5 * 60 * 1_000_000


class Writer:
    """A process that may write to a workspace, while it is the only one."""

    def __init__(self, folder: Folder, *, read_only: bool) -> None:
        self._folder = folder
        self.read_only = read_only
        self._alone = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the one process that writes. The lock goes with the process, however it ends."""
        if self.read_only:
            raise LogUnavailable(f"{self._folder.database} is read-only. Nothing was written.")
        if self._alone:
            yield
            return
        deadline = time.monotonic() + PATIENCE
        while True:
            with locked(self._folder.outbox / ".lock") as mine:
                if mine:
                    self._alone = True
                    try:
                        yield
                    finally:
                        self._alone = False
                    return
            if time.monotonic() > deadline:
                raise LogUnavailable(
                    "Another refflow is busy with this workspace. Nothing was written; try again."
                )
            time.sleep(0.02)


def not_before(last: StoredEvent | None, now: int) -> int:
    """`now`, or the time of the last event when the clock lags a little. Fails closed when it lags much."""
    if last is None or last.recorded_at <= now:
        return now
    if last.recorded_at - now <= CLOCK_SLACK:
        return last.recorded_at
    raise Held(
        f"The clock says {instant(now):%Y-%m-%d %H:%M} UTC, but the log goes on to"
        f" {instant(last.recorded_at):%Y-%m-%d %H:%M} UTC. Nothing was written: set the clock right, or give"
        " a later `--now`."
    )
