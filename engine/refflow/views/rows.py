"""Rows during a fold: those of a database with the changes of the fold on top, or all in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from copy import copy
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
        self._tables: defaultdict[type[Row], dict[str, Any]] = defaultdict(dict)
        self._touched: defaultdict[type[Row], dict[str, None]] = defaultdict(dict)
        self._added: defaultdict[type[Row], list[Any]] = defaultdict(list)
        self._indexes: dict[tuple[type[Row], str], dict[Any, list[Any]]] = {}

    def get(self, row: type[R], key: str) -> R | None:
        """The row of the table of `row` with that key."""
        table = self._tables[row]
        found: R | None = table.get(key)
        if found is None and self._source is not None and key not in table:
            found = table[key] = self._source.get(row, key)
        return found

    def put(self, key: str, value: Row) -> None:
        """Write `value`, whose key is `key`."""
        row = type(value)
        if row.grows:
            self._added[row].append(value)
            if self._indexes:
                self._index(row, value)
            return
        table = self._tables[row]
        if self._indexes and key not in table:
            self._index(row, value)
        table[key] = value
        if self._source is not None:
            self._touched[row][key] = None

    def drop(self, row: type[Row], key: str) -> None:
        """Take the row with that key out, if there is one."""
        if self._source is None:
            self._tables[row].pop(key, None)
        else:
            self._tables[row][key] = None
            self._touched[row][key] = None

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
                found[key] = self._tables[row].setdefault(key, each)
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
        for name in row.fixed:
            index = self._indexes.get((row, name))
            if index is not None:
                index.setdefault(getattr(value, name), []).append(value)

    def _find_fixed(self, row: type[R], fixed: str, equal: dict[str, Any]) -> list[R]:
        key_field = row.__struct_fields__[0]
        table = self._tables[row]
        index = self._indexes.get((row, fixed))
        if index is None:
            # A rebuild finds nothing, and should not pay for what only those who decide ask for.
            index = self._indexes[row, fixed] = {}
            for each in (*table.values(), *self._added[row]):
                index.setdefault(getattr(each, fixed), []).append(each)
        found: dict[Any, Any] = {}
        for each in index.get(equal[fixed], ()):
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
        added, self._added, self._indexes = self._added, defaultdict(list), {}
        return added


class Copies:
    """Another source, handing out copies: what a fold over it changes does not reach the originals."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get(self, row: type[R], key: str) -> R | None:
        """A copy of the row with that key."""
        return copy(self._source.get(row, key))

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """Copies of the rows whose fields have these values, by key."""
        return [copy(each) for each in self._source.find(row, **equal)]


class OwnRows(Rows):
    """The rows of one fold as one projection may use them: its own tables, and all of its changes or none."""

    def __init__(self, rows: Rows, tables: Collection[type[Row]]) -> None:
        super().__init__()
        self._rows = rows
        self._own = frozenset(tables)
        self._changes: dict[tuple[type[Row], str], Any] = {}
        self._grown: list[tuple[str, Row]] = []

    def get(self, row: type[R], key: str) -> R | None:
        """A copy of the row with that key: what is done to it counts once it is put back."""
        self._check(row)
        if (row, key) in self._changes:
            changed: R | None = self._changes[row, key]
            return changed
        return copy(self._rows.get(row, key))

    def put(self, key: str, value: Row) -> None:
        """Write `value`, whose key is `key`."""
        self._check(type(value))
        if value.grows:
            self._grown.append((key, value))
        else:
            self._changes[type(value), key] = value

    def drop(self, row: type[Row], key: str) -> None:
        """Take the row with that key out, if there is one."""
        self._check(row)
        self._changes[row, key] = None

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """Not for a projection, which gets, puts and drops by key."""
        raise TypeError("a projection gets, puts and drops rows by key; it does not search")

    def hand_over(self) -> None:
        """Make the changes."""
        for (row, key), value in self._changes.items():
            if value is None:
                self._rows.drop(row, key)
            else:
                self._rows.put(key, value)
        for key, value in self._grown:
            self._rows.put(key, value)

    def _check(self, row: type[Row]) -> None:
        if row not in self._own:
            raise TypeError(f"the table {row.table} is not this projection's")
