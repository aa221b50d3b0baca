"""What is wrong with an expression, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

from ...errors import ProblemsFound


class Problem(msgspec.Struct, frozen=True):
    """One mistake. `offset` and `length` count characters of the expression's text; `help` says how to mend it.

    | code | about |
    | --- | --- |
    | E110 | a character or operator that the language does not have |
    | E111 | something is missing or out of place |
    | E112 | chained comparisons |
    | E113 | too long or too deeply nested |
    | E115 | a text that is not among the values a field can have |
    | E116, E117 | unknown function, wrong number of arguments |
    | E118 | a question about missing values asked of a value that never is |
    | E120, E121 | unknown name, unknown field |
    | E122 | types that do not fit |
    | E123 | true or false needed: nothing else counts as true |
    | E124 | a value that may be missing |
    | E130 | not a duration |
    """

    code: str
    message: str
    offset: int
    length: int
    help: str | None = None

    def __str__(self) -> str:
        return f"{self.code} {self.message}" + (f"\n  help: {self.help}" if self.help else "")


class ExpressionErrors(ProblemsFound):
    """An expression cannot be used. `problems` holds every independent mistake, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        first = {(problem.offset, problem.code): problem for problem in reversed(list(problems))}
        self.problems: tuple[Problem, ...] = tuple(first[place] for place in sorted(first))
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None when none is near."""
    known = list(known)
    shuffled = [each for each in known if sorted(each) == sorted(word)]
    near = shuffled or get_close_matches(word, known, n=1, cutoff=0.7)
    return near[0] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the known word that is nearest to `word`, or None when none is near."""
    near = nearest(word, known)
    return f"did you mean `{near}`?" if near else None
