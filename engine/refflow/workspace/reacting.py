"""Reactors and reminders: what plugins do outside once something was recorded. Never part of a replay."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from refflow.effects.cursors import Cursor, Cursors
from refflow.effects.reactor import Reactor, ReactorContext
from refflow.errors import RefflowError
from refflow.events.event import Opaque, StoredEvent, instant, micros
from refflow.plugins.factories import resolve
from refflow.plugins.registry import Contribution
from refflow.plugins.reminder import Reminder, ReminderSink, SinkContext
from refflow.plugins.specs import ReactorSpec, ReminderSinkSpec
from refflow.views.debts import Debt
from refflow.views.runs.tasks import Task
from refflow.views.store import voided_positions

if TYPE_CHECKING:
    from .workspace import Workspace


def begin(workspace: Workspace) -> None:
    """Set reactors that are newly enabled to where they begin, before anything is recorded."""
    for name, contribution in workspace.host.effects.reactors.items():
        if contribution.enabled and reactor_cursor(workspace, name) is None:
            start = workspace.log.head() if contribution.spec.start == "now" else 0
            Cursors(workspace.connection).put(Cursor(name=f"reactor:{name}", position=start))


def react(workspace: Workspace, now: datetime) -> None:
    """Let every enabled reactor act on what was recorded up to now, then bring every sink's reminders in line.

    One that fails is tried again later, and costs nothing else. What reactors record is acted on next time,
    so that two of them cannot keep each other going for ever.
    """
    head = workspace.log.head()
    for name, contribution in workspace.host.effects.reactors.items():
        if contribution.enabled:
            _react(workspace, name, contribution, head, now)
    for name, sink in workspace.host.effects.reminders.items():
        if sink.enabled:
            _remind(workspace, name, sink, now)


def waiting(workspace: Workspace, now: datetime) -> bool:
    """Whether some enabled reactor has events before it that it may try now."""
    enabled = [name for name, each in workspace.host.effects.reactors.items() if each.enabled]
    if not enabled:
        return False
    head, moment = workspace.log.head(), micros(now)
    cursors = (reactor_cursor(workspace, name) for name in enabled)
    return any(each is None or (each.position < head and not each.pauses(moment)) for each in cursors)


def reactor_cursor(workspace: Workspace, name: str) -> Cursor | None:
    """How far the reactor of that name has come, if it was ever run."""
    return Cursors(workspace.connection).get(f"reactor:{name}")


def sink_cursor(workspace: Workspace, name: str) -> Cursor | None:
    """How the reminder sink of that name fared, if it ever failed."""
    return Cursors(workspace.connection).get(f"reminder:{name}")


def _react(
    workspace: Workspace, name: str, contribution: Contribution[ReactorSpec], head: int, now: datetime
) -> None:
    cursors, spec = Cursors(workspace.connection), contribution.spec
    cursor = reactor_cursor(workspace, name)
    if cursor is None or cursor.position >= head or cursor.pauses(micros(now)):
        return
    voided, reactor = voided_positions(workspace.log), None
    try:
        for page in workspace.log.read(after=cursor.position, until=head, kinds=spec.handles):
            for event in page:
                if event.position in voided or isinstance(event.payload, Opaque):
                    continue
                reactor = reactor or _reactor(workspace, contribution)
                payloads = _payloads(workspace, contribution, reactor, name, event, now)
                cursor = cursor.at(event.position)
                _record(workspace, contribution, payloads, event, cursor, now)
    except Exception as error:
        _failed(workspace, cursor, f"the reactor {name}", error, now)
        return
    cursors.put(cursor.at(head))


def _reactor(workspace: Workspace, contribution: Contribution[ReactorSpec]) -> Reactor:
    context = ReactorContext(
        folder=workspace.folder.outbox / contribution.plugin,
        config=workspace.configuration(contribution.plugin, contribution.spec.config),
    )
    made: Reactor = resolve(contribution.spec.factory)(context)
    return made


def _payloads(
    workspace: Workspace,
    contribution: Contribution[ReactorSpec],
    reactor: Reactor,
    name: str,
    event: StoredEvent,
    now: datetime,
) -> list[Any]:
    key = f"{workspace.id}/{name}/{event.position}"
    payloads = list(reactor.react(event, key, now))
    for payload in payloads:
        kind = workspace.kinds.of(payload).name
        if not kind.startswith(f"{contribution.plugin}."):
            raise RefflowError(f"it may not record {kind}, which is not its own")
    return payloads


def _record(
    workspace: Workspace,
    contribution: Contribution[ReactorSpec],
    payloads: list[Any],
    event: StoredEvent,
    cursor: Cursor,
    now: datetime,
) -> None:
    cursors = Cursors(workspace.connection)
    if not payloads:
        cursors.put(cursor)
        return
    by = f"plugin:{contribution.distribution}@{contribution.version}"
    workspace.record(payloads, by, event.position, now, within=lambda: cursors.put(cursor))


def _remind(
    workspace: Workspace, name: str, contribution: Contribution[ReminderSinkSpec], now: datetime
) -> None:
    cursors = Cursors(workspace.connection)
    cursor = sink_cursor(workspace, name) or Cursor(name=f"reminder:{name}")
    if cursor.pauses(micros(now)):
        return
    wanted = {reminder.uid: reminder for reminder in reminders(workspace)}
    given = cursors.reminders(name)
    digests = {uid: _digest(reminder) for uid, reminder in wanted.items()}
    changed = [uid for uid, digest in digests.items() if given.get(uid) != digest]
    gone = [uid for uid in given if uid not in wanted]
    if not changed and not gone:
        return
    try:
        sink = _sink(workspace, contribution)
        for uid in changed:
            sink.upsert(wanted[uid])
            cursors.given(name, uid, digests[uid])
        for uid in gone:
            sink.cancel(uid)
            cursors.given(name, uid, None)
    except Exception as error:
        _failed(workspace, cursor, f"the reminders {name}", error, now)
        return
    if cursor.attempts:
        cursors.put(cursor.at(0))


def reminders(workspace: Workspace) -> list[Reminder]:
    """What is to be done by when: open tasks and unpaid debts, by uid."""
    zone = ZoneInfo(workspace.settings.zone)
    found = [
        Reminder(
            uid=f"{task.id}.{workspace.id}@refflow",
            title=f"{task.assignee}: {task.title}" if task.assignee else task.title,
            due=instant(task.due).astimezone(zone),
            note=task.help or "",
        )
        for task in workspace.views.find(Task, status="open")
    ]
    found += [
        Reminder(
            uid=f"{debt.name}.{workspace.id}@refflow",
            title=f"You owe {debt.what} ({debt.name})",
            due=instant(debt.due).astimezone(zone),
        )
        for debt in workspace.views.find(Debt, settled_at=None)
    ]
    return sorted(found, key=lambda reminder: reminder.uid)


def _sink(workspace: Workspace, contribution: Contribution[ReminderSinkSpec]) -> ReminderSink:
    context = SinkContext(
        folder=workspace.folder.outbox / contribution.plugin,
        config=workspace.configuration(contribution.plugin, contribution.spec.config),
    )
    made: ReminderSink = resolve(contribution.spec.factory)(context)
    return made


def _failed(workspace: Workspace, cursor: Cursor, what: str, error: Exception, now: datetime) -> None:
    # The error may quote somebody's data; the user sees it once, and only its type is kept.
    reason = str(error) if isinstance(error, RefflowError) else f"{type(error).__name__}: {error}"
    Cursors(workspace.connection).put(cursor.failed(type(error).__name__, micros(now)))
    workspace.warn(f"{what} failed and is tried again later: {reason}")


def _digest(reminder: Reminder) -> str:
    return sha256(msgspec.json.encode(reminder)).hexdigest()[:16]
