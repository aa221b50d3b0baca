"""What a value can be. Types are compared by what they say, records by name."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Basic(msgspec.Struct, frozen=True):
    """A type without parts; `title` is how a message calls one of its values."""

    name: str
    title: str


class List(msgspec.Struct, frozen=True):
    """Any number of `item`, in a tuple, list, set or frozenset."""

    item: Type


class Enum(msgspec.Struct, frozen=True):
    """A text that is one of `values`."""

    values: tuple[str, ...]


class Record(msgspec.Struct, frozen=True):
    """Something with fields: at run time a msgspec struct or a mapping."""

    name: str
    fields: Mapping[str, Type]


class Optional_(msgspec.Struct, frozen=True):  # noqa: N801  # `Optional` is taken by typing
    """`inner`, or missing (None at run time)."""

    inner: Type


Type = Basic | List | Enum | Record | Optional_

BOOL = Basic("bool", "true or false")
NUMBER = Basic("number", "a number")
TEXT = Basic("text", "a text")
INSTANT = Basic("instant", "a point in time")
DURATION = Basic("duration", "a duration")
ANY = Basic("any", "a value")
"""In the parameters of a function: whatever is given, but of one kind throughout a call."""

NULL = Basic("null", "missing")
UNKNOWN = Basic("unknown", "unknown")
"""The type of a mistake that has been reported: it goes with everything, so that one mistake stays one."""


def is_optional(given: Type) -> bool:
    """Whether a value may be missing."""
    return given == NULL or isinstance(given, Optional_)


def present(given: Type) -> Type:
    """What remains of a type once the value is known to be there."""
    return given.inner if isinstance(given, Optional_) else given


def optional(given: Type) -> Type:
    """The same, but it may be missing."""
    return given if is_optional(given) or given == UNKNOWN else Optional_(given)


def fits(given: Type, wanted: Type) -> bool:
    """Whether every value of `given` may stand where `wanted` is asked for."""
    if UNKNOWN in (given, wanted):
        return True
    match wanted:
        case Optional_(inner=inner):
            return given == NULL or fits(present(given), inner)
        case List(item=item):
            return isinstance(given, List) and fits(given.item, item)
        case Enum(values=values):
            return isinstance(given, Enum) and set(given.values) <= set(values)
        case Record(name=name):
            return isinstance(given, Record) and given.name == name
    if wanted == ANY:
        return not is_optional(given)
    return given == wanted or (wanted == TEXT and isinstance(given, Enum))


def comparable(left: Type, right: Type) -> bool:
    """Whether `==` between the two can be true and means something."""
    if UNKNOWN in (left, right):
        return True
    if isinstance(left, Enum) and isinstance(right, Enum):
        return not set(left.values).isdisjoint(right.values)
    if TEXT in (left, right):
        return fits(left, TEXT) and fits(right, TEXT)
    return isinstance(left, Basic) and left == right


def joined(left: Type, right: Type) -> Type | None:
    """The narrowest type that holds the values of both, or None when there is none."""
    if is_optional(left) or is_optional(right):
        inner = right if left == NULL else left if right == NULL else joined(present(left), present(right))
        return None if inner is None else optional(inner)
    if fits(left, right):
        return left if right == UNKNOWN else right
    if fits(right, left):
        return left
    return TEXT if isinstance(left, Enum) and isinstance(right, Enum) else None


def described(given: Type) -> str:
    """How a message calls a value of the type: `a number`, `a contact`, `a list of texts`."""
    match given:
        case Basic(title=title):
            return title
        case Optional_(inner=inner):
            return f"{described(inner)} that may be missing"
        case List():
            return "a list"
        case Enum(values=values) if len(values) <= 6:
            return "one of " + ", ".join(f'"{value}"' for value in values)
        case Enum():
            return "a text"
        case Record(name=name):
            return f"an {name}" if name[:1].lower() in tuple("aeiou") else f"a {name}"
