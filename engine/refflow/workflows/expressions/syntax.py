"""The syntax tree of an expression, and how a tree is written.

Two trees are equal when they say the same, wherever in a text they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from ..durations import Duration

OR, AND, NOT, COMPARE, ELSE, SUM, PRODUCT, MINUS, ATOM = range(9)

POWER = {
    "or": OR,
    "and": AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains"), COMPARE),
    "else": ELSE,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
}
"""How tightly each operator binds. `else` stands between comparison and sum, so that both
`contact.days else 99 > 30` and `event.when else now + 20bd` mean what they seem to.
"""


_PLACES = ("span", "offsets")


class Node(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A term; `span` is (offset, length) in the text."""

    span: tuple[int, int]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash((type(self), self._said()))

    def _said(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name not in _PLACES)


class Constant(Node, frozen=True, eq=False):
    """A number, text, truth value, duration or null."""

    value: bool | int | float | str | Duration | None


class Mistake(Node, frozen=True, eq=False):
    """A literal that could not be read and has been reported."""


class Items(Node, frozen=True, eq=False):
    """A list written out."""

    items: tuple[Node, ...]


class Path(Node, frozen=True, eq=False):
    """A name and the fields followed from it; `offsets` says where each part starts."""

    parts: tuple[str, ...]
    offsets: tuple[int, ...]

    def up_to(self, count: int) -> Path:
        """The path of the first `count` parts."""
        end = self.offsets[count - 1] + len(self.parts[count - 1])
        return Path(self.parts[:count], self.offsets[:count], span=(self.span[0], end - self.span[0]))


class Not(Node, frozen=True, eq=False):
    operand: Node


class Minus(Node, frozen=True, eq=False):
    operand: Node


class Logic(Node, frozen=True, eq=False):
    """Two or more operands joined by `and` or by `or`."""

    operator: str
    operands: tuple[Node, ...]


class Comparison(Node, frozen=True, eq=False):
    operator: str
    left: Node
    right: Node


class Arithmetic(Node, frozen=True, eq=False):
    operator: str
    left: Node
    right: Node


class Default(Node, frozen=True, eq=False):
    """`value else default`."""

    value: Node
    default: Node


class Has(Node, frozen=True, eq=False):
    path: Path


class Call(Node, frozen=True, eq=False):
    name: str
    arguments: tuple[Node, ...]


def operands_of(node: Node) -> tuple[Node, ...]:
    """The terms directly below `node`."""
    match node:
        case Items(items=operands) | Logic(operands=operands) | Call(arguments=operands):
            return operands
        case Not(operand=operand) | Minus(operand=operand) | Has(path=operand):
            return (operand,)
        case Comparison(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case Default(value=value, default=default):
            return (value, default)
        case _:
            return ()


def terms_of(node: Node) -> Iterator[Node]:
    """`node` and every term below it, outermost first, left to right."""
    yield node
    for operand in operands_of(node):
        yield from terms_of(operand)


def written(node: Node, least: int = OR) -> str:
    """`node` as an expression that parses to an equal tree, in brackets where it binds looser than `least`."""
    text, power = _written(node)
    return text if power >= least else f"({text})"


def _written(node: Node) -> tuple[str, int]:
    match node:
        case Constant(value=value):
            return _literal(value), ATOM
        case Items(items=items):
            return f"[{_listed(items)}]", ATOM
        case Path(parts=parts):
            return ".".join(parts), ATOM
        case Mistake():
            return "...", ATOM
        case Has(path=path):
            return f"has({written(path)})", ATOM
        case Call(name=name, arguments=arguments):
            return f"{name}({_listed(arguments)})", ATOM
        case Not(operand=operand):
            return f"not {written(operand, NOT)}", NOT
        case Minus(operand=Constant() as operand):
            return f"-({written(operand)})", MINUS
        case Minus(operand=operand):
            return f"-{written(operand, MINUS)}", MINUS
        case Logic(operator=operator, operands=operands):
            power = POWER[operator]
            return f" {operator} ".join(written(each, power + 1) for each in operands), power
        case Comparison(operator=operator, left=left, right=right):
            return f"{written(left, ELSE)} {operator} {written(right, ELSE)}", COMPARE
        case Arithmetic(operator=operator, left=left, right=right):
            power = POWER[operator]
            return f"{written(left, power)} {operator} {written(right, power + 1)}", power
        case Default(value=value, default=default):
            return f"{written(value, ELSE)} else {written(default, SUM)}", ELSE
    raise TypeError(node)


def _listed(nodes: tuple[Node, ...]) -> str:
    return ", ".join(map(written, nodes))


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # never the exponent, which the language does not have
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
