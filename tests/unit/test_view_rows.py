"""Rows during a fold: what a source has with the changes of the fold on top, or all in memory."""

from __future__ import annotations

from copy import copy
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refflow.events.event import Opaque, StoredEvent
from refflow.events.people import ContactNoted
from refflow.testing.events import sample, told
from refflow.views.projection import Fold, Handler, Projection, handles
from refflow.views.rows import R, Rows
from refflow.views.table import Row


class Box(Row, kw_only=True):
    table: ClassVar[str] = "box"

    id: str
    owner: str
    colour: str = "red"


class Note(Row, kw_only=True):
    table: ClassVar[str] = "note"
    grows: ClassVar[bool] = True

    position: int
    owner: str


class Stored:
    """A source as a database is one: it hands out rows of its own making."""

    def __init__(self, *rows: Row) -> None:
        self.rows = Rows()
        for row in rows:
            self.rows.put(row.id if isinstance(row, Box) else "", row)

    def get(self, row: type[R], key: str) -> R | None:
        return copy(self.rows.get(row, key))

    def find(self, row: type[R], **equal: Any) -> list[R]:
        return [copy(each) for each in self.rows.find(row, **equal)]

    def write(self, rows: Rows) -> None:
        for row, gone, written in rows.touched():
            for key in gone:
                self.rows.drop(row, key)
            for each in written:
                self.rows.put(each.id if isinstance(each, Box) else "", copy(each))


keys, colours = st.sampled_from("abc"), st.sampled_from(["red", "blue"])
calls = st.one_of(
    st.tuples(st.just("put"), keys, colours),
    st.tuples(st.just("change"), keys, colours),
    st.tuples(st.just("drop"), keys),
    st.tuples(st.just("commit")),
)


@given(st.lists(calls, max_size=20))
def test_a_fold_sees_its_own_changes_and_leaves_them_to_whoever_writes(calls: list[tuple[str, ...]]) -> None:
    """In memory and over a source, rows are what a plain dictionary would hold."""
    model: dict[str, tuple[str, str]] = {}
    memory, stored = Rows(), Stored()
    overlay = Rows(stored)
    for call in calls:
        match call:
            case ("put", key, colour):
                model[key] = (f"owner of {key}", colour)
                for rows in (memory, overlay):
                    rows.put(key, Box(id=key, owner=f"owner of {key}", colour=colour))
            case ("change", key, colour):
                if key in model:
                    model[key] = (model[key][0], colour)
                for rows in (memory, overlay):
                    box = rows.get(Box, key)
                    if box is not None:
                        box.colour = colour
                        rows.put(key, box)
            case ("drop", key):
                model.pop(key, None)
                for rows in (memory, overlay):
                    rows.drop(Box, key)
            case _:
                stored.write(overlay)
                overlay = Rows(stored)
        for rows in (memory, overlay):
            assert {each.id: (each.owner, each.colour) for each in rows.find(Box)} == model
            for key in "abc":
                found = rows.get(Box, key)
                assert (None if found is None else (found.owner, found.colour)) == model.get(key)
                assert [each.id for each in rows.find(Box, owner=f"owner of {key}")] == [key] * (key in model)
            for colour in ("red", "blue"):
                blue = sorted(key for key, (_, each) in model.items() if each == colour)
                assert [each.id for each in rows.find(Box, colour=colour)] == blue
                for key in blue:
                    assert [each.id for each in rows.find(Box, colour=colour, owner=f"owner of {key}")] == [key]
    stored.write(overlay)
    assert {key: (each.owner, each.colour) for key, each in stored.rows.all(Box).items()} == model


def test_only_what_was_changed_is_written() -> None:
    stored = Stored(*(Box(id=key, owner="x") for key in "abcd"))
    rows = Rows(stored)
    rows.get(Box, "a")
    rows.find(Box, owner="x")
    rows.put("b", Box(id="b", owner="x", colour="blue"))
    rows.drop(Box, "c")
    rows.put("e", Box(id="e", owner="x"))
    rows.drop(Box, "e")

    ((row, gone, written),) = rows.touched()
    assert (row, gone, [each.id for each in written if isinstance(each, Box)]) == (Box, ["c", "e"], ["b"])


@pytest.mark.parametrize("first", ["get", "find"])
def test_one_fold_has_one_copy_of_a_row(first: str) -> None:
    rows = Rows(Stored(Box(id="a", owner="x")))
    one = rows.get(Box, "a") if first == "get" else rows.find(Box)[0]

    assert one is rows.get(Box, "a") is rows.find(Box, owner="x")[0]


def test_rows_that_only_grow_are_found_with_those_of_the_source() -> None:
    rows = Rows(Stored(Note(position=1, owner="x"), Note(position=2, owner="y")))
    rows.put("", Note(position=3, owner="x"))

    assert [each.position for each in rows.find(Note, owner="x")] == [1, 3]
    assert [each.position for each in rows.find(Note)] == [1, 2, 3]


def test_rows_that_only_grow_can_be_taken_from_memory_page_by_page() -> None:
    rows = Rows()
    rows.put("", Note(position=1, owner="x"))
    assert [each.position for each in rows.find(Note, owner="x")] == [1]
    assert rows.take_added() == {Note: [Note(position=1, owner="x")]}

    rows.put("", Note(position=2, owner="x"))
    assert [each.position for each in rows.find(Note, owner="x")] == [2]
    assert rows.take_added() == {Note: [Note(position=2, owner="x")]}
    assert rows.take_added() == {}


# The fold.


def test_projections_fold_an_event_in_their_order_each_by_its_own_handler() -> None:
    seen: list[str] = []

    def noting(name: str, *kinds: str) -> Projection:
        handlers: dict[str, Handler] = {}

        @handles(handlers, *kinds)
        def note(rows: Rows, event: StoredEvent, payload: Any) -> None:
            seen.append(f"{name} {event.kind}")

        return Projection(name=name, version=1, tables=(), handlers=handlers)

    fold = Fold([noting("one", "contact.noted"), noting("two", "contact.noted", "gone.badge.given")])
    (noted,) = told(sample(ContactNoted))
    unknown = StoredEvent(2, "gone.badge.given", 0, 0, "user", None, "", Opaque("{}", None))
    fold.apply(Rows(), noted)
    fold.apply_page(Rows(), [unknown, noted])

    assert seen == ["one contact.noted", "two contact.noted"] * 2
    assert fold.kinds == {"contact.noted", "gone.badge.given"}
