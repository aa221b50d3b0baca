"""A compiled expression."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from .check import Checker
from .evaluate import Evaluator, evaluator
from .functions import Scope
from .parser import parse
from .problems import ExpressionErrors
from .syntax import Constant, Items, Node, Path, terms_of
from .types import UNKNOWN, Record, Type, present


class Expression:
    """Text that has been checked against a scope and can be evaluated.

    `refs` are the paths that are read, `tree` is the syntax tree.
    """

    def __init__(self, text: str, tree: Node, checker: Checker, scope: Scope) -> None:
        self.text = text
        self.type: Type = checker.types[id(tree)]
        self.refs = frozenset(checker.refs)
        self.tree = tree
        self._types = checker.types
        self._scope = scope

    def type_of(self, node: Node) -> Type:
        """The type of a term of the tree where it stands."""
        return self._types.get(id(node), UNKNOWN)

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @cached_property
    def evaluate(self) -> Evaluator:
        """`evaluate(env)` gives the value for an environment that has the names of the scope, what the
        functions need, and `calendar` where a duration is added to a point in time.
        """
        # A property, so that checking a file compiles nothing and evaluating costs one call.
        return evaluator(self.tree, self._types, self._scope)

    def explain(self, env: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
        """Each term with its value, the whole first, then its operands; literals and whole records are left
        out. A term that has no value under `env`, such as one its guard keeps from being read, is None.
        """
        return tuple((source, _value(evaluate, env)) for source, evaluate in self._terms)

    @cached_property
    def _terms(self) -> tuple[tuple[str, Evaluator], ...]:
        terms = {self._source(self.tree): self.evaluate}
        for node in terms_of(self.tree):
            source = self._source(node)
            if source not in terms and self._tells(node):
                terms[source] = evaluator(node, self._types, self._scope)
        return tuple(terms.items())

    def _source(self, node: Node) -> str:
        offset, length = node.span
        return self.text[offset : offset + length]

    def _tells(self, node: Node) -> bool:
        if isinstance(node, Path):
            return not isinstance(present(self._types[id(node)]), Record)
        return not isinstance(node, Constant | Items)


def compile_expression(text: str, scope: Scope, expect: Type | None = None) -> Expression:
    """The expression `text`, giving a value of type `expect` (BOOL for a condition) when that is given.

    Raises `ExpressionErrors` with every independent mistake.
    """
    tree, problems = parse(text)
    checker = Checker(text, scope)
    checker.whole(tree, expect)
    if problems or checker.problems:
        raise ExpressionErrors([*problems, *checker.problems])
    return Expression(text, tree, checker, scope)


def _value(evaluate: Evaluator, env: Mapping[str, Any]) -> Any:
    # An explanation reads terms that evaluation would not have reached, with values of any kind.
    try:
        return evaluate(env)
    except Exception:
        return None
