"""What is wrong in a file that a person wrote: where, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal
from unicodedata import combining, east_asian_width

import msgspec

MOST_SHOWN = 20

Severity = Literal["error", "warning", "note"]
SEVERITIES: dict[str, Severity] = {"E": "error", "T": "error", "W": "warning", "I": "note"}

_WIDEST = 100


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One finding in `file`. `line` and `column` count from 1; `length` is in characters.

    The first letter of a `code` says how bad it is: E for an error, which forbids to use the file, T for a
    test of a workflow that fails, W for a warning, I for something to know. Each code but T has a page: see `codes`.
    """

    code: str
    message: str
    file: str
    line: int
    column: int
    length: int = 1
    help: str | None = None

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return SEVERITIES[self.code[0]]

    def __str__(self) -> str:
        kind = "" if self.severity == "error" else f"{self.severity} "
        return f"{self.file}:{self.line}:{self.column}: {kind}{self.code} {self.message}"


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong in a text, at `offset` characters from its start."""

    code: str
    message: str
    offset: int
    length: int = 1
    help: str | None = None


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
