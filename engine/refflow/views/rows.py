"""Rows during a fold: those of a database with the changes of the fold on top, or all in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, ClassVar, Protocol, TypeVar

from msgspec.structs import replace  # of nothing: a copy, in half the time that `copy` takes

from .table import Row

R = TypeVar("R", bound=Row)


Index = dict[Any, dict[Any, Row]]
"""Rows by the value of a field, and then by key."""


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

    A projection only gets, puts and drops by key. `find` is for whoever decides or shows.
    """

    few: ClassVar[int] = 16
    """So many rows are looked through sooner than they are indexed."""

    def __init__(self, source: Source | None = None) -> None:
        self._source = source
        self._tables: defaultdict[type[Row], dict[str, Any]] = defaultdict(dict)
        self._touched: defaultdict[type[Row], dict[str, None]] = defaultdict(dict)
        self._added: defaultdict[type[Row], list[Any]] = defaultdict(list)
        self._indexes: defaultdict[type[Row], dict[str, Index]] = defaultdict(dict)

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
        else:
            self._tables[row][key] = value
            if self._source is not None:
                self._touched[row][key] = None
        if row in self._indexes:
            held_as = getattr(value, row.__struct_fields__[0]) if row.grows else key
            for field, index in self._indexes[row].items():
                index.setdefault(getattr(value, field), {})[held_as] = value

    def drop(self, row: type[Row], key: str) -> None:
        """Take the row with that key out, if there is one."""
        if self._source is None:
            self._tables[row].pop(key, None)
        else:
            self._tables[row][key] = None
            self._touched[row][key] = None

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """The rows whose fields have these values, by key."""
        found: dict[Any, R] = {}
        table = self._tables[row]
        if self._source is not None:
            key_field = row.__struct_fields__[0]
            for each in self._source.find(row, **equal):
                key = getattr(each, key_field)
                # The fold's own copy, changed or not, must stay the only one.
                value = table.setdefault(key, each)
                if value is each or _fits(value, equal):
                    found[key] = value
        found |= self._held(row, equal)
        return [found[key] for key in sorted(found)] if len(found) > 1 else list(found.values())

    def _held(self, row: type[R], equal: dict[str, Any]) -> dict[Any, R]:
        """Those of the rows held here that fit, by key."""
        table = self._tables[row]
        added = self._added.get(row, ())
        if not equal or len(table) + len(added) <= self.few:
            return {key: value for key, value in _all(row, table, added) if _fits(value, equal)}
        buckets = [(self._index(row, field).get(wanted), field) for field, wanted in equal.items()]
        bucket, field = min(buckets, key=_size) if len(buckets) > 1 else buckets[0]
        if not bucket:
            return {}
        found: dict[Any, R] = {}
        gone = []
        for key, noted in bucket.items():
            value: Any = noted if row.grows else table.get(key)
            if _fits(value, equal):
                found[key] = value
            elif value is None or getattr(value, field) != equal[field]:
                gone.append(key)
        for key in gone:
            del bucket[key]
        return found

    def _index(self, row: type[Row], field: str) -> Index:
        """The rows held here by a field: also some that had the value once, until somebody comes upon them. It is
        made at the first question. A rebuild finds nothing, and should not pay for what others ask.
        """
        index = self._indexes[row].get(field)
        if index is None:
            index = self._indexes[row][field] = {}
            for key, value in _all(row, self._tables[row], self._added.get(row, ())):
                if value is not None:
                    index.setdefault(getattr(value, field), {})[key] = value
        return index

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
        added, self._added, self._indexes = self._added, defaultdict(list), defaultdict(dict)
        return added


def _all(row: type[Row], table: dict[str, Any], added: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    """The rows of a table with their keys; None for those that are not there."""
    if not added:
        return table.items()
    key_field = row.__struct_fields__[0]
    return chain(table.items(), ((getattr(each, key_field), each) for each in added))


def _size(bucket: tuple[dict[Any, Row] | None, str]) -> int:
    return len(bucket[0] or ())


def _fits(value: Row | None, equal: dict[str, Any]) -> bool:
    if value is None:
        return False
    for name, wanted in equal.items():  # noqa: SIM110  # a generator costs more than the comparison
        if getattr(value, name) != wanted:
            return False
    return True


class Copies:
    """Another source, handing out copies: what a fold over it changes does not reach the originals."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def get(self, row: type[R], key: str) -> R | None:
        """A copy of the row with that key."""
        found = self._source.get(row, key)
        return None if found is None else replace(found)

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """Copies of the rows whose fields have these values, by key."""
        return [replace(each) for each in self._source.find(row, **equal)]


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
        found = self._rows.get(row, key)
        return None if found is None else replace(found)

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
