"""Reminders: what is to be done by when, given to plugins that show it elsewhere, such as in a calendar."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import msgspec

from refflow.effects.cursors import Cursor, Cursors
from refflow.errors import in_words
from refflow.events.event import instant, micros
from refflow.plugins.factories import resolve
from refflow.plugins.registry import Contribution
from refflow.plugins.reminder import Reminder, ReminderSink, SinkContext
from refflow.plugins.specs import ReminderSinkSpec
from refflow.views.debts import Debt
from refflow.views.runs.tasks import Task

from .contents import Contents


def remind(workspace: Contents, now: datetime) -> None:
    """Bring the reminders of every enabled sink in line. One that fails is tried again later."""
    for name, sink in workspace.host.effects.reminders.items():
        if sink.enabled:
            _remind(workspace, name, sink, now)


def sink_cursor(workspace: Contents, name: str) -> Cursor | None:
    """How the reminder sink of that name fared, if it ever failed."""
    return Cursors(workspace.connection).get(f"reminder:{name}")


def reminders(workspace: Contents) -> list[Reminder]:
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


def _remind(
    workspace: Contents, name: str, contribution: Contribution[ReminderSinkSpec], now: datetime
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
        # The error may quote somebody's data; the user sees it once, and only its type is kept.
        cursors.put(cursor.failed(type(error).__name__, micros(now)))
        workspace.warn(f"the reminders {name} failed and is tried again later: {in_words(error)}")
        return
    if cursor.attempts:
        cursors.put(cursor.at(0))


def _sink(workspace: Contents, contribution: Contribution[ReminderSinkSpec]) -> ReminderSink:
    context = SinkContext(
        folder=workspace.folder.outbox / contribution.plugin,
        config=workspace.configuration(contribution.plugin, contribution.spec.config),
    )
    made: ReminderSink = resolve(contribution.spec.factory)(context)
    return made


def _digest(reminder: Reminder) -> str:
    return sha256(msgspec.json.encode(reminder)).hexdigest()[:16]
