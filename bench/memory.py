"""The memory a replay takes: run in a process of its own, whose peak it prints in bytes.

python -m bench.memory LOG UNTIL
"""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog
from refflow.views import built_in
from refflow.views.store import refold

from .logs import KINDS


def growth(log: Path, until: int) -> int:
    """By how many bytes the replay of all views up to `until` raises the peak of a fresh process."""
    command = [sys.executable, "-m", "bench.memory", str(log), str(until)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _peak() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # What `getrusage` says of a process on Linux begins with the peak of the one that started it.
        line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Replay, and print by how much the peak rose."""
    path, until = Path(sys.argv[1]), int(sys.argv[2])
    with closing(connect(path)) as connection:
        # SQLite's own cache is bounded, but 64 MB of it would hide what a fold keeps of a small log.
        connection.execute("PRAGMA cache_size = -2000")
        log = SqliteLog(connection, KINDS)
        before = _peak()
        refold(log, built_in(KINDS), until=until, added=lambda row, added: None)
    print(_peak() - before)


if __name__ == "__main__":
    main()
