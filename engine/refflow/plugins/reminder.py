"""Reminders: what the owner is to do by when, handed to a calendar or the like."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do by `due` (aware, in the owner's zone).

    `uid` is the same for as long as the thing is to be done, on every machine and after every re-install.
    """

    uid: str
    title: str
    due: datetime
    note: str = ""


class SinkContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a sink works with: a `folder` of its own (it may not exist yet) and its configuration."""

    folder: Path
    config: msgspec.Struct | None = None


class ReminderSink(Protocol):
    """Keeps reminders. Both calls may come again for the same reminder, and then change nothing."""

    def upsert(self, reminder: Reminder) -> None:
        """Have exactly this reminder under its uid."""
        ...

    def cancel(self, uid: str) -> None:
        """Have no reminder under `uid`; one that is not there is fine."""
        ...
