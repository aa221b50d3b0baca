"""History: the events of the log, all or those about one thing, and each in a line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from refflow.errors import NotFound
from refflow.events.event import Opaque, StoredEvent
from refflow.events.kinds import Kinds
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.views.store import voided_positions
from refflow.views.timeline import Happening

from .workspace import Workspace

_SUBJECTS: dict[str, tuple[str, Any]] = {
    "c": ("contact", Contact),
    "o": ("opening", Opening),
    "r": ("run", Run),
}

_HIDDEN = frozenset({
    "name", "first_name", "last_name", "keys", "emails", "url", "text", "subject", "body", "digest", "definition",
    "settings", "event", "identity", "line", "note", "title", "help", "how", "hash",
})  # fmt: skip


def events(
    workspace: Workspace,
    *,
    after: int = 0,
    kinds: list[str] | None = None,
    subject: str | None = None,
    effective: bool = False,
) -> Iterator[StoredEvent]:
    """The events of the log in their order; of `kinds`, or about `subject` (an id). `effective` leaves out
    those that were taken back.
    """
    voided = voided_positions(workspace.log) if effective else frozenset()
    if subject is None:
        for page in workspace.log.read(after=after, kinds=kinds):
            yield from (event for event in page if event.position not in voided)
        return
    for position in _positions(workspace, subject):
        event = workspace.event(position)
        if event is None or position <= after or position in voided:
            continue
        if kinds is None or event.kind in kinds:
            yield event


def _positions(workspace: Workspace, subject: str) -> list[int]:
    views = workspace.views
    if subject.startswith("m") and (message := views.get(Message, subject)) is not None:
        found = views.find(Happening, run=message.run)
        return [each.position for each in found if _names(workspace.event(each.position), "message", subject)]
    if subject.startswith("t") and (task := views.get(Task, subject)) is not None:
        found = views.find(Happening, run=task.run)
        return [each.position for each in found if _names(workspace.event(each.position), "task", subject)]
    if (ask := views.get(Ask, subject)) is not None:
        found = views.find(Happening, contact=ask.contact)
        return [each.position for each in found if each.opening in (ask.opening, None)]
    field, row = _SUBJECTS.get(subject[:1], ("", None))
    if row is None or views.get(row, subject) is None:
        raise NotFound(
            f"`{subject}` is the id of nothing here. Ids are shown by `refflow next` and `refflow board`."
        )
    return [each.position for each in views.find(Happening, **{field: subject})]


def _names(event: StoredEvent | None, field: str, value: str) -> bool:
    return event is not None and getattr(event.payload, field, None) == value


def describe(event: StoredEvent, kinds: Kinds) -> str:
    """An event in a line, without anything personal: its fields as the log has them."""
    return describe_payload(event.payload, kinds)


def describe_payload(payload: Any, kinds: Kinds) -> str:
    """The fields of a payload in a line, without anything personal."""
    if isinstance(payload, Opaque):
        return f"(unknown kind) {payload.data[:120]}"
    shown, kind = [], kinds.of(payload)
    # What a plugin calls its fields nobody here knows: it says itself which of them are personal.
    hidden = _HIDDEN | kind.personal if kind.foreign else _HIDDEN
    for name in payload.__struct_fields__:
        value = getattr(payload, name)
        if value not in (None, (), {}, "") and name not in hidden:
            shown.append(f"{name}={_short(value)}")
    return " ".join(shown)


def _short(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%MZ}"
    text = str(msgspec.to_builtins(value))
    return text if len(text) <= 90 else f"{text[:87]}..."
