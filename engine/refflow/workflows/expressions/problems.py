"""What is wrong with an expression, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable

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
