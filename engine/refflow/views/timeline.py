"""The timeline view: which events are about which contact, opening and run."""

from __future__ import annotations

from typing import Any, ClassVar

from refflow.events.event import StoredEvent
from refflow.events.kinds import Kinds

from .projection import Handler, Projection
from .rows import Rows
from .table import Row


class Happening(Row, kw_only=True):
    """The event at `position`, by what it is about."""

    table: ClassVar[str] = "happening"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("contact",), ("opening",), ("run",))
    sparse: ClassVar[tuple[str, ...]] = ("opening", "run")
    grows: ClassVar[bool] = True

    position: int
    at: int
    kind: str
    contact: str | None = None
    opening: str | None = None
    run: str | None = None


def timeline(kinds: Kinds) -> Projection:
    """The projection over every kind whose payload names a contact, a referrer, an opening or a run."""
    handlers: dict[str, Handler] = {}
    for name, kind in kinds.by_name().items():
        fields = set(kind.payload.__struct_fields__)
        if {"contact", "referrer", "opening", "run"} & fields:
            handlers[name] = _handler(fields)
    return Projection(
        name="timeline", version=kinds.edition(1, handlers), tables=(Happening,), handlers=handlers
    )


def _handler(fields: set[str]) -> Handler:
    person = "contact" if "contact" in fields else "referrer"
    # Asking for an attribute that is not there is slow, and every event of a rebuild comes by here.
    has_person, has_opening, has_run = person in fields, "opening" in fields, "run" in fields

    def add(rows: Rows, event: StoredEvent, payload: Any) -> None:
        rows.put(
            "",
            Happening(
                position=event.position,
                at=event.occurred_at,
                kind=event.kind,
                contact=getattr(payload, person) if has_person else None,
                opening=payload.opening if has_opening else None,
                run=payload.run if has_run else None,
            ),
        )

    return add
