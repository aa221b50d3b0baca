"""Looks for conditions of a workflow that decide nothing: always true, never true, or too late."""

from __future__ import annotations

from collections.abc import Iterator

from ..expressions import Expression
from ..language.definition import Branch, Definition, Interrupt, Loop, Source
from ..language.library import Accepted, Library
from ..language.problems import Problem
from .certainty import constant, never_after
from .written import Spot, Written


def condition_problems(written: Written, library: Library) -> Iterator[Problem]:
    """W202: every condition that always comes out one way, and every case that an earlier one takes away."""
    if written.definition.origin:
        return  # the packaged workflow has them, and is checked itself
    looking = _Looking(written, library)
    yield from looking.alone()
    yield from looking.in_chains()
    yield from looking.among_interrupts()


class _Looking:
    def __init__(self, written: Written, library: Library) -> None:
        self._written = written
        self._library = library
        self._accepted = Accepted(hash=written.file, definition=written.definition)
        self._told: set[Source] = set()

    def alone(self) -> Iterator[Problem]:
        """Conditions that are always true or never, by themselves."""
        for source in _conditions(self._written.definition):
            outcome = constant(self._expression(source))
            if outcome is not None:
                self._told.add(source)
                word = "always" if outcome else "never"
                help = "leave the condition out" if outcome else "nothing can make it true: take it out"
                yield self._problem(f"`{source.text}` is {word} true", source, help)

    def in_chains(self) -> Iterator[Problem]:
        """Cases of a `choose` that come after others which hold whenever they do."""
        program = self._written.definition.program
        for step in program:
            earlier = [step] if isinstance(step, Branch) else []
            while (
                earlier
                and isinstance(case := program[earlier[-1].otherwise], Branch)
                and case.step == step.step
            ):
                if self._late(case.condition, [each.condition for each in earlier]):
                    lines = ", ".join(str(each.condition.line) for each in earlier)
                    message = f"`{case.condition.text}` is never asked with success: an earlier case takes it"
                    yield self._problem(message, case.condition, f"see line {lines}")
                earlier.append(case)

    def among_interrupts(self) -> Iterator[Problem]:
        """Interrupts that come after others for the same event which act whenever they would."""
        for number, each in enumerate(_own(self._written.definition)):
            for before in self._written.definition.anytime[:number]:
                if self._takes(before, each):
                    message = f"this never acts: the interrupt at line {before.line} always comes first"
                    yield self._written.problem("W202", message, self._written.spot("anytime", number))
                    break

    def _takes(self, before: Interrupt, each: Interrupt) -> bool:
        # A side list leaves the event to the others, and a block is gone to from the main flow only.
        moves = before.do is None and (before.exit is not None or each.go is not None)
        if before.event != each.event or not moves:
            return False
        if before.condition is None:
            return True
        return each.condition is not None and self._late(each.condition, [before.condition])

    def _late(self, source: Source, earlier: list[Source]) -> bool:
        if source in self._told or self._told & set(earlier):
            return False
        return never_after(self._expression(source), [self._expression(each) for each in earlier])

    def _expression(self, source: Source) -> Expression:
        return self._library.expression(self._accepted, source)

    def _problem(self, message: str, source: Source, help: str) -> Problem:
        spot: Spot = source.line, source.column, len(source.text.split("\n")[0])
        return self._written.problem("W202", message, spot, help)


def _conditions(definition: Definition) -> Iterator[Source]:
    of_events = [
        *(each.condition for each in definition.triggers),
        *(each.condition for each in _own(definition)),
    ]
    yield from (source for source in of_events if source is not None)
    yield from definition.guard
    seen: set[tuple[int, int]] = set()
    for step in definition.program:
        source = step.condition if isinstance(step, Branch) else step.until if isinstance(step, Loop) else None
        if source is not None and (source.line, source.column) not in seen:
            seen.add((source.line, source.column))
            yield source


def _own(definition: Definition) -> list[Interrupt]:
    """The interrupts that are written in the file itself; those that every workflow inherits come behind them."""
    return [each for each in definition.anytime if not each.inherited]
