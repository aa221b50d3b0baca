"""What the expressions and templates of a run see at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from refflow.events.event import instant
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask, ask_id
from refflow.views.runs import Run

from .definition import Definition
from .facts import Facts, ask_facts, contact_facts, opening_facts, owner_facts
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
) -> dict[str, Any]:
    """The names that `definition` may speak of, for these subjects and this event. `sends` has the message of
    each send step so far.
    """
    rows, settings = turn.rows, turn.settings
    env: dict[str, Any] = {
        "now": instant(turn.now),
        "calendar": settings.calendar,
        "event": event_fields(turn, kind, event),
        "params": {name: parameter.default for name, parameter in definition.params.items()},
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
    env["facts"] = lambda: facts_of(env)
    return env


def facts_of(env: Mapping[str, Any]) -> Facts:
    """What the pure part of a plugin may know, in the environment `env`."""
    return Facts(
        now=env["now"],
        me=env["me"],
        contact=env.get("contact"),
        opening=env.get("opening"),
        ask=env.get("ask"),
        event=env["event"],
    )


def run_environment(turn: Turn, run: Run, definition: Definition, loop: int = 0) -> dict[str, Any]:
    """The names that the steps of `run` may speak of."""
    return environment(
        turn,
        definition,
        contact=run.contact,
        opening=run.opening,
        kind=run.event_kind,
        event=run.event,
        loop=loop,
        sends=run.sends,
    )


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
