"""Tables of rows: any SQL tool can read them, and every value comes back as it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any, ClassVar, Literal, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refflow.events import kinds_with
from refflow.views import built_in
from refflow.views.table import Row, table_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
INTEGER = st.integers(-(2**63), 2**63 - 1)


class Thing(Row, kw_only=True):
    """A row with a field of every type that a column can have."""

    table: ClassVar[str] = "thing"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("order",), ("number", "open"))

    key: str
    number: int
    ratio: float
    open: bool
    order: str | None = None
    at: int | None = None
    sure: bool | None = None
    kind: Literal["a", "b"] = "a"
    mixed: Literal["a", 1] = "a"
    names: list[str] = []
    years: dict[str, tuple[int, int]] = {}
    other: dict[str, int] | None = None
    either: int | str = 0


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "key": TEXT,
    "number": INTEGER,
    # SQLite stores -0.0 as 0.0, which is equal to it.
    "ratio": st.floats(allow_nan=False).map(lambda ratio: ratio + 0.0),
    "open": st.booleans(),
    "order": st.none() | TEXT,
    "at": st.none() | INTEGER,
    "sure": st.none() | st.booleans(),
    "kind": st.sampled_from(["a", "b"]),
    "mixed": st.sampled_from(["a", 1]),
    "names": st.lists(TEXT, max_size=3),
    "years": st.dictionaries(TEXT, st.tuples(INTEGER, INTEGER), max_size=2),
    "other": st.none() | st.dictionaries(TEXT, INTEGER, max_size=2),
    "either": INTEGER | TEXT,
}


def test_columns_have_the_types_of_the_fields() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        table = table_of(Thing)
        connection.execute(table.create)
        for index in table.indexes:
            connection.execute(index)
        columns = connection.execute("SELECT name, type, \"notnull\", pk FROM pragma_table_info('thing')")

        assert [tuple(column) for column in columns] == [
            ("key", "TEXT", 1, 1),
            ("number", "INTEGER", 1, 0),
            ("ratio", "REAL", 1, 0),
            ("open", "INTEGER", 1, 0),
            ("order", "TEXT", 0, 0),
            ("at", "INTEGER", 0, 0),
            ("sure", "INTEGER", 0, 0),
            ("kind", "TEXT", 1, 0),
            ("mixed", "TEXT", 1, 0),
            ("names", "TEXT", 1, 0),
            ("years", "TEXT", 1, 0),
            ("other", "TEXT", 0, 0),
            ("either", "TEXT", 1, 0),
        ]
        indexes = connection.execute("SELECT name FROM pragma_index_list('thing') WHERE origin = 'c'")
        assert {name for (name,) in indexes} == {"thing_by_order", "thing_by_number_open"}


@given(st.fixed_dictionaries(VALUES))
def test_every_value_comes_back_as_it_was(values: dict[str, Any]) -> None:
    table, thing = table_of(Thing), Thing(**values)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(table.create)
        connection.execute(table.upsert, table.to_sql(thing))
        (found,) = connection.execute(table.select)
        back = table.from_sql(found)

    assert back == thing
    assert msgspec.json.encode(back, order="deterministic") == msgspec.json.encode(thing, order="deterministic")


def test_a_row_is_written_over_the_one_with_its_key() -> None:
    table = table_of(Thing)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(table.create)
        for number in (1, 2):
            thing = Thing(key="a", number=number, ratio=0.5, open=True, names=["x"], years={"2026": (1, 2)})
            connection.execute(table.upsert, table.to_sql(thing))

        assert connection.execute("SELECT number, open, names, years FROM thing").fetchall() == [
            (2, 1, '["x"]', '{"2026":[1,2]}')
        ]


@pytest.mark.parametrize("column", ["number", "ratio", "open"])
def test_a_value_of_another_type_is_refused(column: str) -> None:
    table = table_of(Thing)
    values: dict[str, Any] = {"key": "a", "number": 1, "ratio": 0.5, "open": True} | {column: "no number"}
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(table.create)
        with pytest.raises(sqlite3.IntegrityError, match=column):
            connection.execute(table.upsert, table.to_sql(Thing(**values)))


def test_no_two_tables_share_a_name() -> None:
    rows = [row for projection in built_in(kinds_with()) for row in projection.tables]

    assert len({row.table for row in rows}) == len(rows)


@pytest.mark.parametrize(
    "row",
    [row for projection in built_in(kinds_with()) for row in projection.tables],
    ids=lambda row: row.table,
)
def test_what_is_indexed_is_a_plain_column(row: type[Row]) -> None:
    hints = get_type_hints(row)
    for name in {name for index in row.indexes for name in index}:
        assert hints[name] in (str, int, bool, str | None, int | None), f"{row.table}.{name} is kept as JSON"
