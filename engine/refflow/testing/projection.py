"""What every projection promises, as a class of test cases that the author of one subclasses.

class TestStars(ProjectionContract):
    def projection(self) -> Projection:
        return STARS

    def own_kinds(self) -> Sequence[EventTypeSpec]:
        return list(refflow_stars.refflow_event_types())

    def own_payloads(self) -> st.SearchStrategy[Any]:
        return st.builds(StarGiven, contact=st.sampled_from(CONTACTS))
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from copy import copy
from functools import cache
from sqlite3 import Connection
from typing import Any, TypeVar

import msgspec
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from refflow.events.event import Commit, Opaque, StoredEvent
from refflow.events.kinds import Kinds
from refflow.events.runs import EventsVoided
from refflow.log.database import connect
from refflow.log.sqlite import SqliteLog
from refflow.plugins.specs import EventTypeSpec
from refflow.views.projection import Fold, Projection
from refflow.views.rows import R, Rows
from refflow.views.store import ViewStore
from refflow.views.table import table_of
from refflow.workspace.purity import watch

from .commits import AT, commit_of
from .event_types import kinds_now
from .events import GONE_KINDS, BadgeGiven, stored
from .histories import STEPS, histories, tell

T = TypeVar("T")

Contents = dict[str, list[str]]
"""The rows of each table, by key, as JSON: texts, so that 1 is not `true` and a difference is easy to read."""

_registry = cache(kinds_now)

# A subclass has an executor of its own, and a search is long.
LAW = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[
        HealthCheck.differing_executors,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


def effective(events: Iterable[StoredEvent]) -> list[StoredEvent]:
    """The events that others among them have not taken back."""
    events = list(events)
    undone = [event.payload.positions for event in events if isinstance(event.payload, EventsVoided)]
    voided = {position for positions in undone for position in positions}
    return [event for event in events if event.position not in voided]


def folded(projections: Iterable[Projection], events: Iterable[StoredEvent]) -> Rows:
    """The rows that `projections` make of `events`, in memory."""
    rows = Rows()
    Fold(projections).apply_page(rows, events)
    return rows


def contents(projections: Iterable[Projection], rows: Rows | ViewStore) -> Contents:
    """What is in the tables of `projections`."""
    return {
        row.table: [msgspec.json.encode(each, order="deterministic").decode() for each in rows.find(row)]
        for projection in projections
        for row in projection.tables
    }


class Kept:
    """Views over the log of a database, kept up with it as a workspace does."""

    def __init__(self, connection: Connection, projections: Iterable[Projection], kinds: Kinds) -> None:
        self.connection = connection
        self.log = SqliteLog(connection, kinds)
        self.views = ViewStore(connection, projections)
        self._gone = SqliteLog(connection, GONE_KINDS)
        self._kinds = kinds

    def append(self, commit: Commit) -> None:
        """Store the commit and, in the same transaction, what the views make of it."""
        rows = Rows(self.views)
        for event, back in zip(commit.events, stored([commit], self._kinds, self.log.head()), strict=True):
            # As in a turn, a fold sees the payload as it was made, before it was ever encoded.
            known = not isinstance(back.payload, Opaque)
            live = msgspec.structs.replace(back, payload=event.payload) if known else back
            self.views.fold.apply(rows, live)
        self.store(commit, rows)
        if any(isinstance(event.payload, EventsVoided) for event in commit.events):
            self.views.rebuild(self.log)

    def store(self, commit: Commit, rows: Rows | None = None) -> None:
        """Store the commit, and `rows` with it; without them the views stay behind."""
        head = self.log.head() + len(commit.events)
        log = self._gone if isinstance(commit.events[0].payload, BadgeGiven) else self.log
        log.append(commit, self.log.head(), None if rows is None else lambda: self.views.write(rows, head))

    def events(self) -> list[StoredEvent]:
        """The events of the log."""
        return [event for page in self.log.read() for event in page]

    def live(self) -> Contents:
        """What is in the tables."""
        return contents(self.views.projections, self.views)

    def refolded(self) -> Contents:
        """What should be in them by the log."""
        projections = self.views.projections
        return contents(projections, folded(projections, effective(self.events())))


@contextmanager
def keeping(projections: Iterable[Projection], kinds: Kinds, history: Iterable[Commit]) -> Iterator[Kept]:
    """The views, rebuilt from a log in memory that has `history` in it."""
    with closing(connect(":memory:")) as connection:
        SqliteLog.create(connection, kinds, "w1", AT)
        kept = Kept(connection, projections, kinds)
        for commit in history:
            kept.store(commit)
        kept.views.rebuild(kept.log)
        yield kept


class _Lender:
    """A source of rows that lends shallow copies, and notes what they were like."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._originals: list[Any] = []
        self.lent: list[bytes] = []

    def get(self, row: type[R], key: str) -> R | None:
        return self._copy(self._rows.get(row, key))

    def find(self, row: type[R], **equal: Any) -> list[R]:
        return [self._copy(each) for each in self._rows.find(row, **equal)]

    def returned(self) -> list[bytes]:
        """What the rows it lent copies of are like now."""
        return [msgspec.json.encode(each) for each in self._originals]

    def _copy(self, original: T) -> T:
        self._originals.append(original)
        self.lent.append(msgspec.json.encode(original))
        return copy(original)


class _Indexed(Rows):
    """Rows that are indexed however few there are."""

    few = 0


