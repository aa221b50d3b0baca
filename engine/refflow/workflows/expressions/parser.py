"""Turns the text of an expression into its syntax tree (precedence climbing)."""

from __future__ import annotations

from functools import lru_cache
from typing import NoReturn

from .lexer import Token, tokens_of
from .problems import ExpressionErrors, Problem
from .syntax import (
    COMPARE,
    ELSE,
    MINUS,
    NOT,
    OR,
    POWER,
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
    written,
)

MOST_BRACKETS = 40
"""Brackets, calls, signs, defaults and arithmetic operators in one expression: bounds the depth of its tree."""

_CONSTANTS = {"true": True, "false": False, "null": None}
_RESERVED = {*_CONSTANTS, *POWER, "not", "has"}


# A condition is read for its type where it stands, for what it proves, and again at every save of its file.
@lru_cache(maxsize=512)
def parse(text: str) -> tuple[Node, tuple[Problem, ...]]:
    """The tree of `text` and the mistakes that did not hide what was meant.

    Raises `ExpressionErrors` when the rest of the text cannot be understood.
    """
    tokens, problems = tokens_of(text)
    parser = _Parser(tokens, problems)
    return parser.whole(), tuple(problems)


class _Parser:
    def __init__(self, tokens: list[Token], problems: list[Problem]) -> None:
        self._tokens = tokens
        self._problems = problems
        self._at = 0
        self._brackets = 0

    def whole(self) -> Node:
        if self._ended():
            self._stop("there is no expression here")
        node = self._term(OR)
        if not self._ended():
            self._stop(f"did not expect {_name(self._next)} here", self._help_between())
        return node

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _ended(self) -> bool:
        return self._next.kind == "end"

    def _take(self) -> Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _accept(self, text: str) -> bool:
        found = self._next.text == text and self._next.kind in ("symbol", "word")
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            self._stop(f"expected `{text}` before {_name(self._next)}", self._help_between())

    def _span(self, start: int) -> tuple[int, int]:
        return start, self._tokens[self._at - 1].end - start

    def _stop(self, message: str, help: str | None = None, code: str = "E111") -> NoReturn:
        token = self._next
        problem = Problem(code, message, token.offset, token.end - token.offset, help)
        raise ExpressionErrors([*self._problems, problem])

    def _deeper(self) -> None:
        self._brackets += 1
        if self._brackets > MOST_BRACKETS:
            self._stop(
                f"more than {MOST_BRACKETS} brackets, calls and calculations",
                "split it into several conditions",
                code="E113",
            )

    def _operator(self) -> str | None:
        """The binary operator that comes next, if any."""
        token = self._next
        if token.kind not in ("symbol", "word"):
            return None
        if token.text == "not" and self._tokens[self._at + 1].text == "in":
            return "not in"
        return token.text if token.text in POWER else None

    def _take_operator(self, operator: str) -> None:
        self._at += 2 if operator == "not in" else 1

    def _term(self, least: int) -> Node:
        """A term whose operators bind at least as tightly as `least`."""
        start = self._next.offset
        node = self._prefix()
        while (operator := self._operator()) and POWER[operator] >= least:
            node = self._joined(node, operator, start)
        return node

    def _joined(self, left: Node, operator: str, start: int) -> Node:
        if operator in ("and", "or"):
            return self._logic(left, operator, start)
        self._take_operator(operator)
        if POWER[operator] == COMPARE:
            return self._comparison(left, operator, start)
        self._deeper()
        right = self._term(POWER[operator] + 1)
        if operator == "else":
            return Default(left, right, span=self._span(start))
        return Arithmetic(operator, left, right, span=self._span(start))

    def _logic(self, first: Node, operator: str, start: int) -> Node:
        operands = [first]
        while self._accept(operator):
            operands.append(self._term(POWER[operator] + 1))
        return Logic(operator, tuple(operands), span=self._span(start))

    def _comparison(self, left: Node, operator: str, start: int) -> Node:
        right_start = self._next.offset
        right = self._term(ELSE)
        node: Node = Comparison(operator, left, right, span=self._span(start))
        chained = self._operator()
        if chained is None or POWER[chained] != COMPARE:
            return node
        self._deeper()
        token = self._next
        self._take_operator(chained)
        second = self._comparison(right, chained, right_start)
        help = f"write `{written(Logic('and', (node, second), span=node.span))}`"
        length = token.end - token.offset
        self._problems.append(Problem("E112", "comparisons cannot be chained", token.offset, length, help))
        return Logic("and", (node, second), span=self._span(start))

    def _prefix(self) -> Node:
        token = self._next
        start = token.offset
        if token.kind in ("text", "number"):
            self._take()
            return Constant(token.value, span=self._span(start))
        if token.kind == "mistake":
            self._take()
            return Mistake(span=self._span(start))
        if token.kind == "word" and token.text not in _RESERVED:
            return self._path_or_call()
        if token.text in _CONSTANTS and token.kind == "word":
            self._take()
            return Constant(_CONSTANTS[token.text], span=self._span(start))
        self._deeper()
        if self._accept("not"):
            return Not(self._term(NOT), span=self._span(start))
        if self._accept("has"):
            return self._has(start)
        if self._accept("-"):
            return self._minus(start)
        if self._accept("("):
            return self._bracketed()
        if self._accept("["):
            return Items(self._items("]"), span=self._span(start))
        return self._stop(f"expected a value before {_name(token)}", _HELP_BEFORE.get(token.text))

    def _bracketed(self) -> Node:
        node = self._term(OR)
        self._expect(")")
        if self._next.text == ".":
            self._stop("only a name can have fields", "write the whole path, such as `contact.name`")
        return node

    def _minus(self, start: int) -> Node:
        value = self._next.value
        if isinstance(value, int | float):
            self._take()
            return Constant(-value, span=self._span(start))
        return Minus(self._term(MINUS), span=self._span(start))

    def _items(self, closing: str) -> tuple[Node, ...]:
        if self._accept(closing):
            return ()
        items = [self._term(OR)]
        while self._accept(","):
            items.append(self._term(OR))
        self._expect(closing)
        return tuple(items)

    def _has(self, start: int) -> Node:
        self._expect("(")
        if self._next.kind != "word" or self._next.text in _RESERVED:
            self._stop("`has` asks about a path", "write `has(contact.email)`")
        path = self._path()
        self._expect(")")
        return Has(path, span=self._span(start))

    def _path(self) -> Path:
        tokens = [self._take()]
        while self._accept("."):
            if self._next.kind != "word":
                self._stop(f"expected a field after `.`, not {_name(self._next)}")
            tokens.append(self._take())
        parts = tuple(token.text for token in tokens)
        return Path(parts, tuple(token.offset for token in tokens), span=self._span(tokens[0].offset))

    def _path_or_call(self) -> Node:
        path = self._path()
        if self._next.text != "(" or self._next.kind != "symbol":
            return path
        if len(path.parts) > 1:
            value = ".".join(path.parts[:-1])
            self._stop("values have no methods", f"functions come first: `{path.parts[-1]}({value})`")
        self._deeper()
        self._take()
        call = Call(path.parts[0], self._items(")"), span=self._span(path.span[0]))
        if self._next.text == ".":
            self._stop("only a name can have fields")
        return call

    def _help_between(self) -> str | None:
        before, token = self._tokens[self._at - 1], self._next
        if isinstance(before.value, int) and token.kind == "word":
            return "a duration has no space: 30m, 4h, 5d, 5bd or 2w"
        if token.text in ("is", "equals"):
            return "use `==` to compare"
        if token.kind == "word" and token.text not in _RESERVED:
            return "join conditions with `and` or `or`; a text is written in double quotes"
        return None


_HELP_BEFORE = {".": "write a number below one with its zero: `0.5`"}


def _name(token: Token) -> str:
    return "the end" if token.kind == "end" else f"`{token.text}`"
