"""What a compiled expression does at run time. Nothing here raises for values of the declared types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Protocol

import msgspec

from ..durations import Duration


class Calendar(Protocol):
    """Counts durations from an instant; the environment has one as `calendar`."""

    def add(self, instant: datetime, duration: Duration) -> datetime:
        """`duration` after `instant`."""
        ...

    def subtract(self, instant: datetime, duration: Duration) -> datetime:
        """`duration` before `instant`."""
        ...


def read(record: Any, name: str) -> Any:
    """A field of a struct or mapping, None when it is missing or `record` is."""
    if isinstance(record, msgspec.Struct):
        return getattr(record, name, None)
    if isinstance(record, dict):  # asking for Mapping takes several times as long
        return record.get(name)
    return record.get(name) if isinstance(record, Mapping) else None


def instant(value: Any) -> Any:
    """An aware datetime: a date is its first instant in UTC, a time without zone is in UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else value


def instants(values: Any) -> Any:
    """The same for a collection."""
    return values if values is None else tuple(map(instant, values))


def add(left: float, right: float) -> float:
    """The sum; beyond what a float can hold it is infinite."""
    try:
        return left + right
    except OverflowError:
        return math.inf if max(left, right) > -min(left, right) else -math.inf


def subtract(left: float, right: float) -> float:
    """The difference, infinite like a sum."""
    return add(left, -right)


def multiply(left: float, right: float) -> float:
    """The product, infinite like a sum."""
    try:
        return left * right
    except OverflowError:
        return 0.0 if right == 0 or left == 0 else math.inf if (left > 0) == (right > 0) else -math.inf


def divide(left: float, right: float) -> float | None:
    """The quotient, infinite like a sum; None when `right` is zero."""
    try:
        return left / right
    except ZeroDivisionError:
        return None
    except OverflowError:
        return math.inf if (left > 0) == (right > 0) else -math.inf


def later(calendar: Calendar, start: datetime, duration: Duration) -> datetime:
    """`start` and `duration`; past the last year there is, the last instant."""
    try:
        return calendar.add(start, duration)
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)


def earlier(calendar: Calendar, start: datetime, duration: Duration) -> datetime:
    """`start` less `duration`; before the first year there is, the first instant."""
    try:
        return calendar.subtract(start, duration)
    except (OverflowError, ValueError):
        return datetime.min.replace(tzinfo=UTC)
