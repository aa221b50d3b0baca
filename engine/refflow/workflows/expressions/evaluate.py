"""Compiles a checked tree to a Python function.

Only nodes of Python's own syntax tree are made, from terms the checker has passed: no text of the user's
is ever run, and names and literals enter as constants.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, cast

from . import operations
from .functions import Scope
from .syntax import (
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Default,
    Has,
    Items,
    Logic,
    Minus,
    Node,
    Not,
    Path,
)
from .types import INSTANT, List, Type, is_optional, present

Evaluator = Callable[[Mapping[str, Any]], Any]

_COMPARED: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
    "in": ast.In,
    "not in": ast.NotIn,
    "contains": ast.In,
}

_CALCULATED = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}

_OPERATIONS = {
    operation.__name__: operation
    for operation in (
        operations.read,
        operations.instant,
        operations.instants,
        operations.add,
        operations.subtract,
        operations.multiply,
        operations.divide,
        operations.later,
        operations.earlier,
    )
}


def evaluator(node: Node, types: Mapping[int, Type], scope: Scope) -> Evaluator:
    """A function from the environment to the value of `node`; `types` are those the checker found."""
    return _Compiler(types, scope).function(node)


class _Compiler:
    def __init__(self, types: Mapping[int, Type], scope: Scope) -> None:
        self._types = types
        self._scope = scope
        self._globals: dict[str, Any] = {"__builtins__": {}, **_OPERATIONS}

    def function(self, node: Node) -> Evaluator:
        given = ast.arguments(posonlyargs=[], args=[ast.arg("env")], kwonlyargs=[], kw_defaults=[], defaults=[])
        whole = ast.fix_missing_locations(ast.Expression(ast.Lambda(given, self._code(node))))
        return cast(Evaluator, eval(compile(whole, "<expression>", "eval"), self._globals))

    def _code(self, node: Node) -> ast.expr:
        match node:
            case Constant(value=value):
                return self._constant(value)
            case Items(items=items):
                return ast.Tuple(list(map(self._code, items)), ast.Load())
            case Path():
                return self._path(node)
            case Not(operand=operand):
                return ast.UnaryOp(ast.Not(), self._code(operand))
            case Minus(operand=operand):
                return ast.UnaryOp(ast.USub(), self._code(operand))
            case Logic(operator=operator, operands=operands):
                join = ast.And() if operator == "and" else ast.Or()
                return ast.BoolOp(join, list(map(self._code, operands)))
            case Comparison(operator=operator, left=left, right=right):
                return self._comparison(operator, left, right)
            case Arithmetic(operator=operator, left=left, right=right):
                return self._arithmetic(operator, left, right)
            case Default(value=value, default=default):
                return self._default(value, default)
            case Has(path=path):
                return ast.Compare(self._code(path), [ast.IsNot()], [ast.Constant(None)])
            case Call(name=name, arguments=arguments):
                return self._call(name, arguments)
        raise TypeError(node)

    def _constant(self, value: Any) -> ast.expr:
        if value is None or isinstance(value, bool | int | float | str):
            return ast.Constant(value)
        return self._global(value)

    def _global(self, value: Any) -> ast.expr:
        name = f"g{len(self._globals)}"
        self._globals[name] = value
        return _name(name)

    def _path(self, path: Path) -> ast.expr:
        root = path.parts[0]
        code = _environment(root)
        if is_optional(self._scope.names[root]):
            code = ast.Call(ast.Attribute(_name("env"), "get", ast.Load()), [ast.Constant(root)], [])
        for part in path.parts[1:]:
            code = _apply("read", code, ast.Constant(part))
        found = present(self._types[id(path)])
        if found == INSTANT:
            return _apply("instant", code)
        return _apply("instants", code) if found == List(INSTANT) else code

    def _comparison(self, operator: str, left: Node, right: Node) -> ast.expr:
        if right == Constant(None, span=right.span) and operator in ("==", "!="):
            same = ast.Is() if operator == "==" else ast.IsNot()
            return ast.Compare(self._code(left), [same], [ast.Constant(None)])
        if operator == "contains":
            left, right = right, left
        return ast.Compare(self._code(left), [_COMPARED[operator]()], [self._code(right)])

    def _arithmetic(self, operator: str, left: Node, right: Node) -> ast.expr:
        values = self._code(left), self._code(right)
        if self._types[id(left)] == INSTANT:
            return _apply("later" if operator == "+" else "earlier", _environment("calendar"), *values)
        return _apply(_CALCULATED[operator], *values)

    def _default(self, value: Node, default: Node) -> ast.expr:
        held = ast.NamedExpr(ast.Name("value", ast.Store()), self._code(value))
        test = ast.Compare(held, [ast.IsNot()], [ast.Constant(None)])
        return ast.IfExp(test, _name("value"), self._code(default))

    def _call(self, name: str, arguments: tuple[Node, ...]) -> ast.expr:
        function = self._scope.function(name)
        assert function is not None  # the checker has refused unknown functions
        keywords = [ast.keyword(need, _environment(need)) for need in function.needs]
        return ast.Call(self._global(function.call), list(map(self._code, arguments)), keywords)


def _name(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def _environment(name: str) -> ast.expr:
    return ast.Subscript(_name("env"), ast.Constant(name), ast.Load())


def _apply(operation: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(_name(operation), list(arguments), [])
