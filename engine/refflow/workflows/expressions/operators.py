"""Which values go together: the rules of comparison, membership and arithmetic."""

from __future__ import annotations

from typing import NamedTuple

from refflow.spelling import did_you_mean

from .problems import Problem
from .syntax import Constant, Items, Node
from .types import (
    DURATION,
    INSTANT,
    NUMBER,
    TEXT,
    UNKNOWN,
    Enum,
    List,
    Record,
    Type,
    comparable,
    described,
    fits,
    optional,
)


class Term(NamedTuple):
    """A checked term, its type and its source text."""

    node: Node
    type: Type
    source: str

    def __str__(self) -> str:
        return f"`{self.source}` is {described(self.type)}"


class Report:
    """Collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, code: str, message: str, span: tuple[int, int], help: str | None = None) -> Type:
        """Note a problem and return the type that keeps it from causing others."""
        self.problems.append(Problem(code, message, *span, help))
        return UNKNOWN


def compare(report: Report, operator: str, node: Node, left: Term, right: Term) -> None:
    """Report what forbids the comparison `node`."""
    if UNKNOWN in (left.type, right.type):
        return
    if operator in ("==", "!="):
        _equal(report, node, left, right)
    elif operator == "contains":
        _member(report, operator, node, right, left)
    elif operator in ("in", "not in"):
        _member(report, operator, node, left, right)
    else:
        _ordered(report, operator, node, left, right)


def _equal(report: Report, node: Node, left: Term, right: Term) -> None:
    if outside(report, left.type, right.node) or outside(report, right.type, left.node):
        return
    if not comparable(left.type, right.type):
        help = _equal_help(left, right) or _equal_help(right, left)
        report.wrong("E122", f"{left} and {right}: they cannot be equal", node.span, help)


def _equal_help(one: Term, other: Term) -> str | None:
    if isinstance(one.type, List):
        return "use `contains`, `in` or `any_of` with lists"
    if isinstance(one.type, Record) and isinstance(other.type, Record):
        return "compare one of their fields"
    return _unquoted(one, other)


def _unquoted(one: Term, other: Term) -> str | None:
    value = one.node.value if isinstance(one.node, Constant) else None
    if other.type == NUMBER and isinstance(value, str) and value.isdecimal():
        return f"write `{value}` without quotes"
    return None


def _ordered(report: Report, operator: str, node: Node, left: Term, right: Term) -> None:
    if left.type == right.type and left.type in (NUMBER, INSTANT):
        return
    help = _unquoted(left, right) or _unquoted(right, left)
    if comparable(left.type, right.type):
        message = f"{left}: only numbers and points in time have an order"
    else:
        message = f"{left} and {right}: `{operator}` cannot compare them"
    report.wrong("E122", message, node.span, help)


def _member(report: Report, operator: str, node: Node, item: Term, group: Term) -> None:
    if isinstance(group.type, List):
        alike(report, node, item, group._replace(type=group.type.item))
    elif fits(group.type, TEXT) and fits(item.type, TEXT):
        if operator != "contains":
            help = f"write `{group.source} contains {item.source}`"
            report.wrong("E122", f"{group}, not a list", group.node.span, help)
    else:
        report.wrong("E122", f"{group}, not a list", group.node.span)


def alike(report: Report, node: Node, item: Term, group: Term) -> None:
    """Report unless `item` can equal what `group` holds; the type of `group` is that of its items."""
    if outside(report, item.type, group.node) or outside(report, group.type, item.node):
        return
    if not comparable(item.type, group.type):
        kinds = f"{described(item.type)} never equals {described(group.type)}"
        report.wrong("E122", f"`{item.source}` and `{group.source}`: {kinds}", node.span)


def outside(report: Report, expected: Type, node: Node) -> bool:
    """Report every text written in `node` that is not a value of the enum `expected`; whether there was one."""
    if not isinstance(expected, Enum):
        return False
    if isinstance(node, Items):
        strange = [outside(report, expected, item) for item in node.items]
        return any(strange)
    if not isinstance(node, Constant) or not isinstance(node.value, str) or node.value in expected.values:
        return False
    help = did_you_mean(node.value, expected.values) or "it can be " + ", ".join(expected.values)
    report.wrong("E115", f'"{node.value}" is not among the values it can have', node.span, help)
    return True


def calculate(report: Report, operator: str, node: Node, left: Term, right: Term) -> Type:
    """The type of `left operator right`. Division by zero is missing, so the quotient is optional unless the
    divisor is written out.
    """
    if UNKNOWN in (left.type, right.type):
        return UNKNOWN
    if left.type == right.type == NUMBER:
        return _quotient(report, right) if operator == "/" else NUMBER
    if operator in ("+", "-") and left.type == INSTANT and right.type == DURATION:
        return INSTANT
    message = f"{left} and {right}: `{operator}` cannot join them"
    return report.wrong("E122", message, node.span, _calculation_help(left.type, right.type))


def _quotient(report: Report, divisor: Term) -> Type:
    if not isinstance(divisor.node, Constant):
        return optional(NUMBER)
    if divisor.node.value == 0:
        return report.wrong("E122", "division by zero", divisor.node.span)
    return NUMBER


def _calculation_help(left: Type, right: Type) -> str | None:
    if left == right == INSTANT:
        return "count with `days_since(instant)`"
    if left == DURATION and right == INSTANT:
        return "the point in time comes first: `now + 5bd`"
    if left == INSTANT and right == NUMBER:
        return "a duration has a unit: 30m, 4h, 5d, 5bd or 2w"
    return None
