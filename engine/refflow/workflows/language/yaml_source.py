"""YAML as refflow reads it: the core rules of YAML 1.2, every value with its place, nothing that surprises.

`on`, `no`, `12:30` and `014` are what they look like. Keys are plain words, each once; anchors, aliases,
tags, directives and a second document are refused. The tree is built from the parser's events, so the
parsers in C and in Python are read by the same code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from .problems import Problem

DEEPEST = 40
LARGEST = 500_000

_UNREADABLE = re.compile(
    r"[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffc\U00010000-\U0010ffff]"
)
_INDENT_TAB = re.compile(r"^[ ]*\t", re.MULTILINE)
_GLUED_COLON = re.compile(r":[,?\[\]{}]")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*( .*)?$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)

# YAML 1.2, section 10.3.2: the core schema.
_CORE = re.compile(
    r"(?P<null>null|Null|NULL|~|)"
    r"|(?P<bool>true|True|TRUE|false|False|FALSE)"
    r"|(?P<int>[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15})"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)

_WRITE_OUT = "put the value in quotes, or write out what it stands for"
_NO_TAG = "quote the whole expression, and write `not` instead of `!`"
_INDENTATION = "look at the indentation; a value that begins with a quoted text is quoted as a whole"
_HINTS = (
    ("mapping values are not allowed", "a `:` is part of the value: quote the whole expression"),
    ("mapping keys are not allowed", "a `?` is part of the value: quote the whole expression"),
    ("simple key", "a `:` is missing after the key, or a value has to be quoted as a whole"),
    ("could not find expected ':'", "a `:` is missing after the key, or a value has to be quoted as a whole"),
    ("expected ',' or", "close the bracket, put a comma between the items, or quote the whole expression"),
    ("block end", _INDENTATION),
    ("block mapping", _INDENTATION),
    ("block collection", "look at the indentation; items of one list begin in one column"),
    ("quoted scalar", "a closing quote is missing"),
    ("escape", "in double quotes write `\\\\` for one `\\`, or use single quotes"),
    ("cannot start any token", "put the value in quotes"),
    ("tag", _NO_TAG),
    ("alias", _WRITE_OUT),
    ("anchor", _WRITE_OUT),
)


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A value in a file; `line` and `column` count from 1."""

    line: int
    column: int


