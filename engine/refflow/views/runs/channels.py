"""What is known of a channel: whether answers by it are all in the log, and whether refflow is let into it."""

from __future__ import annotations

from typing import ClassVar

from refflow.events import runs as e
from refflow.events.event import StoredEvent

from ..projection import Handler, handles
from ..rows import Rows
from ..table import Row


class Inbox(Row, kw_only=True):
    """A channel by which answers come in. Until `checked_at` (microseconds UTC; 0 when it was never looked into)
    all of them are in the log; since `missed_at` it could not be looked into, for `reason`.
    """

    table: ClassVar[str] = "inbox"

    channel: str
    checked_at: int
    missed_at: int | None = None
    reason: str | None = None


class PausedChannel(Row, kw_only=True):
    """A channel that refflow is not let into, or whose `plugin` is not here or has failed."""

    table: ClassVar[str] = "paused_channel"

    channel: str
    since: int
    reason: str | None = None
    plugin: str | None = None


HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "inbox.checked")
def _inbox_checked(rows: Rows, event: StoredEvent, payload: e.InboxChecked) -> None:
    rows.put(payload.channel, Inbox(channel=payload.channel, checked_at=event.occurred_at))


@handles(HANDLERS, "inbox.missed")
def _inbox_missed(rows: Rows, event: StoredEvent, payload: e.InboxMissed) -> None:
    inbox = rows.get(Inbox, payload.channel) or Inbox(channel=payload.channel, checked_at=0)
    if payload.reason is not None:
        inbox.missed_at, inbox.reason = event.occurred_at, payload.reason
    rows.put(inbox.channel, inbox)


@handles(HANDLERS, "inbox.closed")
def _inbox_closed(rows: Rows, event: StoredEvent, payload: e.InboxClosed) -> None:
    rows.drop(Inbox, payload.channel)


@handles(HANDLERS, "channel.paused")
def _channel_paused(rows: Rows, event: StoredEvent, payload: e.ChannelPaused) -> None:
    rows.put(
        payload.channel,
        PausedChannel(
            channel=payload.channel,
            since=event.recorded_at,
            reason=payload.reason,
            plugin=payload.plugin,
        ),
    )


@handles(HANDLERS, "channel.resumed")
def _channel_resumed(rows: Rows, event: StoredEvent, payload: e.ChannelResumed) -> None:
    rows.drop(PausedChannel, payload.channel)
