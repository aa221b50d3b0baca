"""Inboxes: what came in by the channels that answers come by, looked at before anything leaves by itself.

A look goes over a network, so it is made before anybody else is kept from writing, and waited for some seconds
only. While an inbox cannot be looked into, whatever would leave by itself is held.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from refflow.contacts.records import ImportReport, Interaction
from refflow.effects.cursors import Cursor, Cursors
from refflow.errors import in_words
from refflow.events.event import instant, micros
from refflow.events.openings import ReplyReceived
from refflow.events.runs import InboxMissed
from refflow.views.messages import Message
from refflow.views.runs.channels import Inbox

from .contents import Contents

PATIENCE = 10.0
"""Seconds for which a command waits that has something else to do."""
OVERLAP = timedelta(days=1)
"""How far a look goes back behind the last: clocks differ, and some servers know only days."""


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that came in by a channel, such as an answer, and when it happened."""

    payload: Any
    occurred_at: datetime


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What a look into the inbox of a channel came to: `new` messages of people in the network, `answers` to
    messages of refflow's among them, `strangers` from people who are not. `failed` says why it could not be made.
    """

    channel: str
    new: int = 0
    answers: int = 0
    strangers: int = 0
    failed: str | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel told: what came in, or what kept it from being looked into."""

    channel: str
    records: tuple[Interaction, ...] = ()
    failed: Exception | None = None


def inboxes(workspace: Contents) -> dict[str, Callable[[], Any]]:
    """The channels by which answers come in, each with what makes it."""
    return {name: make for name, (spec, make) in workspace.channels().items() if "receive" in spec.can}


def stale(workspace: Contents, now: datetime) -> list[str]:
    """The channels into whose inbox nobody has looked lately, but for those that just failed."""
    found = inboxes(workspace)
    if not found:
        return []
    settings = workspace.settings
    earliest = micros(settings.calendar.subtract(now, settings.max_stale))
    cursors = Cursors(workspace.connection)
    names = []
    for name in found:
        inbox = workspace.views.get(Inbox, name)
        cursor = cursors.get(f"inbox:{name}")
        if (inbox is None or inbox.checked_at < earliest) and (
            cursor is None or not cursor.pauses(micros(now))
        ):
            names.append(name)
    return names


def holding(workspace: Contents, now: datetime) -> bool:
    """Whether a message is held for want of a look that can be made now."""
    held = workspace.views.query(Message, "status = 'held' AND rule = 'inbox_stale' LIMIT 1")
    return bool(held and stale(workspace, now))


def look(workspace: Contents, channels: Iterable[str], now: datetime, patience: float) -> list[Look]:
    """What came in by these channels since the last look; all are asked at once, for so many seconds."""
    known = inboxes(workspace)
    looking = [_Looking(workspace, name, known[name], now) for name in channels]
    deadline = time.monotonic() + patience
    for each in looking:
        each.start()
    for each in looking:
        each.join(max(0.0, deadline - time.monotonic()))
    return [each.result(patience) for each in looking]


def open_inboxes(workspace: Contents, record: Callable[[Any, str], object]) -> None:
    """Note that there is an inbox where one was never looked into: what it holds may be an answer."""
    for name in inboxes(workspace):
        if workspace.views.get(Inbox, name) is None:
            record(InboxMissed(channel=name), f"channel:{name}")


def incoming(
    workspace: Contents, looks: Sequence[Look], now: datetime
) -> tuple[dict[str, list[Incoming]], list[Received]]:
    """The facts that successful looks lead to, by channel, and what every look came to."""
    facts: dict[str, list[Incoming]] = {}
    told = []
    for each in looks:
        if each.failed is not None:
            told.append(Received(channel=each.channel, failed=in_words(each.failed)))
            continue
        found, strangers = _facts(workspace, each, now)
        answers = sum(isinstance(fact.payload, ReplyReceived) for fact in found)
        new = len(found) - answers
        told.append(Received(channel=each.channel, new=new, answers=answers, strangers=strangers))
        facts[each.channel] = found
    return facts, told


def note_failures(
    workspace: Contents, looks: Sequence[Look], now: datetime, record: Callable[[Any, str], object]
) -> None:
    """Keep which inboxes could not be looked into. The log hears of it once, until a look succeeds."""
    cursors = Cursors(workspace.connection)
    for each in looks:
        name = f"inbox:{each.channel}"
        cursor = cursors.get(name) or Cursor(name=name)
        if each.failed is None:
            if cursor.attempts:
                cursors.put(cursor.at(0))
            continue
        cursors.put(cursor.failed(type(each.failed).__name__, micros(now)))
        reason = in_words(each.failed)
        inbox = workspace.views.get(Inbox, each.channel)
        if inbox is None or inbox.missed_at is None:
            record(InboxMissed(channel=each.channel, reason=reason), f"channel:{each.channel}")
        workspace.warn(
            f"the inbox of {each.channel} could not be looked into, so nothing leaves by itself: {reason}"
        )


class _Looking(threading.Thread):
    """A look into one inbox. It is given up with the process when it never ends."""

    def __init__(self, workspace: Contents, name: str, make: Callable[[], Any], now: datetime) -> None:
        super().__init__(daemon=True)
        self._channel = name
        self._since = _since(workspace, name, now)
        self._made: Any = None
        self._look: Look | None = None
        try:
            self._made = make()
        except Exception as error:
            self._look = Look(channel=name, failed=error)

    def run(self) -> None:
        if self._look is not None:
            return
        try:
            records = tuple(self._made.receive(self._since))
            for each in records:
                if not isinstance(each, Interaction):
                    raise TypeError(f"it gave a {type(each).__name__}, not an Interaction")
            self._look = Look(channel=self._channel, records=records)
        except Exception as error:
            self._look = Look(channel=self._channel, failed=error)

    def result(self, patience: float) -> Look:
        """What it came to by now."""
        late = TimeoutError(f"no answer within {patience:g} seconds")
        return self._look or Look(channel=self._channel, failed=late)


def _since(workspace: Contents, channel: str, now: datetime) -> datetime:
    inbox = workspace.views.get(Inbox, channel)
    if inbox is not None and inbox.checked_at:
        return instant(inbox.checked_at) - OVERLAP
    first = workspace.event(1)
    return (now if first is None else instant(first.recorded_at)) - OVERLAP


def _facts(workspace: Contents, found: Look, now: datetime) -> tuple[list[Incoming], int]:
    # What an import does with messages is done with these; it takes long to import.
    from .difference import Difference

    moment = micros(now)
    difference = Difference(workspace, workspace.turn(moment), found.channel, ImportReport(), moment)
    facts = [
        Incoming(payload=payload, occurred_at=instant(at)) for payload, at in difference.events(found.records)
    ]
    return facts, sum(difference.unmatched.values())
