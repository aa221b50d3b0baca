"""The view: rows from events, and from nothing else."""

from __future__ import annotations

from typing import Any, ClassVar

from refflow.api import Projection, Row, Rows, StoredEvent, handles

from .events import ChatHad


class Chats(Row, kw_only=True):
    """The coffees with one contact. `last` is in microseconds since 1970 UTC."""

    table: ClassVar[str] = "coffee_chats"

    contact: str
    chats: int = 0
    long: int = 0
    last: int = 0


_HANDLERS: dict[str, Any] = {}


@handles(_HANDLERS, "coffee.chat.had")
def _had(rows: Rows, event: StoredEvent, payload: ChatHad) -> None:
    row = rows.get(Chats, payload.contact) or Chats(contact=payload.contact)
    row.chats += 1
    row.long += payload.length == "long"
    row.last = max(row.last, event.occurred_at)
    rows.put(row.contact, row)


CHATS = Projection(name="coffee-chats", version=1, tables=(Chats,), handlers=_HANDLERS)
