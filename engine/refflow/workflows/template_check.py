"""Checks a template through Jinja's syntax tree: every name and field must exist. Imported when needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from jinja2 import TemplateSyntaxError, nodes

from .expressions import UNKNOWN, Record, Type
from .expressions.problems import did_you_mean
from .expressions.types import described, present
from .extensions import Filters
from .rendering import environment
from .templates import Mistake

_ALONE = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Block)


def mistakes_in(text: str, names: Mapping[str, Type], filters: Filters = ()) -> list[Mistake]:
    """What is wrong with the template `text` where `names` and the `filters` of plugins can be used."""
    try:
        checker = _Checker(text, _parsed(text), names, environment(filters).filters)
        checker.check()
    except TemplateSyntaxError as error:
        message = f"the template cannot be read: {error.message or 'it is no template'}".rstrip(".")
        return [Mistake(code="E142", message=message, offset=_line_start(text, error.lineno))]
    except (RecursionError, ValueError):  # brackets or numbers beyond what Python reads
        return [Mistake(code="E142", message="the template is too deep or has too long a number", offset=0)]
    return list({(each.offset, each.message): each for each in checker.mistakes}.values())


@lru_cache(maxsize=256)
def _parsed(text: str) -> nodes.Template:
    return environment().parse(text)


def _line_start(text: str, line: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.find("\n", at) + 1
    return at


class _Checker:
    def __init__(
        self, text: str, tree: nodes.Template, names: Mapping[str, Type], filters: Mapping[str, object]
    ) -> None:
        self.mistakes: list[Mistake] = []
        self._text = text
        self._tree = tree
        self._names = names
        self._filters = filters
        self._own = {each.name for each in tree.find_all(nodes.Name) if each.ctx != "load"}
        self._own |= {each.name for each in tree.find_all(nodes.Macro)}
        if tree.find(nodes.For) is not None:
            self._own.add("loop")

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
            case nodes.Filter(name=str(name)) if name not in self._filters:
                self._wrong("E142", f"there is no filter `{name}`", node, name, self._filters)
            case nodes.Test(name=str(name)) if name not in environment().tests:
                self._wrong("E142", f"there is no test `{name}`", node, name, environment().tests)
            case _ if isinstance(node, _ALONE):
                self._wrong("E142", "a template stands alone: it includes and extends nothing", node, "{%")
        for child in node.iter_child_nodes():
            self.visit(child)

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
    ) -> None:
        """Note a mistake about the last word of `written`, looked for from the node's line on."""
        *_, word = written.split(".")
        start = _line_start(self._text, node.lineno)
        pattern = r"\s*\.\s*".join(map(re.escape, written.split(".")))
        found = re.compile(rf"(?<![\w.]){pattern}(?!\w)").search(self._text, start)
        offset = start if found is None else found.end() - len(word)
        length = 1 if found is None else len(word)
        help = help or (None if known is None else did_you_mean(word, known))
        self.mistakes.append(Mistake(code=code, message=message, offset=offset, length=length, help=help))


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
