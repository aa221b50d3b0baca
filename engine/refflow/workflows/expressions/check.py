"""Finds the type of every term, and everything that is wrong with an expression."""

from __future__ import annotations

from refflow.spelling import did_you_mean

from ..durations import Duration
from .functions import Function, Scope
from .operators import Report, Term, alike, calculate, compare, outside
from .paths import follow
from .presence import NOTHING, Known, shown
from .problems import Problem
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
    Mistake,
    Node,
    Not,
    Path,
)
from .types import (
    ANY,
    BOOL,
    DURATION,
    INSTANT,
    NULL,
    NUMBER,
    TEXT,
    UNKNOWN,
    List,
    Type,
    described,
    fits,
    is_optional,
    joined,
    optional,
    present,
)

_LITERAL_TYPES: dict[type, Type] = {
    bool: BOOL,
    int: NUMBER,
    float: NUMBER,
    str: TEXT,
    Duration: DURATION,
    type(None): NULL,
}


class Checker:
    """Checks one tree. Afterwards `types` has the type of each term by `id(term)` and `refs` what is read."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.types: dict[int, Type] = {}
        self.refs: set[str] = set()
        self._text = text
        self._scope = scope
        self._report = Report()

    @property
    def problems(self) -> list[Problem]:
        """The mistakes found."""
        return self._report.problems

    def whole(self, node: Node, expect: Type | None) -> Type:
        """The type of the tree `node`, which must fit `expect` if that is given."""
        if expect is None:
            self._type(node, NOTHING)
        elif expect == BOOL:
            self._truth(node, NOTHING)
        else:
            self._given(node, expect, NOTHING)
        return self.types[id(node)]

    def _type(self, node: Node, known: Known) -> Type:
        found = self._find(node, known)
        self.types[id(node)] = found
        return found

    def _find(self, node: Node, known: Known) -> Type:
        match node:
            case Constant(value=value):
                return _LITERAL_TYPES[type(value)]
            case Mistake():
                return UNKNOWN
            case Items(items=items):
                return self._items(items, known)
            case Path():
                return self._path(node, known)
            case Not(operand=operand):
                return self._truth(operand, known)
            case Minus(operand=operand):
                return self._minus(operand, known)
            case Logic():
                return self._logic(node, known)
            case Comparison():
                return self._comparison(node, known)
            case Arithmetic(operator=operator, left=left, right=right):
                return self._arithmetic(node, operator, self._value(left, known), self._value(right, known))
            case Default(value=value, default=default):
                return self._default(value, default, known)
            case Has(path=path):
                self._maybe(path, known, "`has` always holds")
                return BOOL
            case Call():
                return self._call(node, known)
        raise TypeError(node)

    def _source(self, node: Node) -> str:
        offset, length = node.span
        return self._text[offset : offset + length]

    def _path(self, path: Path, known: Known, probing: bool = False) -> Type:
        """The type at the end of `path`. Probing may pass through missing values, and is then optional."""
        found, gaps = follow(self._report, self._scope.names, path, known)
        self.refs.add(".".join(path.parts))
        if probing and gaps:
            return optional(found)
        for gap in gaps:
            self._missing(gap)
        return found

    def _value(self, node: Node, known: Known) -> Term:
        """A term that must not be missing."""
        found = self._type(node, known)
        if found == NULL:
            found = self._null(node)
        elif is_optional(found):
            self._missing(node)
        return Term(node, present(found), self._source(node))

    def _null(self, node: Node) -> Type:
        help = "ask with `has(path)`, or compare with `== null`"
        return self._report.wrong("E122", "`null` is not a value", node.span, help)

    def _missing(self, node: Node) -> None:
        source = self._source(node)
        help = f"write `({source} else <default>)`"
        if isinstance(node, Path):
            help = f"write `{source} else <default>` or guard with `has({source})`"
        self._report.wrong("E124", f"`{source}` may be missing", node.span, help)

    def _probe(self, node: Node, known: Known) -> Type:
        """The type of a term that may be missing, as may the records on the way to it."""
        found = self._path(node, known, probing=True) if isinstance(node, Path) else self._find(node, known)
        self.types[id(node)] = found
        return found

    def _maybe(self, node: Node, known: Known, otherwise: str) -> Type:
        """The type of a term that is asked whether it is missing."""
        # A guard around it makes the question needless, but not wrong: it is the declared type that counts.
        found = self._probe(node, NOTHING if isinstance(node, Path) else known)
        if found == NULL:
            return self._null(node)
        if not is_optional(found) and found != UNKNOWN:
            self._report.wrong("E118", f"`{self._source(node)}` is never missing: {otherwise}", node.span)
        return found

    def _truth(self, node: Node, known: Known) -> Type:
        found = self._type(node, known)
        if found in (BOOL, UNKNOWN):
            return BOOL
        if present(found) == BOOL:
            self._missing(node)
            return BOOL
        source = self._source(node)
        help = 'compare it, as in `contact.days > 30` or `opening.status == "open"`'
        if is_optional(found) and isinstance(node, Path):
            help = f"write `has({source})`"
        elif isinstance(found, List):
            help = f"write `size({source}) > 0`"
        message = f"`{source}` is {described(present(found))}; a condition is true or false"
        self._report.wrong("E123", message, node.span, help)
        return BOOL

    def _logic(self, node: Logic, known: Known) -> Type:
        for operand in node.operands:
            self._truth(operand, known)
            known |= shown(operand, node.operator == "and")
        return BOOL

    def _items(self, items: tuple[Node, ...], known: Known) -> Type:
        item: Type = UNKNOWN
        for node in items:
            found = self._value(node, known).type
            wider = joined(item, found)
            if wider is None:
                message = f"a list holds one kind of value: {described(item)} came before {described(found)}"
                wider = self._report.wrong("E122", message, node.span)
            item = wider
        return List(item)

    def _minus(self, operand: Node, known: Known) -> Type:
        term = self._value(operand, known)
        if term.type not in (NUMBER, UNKNOWN):
            return self._report.wrong("E122", f"{term}: `-` needs a number", operand.span)
        return term.type

    def _comparison(self, node: Comparison, known: Known) -> Type:
        if node.operator in ("==", "!=") and node.right == Constant(None, span=node.span):
            always = "true" if node.operator == "!=" else "false"
            self._maybe(node.left, known, f"this is always {always}")
            self._type(node.right, known)
        else:
            left, right = self._value(node.left, known), self._value(node.right, known)
            compare(self._report, node.operator, node, left, right)
        return BOOL

    def _arithmetic(self, node: Node, operator: str, left: Term, right: Term) -> Type:
        found = calculate(self._report, operator, node, left, right)
        if found == INSTANT:
            self.refs.add("calendar")
        return found

    def _default(self, value: Node, default: Node, known: Known) -> Type:
        missing = self._maybe(value, known, "the default is never used")
        inner, other = present(missing), self._probe(default, known)
        if outside(self._report, inner, default):
            return inner
        found = joined(inner, other)
        if found is None:
            message = f"`{self._source(value)}` is {described(inner)}, its default {described(other)}"
            return self._report.wrong("E122", message, default.span)
        written_out = isinstance(default, Constant) and other == TEXT
        return inner if written_out else found

    def _call(self, node: Call, known: Known) -> Type:
        function = self._scope.function(node.name)
        if function is None:
            help = did_you_mean(node.name, self._scope.function_names())
            return self._report.wrong(
                "E116", f"there is no function `{node.name}`", (node.span[0], len(node.name)), help
            )
        self.refs.update(function.needs)
        self._arguments(node, function, known)
        return function.returns

    def _arguments(self, node: Call, function: Function, known: Known) -> None:
        wanted, given = len(function.parameters), len(node.arguments)
        if wanted != given:
            count = f"{wanted} value{'' if wanted == 1 else 's'}"
            self._report.wrong("E117", f"`{node.name}` takes {count}, not {given}", node.span)
            return
        same: list[Term] = []
        for argument, parameter in zip(node.arguments, function.parameters, strict=True):
            term = self._given(argument, parameter, known)
            if parameter == ANY:
                same.append(term)
            elif parameter == List(ANY) and isinstance(term.type, List):
                same.append(term._replace(type=term.type.item))
        for other in same[1:]:
            alike(self._report, node, same[0], other)

    def _given(self, node: Node, wanted: Type, known: Known) -> Term:
        """A term that stands where `wanted` is asked for."""
        found = self._type(node, known)
        term = Term(node, found, self._source(node))
        if fits(found, wanted):
            return term
        if found != NULL and fits(present(found), wanted):
            self._missing(node)
            return term._replace(type=present(found))
        inner = present(wanted)
        if isinstance(node, Constant) and fits(found, TEXT) and fits(inner, TEXT):
            outside(self._report, inner, node)
        else:
            after = (found, inner) == (DURATION, INSTANT)
            help = f"write `now + {term.source}`" if after else None
            self._report.wrong("E122", f"{term}, not {described(inner)}", node.span, help)
        return term
