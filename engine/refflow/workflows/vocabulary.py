"""The names and functions that the expressions and templates of a workflow can use, with their types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from refflow.events.kinds import EventKind, Kinds

from .definition import Parameter
from .expressions import (
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
from .expressions.types import joined, optional
from .facts import AskFacts, ContactFacts, OpeningFacts, OwnerFacts

SUBJECTS = ("contact", "opening")
MANUAL = "run.wanted"
"""The kind of event that starts a workflow by hand."""

LOOP = Record("loop", {"index": NUMBER})

_PARAMETERS: Mapping[str, Type] = {"duration": DURATION, "number": NUMBER, "text": TEXT, "bool": BOOL}


def scope_for(
    events: Iterable[str],
    params: Mapping[str, Parameter],
    kinds: Kinds,
    subjects: Collection[str],
    loop: bool = False,
) -> Scope:
    """What can be used where `event` is one of the kinds `events`, in a workflow about `subjects`.

    A field that only some of the kinds have may be missing; personal fields are left out. Without events
    there is no `event`. A kind that nobody knows makes `event` one about which nothing is wrong.
    """
    names: dict[str, Type] = {"me": _record(OwnerFacts, "owner"), "now": INSTANT, "params": params_record(params)}
    if "contact" in subjects:
        names["contact"] = _record(ContactFacts, "contact")
    if "opening" in subjects:
        names["opening"] = _record(OpeningFacts, "opening")
    if set(SUBJECTS) <= set(subjects):
        names["ask"] = _record(AskFacts, "ask")
    if loop:
        names["loop"] = LOOP
    events = tuple(events)
    if events:
        names["event"] = event_type([kinds[kind] if kind in kinds else None for kind in events])
    return Scope(names, {_ACTIVE.name: _ACTIVE})


def params_record(params: Mapping[str, Parameter]) -> Record:
    """The type of `params`."""
    return Record("params", {name: _PARAMETERS[parameter.type] for name, parameter in params.items()})


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

