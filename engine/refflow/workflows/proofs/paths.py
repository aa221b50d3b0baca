"""Every path that a run of a definition can take: its program with the loops written out, without circles."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from ..expressions import Scope, compile_expression
from ..language.definition import AnyInstruction, Definition, Go, Loop, Send, Source, Start, Task, Wait
from ..language.flow import onward
from ..language.vocabulary import params_record

MOST_PLACES = 20_000
"""So many places the written-out program of a sensible workflow does not have."""

Rounds = tuple[tuple[int, int], ...]
Place = tuple[int, Rounds]
"""An address, and for each loop around it the address of its head and the round."""


class TooManyPlaces(Exception):
    """The loops of a program multiply to more than can be looked through."""


class Move(msgspec.Struct, frozen=True):
    """From one place to another, by index; `event` is the kind that takes a run there, if any. An interrupt
    acts at once; a wait may also take up what happened before.
    """

    source: int
    to: int
    event: str | None = None
    interrupts: bool = False


class Paths(msgspec.Struct, frozen=True):
    """The places of a definition in an order in which every move leads onward; `arriving` has the moves to
    each. The first place is where runs begin.
    """

    places: tuple[Place, ...]
    arriving: tuple[tuple[Move, ...], ...]

    @property
    def leaving(self) -> list[list[Move]]:
        """The moves from each place."""
        found: list[list[Move]] = [[] for _ in self.places]
        for moves in self.arriving:
            for move in moves:
                found[move.source].append(move)
        return found


def parks(step: AnyInstruction) -> bool:
    """Whether a run stands at `step` until something happens."""
    return isinstance(step, Send | Wait | Task) or (isinstance(step, Start) and step.wait)


def paths_of(definition: Definition) -> Paths:
    """The paths of a definition. Raises `TooManyPlaces`."""
    return _Walk(definition).paths()


class _Walk:
    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._program = definition.program
        self._rounds = {
            at: _rounds(each.most, definition)
            for at, each in enumerate(definition.program)
            if isinstance(each, Loop)
        }
        self._main = min(definition.blocks.values(), default=len(definition.program))

    def paths(self) -> Paths:
        order = self._order((0, ()))
        number = {place: at for at, place in enumerate(order)}
        arriving: list[list[Move]] = [[] for _ in order]
        for at, place in enumerate(order):
            for to, event, interrupts in self._onward(place):
                arriving[number[to]].append(Move(at, number[to], event, interrupts))
        return Paths(tuple(order), tuple(map(tuple, arriving)))

    def _order(self, start: Place) -> list[Place]:
        """Depth first, each place before all that can follow it."""
        done: list[Place] = []
        seen = {start}
        stack = [(start, self._onward(start))]
        while stack:
            place, following = stack[-1]
            for to, _, _ in following:
                if to not in seen:
                    seen.add(to)
                    if len(seen) > MOST_PLACES:
                        raise TooManyPlaces
                    stack.append((to, self._onward(to)))
                    break
            else:
                done.append(place)
                stack.pop()
        return done[::-1]

    def _onward(self, place: Place) -> Iterator[tuple[Place, str | None, bool]]:
        at, rounds = place
        step = self._program[at]
        if isinstance(step, Loop):
            yield from ((to, None, False) for to in self._turns(step, at, rounds))
            return
        kept = () if isinstance(step, Go) else rounds
        for address, event in onward(self._program, self._definition.blocks, at):
            yield (address, kept), event, False
        if at < self._main and parks(step):
            for interrupt in self._definition.anytime:
                if interrupt.go is not None:
                    yield (self._definition.blocks[interrupt.go], ()), interrupt.event, True

    def _turns(self, loop: Loop, at: int, rounds: Rounds) -> Iterator[Place]:
        """Into the body of a loop, and past its end."""
        inside = bool(rounds) and rounds[-1][0] == at
        outer, done = (rounds[:-1], rounds[-1][1]) if inside else (rounds, 0)
        if done < self._rounds[at]:
            yield at + 1, (*outer, (at, done + 1))
        if done >= self._rounds[at] or (loop.until is not None and done):
            yield loop.end, outer


def _rounds(most: Source, definition: Definition) -> int:
    """How often a loop goes round: `max` speaks of parameters only."""
    scope = Scope({"params": params_record(definition.params)})
    values = {name: each.default for name, each in definition.params.items()}
    rounds = compile_expression(most.text, scope).evaluate({"params": values})
    return math.ceil(min(rounds, MOST_PLACES)) if rounds and rounds > 0 else 0
