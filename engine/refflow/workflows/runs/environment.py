"""What the expressions and templates of a run see at a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from refflow.events.event import StoredEvent, instant
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask, ask_id
from refflow.views.runs.run import Run

from ..durations import Duration, parse_duration
from ..language.definition import Definition
from ..language.facts import (
    AskFacts,
    ContactFacts,
    Facts,
    OpeningFacts,
    ask_facts,
    contact_facts,
    opening_facts,
    owner_facts,
)
from .turn import Turn


class Environment(Mapping[str, Any]):
    """Names with their values. Each is worked out when it is first read, since most never are: whoever has an
    environment asks it before anything more is recorded.
    """

    def __init__(self, made: Mapping[str, Callable[[], Any]]) -> None:
        self._made = made
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        known = self._known
        if name not in known:
            known[name] = self._made[name]()
        return known[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._known[name] = value

    def __iter__(self) -> Iterator[str]:
        return iter({**self._made, **self._known})

    def __len__(self) -> int:
        return len({**self._made, **self._known})


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
) -> Environment:
    """The names that `definition` may speak of, for these subjects and this event. `sends` has the message of
    each send step so far, `values` what the run gave its variables.
    """
    rows = turn.rows

    def person() -> ContactFacts | None:
        found = rows.get(Contact, contact) if contact else None
        return None if found is None else contact_facts(found, turn.now)

    def posting() -> OpeningFacts | None:
        found = rows.get(Opening, opening) if opening else None
        return None if found is None else opening_facts(found, turn.settings.calendar)

    def ask() -> AskFacts | None:
        about = env["contact"], env["opening"]
        return None if None in about else ask_facts(rows.get(Ask, ask_id(about[0].id, about[1].id)))

    env = Environment({
        "now": lambda: instant(turn.now),
        "calendar": lambda: turn.settings.calendar,
        "event": lambda: event_fields(turn, kind, event),
        "params": lambda: {name: parameter.default for name, parameter in definition.params.items()},
        "vars": lambda: _variables(definition, values),
        "loop": lambda: {"index": loop},
        "me": lambda: owner_facts(turn.settings),
        "contact": person,
        "opening": posting,
        "ask": ask,
        "active": lambda: lambda workflow, of: _active(turn, workflow, of),
        "sent": lambda: lambda step: _sent(turn, sends.get(step)),
        "facts": lambda: lambda: facts_of(env),
    })  # fmt: skip
    return env


def facts_of(env: Mapping[str, Any]) -> Facts:
    """What the pure part of a plugin may know, in the environment `env`."""
    return Facts(
        now=env["now"],
        me=env["me"],
        contact=env["contact"],
        opening=env["opening"],
        ask=env["ask"],
        event=env["event"],
    )


def run_environment(
    turn: Turn, run: Run, definition: Definition, loop: int = 0, about: StoredEvent | None = None
) -> Environment:
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
