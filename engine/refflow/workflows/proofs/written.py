"""A compiled workflow with the places of its parts in the file: for what is said of it as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..language.definition import Definition
from ..language.problems import Problem
from ..language.yaml_source import Mapping, Node, Scalar, Sequence
from .promise import Proof

Spot = tuple[int, int, int]
"""Line, column and length."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """The workflow in `file`, whose tree is `root`. `proof` is None when its paths are too many."""

    file: str
    root: Node
    definition: Definition
    proof: Proof | None

    def spot(self, *path: str | int) -> Spot:
        """Where the value at `path` is written, or what comes nearest to it: `"policy", "caps", 0`."""
        node = self.root
        if self.definition.origin and path[0] not in getattr(node, "values", {}):
            path = ("from",)  # it is written in the packaged workflow
        for part in path:
            match node:
                case Mapping(values=values) if part in values:
                    node = values[str(part)]
                case Sequence(items=items) if isinstance(part, int) and part < len(items):
                    node = items[part]
                case _:
                    break
        return _spot(node)

    def word(self, line: int, name: str) -> Spot:
        """Where the key `name` is written in `line`."""
        for node in () if self.definition.origin else nodes_of(self.root):
            if isinstance(node, Mapping) and name in node.keys and node.keys[name].line == line:
                return _spot(node.keys[name])
        return self.spot("steps")

    def problem(self, code: str, message: str, spot: Spot, help: str | None = None) -> Problem:
        """A finding at `spot`."""
        line, column, length = spot
        return Problem(
            code=code, message=message, file=self.file, line=line, column=column, length=length, help=help
        )


def nodes_of(node: Node) -> Iterator[Node]:
    """`node` and all below it."""
    yield node
    match node:
        case Mapping(values=values):
            for each in values.values():
                yield from nodes_of(each)
        case Sequence(items=items):
            for each in items:
                yield from nodes_of(each)


def _spot(node: Node) -> Spot:
    length = len(node.text.split("\n")[0]) if isinstance(node, Scalar) else 1
    return node.line, node.column, max(1, length)
