"""Finds conditions that cannot come out both ways, by trying every kind of value their terms can have.

A field is tried with each of its values if they are listed, else with those it is compared with and others
around them. What cannot be looked into, such as a call, may come out either way by itself. So what is found to
be certain is certain; not everything that is certain is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise, product
from math import prod
from typing import Any

from ..expressions import BOOL, NUMBER, TEXT, Enum, Expression, Type
from ..expressions.syntax import Comparison, Constant, Default, Has, Items, Logic, Node, Not, Path, written
from ..expressions.types import is_optional, present

_MOST_TRIALS = 4_000
_SOMETHING = object()

Trial = Mapping[str, Any]
"""A value for each path, and for each term that is not looked into, by how it is written."""

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}


def constant(condition: Expression) -> bool | None:
    """What `condition` always is, or None when it can be either, or nobody knows."""
    tried = _trials([condition])
    outcomes = {_holds(condition, trial) for trial in tried or ()}
    return outcomes.pop() if len(outcomes) == 1 else None


def never_after(condition: Expression, earlier: Sequence[Expression]) -> bool:
    """Whether `condition` is true only where one of `earlier` is."""
    tried = _trials([condition, *earlier])
    return tried is not None and not any(
        _holds(condition, trial) and not any(_holds(each, trial) for each in earlier) for trial in tried
    )


def possible(conditions: Sequence[Expression], path: str) -> frozenset[Any] | None:
    """The values of `path` with which all conditions can be true, or None when they do not speak of it."""
    tried = _trials(conditions)
    if tried is None or not tried or path not in tried[0]:
        return None
    return frozenset(
        trial[path] for trial in tried if all(_holds(condition, trial) for condition in conditions)
    )


def _holds(condition: Expression, trial: Trial) -> bool:
    return _value(condition, condition.tree, trial) is True


def _trials(conditions: Sequence[Expression]) -> list[Trial] | None:
    """Every kind of situation that the conditions tell apart, or None when there are too many."""
    terms: dict[str, _Term] = {}
    for condition in conditions:
        for node in _terms(condition, condition.tree):
            terms.setdefault(written(node), _Term()).learn(condition.type_of(node))
        for path, constants in _compared(condition, condition.tree):
            terms[path].constants += constants
    values = {name: term.values() for name, term in terms.items()}
    if prod(map(len, values.values())) > _MOST_TRIALS:
        return None
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


class _Term:
    """What is known of a term that is given values."""

    def __init__(self) -> None:
        self.type: Type = BOOL
        self.missing = False
        self.constants: list[Any] = []

    def learn(self, found: Type) -> None:
        """Take in its type at a place; where a guard stands before it, it is not missing there."""
        self.type, self.missing = present(found), self.missing or is_optional(found)

    def values(self) -> list[Any]:
        """One of each kind of value."""
        return [*self._present(), *([None] if self.missing else [])]

    def _present(self) -> list[Any]:
        match self.type:
            case Enum(values=values):
                return list(values)
            case _ if self.type == BOOL:
                return [True, False]
            case _ if self.type == NUMBER:
                return _around({each for each in self.constants if isinstance(each, int | float)})
            case _ if self.type == TEXT:
                texts = sorted({each for each in self.constants if isinstance(each, str)})
                return [*texts, "".join(["?", *texts])]
        return [_SOMETHING]


def _around(constants: set[float]) -> list[float]:
    if not constants:
        return [0]
    found = sorted(constants)
    between = [(low + high) / 2 for low, high in pairwise(found)]
    return [found[0] - 1, *found, *between, found[-1] + 1]


def _terms(condition: Expression, node: Node) -> Iterator[Node]:
    """The terms that take a value in a trial: paths, and what is not looked into."""
    match node:
        case Logic(operands=operands):
            for each in operands:
                yield from _terms(condition, each)
        case Not(operand=operand):
            yield from _terms(condition, operand)
        case Has(path=path):
            yield path
        case Constant():
            return
        case Comparison() if (told := _told(condition, node)) is not None:
            yield told
        case _:
            yield node


def _told(condition: Expression, node: Comparison) -> Path | None:
    """The path whose values a comparison tells apart by constants, if it does no more than that."""
    for one, other in ((node.left, node.right), (node.right, node.left)):
        bare = one.value if isinstance(one, Default) and isinstance(one.default, Constant) else one
        if isinstance(bare, Path) and _constants(other) is not None and node.operator in _COMPARE:
            found = present(condition.type_of(bare))
            return bare if isinstance(found, Enum) or found in (BOOL, NUMBER, TEXT) else None
    return None


def _compared(condition: Expression, node: Node) -> Iterator[tuple[str, list[Any]]]:
    """Each path with the constants it is compared with."""
    match node:
        case Logic(operands=operands):
            for each in operands:
                yield from _compared(condition, each)
        case Not(operand=operand):
            yield from _compared(condition, operand)
        case Comparison(left=left, right=right) if (told := _told(condition, node)) is not None:
            defaults = [each.default for each in (left, right) if isinstance(each, Default)]
            sides = [_constants(each) or [] for each in (left, right, *defaults)]
            yield written(told), [value for side in sides for value in side]


def _constants(node: Node) -> list[Any] | None:
    match node:
        case Constant(value=value):
            return [value]
        case Items(items=items):
            values = [each.value for each in items if isinstance(each, Constant)]
            return values if len(values) == len(items) else None
    return None


def _value(condition: Expression, node: Node, trial: Trial) -> Any:
    match node:
        case Constant(value=value):
            return value
        case Items():
            return _constants(node)
        case Logic(operator=operator, operands=operands):
            each = (_value(condition, operand, trial) is True for operand in operands)
            return all(each) if operator == "and" else any(each)
        case Not(operand=operand):
            return _value(condition, operand, trial) is not True
        case Has(path=path):
            return trial[written(path)] is not None
        case Default(value=value, default=default) if written(node) not in trial:
            found = _value(condition, value, trial)
            return _value(condition, default, trial) if found is None else found
        case Comparison(operator=operator, left=left, right=right) if _told(condition, node) is not None:
            sides = _value(condition, left, trial), _value(condition, right, trial)
            if None in sides and operator not in ("==", "!="):
                return False  # a guard keeps it from being asked
            return _COMPARE[operator](*sides)
    return trial[written(node)]
