"""YAML as refflow reads it."""

from __future__ import annotations

from typing import Any

import pytest

from refflow.workflows.language.yaml_source import DEEPEST, LARGEST, Mapping, Scalar, plain_value, read_yaml


def value(text: str) -> Any:
    node, problems = read_yaml(text, "f.yaml")
    assert node is not None
    assert problems == []
    return plain_value(node)


def refusal(text: str, *, pure: bool = False) -> str:
    node, problems = read_yaml(text, "f.yaml", pure=pure)
    assert node is None or problems
    return f"{problems[-1]} ({problems[-1].help})"


def scalar(text: str) -> Scalar:
    node, _ = read_yaml(text, "f.yaml")
    assert isinstance(node, Mapping)
    found = node.values["x"]
    assert isinstance(found, Scalar)
    return found


def test_words_and_times_are_what_they_look_like() -> None:
    text = "on: [no, yes, off, 12:30, 014, 1_000, 2026-01-05, ~, true, 0x1f, 1.5, 1e3]"

    assert value(text) == {
        "on": ["no", "yes", "off", "12:30", 14, "1_000", "2026-01-05", None, True, 31, 1.5, 1000.0]
    }


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    assert value("\ufeffa: 1\r\nb: 2\r\n") == {"a": 1, "b": 2}


def test_a_document_may_say_nothing() -> None:
    assert value("---\n") is None


def test_of_a_key_written_twice_the_first_counts_and_the_second_is_reported() -> None:
    node, problems = read_yaml("a: 1\nb: 2\na: 3\n", "f.yaml")

    assert node is not None
    assert plain_value(node) == {"a": 1, "b": 2}
    assert [(each.code, each.line, each.column, each.help) for each in problems] == [
        ("E002", 3, 1, "first at line 1")
    ]


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize(
    ("text", "where", "hint"),
    [
        ("if: !contact.x", "1:5", "`not`"),
        ("if: &a", "1:5", "quotes"),
        ("if: *a", "1:5", "quotes"),
        ("x: !!python/object/apply:os.system [ls]", "1:4", "`!` begins a tag"),
        ("if: {{ x }}", "1:6", "without `{{ }}`"),
        ("if: a ? b : c", "1:11", "quote the whole expression"),
        ('if: a == "x: y"', "1:12", "quote the whole expression"),
        ('if: "alumni" in contact.tags', "1:14", "quoted as a whole"),
        ("w: {until: event.when ?? now}", "1:", "quote the whole expression"),
        ("w: {a:[1]}", "1:", "E001"),
        ("a: |# b\n  c\n", "1:", "E001"),
        ("a:\n\tb: 1", "2:1", "spaces"),
        ("%YAML 1.1\n---\na: 1", "1:1", "directive"),
        ("a: 1\n---\nb: 2", "2:1", "one document"),
        ("a: 'open", "", "closing quote"),
        ("a: b\x07", "1:5", "U+0007"),
        ("a: \ufffd", "1:4", "UTF-8"),
        ("a: \ud800", "1:4", "U+D800"),
        ("", "1:1", "empty"),
        ("  \n# nothing\n", "1:1", "empty"),
        ("[" * (DEEPEST + 5), f"1:{DEEPEST + 2}", "deep"),
        ("x" * (LARGEST + 1), "1:1", "longer"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_place_and_hint(
    text: str, where: str, hint: str, pure: bool
) -> None:
    said = refusal(text, pure=pure)

    assert said.startswith(f"f.yaml:{where}")
    assert "E001" in said
    assert hint in said


@pytest.mark.parametrize(
    ("text", "written", "place"),
    [
        ("x: abc def", "def", (1, 8)),
        ('x: "abc \\"def\\" ghi"', "ghi", (1, 17)),
        ("x: 'it''s def'", "def", (1, 11)),
        ("x: abc\n  def\n  ghi", "ghi", (3, 3)),
        ("x: |\n\n  abc\n  def ghi\n", "ghi", (4, 7)),
        ("x: >-\n  abc\n  def\n", "def", (3, 3)),
        ("y: ä\nx: abc\tdef", "def", (2, 8)),
    ],
)
def test_a_place_in_a_value_is_a_place_in_the_file(text: str, written: str, place: tuple[int, int]) -> None:
    found = scalar(text)

    assert found.place(found.text.index(written)) == place


def test_a_character_written_as_an_escape_is_placed_near_it() -> None:
    found = scalar('x: "ab\\u00e9d e"')

    assert found.place(2) == (1, 7)
    assert found.place(len(found.text)) == (1, 16)


def test_a_key_without_value_is_spoken_of_by_its_key() -> None:
    found = scalar("a: 1\nx:\nb: 2\n")

    assert (found.kind, found.line, found.column) == ("null", 2, 1)
