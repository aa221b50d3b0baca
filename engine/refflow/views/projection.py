"""A projection: a pure fold of events into the rows of a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from refflow.events.event import Opaque, StoredEvent

from .rows import Rows
from .table import Row

Handler = Callable[[Rows, StoredEvent, Any], None]


class Projection(msgspec.Struct, frozen=True, kw_only=True):
    """`handlers` maps each event kind it folds to a pure function of the rows, the event and its payload.

    Raising `version` makes every workspace rebuild the view when it is opened next.
    """

    name: str
    version: int
    tables: tuple[type[Row], ...]
    handlers: Mapping[str, Handler]


def handles(handlers: dict[str, Handler], *kinds: str) -> Callable[[Handler], Handler]:
    """Decorator: enter a function as the handler of `kinds`."""

    def enter(handler: Handler) -> Handler:
        for kind in kinds:
            handlers[kind] = handler
        return handler

    return enter


class Fold:
    """Applies events to rows through a set of projections, in their order."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        self.projections = tuple(projections)
        collected: dict[str, list[Handler]] = {}
        for projection in self.projections:
            for kind, handler in projection.handlers.items():
                collected.setdefault(kind, []).append(handler)
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
