"""Tables of rows: an SQL table whose columns are the fields of a struct."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import msgspec


class Row(msgspec.Struct, kw_only=True, gc=False):
    """A row of a view. The first field is its key. A fold changes rows it has got and puts them back."""

    table: ClassVar[str]
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = ()
    sparse: ClassVar[tuple[str, ...]] = ()
    """Fields that most rows leave empty: an index that begins with one has only the rows that do not."""
    grows: ClassVar[bool] = False
    """Rows are only added, one by one, and never read by the fold: a rebuild need not hold them in memory."""


class Table(msgspec.Struct, frozen=True):
    """How rows of one type are kept in SQL. Texts, numbers and truth values are columns of their own kind;
    anything else is a column of JSON text.
    """

    row: type[Row]
    name: str
    columns: tuple[str, ...]
    create: str
    indexes: tuple[str, ...]
    select: str
    """Reads rows; without its condition."""
    upsert: str
    """Writes a row over the one with its key."""
    to_sql: Callable[[Any], tuple[Any, ...]]
    from_sql: Callable[[tuple[Any, ...]], Any]
    key: Callable[[Any], str]


_SQL_TYPES: dict[Any, str] = {str: "TEXT", int: "INTEGER", bool: "INTEGER", float: "REAL"}


@cache
def table_of(row: type[Row]) -> Table:
    """The table of a row type."""
    fields = msgspec.structs.fields(row)
    declared: list[str] = []
    json: list[tuple[int, Any]] = []
    truth: list[int] = []
    for index, field in enumerate(fields):
        plain, optional = _plain(field.type)
        sql = _SQL_TYPES.get(plain)
        if sql is None:
            json.append((index, field.type))
        elif plain is bool:
            truth.append(index)
        suffix = " PRIMARY KEY" if index == 0 else "" if optional else " NOT NULL"
        declared.append(f"{_quoted(field.name)} {sql or 'TEXT'}{suffix}")
    columns = tuple(field.name for field in fields)
    without_rowid = "" if row.grows else ", WITHOUT ROWID"
    return Table(
        row=row,
        name=row.table,
        columns=columns,
        create=f"CREATE TABLE {row.table} ({', '.join(declared)}) STRICT{without_rowid}",
        indexes=tuple(_index(row, index) for index in row.indexes),
        select=f"SELECT {', '.join(map(_quoted, columns))} FROM {row.table}",
        upsert=f"INSERT OR REPLACE INTO {row.table} VALUES ({', '.join('?' * len(columns))})",
        to_sql=_writer(tuple(json)),
        from_sql=_reader(row, tuple(json), tuple(truth)),
        key=_getter(columns[0]),
    )


def _index(row: type[Row], fields: tuple[str, ...]) -> str:
    filled = f" WHERE {_quoted(fields[0])} IS NOT NULL" if fields[0] in row.sparse else ""
    columns = ", ".join(map(_quoted, fields))
    return f"CREATE INDEX {row.table}_by_{'_'.join(fields)} ON {row.table} ({columns}){filled}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _plain(annotation: Any) -> tuple[Any, bool]:
    """The type without `None` and marks, and whether `None` was admitted."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [each for each in typing.get_args(annotation) if each is not type(None)]
        if len(rest) == 1:
            return _plain(rest[0])[0], True
        return None, type(None) in typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        values = {type(each) for each in typing.get_args(annotation)}
        return (values.pop() if len(values) == 1 else None), False
    return annotation, False


def _getter(name: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row, name)


def _writer(json: tuple[tuple[int, Any], ...]) -> Callable[[Any], tuple[Any, ...]]:
    encode = msgspec.json.Encoder(order="deterministic").encode

    def mixed(row: Any) -> tuple[Any, ...]:
        values = list(msgspec.structs.astuple(row))
        for index, _ in json:
            values[index] = encode(values[index]).decode()
        return tuple(values)

    return mixed if json else msgspec.structs.astuple


def _reader(
    row: type[Row], json: tuple[tuple[int, Any], ...], truth: tuple[int, ...]
) -> Callable[[tuple[Any, ...]], Any]:
    names = row.__struct_fields__
    decoders = [(index, msgspec.json.Decoder(kind).decode) for index, kind in json]

    def read(values: tuple[Any, ...]) -> Any:
        fields = list(values)
        for index, decode in decoders:
            fields[index] = decode(fields[index])
        for index in truth:
            if fields[index] is not None:
                fields[index] = bool(fields[index])
        return row(**dict(zip(names, fields, strict=True)))

    return read
