"""Splits an expression into tokens, and puts right the operators people bring along from other languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from ..durations import Duration, parse_duration
from .problems import ExpressionErrors, Problem

LONGEST = 4000

_TOKEN = re.compile(
    r"""
    (?P<space>   \s+ )
  | (?P<text>    "(?:[^"\\]|\\.)*" )
  | (?P<quoted>  '[^']*' | [“”„][^“”"]*[“”"] | [‘’‚][^‘’']*[‘’'] )
  | (?P<number>  [0-9]+(?:\.[0-9]+)?\w* )
  | (?P<word>    [^\W\d]\w* )
  | (?P<foreign> === | !== | => | =< | <> | && | \|\| | \?\? )
  | (?P<symbol>  == | != | <= | >= | [<>+\-*/()\[\],.] )
  | (?P<other>   . )
    """,
    re.VERBOSE | re.DOTALL,
)

# Written elsewhere, written here, and the hint.
_FOREIGN = {
    "=": ("==", "use `==` to compare"),
    "===": ("==", "use `==` to compare"),
    "!==": ("!=", "use `!=` to compare"),
    "<>": ("!=", "use `!=` to compare"),
    "=>": (">=", "write `>=`"),
    "=<": ("<=", "write `<=`"),
    "&&": ("and", "write `and`"),
    "||": ("or", "write `or`"),
    "!": ("not", "write `not`"),
    "??": ("else", "write `else` before the default"),
}

_HELP = {
    "?": "there is no `? :`; give two steps an `if`, or use `choose`",
    ":": "there is no `? :`; give two steps an `if`, or use `choose`",
    "{": "an expression needs no braces around it",
    "}": "an expression needs no braces around it",
    "%": "there is no remainder; the operators are `+ - * /`",
    "&": "write `and`",
    "|": "write `or`",
    '"': 'a text ends with a second `"`',
    "'": "a text is written in double quotes",
}


class Token(NamedTuple):
    """A piece of the text from `offset` to `end`. `value` is what a literal stands for; a `mistake` is a
    literal that has been reported.
    """

    kind: Literal["text", "number", "mistake", "word", "symbol", "end"]
    text: str
    offset: int
    end: int
    value: str | int | float | Duration | None = None


def tokens_of(text: str) -> tuple[list[Token], list[Problem]]:
    """The tokens of `text`, an `end` token last, and the mistakes that could be put right in passing.

    Raises `ExpressionErrors` at a character no expression can hold.
    """
    if len(text) > LONGEST:
        help = "split it into several conditions"
        raise ExpressionErrors([Problem("E113", f"longer than {LONGEST} characters", 0, len(text), help)])
    tokens: list[Token] = []
    problems: list[Problem] = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(_READERS[kind](match, problems))
    tokens.append(Token("end", "the end", len(text), len(text)))
    return tokens, problems


def _text(match: re.Match[str], problems: list[Problem]) -> Token:
    written = match.group()
    for escape in re.finditer(r"\\(.)", written, re.DOTALL):
        if escape.group(1) not in '"\\':
            place = match.start() + escape.start()
            help = "write `\\\\` for one `\\`"
            problems.append(Problem("E110", f"unknown escape `{escape.group()}`", place, 2, help))
    meant = re.sub(r"\\(.)", r"\1", written[1:-1], flags=re.DOTALL)
    return Token("text", written, match.start(), match.end(), meant)


def _quoted(match: re.Match[str], problems: list[Problem]) -> Token:
    inner = match.group()[1:-1]
    problems.append(_unexpected(match, f'a text is written in straight double quotes: `"{inner}"`'))
    return Token("text", match.group(), match.start(), match.end(), inner)


def _number(match: re.Match[str], problems: list[Problem]) -> Token:
    written = match.group()
    value: int | float | Duration | None = parse_duration(written)
    if value is None and sum(map(str.isdigit, written)) <= 15:
        if re.fullmatch(r"[0-9]+", written):
            value = int(written)
        elif re.fullmatch(r"[0-9]+\.[0-9]+", written):
            value = float(written)
    if value is None:
        problems.append(_not_a_number(match))
        return Token("mistake", written, match.start(), match.end())
    return Token("number", written, match.start(), match.end(), value)


def _not_a_number(match: re.Match[str]) -> Problem:
    written = match.group()
    place = match.start(), len(written)
    if re.fullmatch(r"[0-9.]+", written):
        return Problem("E111", f"`{written}` has more than 15 digits", *place)
    return Problem("E130", f"`{written}` is not a number or a duration", *place, "write 30m, 4h, 5d, 5bd or 2w")


def _word(match: re.Match[str], _: list[Problem]) -> Token:
    return Token("word", match.group(), match.start(), match.end())


def _symbol(match: re.Match[str], _: list[Problem]) -> Token:
    return Token("symbol", match.group(), match.start(), match.end())


def _other(match: re.Match[str], problems: list[Problem]) -> Token:
    written = match.group()
    if written not in _FOREIGN:
        raise ExpressionErrors([*problems, _unexpected(match, _HELP.get(written))])
    meant, help = _FOREIGN[written]
    problems.append(_unexpected(match, help))
    return Token("word" if meant.isalpha() else "symbol", meant, match.start(), match.end())


def _unexpected(match: re.Match[str], help: str | None) -> Problem:
    return Problem("E110", f"unexpected `{match.group()}`", match.start(), len(match.group()), help)


_READERS: dict[str, Callable[[re.Match[str], list[Problem]], Token]] = {
    "text": _text,
    "quoted": _quoted,
    "number": _number,
    "word": _word,
    "symbol": _symbol,
    "foreign": _other,
    "other": _other,
}