class ProjectionContract:
    """The cases. A subclass supplies `projection`, and its own kinds of events if it folds any."""

    def projection(self) -> Projection:
        """The projection to test."""
        raise NotImplementedError

    def own_kinds(self) -> Sequence[EventTypeSpec]:
        """The kinds of events that the plugin declares."""
        return ()

    def own_payloads(self) -> st.SearchStrategy[Any] | None:
        """What makes payloads of those kinds, about the `CONTACTS` and `OPENINGS` of the histories."""
        return None

    def history(self, data: st.DataObject) -> list[Commit]:
        """A made-up search."""
        return data.draw(histories(self.own_payloads()), label="history")

    def keeping(self, history: list[Commit]) -> AbstractContextManager[Kept]:
        """The view over a log with that history."""
        return keeping([self.projection()], _registry(tuple(self.own_kinds())), history)

    def events(self, data: st.DataObject) -> list[StoredEvent]:
        """The events of a made-up search, as a log gives them back."""
        return stored(self.history(data), _registry(tuple(self.own_kinds())))

    @LAW
    @given(st.data())
    def test_live_rows_are_the_rebuilt_ones_wherever_the_log_is_split(self, data: st.DataObject) -> None:
        """The view is rebuilt at some head, and kept up commit by commit from there on."""
        history = self.history(data)
        split = data.draw(st.integers(0, len(history)), label="split")

        with self.keeping(history[:split]) as kept:
            assert kept.live() == kept.refolded()
            for commit in history[split:]:
                kept.append(commit)
                assert kept.live() == kept.refolded()

    @LAW
    @given(st.data())
    def test_replaying_twice_is_replaying_once(self, data: st.DataObject) -> None:
        with self.keeping(self.history(data)) as kept:
            once = kept.live()
            kept.views.rebuild(kept.log)

            assert kept.live() == once

    @LAW
    @given(st.data())
    def test_the_same_events_give_the_same_rows_and_stay_as_they_are(self, data: st.DataObject) -> None:
        events, projections = self.events(data), [self.projection()]
        before = msgspec.json.encode(events)
        once = contents(projections, folded(projections, events))

        assert contents(projections, folded(projections, events)) == once
        assert msgspec.json.encode(events) == before

    @LAW
    @given(st.data())
    def test_nothing_but_events_makes_the_rows(self, data: st.DataObject) -> None:
        """Neither clock nor randomness, network, other programs or files."""
        projection, events = self.projection(), self.events(data)
        with watch() as impure:
            folded([projection], events)

        assert not impure, [str(each) for each in impure]

    def test_it_says_how_fast_it_is(self, record_property: Callable[[str, object], None]) -> None:
        """In the report of the tests, as microseconds an event; how fast is fast enough is yours to say."""
        projection, events = self.projection(), stored(tell(STEPS))
        started = time.perf_counter()
        folded([projection], events)
        taken = time.perf_counter() - started

        record_property("microseconds_per_event", round(taken / len(events) * 1e6, 3))
        assert events

    @LAW
    @given(st.data())
    def test_what_a_row_holds_is_replaced_and_not_changed_in_place(self, data: st.DataObject) -> None:
        """Deciding again works on shallow copies of rows."""
        rows, fold = Rows(), Fold([self.projection()])
        for event in effective(self.events(data)):
            lender = _Lender(rows)
            fold.apply(Rows(lender), event)
            assert lender.returned() == lender.lent
            fold.apply(rows, event)

    @LAW
    @given(st.data())
    def test_what_nobody_knows_changes_nothing(self, data: st.DataObject) -> None:
        """Kinds whose plugin is gone are ignored, and so are versions that only a later release knows."""
        events, projection = self.events(data), self.projection()
        positions = st.sets(st.integers(1, len(events) or 1), max_size=9)
        later = data.draw(positions, label="positions of a later version")
        known = [each for each in events if each.kind in projection.handlers and each.position not in later]
        opaque = [
            msgspec.structs.replace(each, payload=Opaque("{}", None)) if each.position in later else each
            for each in events
        ]

        assert contents([projection], folded([projection], opaque)) == contents(
            [projection], folded([projection], known)
        )

    @LAW
    @given(st.data())
    def test_rows_come_back_from_their_table_as_they_were(self, data: st.DataObject) -> None:
        projection = self.projection()
        with self.keeping(self.history(data)) as kept:
            assert kept.live() == kept.refolded()
            rows = folded([projection], effective(kept.events()))
            for row in projection.tables:
                for key, value in rows.all(row).items():
                    assert table_of(row).key(value) == key, "the first field of a row is its key"
                    assert kept.views.get(row, key) == value

    @LAW
    @given(st.data())
    def test_what_is_taken_back_leaves_no_trace(self, data: st.DataObject) -> None:
        with self.keeping(self.history(data)) as kept:
            events = kept.events()
            mistakes = sorted({each.commit for each in events if each.kind != "events.voided"})
            assume(mistakes)
            mistake = data.draw(st.sampled_from(mistakes), label="mistake")
            taken_back = [each.position for each in events if each.commit == mistake]
            kept.append(commit_of(EventsVoided(positions=tuple(taken_back))))
            without = [each for each in kept.events() if each.commit != mistake]
            as_if_never = folded([self.projection()], effective(without))

            assert kept.live() == contents([self.projection()], as_if_never)

    @LAW
    @given(st.data())
    def test_rows_are_found_in_memory_as_in_the_table(self, data: st.DataObject) -> None:
        """By what is indexed: in memory, a row is looked up by what it was when it was put."""
        projection = self.projection()
        with self.keeping(self.history(data)) as kept:
            rows, fold = _Indexed(), Fold([projection])
            for event in effective(kept.events()):
                fold.apply(rows, event)
                for row in projection.tables:
                    for index in row.indexes:
                        rows.find(row, **{index[0]: None})  # the rows are indexed by it from now on
            for row in projection.tables:
                for name in {index[0] for index in row.indexes}:
                    for value in {getattr(each, name) for each in kept.views.find(row)}:
                        assert rows.find(row, **{name: value}) == kept.views.find(row, **{name: value})
