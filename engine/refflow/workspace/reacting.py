"""Reactors: what plugins do outside once something was recorded. Never part of a replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from refflow.effects.cursors import Cursor, Cursors
from refflow.effects.reactor import Reactor, ReactorContext
from refflow.errors import RefflowError, in_words
from refflow.events.event import Opaque, StoredEvent, micros
from refflow.plugins.factories import resolve
from refflow.plugins.registry import Contribution
from refflow.plugins.specs import ReactorSpec
from refflow.views.store import voided_positions

from .contents import Contents

Record = Callable[[Sequence[Any], str, int | None, datetime, Callable[[], None]], None]
"""Records payloads: who tells them, the position of the event that caused them, the time, and what is to be
written in the same transaction.
"""


def begin(workspace: Contents) -> None:
    """Set reactors that are newly enabled to where they begin, before anything is recorded."""
    for name, contribution in workspace.host.effects.reactors.items():
        if contribution.enabled and reactor_cursor(workspace, name) is None:
            start = workspace.log.head() if contribution.spec.start == "now" else 0
            Cursors(workspace.connection).put(Cursor(name=f"reactor:{name}", position=start))


def react(workspace: Contents, now: datetime, record: Record) -> None:
    """Let every enabled reactor act on what was recorded up to now, and record what it tells.

    One that fails is tried again later, and costs nothing else. What reactors record is acted on next time,
    so that two of them cannot keep each other going for ever.
    """
    head = workspace.log.head()
    for name, contribution in workspace.host.effects.reactors.items():
        if contribution.enabled:
            _Work(workspace, name, contribution, now).go_on(head, record)


def waiting(workspace: Contents, now: datetime) -> bool:
    """Whether some enabled reactor has events before it that it may try now."""
    enabled = [name for name, each in workspace.host.effects.reactors.items() if each.enabled]
    if not enabled:
        return False
    head, moment = workspace.log.head(), micros(now)
    cursors = (reactor_cursor(workspace, name) for name in enabled)
    return any(each is None or (each.position < head and not each.pauses(moment)) for each in cursors)


def reactor_cursor(workspace: Contents, name: str) -> Cursor | None:
    """How far the reactor of that name has come, if it was ever run."""
    return Cursors(workspace.connection).get(f"reactor:{name}")


class _Work:
    """The work of one reactor, from where it has come to."""

    def __init__(
        self, workspace: Contents, name: str, contribution: Contribution[ReactorSpec], now: datetime
    ) -> None:
        self._workspace = workspace
        self._name = name
        self._contribution = contribution
        self._now = now
        self._cursors = Cursors(workspace.connection)

    def go_on(self, head: int, record: Record) -> None:
        """Act on the events up to `head`, unless it failed a moment ago."""
        cursor = reactor_cursor(self._workspace, self._name)
        if cursor is None or cursor.position >= head or cursor.pauses(micros(self._now)):
            return
        spec, log = self._contribution.spec, self._workspace.log
        voided, reactor = voided_positions(log), None
        try:
            for page in log.read(after=cursor.position, until=head, kinds=spec.handles):
                for event in page:
                    if event.position in voided or isinstance(event.payload, Opaque):
                        continue
                    reactor = reactor or self._made()
                    payloads = self._told(reactor, event)
                    done = cursor.at(event.position)
                    self._done(event, payloads, done, record)
                    cursor = done
        except Exception as error:
            # The error may quote somebody's data; the user sees it once, and only its type is kept.
            self._cursors.put(cursor.failed(type(error).__name__, micros(self._now)))
            what = f"the reactor {self._name} failed and is tried again later"
            self._workspace.warn(f"{what}: {in_words(error)}")
            return
        self._cursors.put(cursor.at(head))

    def _made(self) -> Reactor:
        plugin, spec = self._contribution.plugin, self._contribution.spec
        context = ReactorContext(
            folder=self._workspace.folder.outbox / plugin,
            config=self._workspace.configuration(plugin, spec.config),
        )
        made: Reactor = resolve(spec.factory)(context)
        return made

    def _told(self, reactor: Reactor, event: StoredEvent) -> list[Any]:
        """What the reactor wants recorded after `event`: events of its own plugin."""
        key = f"{self._workspace.id}/{self._name}/{event.position}"
        payloads = list(reactor.react(event, key, self._now))
        for payload in payloads:
            kind = self._workspace.kinds.of(payload).name
            if not kind.startswith(f"{self._contribution.plugin}."):
                raise RefflowError(f"it may not record {kind}, which is not its own")
        return payloads

    def _done(self, event: StoredEvent, payloads: list[Any], cursor: Cursor, record: Record) -> None:
        move = partial(self._cursors.put, cursor)
        if payloads:
            by = f"plugin:{self._contribution.distribution}@{self._contribution.version}"
            record(payloads, by, event.position, self._now, move)
        else:
            move()
