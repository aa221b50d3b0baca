"""Replay: events read back and folded into views, and the chain checked."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog
from refflow.views import built_in
from refflow.views.projection import Projection
from refflow.views.store import ViewStore, refold

from . import floor, memory, peer
from .logs import BATCH, KINDS, batches, make_log, told
from .measure import Line, rate, timed

SECTION = "replay"
FLOOR = "decode and count"
PEER_EVENTS = 200_000
"""The library gets no more: it would take most of the time."""
VIEWS = {view.name: view for view in built_in(KINDS)}
HANDS: dict[str, Callable[[], floor.View]] = {
    "pipeline": floor.Pipeline,
    "contacts": floor.Contacts,
    "timeline": floor.Timeline,
}

# These budgets are absolute, and were set where `floor.count` made 700,000 events a second of a million.
ALL_VIEWS = 300 / 700
REBUILD = 500 / 700
VERIFY = 350 / 700


def lines(folder: Path, events: int, repeat: int) -> Iterator[Line]:
    """What is measured, a line at a time."""
    path = make_log(folder / "log.db", events)
    bare = folder / "floor.db"
    shutil.copy(path, bare)
    with closing(connect(path)) as connection, closing(floor.connect(bare)) as plain:
        log = SqliteLog(connection, KINDS)
        yield from _folds(log, plain, events, repeat)
        yield _memory(folder, events)
        yield from _rebuilds(log, ViewStore(connection, VIEWS.values()), plain, events, repeat)
        yield from _verifying(log, plain, events, repeat)
        yield from _peers(log, folder, min(events, PEER_EVENTS), repeat)


def _fold(log: SqliteLog, *views: Projection, until: int | None = None) -> None:
    refold(log, views, until=until, added=lambda row, added: None)


def _folds(log: SqliteLog, plain: sqlite3.Connection, events: int, repeat: int) -> Iterator[Line]:
    """In memory: no view is written."""
    count = timed(lambda: floor.count(plain))
    for name in ("pipeline", "contacts"):
        ours, what = timed(partial(_fold, log, VIEWS[name])), f"one view: {name}"
        yield rate(SECTION, what, events, ours, FLOOR, count, repeat=repeat, least=0.8)
        theirs = timed(partial(_by_hand, plain, HANDS[name]))
        yield rate(SECTION, what, events, ours, "by hand", theirs, repeat=repeat)
    ours = timed(lambda: _fold(log, *VIEWS.values()))
    yield rate(SECTION, "all views", events, ours, FLOOR, count, repeat=repeat, least=ALL_VIEWS)


def _by_hand(plain: sqlite3.Connection, make: Callable[[], floor.View]) -> floor.View:
    view = make()
    floor.read(plain, view.fold, view.kinds)
    return view


def _memory(folder: Path, events: int) -> Line:
    """Views may grow with what they show, not with events: in the second half nobody new comes and nobody is asked."""
    path = make_log(folder / "memory.db", events, asks=events // 400)
    half, whole = (max(1.0, memory.growth(path, until) / 1e6) for until in (events // 2, events))
    return Line(
        section=SECTION, what="all views: peak memory", unit="MB", ours=whole,
        against="half the events", theirs=half, ratio=whole / half, budget="<= 1.1", met=whole / half <= 1.1,
    )  # fmt: skip


def _rebuilds(
    log: SqliteLog, views: ViewStore, plain: sqlite3.Connection, events: int, repeat: int
) -> Iterator[Line]:
    """With the tables written anew."""
    count = timed(lambda: floor.count(plain))
    for name, make in HANDS.items():
        ours, what = timed(partial(views.rebuild, log, [VIEWS[name]])), f"rebuild {name}"
        yield rate(SECTION, what, events, ours, FLOOR, count, repeat=repeat, least=REBUILD)
        theirs = timed(partial(_rebuilt_by_hand, plain, make))
        yield rate(SECTION, what, events, ours, "by hand", theirs, repeat=repeat)


def _rebuilt_by_hand(plain: sqlite3.Connection, make: Callable[[], floor.View]) -> None:
    floor.write(plain, _by_hand(plain, make).rows())


def _verifying(log: SqliteLog, plain: sqlite3.Connection, events: int, repeat: int) -> Iterator[Line]:
    ours, what = timed(log.verify), "verify the chain"
    count, by_hand = timed(lambda: floor.count(plain)), timed(lambda: floor.verify(plain))
    yield rate(SECTION, what, events, ours, FLOOR, count, repeat=repeat, least=VERIFY)
    yield rate(SECTION, what, events, ours, "by hand", by_hand, repeat=repeat)


def _peers(log: SqliteLog, folder: Path, events: int, repeat: int) -> Iterator[Line]:
    for library, make in peer.PEERS.items():
        with closing(make(folder / f"{make.__name__}.db")) as other:
            for batch in batches(told(events), BATCH):
                other.append(other.events(batch))
            for name in ("pipeline", "contacts"):
                ours = timed(partial(_fold, log, VIEWS[name], until=events))
                theirs = timed(partial(_read_by_peer, other, HANDS[name]))
                yield rate(SECTION, f"one view: {name}", events, ours, library, theirs, repeat=repeat, least=5)


def _read_by_peer(other: peer.Peer, make: Callable[[], floor.View]) -> None:
    view = make()
    other.read(view.fold, view.kinds)
