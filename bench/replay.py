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
from refflow.views.contacts import CONTACTS
from refflow.views.pipeline import PIPELINE
from refflow.views.projection import Projection
from refflow.views.store import ViewStore, refold

from . import floor, memory, peer
from .logs import BATCH, KINDS, batches, make_log, told
from .measure import Line, rate, timed

SECTION = "replay"
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
        yield _memory(path, events)
        yield from _rebuilds(log, ViewStore(connection, VIEWS.values()), plain, events, repeat)
        yield from _verifying(log, plain, events, repeat)
        yield from _peers(log, folder, min(events, PEER_EVENTS), repeat)


def _fold(log: SqliteLog, *views: Projection, until: int | None = None) -> None:
    refold(log, views, until=until, added=lambda row, added: None)


def _folds(log: SqliteLog, plain: sqlite3.Connection, events: int, repeat: int) -> Iterator[Line]:
    """In memory: no view is written."""
    yield rate(
        SECTION, "one view: pipeline", events, timed(lambda: _fold(log, PIPELINE)),
        "by hand", timed(lambda: floor.read(plain, floor.Pipeline().fold, floor.Pipeline.kinds)),
        repeat=repeat, least=0.8,
    )  # fmt: skip
    yield rate(
        SECTION, "one view: contacts", events, timed(lambda: _fold(log, CONTACTS)),
        "by hand", timed(lambda: floor.read(plain, floor.Contacts().fold)),
        repeat=repeat, least=0.8,
    )  # fmt: skip
    yield rate(
        SECTION, "all views", events, timed(lambda: _fold(log, *VIEWS.values())),
        "decode and count", timed(lambda: floor.count(plain)),
        repeat=repeat, least=ALL_VIEWS,
    )  # fmt: skip


def _memory(path: Path, events: int) -> Line:
    half, whole = (max(1.0, memory.growth(path, until) / 1e6) for until in (events // 2, events))
    return Line(
        section=SECTION, what="all views: peak memory", unit=" MB", ours=whole,
        against="half the events", theirs=half, ratio=whole / half, budget="<= 1.25", met=whole / half <= 1.25,
    )  # fmt: skip


def _rebuilds(
    log: SqliteLog, views: ViewStore, plain: sqlite3.Connection, events: int, repeat: int
) -> Iterator[Line]:
    """With the tables written anew."""

    for name, by_hand in HANDS.items():
        ours = timed(partial(views.rebuild, log, [VIEWS[name]]))
        theirs = timed(partial(_rebuild_by_hand, plain, by_hand))
        what = f"rebuild {name}"
        yield rate(SECTION, what, events, ours, "by hand", theirs, repeat=repeat)
        least = timed(lambda: floor.count(plain))
        yield rate(SECTION, what, events, ours, "decode and count", least, repeat=repeat, least=REBUILD)


def _rebuild_by_hand(plain: sqlite3.Connection, by_hand: Callable[[], floor.View]) -> None:
    view = by_hand()
    floor.read(plain, view.fold, view.kinds)
    floor.write(plain, view.rows())


def _verifying(log: SqliteLog, plain: sqlite3.Connection, events: int, repeat: int) -> Iterator[Line]:
    yield rate(
        SECTION, "verify the chain", events, timed(log.verify),
        "hash by hand", timed(lambda: floor.verify(plain)),
        repeat=repeat,
    )  # fmt: skip
    yield rate(
        SECTION, "verify the chain", events, timed(log.verify),
        "decode and count", timed(lambda: floor.count(plain)),
        repeat=repeat, least=VERIFY,
    )  # fmt: skip


def _peers(log: SqliteLog, folder: Path, events: int, repeat: int) -> Iterator[Line]:
    for name, kind in peer.PEERS.items():
        other = kind(folder / f"{kind.__name__}.db")
        with closing(other):
            for batch in batches(told(events), BATCH):
                other.append(other.events(batch))
            yield rate(
                SECTION, "one view: contacts", events, timed(lambda: _fold(log, CONTACTS, until=events)),
                name, timed(partial(_read_by_peer, other)),
                repeat=repeat, least=5,
            )  # fmt: skip


def _read_by_peer(other: peer.Peer) -> None:
    other.read(floor.Contacts().fold)
