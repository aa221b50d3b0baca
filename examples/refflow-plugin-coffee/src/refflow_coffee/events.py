"""The event type, and the step up from its first version. All of it is pure."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

LONG = 30
"""From so many minutes on a chat was long."""


class ChatHad(msgspec.Struct, frozen=True, kw_only=True):
    """A coffee with a contact. The note can be erased, so it has a default."""

    contact: str
    length: Literal["short", "long"]
    note: str | None = None


def from_minutes(fields: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had `minutes`, and sometimes forgot them."""
    rest = {name: value for name, value in fields.items() if name != "minutes"}
    return {**rest, "length": "long" if fields.get("minutes", 0) >= LONG else "short"}
