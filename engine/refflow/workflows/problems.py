"""What is wrong in a file that a person wrote: where, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal
from unicodedata import combining, east_asian_width

import msgspec

MOST_SHOWN = 20

_WIDEST = 100


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake in `file`. `line` and `column` count from 1; `length` is in characters.

    | code | about |
    | --- | --- |
    | E001 | no readable YAML |
    | E002, E003 | a key written twice, an unknown key |
    | E004 | a step without a verb, or with several |
    | E005, E006 | a value of the wrong shape, something required is missing |
    | E007, E008 | a missing or malformed name, one used twice |
    | E009 | `thread` or `sent` names no message |
    | E010 | part of the language, but not of this version |
    | E011 | not one of the values that are possible here |
    | E110-E124 | an expression: see `expressions.Problem` |
    | E130, E131 | not a duration; a parameter that does not fit its type or bounds |
    | E140-E142 | a template that does not exist, names an unknown field, cannot be read |
    | E150, E151 | an unknown event, one that no run can wait for |
    | E152-E155 | an unknown block, an event that cannot be emitted so, an unknown channel, an unknown zone |
    | E156 | an unknown action of a plugin, or one that is not given what it needs |
    | E201 | a step or block that is never reached |
    | E210-E213 | a wait or task without end; an answer not handled; a branch that is never taken |
    | E220, E221 | a loop without bound |
    | E230-E232 | an undeclared outcome, a path without one, an outcome that never happens |
    """

    code: str
    message: str
    file: str
    line: int
    column: int
    length: int = 1
    help: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        kind = "" if self.severity == "error" else f"{self.severity} "
        return f"{self.file}:{self.line}:{self.column}: {kind}{self.code} {self.message}"


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems by file and place, each once."""
    found = {(each.file, each.line, each.column, each.code, each.message): each for each in problems}
    return tuple(found[place] for place in sorted(found))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them forbids to use the file."""
    return any(problem.severity == "error" for problem in problems)


def render(problem: Problem, source_text: str = "") -> str:
    """A problem for people: what and where, the line with a caret below it, and how to mend it. The line is
    left out when `source_text`, the text of the file, does not have it.
    """
    lines = source_text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    shown = [str(problem)]
    if problem.line <= len(lines) and lines[problem.line - 1].strip():
        shown += _pointed_at(lines[problem.line - 1], problem)
    if problem.help:
        shown.append(f"    help: {problem.help}")
    return "\n".join(shown)


def render_all(problems: Iterable[Problem], source_texts: Mapping[str, str]) -> str:
    """The first `MOST_SHOWN` problems in order, with the texts of their files by name, and how many more."""
    ordered = in_order(problems)
    shown = [render(each, source_texts.get(each.file, "")) for each in ordered[:MOST_SHOWN]]
    if len(ordered) > MOST_SHOWN:
        shown.append(f"... and {len(ordered) - MOST_SHOWN} more.")
    return "\n".join(shown)


def _pointed_at(line: str, problem: Problem) -> list[str]:
    # What a file holds must not be able to move the cursor of a terminal.
    line = "".join(each if each.isprintable() else " " if each == "\t" else "\ufffd" for each in line)
    start = problem.column - 1
    left = min(len(line) - len(line.lstrip()), start)
    if start - left > _WIDEST * 3 // 4:
        left = start - _WIDEST // 2
    part = line[left : left + _WIDEST].rstrip()
    before = line[left:start]
    marked = part[len(before) : len(before) + problem.length]
    return [f"    {part}", f"    {' ' * _width(before)}{'^' * max(1, _width(marked))}"]


def _width(text: str) -> int:
    """The columns a terminal uses for `text`."""
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)