class Scalar(Node, frozen=True, kw_only=True):
    """A single value. `text` is what it says; `kind` is what YAML takes it for: `str`, `null`, `bool`, `int`
    or `float`. It is written from `start` to `end` in `source`, the text of the file.
    """

    text: str
    kind: str
    source: str
    start: int
    end: int
    block: bool = False

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset` of `text`, through quotes, escapes and folded lines."""
        source, at = self.source, self.start
        if self.block:
            at = source.find("\n", at) + 1
        elif source[at : at + 1] in ("'", '"'):
            at += 1
        found = at
        for character in self.text[: offset + 1]:
            if character.isspace():
                found = at
                continue
            found = source.find(character, at, self.end)
            if found < 0:  # it is written as an escape
                found = at
            else:
                at = found + 1
        if offset >= len(self.text):
            found = at
        return self.line + source.count("\n", self.start, found), found - source.rfind("\n", 0, found)


class Sequence(Node, frozen=True, kw_only=True):
    """A list."""

    items: tuple[Node, ...]


class Mapping(Node, frozen=True, kw_only=True):
    """Keys with their values, in the order of the file."""

    keys: dict[str, Scalar]
    values: dict[str, Node]


def read_yaml(text: str, file: str, *, pure: bool = False) -> tuple[Node | None, list[Problem]]:
    """The value that `text` holds, or None and why it cannot be read. Of a key written twice the first counts.

    `pure` keeps to the parser in Python where the one in C is there.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        _must_be_readable(text)
        builder = _Builder(text.replace("\t", " ").rstrip(" ") + "\n", file, pure)
        return builder.document(), builder.problems
    except _Unreadable as mistake:
        return None, [mistake.problem(file)]


def plain_value(node: Node) -> Any:
    """The value as Python has it: dict, list, str, int, float, bool or None."""
    match node:
        case Mapping(values=values):
            return {key: plain_value(value) for key, value in values.items()}
        case Sequence(items=items):
            return [plain_value(item) for item in items]
        case Scalar(kind="bool", text=text):
            return text.lower() == "true"
        case Scalar(kind="int", text=text):
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        case Scalar(kind="float", text=text):
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        case Scalar(kind="str", text=text):
            return text
        case _:
            return None


class _Unreadable(Exception):
    """The file cannot be read on from here."""

    def __init__(self, message: str, line: int, column: int, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.help = message, line, column, help

    def problem(self, file: str) -> Problem:
        return Problem(
            code="E001", message=self.message, file=file, line=self.line, column=self.column, help=self.help
        )


def _must_be_readable(text: str) -> None:
    if not text.strip():
        raise _Unreadable("the file is empty", 1, 1)
    if len(text) > LARGEST:
        raise _Unreadable(f"the file is longer than {LARGEST} characters", 1, 1)
    if found := _UNREADABLE.search(text):
        help = f"delete the invisible character U+{ord(found.group()):04X}"
        if found.group() == "\ufffd":
            help = "save the file as UTF-8"
        raise _Unreadable("a character that no text has", *_place(text, found.start()), help)
    if found := _INDENT_TAB.search(text):
        raise _Unreadable("a tab in the indentation", *_place(text, found.end() - 1), "indent with spaces")
    if found := _DIRECTIVE.search(text):
        raise _Unreadable("`%` begins a directive, and there are none here", *_place(text, found.start()))


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


class _Builder:
    """Builds the tree of one file."""

    def __init__(self, text: str, file: str, pure: bool) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._file = file
        self._events = _events(text, pure)
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def document(self) -> Node:
        next(self._events)  # the stream begins
        if type(next(self._events)).__name__ == "StreamEndEvent":
            raise _Unreadable("the file is empty", 1, 1)
        root = self._node(next(self._events), 0)
        next(self._events)  # the document ends
        after = next(self._events)
        if type(after).__name__ != "StreamEndEvent":
            raise _Unreadable("a second document begins here", *_marked(after), "one file holds one document")
        return root

    def _node(self, event: Any, depth: int, flow: bool = False) -> Node:
        line, column = _marked(event)
        if depth > DEEPEST:
            raise _Unreadable(f"nested more than {DEEPEST} deep", line, column)
        node: Node
        match type(event).__name__:
            case "ScalarEvent":
                node = self._scalar(event, line, column, flow)
            case "SequenceStartEvent":
                items = tuple(self._items(depth + 1, event.flow_style))
                node = Sequence(line=line, column=column, items=items)
            case "MappingStartEvent":
                node = self._mapping(event, line, column, depth + 1)
            case _:
                raise _Unreadable("`*` begins an alias, and there are none here", line, column, _WRITE_OUT)
        if event.anchor is not None:
            raise _Unreadable("`&` begins an anchor, and there are none here", line, column, _WRITE_OUT)
        if event.tag is not None:
            raise _Unreadable("`!` begins a tag, and there are none here", line, column, _NO_TAG)
        return node

    def _items(self, depth: int, flow: bool) -> Iterator[Node]:
        while type(event := next(self._events)).__name__ != "SequenceEndEvent":
            yield self._node(event, depth, flow)

    def _mapping(self, start: Any, line: int, column: int, depth: int) -> Mapping:
        keys: dict[str, Scalar] = {}
        values: dict[str, Node] = {}
        while type(event := next(self._events)).__name__ != "MappingEndEvent":
            key = self._node(event, depth, start.flow_style)
            value = self._node(next(self._events), depth, start.flow_style)
            if isinstance(value, Scalar) and value.kind == "null":  # nothing is written: speak of the key
                value = msgspec.structs.replace(value, line=key.line, column=key.column)
            if not isinstance(key, Scalar):
                help = "an expression is written without `{{ }}`; a template text with them is put in quotes"
                self._report("E001", "a key is a word, not a list or a mapping", key.line, key.column, help)
            elif key.text in keys:
                first = keys[key.text].line
                message, help = f"duplicate key `{key.text}`", f"first at line {first}"
                self._report("E002", message, key.line, key.column, help, len(key.text))
            else:
                keys[key.text], values[key.text] = key, value
        return Mapping(line=line, column=column, keys=keys, values=values)

    def _scalar(self, event: Any, line: int, column: int, flow: bool) -> Scalar:
        plain, block = event.implicit[0], event.style in ("|", ">")
        start, end = self._index(event.start_mark), self._index(event.end_mark)
        # Where the two parsers disagree, neither reading counts.
        if plain and flow and ("?" in event.value or _GLUED_COLON.match(self._text, end)):
            message = "a `?` or `:` that is part of a value"
            raise _Unreadable(message, line, column, "quote the whole expression")
        if block and not _BLOCK_HEADER.match(self._text, start):
            raise _Unreadable("text after `|` or `>`", line, column, "begin the text on the next line")
        return Scalar(
            line=line,
            column=column,
            text=event.value,
            kind=_kind(event.value) if plain else "str",
            source=self._text,
            start=start,
            end=end,
            block=block,
        )

    def _index(self, mark: Any) -> int:
        return int(self._starts[min(mark.line, len(self._starts) - 1)] + mark.column)

    def _report(self, code: str, message: str, line: int, column: int, help: str, length: int = 1) -> None:
        self.problems.append(
            Problem(
                code=code, message=message, file=self._file, line=line, column=column, length=length, help=help
            )
        )


def _events(text: str, pure: bool) -> Iterator[Any]:
    import yaml  # here, since a command that reads no file need not wait for it

    loader = yaml.BaseLoader if pure else getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        yield from yaml.parse(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise _Unreadable(f"this is no YAML: {_said(error)}", line, column, _hint(_said(error))) from None
    except yaml.YAMLError as error:
        raise _Unreadable(f"this is no YAML: {error}", 1, 1) from None


def _said(error: Any) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part)


def _hint(said: str) -> str | None:
    return next((hint for words, hint in _HINTS if words in said), None)


def _marked(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _kind(text: str) -> str:
    found = _CORE.fullmatch(text)
    return "str" if found is None else str(found.lastgroup)
