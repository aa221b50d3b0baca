"""Events and people that are made up: what a simulation or a test says happens, with all that it leaves out."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any, Literal, get_args, get_origin, get_type_hints
from weakref import WeakKeyDictionary

import msgspec

from refflow.contacts.companies import company_key
from refflow.errors import RefflowError, UsageError
from refflow.events.event import instant
from refflow.events.kinds import EventKind
from refflow.spelling import did_you_mean
from refflow.views.contacts import Contact
from refflow.views.openings import Opening

from ..durations import parse_duration
from ..language.calendar import Calendar
from ..language.definition import Definition, Match, Source
from ..language.library import Accepted, Library

SUBJECT_FIELDS = frozenset({"contact", "referrer", "opening", "run", "message", "task"})
DAY = 86_400_000_000

Fields = Mapping[str, Any]


class MadeUpContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact that is made up. `warmth` is how strong the tie is when the story begins."""

    name: str = "Ana Sample"
    first_name: str | None = None
    company: str | None = "Acme"
    title: str | None = "Engineer"
    email: str | None = "ana@example.org"
    zone: str | None = None
    channel: str | None = None
    relation: str | None = None
    warmth: Literal["close", "warm", "dormant", "cold"] = "warm"
    do_not_contact: bool = False


class MadeUpOpening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An opening that is made up."""

    title: str = "Engineer"
    company: str = "Acme"
    url: str | None = "https://example.org/opening"
    submit: str | None = "the form"
    programme: str | None = None
    requisition: str | None = None
    location: str | None = None
    status: Literal["open", "closed"] = "open"
    applied: Literal["applied", "interview", "offer", "rejected", "withdrawn"] | None = None
    deadline: date | None = None


def contact_row(person: MadeUpContact, key: str, now: int) -> Contact:
    """The row of a made-up contact, whose tie is as strong as it says at `now` (microseconds since 1970 UTC)."""
    row = Contact(
        id=key,
        name=person.name,
        first_name=person.first_name or person.name.split(" ")[0],
        email=person.email,
        company=company_key(person.company) if person.company else None,
        company_name=person.company,
        title=person.title,
        zone=person.zone,
        channel=person.channel,
        relation=person.relation,
        source="made up",
        blocked=person.do_not_contact,
    )
    match person.warmth:
        case "close":
            row.last_in, row.received, row.sent = now - 30 * DAY, 20, 20
        case "warm":
            row.last_in, row.received, row.sent = now - 200 * DAY, 2, 2
        case "dormant":
            row.last_in, row.received, row.sent = now - 1200 * DAY, 2, 2
    return row


def opening_row(posting: MadeUpOpening, key: str) -> Opening:
    """The row of a made-up opening."""
    return Opening(
        id=key,
        title=posting.title,
        company=company_key(posting.company),
        company_name=posting.company,
        url=posting.url,
        submit=posting.submit,
        programme=posting.programme,
        requisition=posting.requisition,
        location=posting.location,
        status=posting.status,
        applied=posting.applied,
        deadline=None if posting.deadline is None else posting.deadline.isoformat(),
        source="made up",
    )


def event_of(
    kind: EventKind, given: Fields, *, contact: str | None, opening: str | None, now: int, calendar: Calendar
) -> Any:
    """A payload of `kind` about these subjects at `now`; `given` has what it says besides. A field for a time
    takes a duration from now. Raises `UsageError` for what does not fit.
    """
    hints, fields = _hints(kind.payload), _fields(kind.payload)
    own = {"contact": contact, "referrer": contact, "opening": opening}
    values: dict[str, Any] = {}
    for name in given:
        if name not in hints:
            said = ", ".join(f"`{each.name}`" for each in fields) or "nothing"
            hint = did_you_mean(name, hints) or f"it says {said}."
            raise UsageError(f"`{kind.name}` has no `{name}`; {hint}")
    for field in fields:
        if field.name in given:
            values[field.name] = _from_text(given[field.name], hints[field.name], now, calendar)
        elif own.get(field.name) is not None:
            values[field.name] = own[field.name]
        elif field.required:
            candidates = [each for each in _candidates(hints[field.name], now, ()) if each is not None]
            if not candidates:
                raise UsageError(f"`{kind.name}` needs `{field.name}`: say which.")
            values[field.name] = candidates[0]
    try:
        return msgspec.convert(values, kind.payload, strict=False)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$.")
        named = path.rstrip("`")
        options = get_args(hints[named]) if get_origin(hints.get(named)) is Literal else ()
        possible = f" Possible: {', '.join(map(str, options))}." if options else ""
        raise UsageError(f"`{named or kind.name}` of `{kind.name}`: {said}.{possible}") from error


def variants(library: Library, accepted: Accepted, kind: EventKind, now: int) -> Iterator[dict[str, Any]]:
    """What an event of `kind` can say that makes a difference to the definition: a value for each field that it
    reads, in every combination.
    """
    read = _fields_read(library, accepted, kind.name)
    hints = _hints(kind.payload)
    fields = sorted(name for name in read if name in hints and name not in SUBJECT_FIELDS)
    choices = [list(_candidates(hints[name], now, read[name])) for name in fields]
    for values in product(*choices):
        yield {name: value for name, value in zip(fields, values, strict=True) if value is not None}


def sources_of(part: Any) -> Iterator[Source]:
    """Every expression and text in a piece of a definition."""
    if isinstance(part, Source):
        yield part
    elif isinstance(part, msgspec.Struct):
        for name in part.__struct_fields__:
            yield from sources_of(getattr(part, name))
    elif isinstance(part, Mapping):
        for each in part.values():
            yield from sources_of(each)
    elif isinstance(part, tuple):
        for each in part:
            yield from sources_of(each)


def _fields_read(library: Library, accepted: Accepted, kind: str) -> dict[str, list[str]]:
    """The fields of `event` that the definition reads where it is of `kind`, each with the texts it may be held
    against.
    """
    known = _READ.setdefault(library, {})
    if (accepted.hash, kind) not in known:
        known[accepted.hash, kind] = _find_fields_read(library, accepted, kind)
    return known[accepted.hash, kind]


_READ: WeakKeyDictionary[Library, dict[tuple[str, str], dict[str, list[str]]]] = WeakKeyDictionary()


def _find_fields_read(library: Library, accepted: Accepted, kind: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source in sources_of(accepted.definition):
        if kind not in source.events:
            continue
        try:
            expression = library.expression(accepted, source)
        except RefflowError:  # a text for people, not an expression
            continue
        for ref in expression.refs:
            root, _, field = ref.partition(".")
            if root == "event" and field:
                found.setdefault(field.split(".")[0], []).extend(_texts_in(source.text))
    for path, case in sorted(_cases(accepted.definition, kind)):
        root, _, field = path.partition(".")
        if root == "event":
            found.setdefault(field, []).append(case)
    return found


def _cases(definition: Definition, kind: str) -> set[tuple[str, str]]:
    return {
        (step.value.text, case)
        for step in definition.program
        if isinstance(step, Match) and kind in step.value.events
        for case in step.cases
    }


@cache
def _hints(payload: type[msgspec.Struct]) -> dict[str, Any]:
    return get_type_hints(payload)


@cache
def _fields(payload: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(payload)


def _texts_in(text: str) -> list[str]:
    return text.split('"')[1::2]


def _candidates(annotation: Any, now: int, texts: typing.Iterable[str]) -> Iterator[Any]:
    """Values of a type between which a workflow can tell. None: it is not given."""
    origin = get_origin(annotation)
    if origin is Literal:
        yield from get_args(annotation)
    elif origin in (typing.Union, types.UnionType):
        yield None
        for each in get_args(annotation):
            if each is not type(None):
                yield from _candidates(each, now, texts)
    elif annotation is bool:
        yield from (True, False)
    elif annotation is datetime:
        yield instant(now) + timedelta(days=28)
    elif annotation is date:
        yield (instant(now) + timedelta(days=28)).date()
    elif annotation is str:
        yield from dict.fromkeys((*texts, "other"))
    elif annotation in (int, float):
        yield 1


def _from_text(value: Any, annotation: Any, now: int, calendar: Calendar) -> Any:
    """A value as it was written, read as its field wants it."""
    wanted = {annotation, *get_args(annotation)}
    if isinstance(value, str) and datetime in wanted:
        duration = parse_duration(value.removeprefix("+"))
        if duration is not None:
            return calendar.add(instant(now), duration)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise UsageError(
                f"`{value}` is no time: write 2026-03-02T09:00 or a duration such as 10d."
            ) from None
        return moment if moment.tzinfo else calendar.at(moment.date(), moment.time())
    return value
