"""Append: events that must be on the disk, one by one and in bulk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from . import floor, peer
from .logs import BATCH, batches, commits, new_log, told
from .measure import Contestant, Line, rate
from .story import Happening

SECTION = "append"
MOST = 100_000
"""Events in a round of a bulk append; of single commits it is a hundredth."""


def lines(folder: Path, events: int, repeat: int) -> Iterator[Line]:
    """What is measured, a line at a time."""
    bulk = min(events, MOST)
    happenings = list(told(bulk))
    few = happenings[: max(10, bulk // 100)]
    files = (folder / f"{number}.db" for number in count())
    ours, raw = _refflow(files, few, 1), _floor(files, few, 1)
    yield rate(SECTION, "one event a commit", len(few), ours, "raw", raw, repeat=repeat, least=0.7)
    for name, kind in peer.PEERS.items():
        other = _peer(files, few, 1, kind)
        yield rate(SECTION, "one event a commit", len(few), ours, name, other, repeat=repeat)
    ours, raw = _refflow(files, happenings, BATCH), _floor(files, happenings, BATCH)
    what = f"commits of {BATCH:,}"
    yield rate(SECTION, what, bulk, ours, "raw", raw, repeat=repeat, least=0.7)
    for name, kind in peer.PEERS.items():
        other = _peer(files, happenings, BATCH, kind)
        yield rate(SECTION, what, bulk, ours, name, other, repeat=repeat, least=2.5)


def _refflow(files: Iterator[Path], happenings: Sequence[Happening], size: int) -> Contestant:
    def run() -> float:
        with new_log(next(files)) as log:
            head = 0

            def append(commit: Any) -> None:
                nonlocal head
                head = log.append(commit, head)

            return _each(append, list(commits(happenings, size)))

    return run


def _floor(files: Iterator[Path], happenings: Sequence[Happening], size: int) -> Contestant:
    def run() -> float:
        log = floor.Log(next(files))
        with closing(log.connection):
            return _each(log.append, list(batches(happenings, size)))

    return run


def _peer(
    files: Iterator[Path], happenings: Sequence[Happening], size: int, kind: type[peer.Peer]
) -> Contestant:
    def run() -> float:
        other = kind(next(files))
        with closing(other):
            return _each(other.append, [other.events(batch) for batch in batches(happenings, size)])

    return run


def _each(append: Callable[[Any], object], parts: Sequence[Any]) -> float:
    """The seconds of appending what has been made ready."""
    started = time.perf_counter()
    for part in parts:
        append(part)
    return time.perf_counter() - started
