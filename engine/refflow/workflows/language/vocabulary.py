"""The names and functions that the expressions and templates of a workflow can use, with their types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from refflow.events.kinds import EventKind, Kinds

from ..expressions import (
    BOOL,
    DURATION,
    INSTANT,
    NUMBER,
    TEXT,
    UNKNOWN,
    Function,
    Record,
    Scope,
    Type,
    record_of,
)
from ..expressions.types import joined, optional
from .definition import Parameter, Variable
from .extensions import NONE, Extensions
from .facts import AskFacts, ContactFacts, OpeningFacts, OwnerFacts

SUBJECTS = ("contact", "opening")
IN_TEMPLATES = ("contact", "to", "opening", "ask", "me", "event", "params", "vars", "data", "loop", "now")
"""What a template can speak of."""
MANUAL = "run.wanted"
"""The kind of event that starts a workflow by hand."""

_SUBJECT_FACTS: Mapping[str, type[msgspec.Struct]] = {"contact": ContactFacts, "opening": OpeningFacts}

LOOP = Record("loop", {"index": NUMBER})

_PARAMETERS: Mapping[str, Type] = {"duration": DURATION, "number": NUMBER, "text": TEXT, "bool": BOOL}


def scope_for(
    events: Iterable[str],
    params: Mapping[str, Parameter | None],
    kinds: Kinds,
    subjects: Collection[str],
    loop: bool = False,
    key: Collection[str] | None = None,
    variables: Mapping[str, Variable | None] = MappingProxyType({}),
    extensions: Extensions = NONE,
) -> Scope:
    """What can be used where `event` is one of the kinds `events`, in a workflow about `subjects`.

    A field that only some of the kinds have may be missing; personal fields are left out. Without events
    there is no `event`. A kind that nobody knows makes `event` one about which nothing is wrong. A subject
    that is not in the `key` (None: all are) may be missing.
    """
    owner = _record(OwnerFacts, "owner")
    names: dict[str, Type] = {"me": owner, "now": INSTANT, "params": params_record(params)}
    for subject, struct in _SUBJECT_FACTS.items():
        if subject in subjects:
            record = _record(struct, subject)
            names[subject] = record if key is None or subject in key else optional(record)
    if set(SUBJECTS) <= set(subjects):
        ask = _record(AskFacts, "ask")
        names["ask"] = ask if key is None or set(SUBJECTS) <= set(key) else optional(ask)
    if variables:
        names["vars"] = vars_record(variables)
    if loop:
        names["loop"] = LOOP
    events = tuple(events)
    if events:
        known = kinds.by_name()
        names["event"] = event_type([known.get(kind) for kind in events])
    functions = {**extensions.functions, **{each.name: each for each in (_ACTIVE, _SENT)}}
    return Scope(names, functions, extensions.filters)


def params_record(params: Mapping[str, Parameter | None]) -> Record:
    """The type of `params`. Of one that is None, because it could not be read, nothing is wrong."""
    fields = {name: UNKNOWN if each is None else _PARAMETERS[each.type] for name, each in params.items()}
    return Record("params", fields)


def person_record(name: str) -> Record:
    """The type of a person that is spoken of as `name`."""
    return _record(ContactFacts, name)


def vars_record(variables: Mapping[str, Variable | None]) -> Record:
    """The type of `vars`. Of one that is None, because it could not be read, nothing is wrong."""
    fields = {
        name: UNKNOWN if each is None else optional(INSTANT) if each.type == "time" else _PARAMETERS[each.type]
        for name, each in variables.items()
    }
    return Record("vars", fields)


def event_type(kinds: Iterable[EventKind | None]) -> Type:
    """The type of an event that is of one of `kinds`."""
    records = []
    for kind in kinds:
        if kind is None:
            return UNKNOWN
        records.append(_plain_fields(kind))
    fields: dict[str, Type] = {}
    for name in dict.fromkeys(name for record in records for name in record):
        found = [record[name] for record in records if name in record]
        merged = _merged(found)
        if merged is not None:
            fields[name] = merged if len(found) == len(records) else optional(merged)
    return Record("event", fields)


def _merged(types: list[Type]) -> Type | None:
    merged: Type | None = types[0]
    for other in types[1:]:
        merged = None if merged is None else joined(merged, other)
    return merged


@cache
def _record(struct: type[msgspec.Struct], name: str) -> Record:
    return record_of(struct, name)


@cache
def _plain_fields(kind: EventKind) -> Mapping[str, Type]:
    record = record_of(kind.payload, "event")
    return {name: found for name, found in record.fields.items() if name not in kind.personal}


def _active(workflow: str, contact: Any, *, active: Callable[[str, Any], bool]) -> bool:
    """Whether a run of `workflow` with `contact` lives; only whoever holds the runs can say."""
    return active(workflow, contact)


_ACTIVE = Function("active", (TEXT, _record(ContactFacts, "contact")), BOOL, _active, needs=("active",))


def _sent(step: str, *, sent: Callable[[str], bool]) -> bool:
    """Whether the message of the send step `step` left."""
    return sent(step)


_SENT = Function("sent", (TEXT,), BOOL, _sent, needs=("sent",))
