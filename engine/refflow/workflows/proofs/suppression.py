"""Leaves out findings that a workflow answers in place: `ok: {W301: "the cap is meant to bite"}`.

A warning or a note can be answered at the top of the file, or in the step, case, interrupt or trigger that it
is about. An error cannot: the file is of no use until it is mended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from refflow.spelling import did_you_mean

from ..language.problems import Problem, in_order
from ..language.reading import Reader, pairs
from ..language.yaml_source import Mapping, Node, Scalar, Sequence
from .written import nodes_of


class Answer(msgspec.Struct, frozen=True):
    """A finding of `code` between `first` and `last` (line, column) is meant."""

    code: str
    key: Scalar
    first: tuple[int, int]
    last: tuple[int, int]

    def covers(self, problem: Problem) -> bool:
        """Whether it answers `problem`."""
        return problem.code == self.code and self.first <= (problem.line, problem.column) <= self.last


def unanswered(
    problems: Iterable[Problem], file: str, root: Node | None, codes: Collection[str]
) -> tuple[Problem, ...]:
    """The problems of `file` that its tree does not answer, with what is wrong with the answers. `codes` are
    those that there are.
    """
    found = list(problems)
    if root is None:
        return in_order(found)
    reader = Reader(file)
    answers = [answer for each in _answering(root) for answer in _answers(reader, each, each is root, codes)]
    idle = [each for each in answers if not any(each.covers(problem) for problem in found)]
    broken = any(problem.severity == "error" for problem in found)
    for each in () if broken else idle:  # behind an error nobody knows what else would be found
        reader.wrong("W013", f"there is no {each.code} here to answer", each.key, "take it out")
    left = [problem for problem in found if not any(each.covers(problem) for each in answers)]
    return in_order([*left, *reader.problems])


def _answering(root: Node) -> Iterator[Mapping]:
    """Where an answer can stand: at the top, and in what is an item of a list."""
    items = (item for node in nodes_of(root) if isinstance(node, Sequence) for item in node.items)
    yield from (each for each in (root, *items) if isinstance(each, Mapping) and "ok" in each.values)


def _answers(reader: Reader, node: Mapping, whole: bool, codes: Collection[str]) -> Iterator[Answer]:
    found = reader.mapping(node.values["ok"], "`ok`")
    for code, key, reason in () if found is None else pairs(found):
        if code not in codes:
            reader.wrong("E012", f"there is no code {code}", key, did_you_mean(code, codes))
        elif code.startswith("E"):
            reader.wrong("E012", f"{code} is an error: it has to be mended", key)
        elif not isinstance(reason, Scalar) or reason.kind == "null" or not reason.text.strip():
            reader.wrong("E012", f"say why {code} is meant", key, f'write `{code}: "the reason"`')
        if code in codes and not code.startswith("E"):
            last = max((each.line, each.column) for each in nodes_of(node))
            yield Answer(
                code, key, (1, 1) if whole else (node.line, node.column), (2**31, 0) if whole else last
            )
