"""The settings, as the log last recorded them."""

from __future__ import annotations

from typing import Any, ClassVar

from refflow.events import runs as e
from refflow.events.event import StoredEvent

from ..projection import Handler, handles
from ..rows import Rows
from ..table import Row


class Settings(Row, kw_only=True):
    """The workspace's settings, as the log last recorded them."""

    table: ClassVar[str] = "settings"

    id: str
    digest: str
    settings: dict[str, Any]


HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "settings.changed")
def _settings(rows: Rows, event: StoredEvent, payload: e.SettingsChanged) -> None:
    rows.put("settings", Settings(id="settings", digest=payload.digest, settings=payload.settings))
