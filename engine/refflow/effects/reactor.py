"""Reactors: what acts when something was recorded, once and never in a replay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from refflow.events.event import StoredEvent


class ReactorContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a reactor works with: a `folder` of its own (it may not exist yet) and its configuration."""

    folder: Path
    config: msgspec.Struct | None = None


class Reactor(Protocol):
    """Acts on events, one at a time and in their order.

    After a crash an event may come a second time: `key` is the same then, for a far end that recognises it.
    """

    def react(self, event: StoredEvent, key: str, now: datetime) -> Sequence[Any]:
        """Act, and give the payloads of the events to record about it, of kinds that the plugin declares.

        What it raises leaves the event to be tried again later; the events behind it wait.
        """
        ...
