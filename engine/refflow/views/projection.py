"""A projection: a pure fold of events into the rows of a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from refflow.events.event import Opaque, StoredEvent

from .rows import OwnRows, Rows
from .table import Row

Handler = Callable[[Rows, StoredEvent, Any], None]


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """`handlers` maps each event kind it folds to a pure function of the rows, the event and its payload.

    Raising `version` makes every workspace rebuild the view when it is opened next. A `foreign` one is a
    plugin's: it reaches its own tables only, and when it fails it stops there and costs nothing else.
    """

    name: str
    version: int
    tables: tuple[type[Row], ...]
    handlers: Mapping[str, Handler]
    foreign: bool = False


class Stall(msgspec.Struct, frozen=True, kw_only=True):
    """Where a projection stopped: it could not fold the event at `position`. Its rows are those before it."""

    position: int
    reason: str


def handles(handlers: dict[str, Handler], *kinds: str) -> Callable[[Handler], Handler]:
    """Decorator: enter a function as the handler of `kinds`."""

    def enter(handler: Handler) -> Handler:
        for kind in kinds:
            handlers[kind] = handler
        return handler

    return enter


def isolated(projection: Projection, handler: Handler, stalled: dict[str, Stall]) -> Handler:
    """`handler` so that all of what it does to the rows counts, or nothing and `stalled` says so."""

    def handle(rows: Rows, event: StoredEvent, payload: Any) -> None:
        if projection.name in stalled:
            return
        own = OwnRows(rows, projection.tables)
        try:
            handler(own, event, payload)
        except Exception as error:
            # A plugin's own code: skipping the event would leave its view wrong without a word.
            reason = f"{type(error).__name__}: {error}"
            stalled[projection.name] = Stall(position=event.position, reason=reason)
        else:
            own.hand_over()

    return handle


class Fold:
    """Applies events to rows through a set of projections, in their order.

    `stalled` has the foreign ones that failed, by name: they fold nothing any more.
    """

    def __init__(self, projections: Iterable[Projection]) -> None:
        self.projections = tuple(projections)
        self.stalled: dict[str, Stall] = {}
        collected: dict[str, list[Handler]] = {}
        for projection in self.projections:
            for kind, handler in projection.handlers.items():
                guarded = isolated(projection, handler, self.stalled) if projection.foreign else handler
                collected.setdefault(kind, []).append(guarded)
        self._handlers = {kind: tuple(handlers) for kind, handlers in collected.items()}

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of events that change any row."""
        return frozenset(self._handlers)

    def apply(self, rows: Rows, event: StoredEvent) -> None:
        """Fold one event. What no projection handles, or nobody can decode, changes nothing."""
        self.apply_page(rows, (event,))

    def apply_page(self, rows: Rows, page: Iterable[StoredEvent]) -> None:
        """Fold many events."""
        handlers = self._handlers
        for event in page:
            payload = event.payload
            if type(payload) is not Opaque:
                for handler in handlers.get(event.kind, ()):
                    handler(rows, event, payload)
