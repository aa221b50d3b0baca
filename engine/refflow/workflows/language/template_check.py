"""Checks a template through Jinja's syntax tree: every name and field must exist. Imported when needed."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes

from refflow.spelling import did_you_mean

from ..expressions import BOOL, INSTANT, NUMBER, TEXT, UNKNOWN, Enum, List, Record, Type
from ..expressions.types import NULL, comparable, described, is_optional, present
from .extensions import Filters
from .problems import Mistake
from .rendering import environment

_LITERALS: dict[type, Type] = {str: TEXT, bool: BOOL, int: NUMBER, float: NUMBER, type(None): NULL}
_ALONE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)


def mistakes_in(text: str, names: Mapping[str, Type], filters: Filters = ()) -> list[Mistake]:
    """What is wrong with the template `text` where `names` and the `filters` of plugins can be used."""
    try:
        tree, own = _parsed(text)
        checker = _Checker(text, tree, own, names, environment(filters).filters)
        checker.check()
    except TemplateSyntaxError as error:
        message = f"the template cannot be read: {error.message or 'it is no template'}".rstrip(".")
        return [Mistake(code="E142", message=message, offset=_line_start(text, error.lineno))]
    except (RecursionError, ValueError):  # brackets or numbers beyond what Python reads
        return [Mistake(code="E142", message="the template is too deep or has too long a number", offset=0)]
    return list({(each.offset, each.message): each for each in checker.mistakes}.values())


@lru_cache(maxsize=256)
def printed(text: str) -> tuple[tuple[str, int, int], ...]:
    """The paths whose values come to stand in the text, as `contact.name`, with the offset and length of each."""
    try:
        tree, _ = _parsed(text)
    except (TemplateSyntaxError, RecursionError, ValueError):
        return ()  # `mistakes_in` says so
    found = (path for output in tree.find_all(nodes.Output) for each in output.nodes for path in _values(each))
    return tuple((written := _written(node), *_place(text, node, written)) for node in found)


def _values(node: nodes.Node) -> Iterator[nodes.Node]:
    """The paths that `node` can take its value from: not what is only asked in it."""
    match node:
        case nodes.Name() | nodes.Getattr() | nodes.Getitem():
            yield node
        case nodes.CondExpr():
            for branch in filter(None, (node.expr1, node.expr2)):
                yield from _values(branch)
        case nodes.Compare() | nodes.Test() | nodes.Not():
            return
        case _:
            for child in node.iter_child_nodes():
                yield from _values(child)


@lru_cache(maxsize=256)
def _parsed(text: str) -> tuple[nodes.Template, frozenset[str]]:
    """The tree of a template, and the names that it makes for itself."""
    with warnings.catch_warnings():
        # Python only warns of an escape such as `\.`, whose meaning will change; Jinja reports what is raised.
        warnings.simplefilter("error", DeprecationWarning)
        tree = environment().parse(text)
    own = {each.name for each in tree.find_all(nodes.Name) if each.ctx != "load"}
    own |= {each.name for each in tree.find_all(nodes.Macro)}
    if tree.find(nodes.For) is not None:
        own.add("loop")
    return tree, frozenset(own)


def _line_start(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at


class _Checker:
    def __init__(
        self,
        text: str,
        tree: nodes.Template,
        own: Collection[str],
        names: Mapping[str, Type],
        filters: Mapping[str, object],
    ) -> None:
        self.mistakes: list[Mistake] = []
        self._text = text
        self._tree = tree
        self._names = names
        self._there: frozenset[str] = frozenset()
        self._filters = filters
        self._own = own

    def check(self) -> None:
        """Check the whole template."""
        self.visit(self._tree)

    def visit(self, node: nodes.Node) -> None:
        """Check `node` and everything below it."""
        match node:
            case nodes.Name() | nodes.Getattr() | nodes.Getitem():
                self._type(node)
                return
            case nodes.Output():
                self._output(node)
                return
            case nodes.Call():
                self._call(node)
                for given in (*node.args, *node.kwargs):
                    self.visit(given)
                return
            case nodes.If() | nodes.CondExpr() | nodes.And() | nodes.Or():
                self._guarded(node)
                return
            case nodes.Compare():
                self._compare(node)
                return
            case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.Div() | nodes.FloorDiv() | nodes.Mod():
                self._number(node.left)
                self._number(node.right)
                return
            case nodes.For(iter=iterated):
                self._list(iterated)
            case nodes.Filter(name=str(name)) if name not in self._filters:
                self._wrong("E142", f"there is no filter `{name}`", node, name, self._filters)
            case nodes.Test(name=str(name)) if name not in environment().tests:
                self._wrong("E142", f"there is no test `{name}`", node, name, environment().tests)
            case _ if isinstance(node, _ALONE):
                self._wrong("E142", "a template stands alone: it includes and extends nothing", node, "{%")
        for child in node.iter_child_nodes():
            self.visit(child)

    def _guarded(self, node: nodes.If | nodes.CondExpr | nodes.And | nodes.Or) -> None:
        """Check parts that are reached when a test comes out one way, which can show that values are there."""
        match node:
            case nodes.If():
                test, holds, fails = node.test, node.body, [*node.elif_, *node.else_]
            case nodes.CondExpr():
                test, holds, fails = node.test, [node.expr1], [node.expr2] if node.expr2 else []
            case nodes.And():
                test, holds, fails = node.left, [node.right], []
            case nodes.Or():
                test, holds, fails = node.left, [], [node.right]
        self.visit(test)
        before = self._there
        for outcome, parts in ((True, holds), (False, fails)):
            self._there = before | frozenset(_shown(test, outcome))
            for part in parts:
                self.visit(part)
        self._there = before

    def _compare(self, node: nodes.Compare) -> None:
        left, found = node.expr, self._value(node.expr)
        for operand in node.ops:
            right, other = operand.expr, self._value(operand.expr)
            if operand.op in ("eq", "ne"):
                self._equal(left, found, right, other)
            elif operand.op in ("lt", "lteq", "gt", "gteq"):
                self._ordered(left, found, right, other)
            left, found = right, other

    def _equal(self, left: nodes.Node, found: Type, right: nodes.Node, other: Type) -> None:
        for field, values, word in ((left, present(found), right), (right, present(other), left)):
            if isinstance(values, Enum) and isinstance(word, nodes.Const) and isinstance(word.value, str):
                if word.value not in values.values:
                    message = f"`{_written(field)}` is never `{word.value}`, only {described(values)}"
                    self._wrong(
                        "E143", message, field, _written(field), dict.fromkeys(values.values), near=word.value
                    )
                return
        if NULL not in (found, other) and not comparable(present(found), present(other)):
            kinds = f"{described(present(found))} never equals {described(present(other))}"
            self._wrong("E143", f"`{_written(left)}`: {kinds}", left, _written(left))

    def _ordered(self, left: nodes.Node, found: Type, right: nodes.Node, other: Type) -> None:
        if UNKNOWN in (found, other) or self._absent(left, found) or self._absent(right, other):
            return
        kinds = present(found), present(other)
        if kinds[0] != kinds[1] or kinds[0] not in (NUMBER, INSTANT):
            message = (
                f"`{_written(left)}` is {described(kinds[0])}, not to be compared with {described(kinds[1])}"
            )
            self._wrong("E143", message, left, _written(left))

    def _number(self, node: nodes.Node) -> None:
        """Check a term that is computed with; texts can be joined."""
        found = self._value(node)
        if found != UNKNOWN and not self._absent(node, found) and isinstance(present(found), List | Record):
            message = f"`{_written(node)}` is {described(present(found))}: nothing can be computed with it"
            self._wrong("E143", message, node, _written(node))

    def _list(self, node: nodes.Node) -> None:
        found = (
            present(self._value(node))
            if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem)
            else UNKNOWN
        )
        if found != UNKNOWN and not isinstance(found, List):
            message = f"`{_written(node)}` is {described(found)}, not a list"
            self._wrong("E143", message, node, _written(node))

    def _absent(self, node: nodes.Node, found: Type) -> bool:
        """Report a value that may be missing where it is needed."""
        path = _written(node)
        if not is_optional(found) or path in self._there:
            return False
        self._wrong("E143", f"`{path}` may be missing", node, path, help=f"ask first: `{{% if {path} %}}`")
        return True

    def _value(self, node: nodes.Node) -> Type:
        """The type of a term, with everything below it checked."""
        if isinstance(node, nodes.Const):
            return _LITERALS.get(type(node.value), UNKNOWN)
        if isinstance(node, nodes.Name | nodes.Getattr | nodes.Getitem):
            return self._type(node)
        self.visit(node)
        return UNKNOWN

    def _output(self, node: nodes.Output) -> None:
        for each in node.nodes:
            if isinstance(each, nodes.Name | nodes.Getattr | nodes.Getitem):
                found = present(self._type(each))
                if isinstance(found, Record):
                    path = ".".join(_path(each))
                    self._wrong("E141", f"`{path}` is {described(found)}: name one of its fields", each, path)
            else:
                self.visit(each)

    def _call(self, node: nodes.Call) -> None:
        if isinstance(node.node, nodes.Name) and node.node.name in (*self._own, "range"):
            return
        called = ".".join(_path(node.node))
        help = "write a filter, as in `{{ contact.name | upper }}`"
        self._wrong("E142", "a template calls no functions", node, called, help=help)

    def _type(self, node: nodes.Node) -> Type:
        match node:
            case nodes.Name(name=str(name)):
                if name in self._own or name == "range":
                    return UNKNOWN
                if name not in self._names:
                    self._wrong("E141", f"there is no `{name}` here", node, name, self._names)
                return self._names.get(name, UNKNOWN)
            case nodes.Getattr(node=owner, attr=str(field)):
                return self._field(node, owner, field)
            case nodes.Getitem(node=owner, arg=nodes.Const(value=str(field))):
                return self._field(node, owner, field)
        for child in node.iter_child_nodes():
            self.visit(child)
        return UNKNOWN

    def _field(self, node: nodes.Node, owner: nodes.Node, field: str) -> Type:
        found = present(self._type(owner))
        if found == UNKNOWN:
            return UNKNOWN
        source = ".".join(_path(owner))
        if not isinstance(found, Record):
            message = f"`{source}` is {described(found)} and has no fields"
            self._wrong("E141", message, node, f"{source}.{field}")
            return UNKNOWN
        if field not in found.fields:
            self._wrong("E141", f"`{source}` has no field `{field}`", node, f"{source}.{field}", found.fields)
        return found.fields.get(field, UNKNOWN)

    def _wrong(
        self,
        code: str,
        message: str,
        node: nodes.Node,
        written: str,
        known: Mapping[str, object] | None = None,
        help: str | None = None,
        near: str | None = None,
    ) -> None:
        """Note a mistake about the last word of `written`. What is `known` may be meant by it, or by `near`."""
        word = written.rpartition(".")[2]
        offset, length = _place(self._text, node, written)
        help = help or (None if known is None else did_you_mean(near or word, known))
        self.mistakes.append(Mistake(code=code, message=message, offset=offset, length=length, help=help))


def _place(text: str, node: nodes.Node, written: str) -> tuple[int, int]:
    """Where the last word of `written` is, looked for from the node's line on: its offset and length."""
    *_, word = written.split(".")
    pattern = r"\s*\.\s*".join(map(re.escape, written.split(".")))
    start = _line_start(text, node.lineno)
    found = re.compile(rf"(?<![\w.]){pattern}(?!\w)").search(text, start)
    return (start, 1) if found is None else (found.end() - len(word), len(word))


def _written(node: nodes.Node) -> str:
    return repr(node.value) if isinstance(node, nodes.Const) else ".".join(_path(node))


def _shown(test: nodes.Node, outcome: bool) -> Iterator[str]:
    """The paths that are there when `test` comes out so."""
    match test:
        case nodes.Not(node=negated):
            yield from _shown(negated, not outcome)
        case nodes.And() | nodes.Or() if isinstance(test, nodes.And) == outcome:
            yield from (*_shown(test.left, outcome), *_shown(test.right, outcome))
        case nodes.Test(node=path, name="defined") | (nodes.Name() | nodes.Getattr() | nodes.Getitem() as path):
            if outcome:
                yield _written(path)


def _path(node: nodes.Node) -> Iterator[str]:
    match node:
        case nodes.Name(name=str(name)):
            yield name
        case nodes.Getattr(node=owner, attr=str(field)):
            yield from _path(owner)
            yield field
        case nodes.Getitem(node=owner, arg=nodes.Const(value=str(field))):
            yield from _path(owner)
            yield field
        case _:
            yield "..."
