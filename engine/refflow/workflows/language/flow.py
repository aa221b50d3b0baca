"""How a run can move through a program: what follows what, and which event it speaks of at each place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from .definition import AnyInstruction, Branch, Exit, Go, Jump, Loop, Match, Return, Send, Start, Task, Wait


def onward(
    program: Sequence[AnyInstruction], blocks: Mapping[str, int], at: int
) -> Iterator[tuple[int, str | None]]:
    """Each address a run can come to next from `at`, with the kind of event that takes it there, if any."""
    match program[at]:
        case Wait(events=events, got=got, timeout=timeout) if events:
            yield from ((got[event], event) for event in events)
            if timeout is not None:
                yield timeout, None
        case Task(done=done, skipped=skipped, expired=expired):
            yield from ((address, None) for address in (done, skipped, expired))
        case Match(cases=cases, otherwise=otherwise):
            yield from ((address, None) for address in cases.values())
            if otherwise is not None:
                yield otherwise, None
        case Branch(otherwise=away) | Loop(end=away) | Send(failed=int(away)):
            yield at + 1, None
            yield away, None
        case Jump(to=to):
            yield to, None
        case Go(block=block):
            yield blocks[block], None
        case Start(wait=True, got=got, otherwise=otherwise, refused=refused):
            yield from (
                (address, None) for address in (*got.values(), otherwise, refused) if address is not None
            )
        case Exit() | Return():
            pass
        case _:
            yield at + 1, None


def events_at(
    program: Sequence[AnyInstruction], blocks: Mapping[str, int], entries: Mapping[int, Collection[str]]
) -> list[frozenset[str]]:
    """For each address the kinds of the event that a run there has last taken up: those of its trigger, until
    it gets one it waited for or is interrupted. `entries` has the addresses where runs come in, with the
    kinds that bring them there. Addresses that are never reached have none.
    """
    found: list[frozenset[str]] = [frozenset()] * len(program)
    waiting = [(address, frozenset(kinds)) for address, kinds in entries.items()]
    while waiting:
        at, kinds = waiting.pop()
        if kinds <= found[at]:
            continue
        found[at] |= kinds
        for address, event in onward(program, blocks, at):
            waiting.append((address, frozenset({event}) if event else found[at]))
    return found


def circles(departures: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Each (block, block) step that closes a circle, where `departures` says where each block can go."""
    done: set[str] = set()

    def visit(block: str, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for target in departures.get(block, ()):
            if target in (*path, block):
                yield block, target
            elif target not in done:
                yield from visit(target, (*path, block))
        done.add(block)

    for block in departures:
        if block not in done:
            yield from visit(block, ())
