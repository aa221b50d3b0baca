"""What the expressions and templates of a run see at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from refflow.events.event import StoredEvent, instant
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask, ask_id
from refflow.views.runs import Run

from .definition import Definition
from .durations import Duration, parse_duration
from .facts import ask_facts, contact_facts, opening_facts, owner_facts
from .turn import Turn


def environment(
    turn: Turn,
    definition: Definition,
    *,
    contact: str | None,
    opening: str | None,
    kind: str,
    event: dict[str, Any],
    loop: int = 0,
    sends: Mapping[str, str] = MappingProxyType({}),
    values: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The names that `definition` may speak of, for these subjects and this event. `sends` has the message of
    each send step so far, `values` what the run gave its variables.
    """
    rows, settings = turn.rows, turn.settings
    env: dict[str, Any] = {
        "now": instant(turn.now),
        "calendar": settings.calendar,
        "event": event_fields(turn, kind, event),
        "params": {name: parameter.default for name, parameter in definition.params.items()},
        "vars": _variables(definition, values),
        "loop": {"index": loop},
        "me": owner_facts(settings),
        "active": lambda workflow, of: _active(turn, workflow, of),
        "sent": lambda step: _sent(turn, sends.get(step)),
    }
    env |= dict.fromkeys((*definition.subject, "ask"))
    person = rows.get(Contact, contact) if contact else None
    posting = rows.get(Opening, opening) if opening else None
    if person is not None:
        env["contact"] = contact_facts(person, turn.now)
    if posting is not None:
        env["opening"] = opening_facts(posting)
    if person is not None and posting is not None:
        env["ask"] = ask_facts(rows.get(Ask, ask_id(person.id, posting.id)))
    return env


def run_environment(
    turn: Turn, run: Run, definition: Definition, loop: int = 0, about: StoredEvent | None = None
) -> dict[str, Any]:
    """The names that the steps of `run` may speak of, where `event` is `about` or what it last took up."""
    return environment(
        turn,
        definition,
        contact=run.contact,
        opening=run.opening,
        kind=run.event_kind if about is None else about.kind,
        event=run.event if about is None else turn.plain(about),
        loop=loop,
        sends=run.sends,
        values=run.vars,
    )


def _variables(definition: Definition, values: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a run, as expressions know them: the log writes durations and times as texts."""
    found: dict[str, Any] = {}
    for name, variable in definition.vars.items():
        value = values.get(name, variable.default)
        if variable.type == "duration" and isinstance(value, str):
            value = parse_duration(value)
        elif variable.type == "time" and isinstance(value, str):
            value = datetime.fromisoformat(value)
        found[name] = value
    return found


def plain_value(value: Any) -> Any:
    """A value of a variable as the log writes it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Duration) else value


def event_fields(turn: Turn, kind: str, event: dict[str, Any]) -> dict[str, Any]:
    """The plain fields of an event with the types its kind declares."""
    if kind not in turn.kinds:
        return event
    payload = msgspec.convert(event, turn.kinds[kind].payload, strict=False)
    return {name: getattr(payload, name) for name in payload.__struct_fields__}


def _active(turn: Turn, workflow: str, contact: Any) -> bool:
    contact_id = contact if isinstance(contact, str) else contact.id
    live = turn.rows.find(Run, contact=contact_id, status="live")
    return any(run.workflow == workflow for run in live)


def _sent(turn: Turn, message: str | None) -> bool:
    row = turn.rows.get(Message, message) if message else None
    return row is not None and row.sent_at is not None
