"""A turn of the engine: facts go in, and come out with the decisions that follow from them, as one commit.

Everything a decision depends on is an argument: the rows at the head of the log, the instant, and the events
it may look back at. The same facts at the same head give the same events, on every machine and for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from refflow.events.event import NewEvent, StoredEvent
from refflow.events.kinds import Kinds
from refflow.views.projection import Fold
from refflow.views.rows import Rows
from refflow.views.runs.settings import Settings as SettingsRow

from ..language.library import InForce, Library
from ..language.settings import Settings

DEFINING = frozenset({"workflow.defined", "workflow.retired"})
MOST_GENERATIONS = 100
"""No sensible chain of workflows that set each other off is longer."""

Recall = Callable[[int], StoredEvent | None]


class Turn:
    """One turn at `now` (microseconds since 1970 UTC), after position `head` of the log of `workspace`.

    `recall` gives a stored event by its position.
    """

    def __init__(
        self,
        rows: Rows,
        fold: Fold,
        *,
        head: int,
        now: int,
        workspace: str,
        library: Library,
        recall: Recall,
    ) -> None:
        self.rows = rows
        self.now = now
        self.workspace = workspace
        self.library = library
        self.events: list[StoredEvent] = []
        """The events of the turn, as the log has them once they are appended."""
        self._pending: deque[tuple[StoredEvent, int]] = deque()
        self._cause: int | None = None
        self._fold = fold
        self._head = head
        self._recall = recall
        self._settings: Settings | None = None
        self._in_force: InForce | None = None
        self._heard: frozenset[str] | None = None
        self.generation = 0
        """How many events lead from a fact to the one that is being looked at."""

    @property
    def kinds(self) -> Kinds:
        """The registry of event kinds."""
        return self.library.kinds

    @property
    def next_position(self) -> int:
        """Where the next event goes. What is created there is named after it: `c57`, `m142`."""
        return self._head + len(self.events) + 1

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        if self._settings is None:
            self._settings = self.library.settings(self.rows.get(SettingsRow, "settings"))
        return self._settings

    @property
    def in_force(self) -> InForce:
        """The definitions that new runs follow."""
        if self._in_force is None:
            self._in_force = self.library.in_force(self.rows)
        return self._in_force

    @property
    def heard(self) -> frozenset[str]:
        """The kinds of events that some run may act on."""
        if self._heard is None:
            self._heard = self.library.heard(self.rows)
        return self._heard

    def record(
        self, payload: Any, *, by: str, cause: int | None = None, occurred_at: int | None = None
    ) -> StoredEvent:
        """Add an event to the turn: it is folded at once, and waits for the engine to look at it. It follows
        from the event at `cause`, or else from the one that the engine looks at, if it looks at one.
        """
        cause = self._cause if cause is None else cause
        at = self.now if occurred_at is None else occurred_at
        position = self.next_position
        event = StoredEvent(position, self.kinds.of(payload).name, at, self.now, by, cause, "", payload)
        self.events.append(event)
        self._fold.apply(self.rows, event)
        if event.kind in DEFINING:
            self._in_force = self._heard = None
        elif event.kind == "settings.changed":
            self._settings = None
        self._pending.append((event, self.generation + 1))
        return event

    def to_settle(self) -> Iterator[StoredEvent]:
        """The events that nobody has looked at, and those recorded meanwhile. What is recorded while one is
        looked at follows from it.
        """
        while self._pending:
            event, self.generation = self._pending.popleft()
            self._cause = event.position
            yield event
        self._cause = None

    def recall(self, position: int) -> StoredEvent | None:
        """The event at `position`, of the log or of this turn."""
        if position > self._head:
            return self.events[position - self._head - 1]
        return self._recall(position)

    def to_append(self) -> tuple[NewEvent, ...]:
        """The events of the turn, as the log takes them."""
        return tuple(
            NewEvent(payload=each.payload, occurred_at=each.occurred_at, by=each.by, cause=each.cause)
            for each in self.events
        )

    def plain(self, event: StoredEvent) -> dict[str, Any]:
        """The fields of an event that may be kept elsewhere: all but the personal ones."""
        personal = self.kinds.of(event.payload).personal
        fields: dict[str, Any] = msgspec.to_builtins(event.payload)
        return {name: value for name, value in fields.items() if name not in personal}
