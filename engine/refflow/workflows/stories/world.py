"""A world in memory: the engine with a clock that jumps from one thing to the next. Nothing leaves it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from typing import Any

from msgspec.structs import replace

from refflow.events.event import StoredEvent, instant, micros
from refflow.events.runs import TimerFired, TimerSet
from refflow.views.projection import Fold
from refflow.views.rows import R, Rows, Source
from refflow.views.runs.run import Run
from refflow.views.table import Row

from ..language.library import InForce, Library
from ..runs.engine import settle
from ..runs.turn import Recall, Turn

Act = Callable[["World"], object]
"""Something that happens in a world, at the time it is called."""
Reaction = Callable[["World", StoredEvent], None]
"""What somebody does about an event: arranges with `World.at` what is to happen then."""

MOST_HAPPENINGS = 20_000


class Still:
    """A source that does not change any more: it is asked once for everything, and hands out copies.

    Of the tables in `alone`, whoever asks for all rows is given the one with that key, or none.
    """

    def __init__(self, source: Source, alone: Mapping[type[Row], str | None] | None = None) -> None:
        self._source = source
        self._alone = alone or {}
        self._rows: dict[tuple[type, str], Any] = {}
        self._found: dict[tuple[Any, ...], list[Any]] = {}

    def get(self, row: type[R], key: str) -> R | None:
        """A copy of the row with that key."""
        place = (row, key)
        if place not in self._rows:
            self._rows[place] = self._source.get(row, key)
        found: R | None = self._rows[place]
        return None if found is None else replace(found)

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """Copies of the rows whose fields have these values, by key."""
        if not equal and row in self._alone:
            one = self.get(row, self._alone[row] or "")
            return [] if one is None else [one]
        place = (row, *equal.items())
        found = self._found.get(place)
        if found is None:
            found = self._found[place] = self._source.find(row, **equal)
        return [replace(each) for each in found]


class Shelf(Library):
    """The definitions of a world, in which none is defined or retired: they are looked up once."""

    def __init__(self, library: Library, rows: Rows) -> None:
        super().__init__(library.kinds, library.extensions)
        self._definitions = library._definitions
        self._expressions = library._expressions
        self._in_force = library.in_force(rows)
        self._all_heard = library.heard(rows)

    def in_force(self, rows: Rows) -> InForce:
        """The definitions that new runs follow, with their triggers."""
        return self._in_force

    def heard(self, rows: Rows) -> frozenset[str]:
        """The kinds of events that some run, of any definition, may act on."""
        return self._all_heard


class World:
    """Facts go in, the engine decides, timers come due, and whoever is in the world reacts.

    `now` is in microseconds since 1970 UTC; positions go on after `head`, the events before which `recall`
    knows. What happens at the instant when a timer comes due happens before it.
    """

    def __init__(
        self,
        rows: Rows,
        fold: Fold,
        library: Library,
        *,
        now: int,
        head: int = 0,
        workspace: str = "simulated",
        recall: Recall = lambda _: None,
        reactions: Sequence[Reaction] = (),
    ) -> None:
        self.rows = rows
        self.library = library
        self.now = now
        self.events: list[StoredEvent] = []
        self._fold = fold
        self._head = head
        self._workspace = workspace
        self._before = recall
        self._reactions = reactions
        self._reacted = 0
        self._arranged: list[tuple[int, int, Act]] = []
        self._timers: list[tuple[int, str]] = []
        self._number = 0

    def again(self, reactions: Sequence[Reaction]) -> World:
        """The same world once more, as it is now, for others to react to all that has happened in it. This one is
        not to go on meanwhile.
        """
        other = World(
            Rows(self._kept),
            self._fold,
            self.library,
            now=self.now,
            head=self._head,
            workspace=self._workspace,
            recall=self._before,
            reactions=reactions,
        )
        other.events = list(self.events)
        other._timers = list(self._timers)
        return other

    @cached_property
    def _kept(self) -> Still:
        return Still(self.rows)

    def turn(self) -> Turn:
        """A turn at the present moment."""
        return Turn(
            self.rows,
            self._fold,
            head=self._head + len(self.events),
            now=self.now,
            workspace=self._workspace,
            library=self.library,
            recall=self.recall,
        )

    def tell(self, *payloads: Any, by: str = "user", occurred_at: int | None = None) -> list[StoredEvent]:
        """Let this happen now, with all that follows from it."""
        turn = self.turn()
        for payload in payloads:
            turn.record(payload, by=by, occurred_at=occurred_at)
        settle(turn)
        stored = turn.events
        self.events += stored
        for event in stored:
            if isinstance(event.payload, TimerSet):
                heappush(self._timers, (micros(event.payload.due), event.payload.run))
        return stored

    def recall(self, position: int) -> StoredEvent | None:
        """The event at `position`."""
        if position > self._head:
            return self.events[position - self._head - 1]
        return self._before(position)

    def at(self, when: int, act: Act) -> None:
        """Arrange for something to happen at `when`, or now if that is past; of two at once the first arranged."""
        self._number += 1
        heappush(self._arranged, (when, self._number, act))

    def wake(self, run: Run, events: Iterable[StoredEvent]) -> None:
        """Let a run go on that lived before this world began: its timer comes due here, and whoever is here reacts
        to its earlier `events`.
        """
        if run.due is not None:
            heappush(self._timers, (run.due, run.id))
        for event in events:
            for reaction in self._reactions:
                reaction(self, event)

    def go_on(self, until: int) -> bool:
        """Let happen what is arranged and due until then. False when there was no end to it."""
        for _ in range(MOST_HAPPENINGS):
            self._react()
            due = self._next_timer()
            arranged = self._arranged[0][0] if self._arranged else None
            if arranged is not None and arranged <= until and (due is None or arranged <= due):
                when, _, act = heappop(self._arranged)
                self.now = max(self.now, when)
                act(self)
            elif due is not None and due <= until:
                when, run = heappop(self._timers)
                self.now = max(self.now, when)
                self.tell(TimerFired(run=run, due=instant(when)), by="clock")
            else:
                return True
        return False

    def _react(self) -> None:
        while self._reacted < len(self.events):
            event = self.events[self._reacted]
            self._reacted += 1
            for reaction in self._reactions:
                reaction(self, event)

    def _next_timer(self) -> int | None:
        while self._timers:
            due, key = self._timers[0]
            run = self.rows.get(Run, key)
            if run is not None and run.status == "live" and run.due == due:
                return due
            heappop(self._timers)
        return None
