"""Rows during a fold: those of a database with the changes of the fold on top, or all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from .table import Row

R = TypeVar("R", bound=Row)


class Source(Protocol):
    """Where rows come from that the fold has not touched yet."""

    def get(self, row: type[R], key: str) -> R | None:
        """The row with that key."""
        ...

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """The rows whose fields have these values, by key."""
        ...


class Rows:
    """The rows of every table, as one fold sees and changes them.

    A projection only gets, puts and drops by key. `find` is for whoever decides or shows: without a source it
    looks at every row of the table, unless it is asked about a field that is fixed.
    """

    def __init__(self, source: Source | None = None) -> None:
        self._source = source
        self._tables: dict[type[Row], dict[str, Any]] = {}
        self._touched: dict[type[Row], dict[str, None]] = {}
        self._added: dict[type[Row], list[Row]] = {}
        self._fixed: dict[tuple[type[Row], str, Any], list[Row]] = {}

    def get(self, row: type[R], key: str) -> R | None:
        """The row of the table of `row` with that key."""
        table = self._tables.get(row)
        if table is None:
            table = self._tables[row] = {}
        if key in table or self._source is None:
            found: R | None = table.get(key)
            return found
        loaded = self._source.get(row, key)
        table[key] = loaded
        return loaded

    def put(self, key: str, value: Row) -> None:
        """Write `value`, whose key is `key`."""
        row = type(value)
        if row.grows:
            self._added.setdefault(row, []).append(value)
            self._index(row, value)
            return
        table = self._tables.get(row)
        if table is None:
            table = self._tables[row] = {}
        if row.fixed and key not in table:
            self._index(row, value)
        table[key] = value
        if self._source is not None:
            self._touched.setdefault(row, {})[key] = None

    def drop(self, row: type[Row], key: str) -> None:
        """Take the row with that key out, if there is one."""
        if self._source is None:
            self._tables.setdefault(row, {}).pop(key, None)
        else:
            self._tables.setdefault(row, {})[key] = None
            self._touched.setdefault(row, {})[key] = None

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """The rows whose fields have these values, by key."""
        fixed = next((name for name in row.fixed if name in equal), None)
        if self._source is None and fixed is not None:
            return self._find_fixed(row, fixed, equal)
        found: dict[str, R] = {}
        key_field = row.__struct_fields__[0]
        if self._source is not None:
            for each in self._source.find(row, **equal):
                key = getattr(each, key_field)
                # The fold's own copy, changed or not, must stay the only one.
                found[key] = self._tables.setdefault(row, {}).setdefault(key, each)
        for key, value in self._tables.get(row, {}).items():
            if value is None or any(getattr(value, name) != wanted for name, wanted in equal.items()):
                found.pop(key, None)
            else:
                found[key] = value
        grown: list[Any] = [
            each
            for each in self._added.get(row, ())
            if all(getattr(each, name) == wanted for name, wanted in equal.items())
        ]
        return [found[key] for key in sorted(found)] + grown

    def _index(self, row: type[Row], value: Row) -> None:
        if self._source is None:
            for name in row.fixed:
                self._fixed.setdefault((row, name, getattr(value, name)), []).append(value)

    def _find_fixed(self, row: type[R], fixed: str, equal: dict[str, Any]) -> list[R]:
        key_field = row.__struct_fields__[0]
        table = self._tables.get(row, {})
        found: dict[Any, Any] = {}
        for each in self._fixed.get((row, fixed, equal[fixed]), ()):
            key = getattr(each, key_field)
            value = each if row.grows else table.get(key)
            if value is not None and all(getattr(value, name) == wanted for name, wanted in equal.items()):
                found[key] = value
        return [found[key] for key in sorted(found)]

    def touched(self) -> Iterator[tuple[type[Row], list[str], list[Row]]]:
        """What the fold changed over its source, by table: keys that are gone, rows to write."""
        for row in {**self._touched, **self._added}:
            gone, written = [], list(self._added.get(row, ()))
            for key in self._touched.get(row, ()):
                value = self._tables[row][key]
                if value is None:
                    gone.append(key)
                else:
                    written.append(value)
            yield row, gone, written

    def all(self, row: type[R]) -> dict[str, R]:
        """Every row of a fold without a source, by key."""
        return self._tables.get(row, {})

    def take_added(self) -> dict[type[Row], list[Row]]:
        """The rows added to growing tables since the last call; they are then no longer held."""
        added, self._added, self._fixed = self._added, {}, {}
        return added
