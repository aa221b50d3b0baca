"""Reads values that a person wrote: closed sets of keys, and for every mistake its place and a hint."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from refflow.spelling import did_you_mean, nearest

from ..durations import Duration, parse_duration
from ..expressions import ExpressionErrors
from .definition import Source
from .problems import Problem
from .yaml_source import Mapping, Node, Scalar, Sequence

WRITE_DURATION = "write 30m, 4h, 5d, 5bd or 2w"

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_LIKE_DURATION = re.compile(
    r"[0-9][0-9.,]*\s*[a-z ]*|(?:[a-z]+[ -])*(?:minute|hour|day|week|month|year)s?", re.IGNORECASE
)
_UNKNOWN = frozenset({"E116", "E120", "E121"})
_SHAPES = {Mapping: "a mapping", Sequence: "a list", Scalar: "a single value"}


class Reader:
    """Reads the nodes of one file. Whatever cannot be read is None, and `problems` says why. `written` has the
    expressions by line and column.

    A word that was probably meant to be another is reported and then read as that one, and a name that does not
    exist is reported once, so that one mistake stays one.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.written: dict[tuple[int, int], Scalar] = {}
        self._unknown: set[tuple[str, str]] = set()

    def wrong(self, code: str, message: str, node: Node, help: str | None = None) -> None:
        """Note a problem at `node`."""
        length = len(node.text.split("\n")[0]) if isinstance(node, Scalar) else 1
        self.wrong_at(code, message, (node.line, node.column, max(1, length)), help)

    def wrong_at(self, code: str, message: str, place: tuple[int, int, int], help: str | None = None) -> None:
        """Note a problem at `place`: line, column and length."""
        line, column, length = place
        self.problems.append(
            Problem(
                code=code,
                message=message,
                file=self.file,
                line=line,
                column=column,
                length=length,
                help=help,
            )
        )

    def wrong_expression(self, errors: ExpressionErrors, node: Scalar) -> None:
        """Note what is wrong with the expression that `node` holds."""
        unknown = any(each.code in _UNKNOWN for each in errors.problems)
        for each in errors.problems:
            if each.code == "E124" and unknown:
                continue  # what was to guard it may be what is misspelt
            if each.code in _UNKNOWN and self.told(each.code, each.message):
                continue
            line, column = node.place(each.offset)
            self.wrong_at(each.code, each.message, (line, column, max(1, each.length)), each.help)

    def mapping(
        self,
        node: Node,
        what: str,
        keys: Collection[str] | None = None,
        *,
        required: Collection[str] = (),
    ) -> Mapping | None:
        """A mapping with `keys` only (None: any names), of which `required` must be there. `what` is how a message
        calls it: `a window`.
        """
        if not isinstance(node, Mapping):
            self._shape(node, what, "a mapping, `key: value`")
            return None
        if keys is not None:
            self.closed(node, what, keys)
        for name in required:
            if name not in node.values:
                self.wrong("E006", f"{what} needs `{name}`", node)
        return node

    def closed(self, node: Mapping, what: str, keys: Collection[str]) -> None:
        """Report the keys of `node` that are not among `keys`."""
        for name, key in tuple(node.keys.items()):
            if name not in keys:
                self.wrong("E003", f"{what} has no `{name}`", key, did_you_mean(name, keys) or one_of(keys))
                meant(node, name, [each for each in keys if each not in node.values])

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The items of a list."""
        if not isinstance(node, Sequence):
            self._shape(node, what, "a list")
            return ()
        return node.items

    def scalar(self, node: Node, what: str) -> Scalar | None:
        """A single value that is there."""
        if isinstance(node, Scalar) and node.kind != "null":
            return node
        self._shape(node, what, "a single value")
        return None

    def text(self, node: Node, what: str) -> str | None:
        """A text."""
        found = self.scalar(node, what)
        return None if found is None else found.text

    def name(self, node: Node, what: str) -> str | None:
        """A name: small letters, digits, and `-` or `_` between them."""
        found = self.scalar(node, what)
        if found is None:
            return None
        if not _NAME.fullmatch(found.text):
            self.wrong("E007", f"`{found.text}` is no name for {what}", found, "write it like `last-silence`")
            return None
        return found.text

    def choice(self, node: Node, what: str, options: Collection[str]) -> str | None:
        """One of `options`."""
        found = self.scalar(node, what)
        if found is None:
            return None
        if found.text in options:
            return found.text
        help = did_you_mean(found.text, options) or one_of(options)
        self.wrong("E011", f"{what} cannot be `{found.text}`", found, help)
        return nearest(found.text, options)

    def known(
        self, node: Node, code: str, what: str, options: Collection[str], none: str | None = None
    ) -> str | None:
        """The name of something that exists; `none` is the help when nothing of the sort does."""
        found = self.scalar(node, what)
        if found is None:
            return None
        if found.text in options:
            return found.text
        if not self.told(code, found.text):
            few = one_of(options) if 0 < len(options) <= 8 else None
            help = did_you_mean(found.text, options) or few or (None if options else none)
            self.wrong(code, f"{what} `{found.text}` does not exist", found, help)
        return nearest(found.text, options)

    def flag(self, node: Node, what: str) -> bool | None:
        """`true` or `false`."""
        found = self.choice(node, what, ("true", "false"))
        return None if found is None else found == "true"

    def whole(self, node: Node, what: str, least: int = 1) -> int | None:
        """A whole number of at least `least`."""
        found = self.scalar(node, what)
        if found is None:
            return None
        if found.kind != "int" or not found.text.isdecimal() or int(found.text) < least:
            self.wrong("E011", f"{what} is a whole number from {least} on, not `{found.text}`", found)
            return None
        return int(found.text)

    def duration(self, node: Node, what: str) -> Duration | None:
        """A duration written out."""
        found = self.scalar(node, what)
        if found is None:
            return None
        duration = parse_duration(found.text)
        if duration is None:
            self.wrong("E130", f"`{found.text}` is not a duration", found, WRITE_DURATION)
        return duration

    def expression(self, node: Node, what: str) -> Source | None:
        """An expression with its place; it is not checked yet."""
        found = self.scalar(node, what)
        if found is None:
            return None
        self.written[found.line, found.column] = found
        return Source(text=found.text, line=found.line, column=found.column)

    def duration_expression(self, node: Node, what: str) -> Source | None:
        """An expression for a duration; one that is meant to be written out must be right."""
        source = self.expression(node, what)
        if source is not None and _LIKE_DURATION.fullmatch(source.text):
            return source if self.duration(node, what) else None
        return source

    def told(self, code: str, name: str) -> bool:
        """Whether it has been reported that there is no such name; from now on it has."""
        told = (code, name) in self._unknown
        self._unknown.add((code, name))
        return told

    def _shape(self, node: Node, what: str, wanted: str) -> None:
        if isinstance(node, Scalar) and node.kind == "null":
            self.wrong("E006", f"{what} is missing", node, f"write {wanted}")
        else:
            self.wrong("E005", f"{what} is {wanted}, not {_SHAPES[type(node)]}", node)


def pairs(node: Mapping) -> Iterator[tuple[str, Scalar, Node]]:
    """Name, key and value of each entry."""
    for name, key in node.keys.items():
        yield name, key, node.values[name]


def meant(node: Mapping, name: str, options: Collection[str]) -> str | None:
    """Read the key `name`, which does not exist, as the one of `options` that was probably meant, if any."""
    found = nearest(name, options)
    if found is not None:
        node.keys[found], node.values[found] = node.keys.pop(name), node.values.pop(name)
    return found


def one_of(options: Collection[str]) -> str:
    """A hint naming what is possible."""
    return "possible: " + ", ".join(f"`{option}`" for option in options)
