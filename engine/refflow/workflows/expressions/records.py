"""Derives what an expression can read from a msgspec struct."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from ..durations import Duration
from .types import BOOL, DURATION, INSTANT, NUMBER, TEXT, Enum, List, Record, Type, optional, present


def record_of(struct_type: type[msgspec.Struct], name: str) -> Record:
    """The record type of a struct, called `name` in messages.

    `bool`, `int`, `float`, `str`, `datetime`, `date` (its first instant in UTC), `Duration`, `Literal` of
    texts, structs and collections of these can be read; a field that also admits None may be missing.
    Fields of other types, and those that lead back to a struct around them, are left out.
    """
    return _record(inspect.type_info(struct_type), name, ())


def type_of(annotation: Any) -> Type | None:
    """The type of a value that Python annotates so, or None when expressions know none for it."""
    return _type(inspect.type_info(annotation), "", ())


def _record(info: Any, name: str, around: tuple[type, ...]) -> Record:
    fields: dict[str, Type] = {}
    for field in info.fields:
        found = _type(field.type, field.name, (*around, info.cls))
        if found is not None:
            fields[field.name] = found
    return Record(name, fields)


def _type(info: inspect.Type, name: str, around: tuple[type, ...]) -> Type | None:
    match info:
        case inspect.BoolType():
            return BOOL
        case inspect.IntType() | inspect.FloatType():
            return NUMBER
        case inspect.StrType():
            return TEXT
        case inspect.DateTimeType() | inspect.DateType():
            return INSTANT
        case inspect.LiteralType(values=values):
            return _literals(values)
        case inspect.Metadata(type=inner):
            return _type(inner, name, around)
        case inspect.CollectionType(item_type=item):
            found = _type(item, name, around)
            return None if found is None else List(present(found))
        case inspect.UnionType(types=types):
            return _union(types, name, around)
        case inspect.StructType(cls=cls):
            return DURATION if cls is Duration else None if cls in around else _record(info, name, around)
        case _:
            return None


def _literals(values: tuple[object, ...]) -> Type | None:
    texts = tuple(value for value in values if isinstance(value, str))
    if len(texts) == len(values):
        return Enum(texts)
    return None if texts else NUMBER


def _union(types: tuple[inspect.Type, ...], name: str, around: tuple[type, ...]) -> Type | None:
    members = [_type(each, name, around) for each in types if not isinstance(each, inspect.NoneType)]
    inner = members[0]
    if inner is None or any(member != inner for member in members):
        return None
    return inner if len(members) == len(types) else optional(inner)
