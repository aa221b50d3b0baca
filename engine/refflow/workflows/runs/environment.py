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
    """The names that `definition` may speak of, for these subjects and this event. `sends` has the message of
    each send step so far, `values` what the run gave its variables.

    Each is worked out when it is first read, since most never are: whoever has an environment asks it before
    anything more is recorded.
    """

    def __init__(
        self,
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
    ) -> None:
        self.turn = turn
        self.definition = definition
        self.contact = contact
        self.opening = opening
        self.kind = kind
        self.event = event
        self.loop = loop
        self.sends = sends
        self.given = values
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        known = self._known
        if name not in known:
            known[name] = _NAMES[name](self)
        return known[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._known[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self._known or name in _NAMES

    def __iter__(self) -> Iterator[str]:
        return iter({**_NAMES, **self._known})

    def __len__(self) -> int:
        return len({**_NAMES, **self._known})


def _person(env: Environment) -> ContactFacts | None:
    found = env.turn.rows.get(Contact, env.contact) if env.contact else None
    return None if found is None else contact_facts(found, env.turn.now)


def _posting(env: Environment) -> OpeningFacts | None:
    found = env.turn.rows.get(Opening, env.opening) if env.opening else None
    return None if found is None else opening_facts(found, env.turn.settings.calendar)


def _ask(env: Environment) -> AskFacts | None:
    contact, opening = env["contact"], env["opening"]
    if contact is None or opening is None:
        return None
    return ask_facts(env.turn.rows.get(Ask, ask_id(contact.id, opening.id)))


_NAMES: dict[str, Callable[[Environment], Any]] = {
    "now": lambda env: instant(env.turn.now),
    "calendar": lambda env: env.turn.settings.calendar,
    "event": lambda env: event_fields(env.turn, env.kind, env.event),
    "params": lambda env: {name: parameter.default for name, parameter in env.definition.params.items()},
    "vars": lambda env: _variables(env.definition, env.given),
    "loop": lambda env: {"index": env.loop},
    "me": lambda env: owner_facts(env.turn.settings),
    "contact": _person,
    "opening": _posting,
    "ask": _ask,
    "active": lambda env: lambda workflow, of: _active(env.turn, workflow, of),
    "sent": lambda env: lambda step: _sent(env.turn, env.sends.get(step)),
    "facts": lambda env: lambda: facts_of(env),
}


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
    return Environment(
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
