"""Looks at several workflows together: whom they start, what that comes back to, and whom nobody starts for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from refflow.spelling import did_you_mean

from ..durations import Duration
from ..expressions import Enum, Expression
from ..expressions.syntax import Path, terms_of
from ..expressions.syntax import written as as_written
from ..language.definition import Definition, Emit, Exit, Start, Trigger
from ..language.library import Accepted, Library
from ..language.problems import Problem
from .certainty import possible
from .promise import Proof
from .written import Spot, Written

_LONGEST = 8
"""Workflows in a circle; longer ones are not looked for."""
_LEAST_PERIOD = 1.0
"""Days between two rounds below which a circle is an error."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Workflow `source` can set off `target` by itself, `days` after it starts at the earliest, with the key
    `word` in `line`. `waits` says that it stands still until that one has ended.
    """

    source: str
    target: str
    days: float
    line: int
    word: str
    waits: bool = False


def problems_across(workflows: Sequence[Written], library: Library) -> Iterator[Problem]:
    """Everything that is wrong between the workflows, which have different names."""
    by_name = {each.definition.name: each for each in workflows}
    for each in workflows:
        yield from _started(each, by_name)
    yield from _circles(by_name)
    yield from _holes(workflows, library)


def same_names(workflows: Iterable[Written]) -> Iterator[Problem]:
    """E008: two files with a workflow of one name."""
    first: dict[str, Written] = {}
    for each in workflows:
        other = first.setdefault(each.definition.name, each)
        if other is not each:
            message = f"a second workflow `{each.definition.name}`"
            yield each.problem("E008", message, each.spot("workflow"), f"the first is in {other.file}")


def _started(workflow: Written, by_name: Mapping[str, Written]) -> Iterator[Problem]:
    """E156, E213: a `start` of a workflow that does not exist, or for an outcome that it does not have."""
    for step in workflow.definition.program:
        if not isinstance(step, Start):
            continue
        spot = workflow.word(step.line, "start")
        target = by_name.get(step.workflow)
        if target is None:
            message = f"there is no workflow `{step.workflow}` to start"
            yield workflow.problem("E156", message, spot, did_you_mean(step.workflow, by_name))
            continue
        for outcome in step.got:
            known = (*target.definition.outcomes, "cancelled", "capped", "do_not_contact", "restarted")
            if outcome not in known:
                message = f"`{step.workflow}` never ends with `{outcome}`"
                yield workflow.problem("E213", message, spot, did_you_mean(outcome, known))


def _circles(by_name: Mapping[str, Written]) -> Iterator[Problem]:
    links = {name: list(_links(each, by_name)) for name, each in by_name.items()}
    for circle in _simple_circles(links):
        source = by_name[circle[0].source]
        spot = source.word(circle[0].line, circle[0].word)
        way = " -> ".join([*(link.source for link in circle), circle[0].source])
        if all(link.waits for link in circle):
            yield source.problem("E311", f"each waits for the next to end, so none can: {way}", spot)
            continue
        period = _period(circle, [by_name[link.source].definition for link in circle])
        if period is None:
            continue
        if period < _LEAST_PERIOD:
            message = f"these set each other off without end: {way}"
            yield source.problem("E222", message, spot, "say `again: never` in one of them")
        else:
            message = f"these set each other off again and again, {period:.1f} days apart at least: {way}"
            yield source.problem("W222", message, spot, "say `again: {after: 180d, max: 2}` in one of them")


def _period(circle: Sequence[Link], definitions: Sequence[Definition]) -> float | None:
    """The least days between two rounds of a circle, or None when one of its workflows runs a limited number of
    times.
    """
    least = sum(link.days for link in circle)
    for each in definitions:
        once = each.again == "never" and each.mode != "parallel"
        if once or (each.rounds is not None and each.again != "always"):
            return None
        if isinstance(each.again, Duration):
            least = max(least, each.again.least_days())
    return least


def _links(workflow: Written, by_name: Mapping[str, Written]) -> Iterator[Link]:
    """What a workflow sets off although nothing happens but time passing."""
    source, proof = workflow.definition, workflow.proof
    if proof is None:
        return
    found: dict[tuple[str, int], Link] = {}
    for place, days in _by_itself(proof).items():
        step = proof.steps[place]
        for target, word, waits in _set_off(step, source, by_name):
            link = Link(source=source.name, target=target, days=days, line=step.line, word=word, waits=waits)
            key = target, step.line
            if key not in found or found[key].days > days:
                found[key] = link
    yield from found.values()


def _set_off(
    step: object, source: Definition, by_name: Mapping[str, Written]
) -> Iterator[tuple[str, str, bool]]:
    match step:
        case Start(workflow=name, wait=waits) if name in by_name:
            yield name, "start", waits
        case Emit(event=event):
            yield from ((name, "emit", False) for name in _triggered(event, by_name))
        case Exit(outcome=outcome) if source.outcomes.get(outcome) == "bad" and len(source.subject) == 2:
            yield from ((name, "exit", False) for name in _triggered("ask.closed", by_name))


def _triggered(event: str, by_name: Mapping[str, Written]) -> Iterator[str]:
    for name, each in by_name.items():
        if any(trigger.event == event for trigger in each.definition.triggers):
            yield name


def _by_itself(proof: Proof) -> dict[int, float]:
    """The places that a run comes to when nothing happens, with the least days until then."""
    least = {0: 0.0}
    for place, moves in enumerate(proof.paths.arriving):
        days = [
            least[move.source] + proof.least_days(move)
            for move in moves
            if move.source in least and move.event is None
        ]
        if days:
            least[place] = min(days)
    return least


def _passes(way: Sequence[Link], name: str) -> bool:
    return any(link.source == name for link in way)


def _simple_circles(links: Mapping[str, Sequence[Link]]) -> Iterator[tuple[Link, ...]]:
    """Each circle once, from its first name in the alphabet."""

    def visit(start: str, way: tuple[Link, ...]) -> Iterator[tuple[Link, ...]]:
        at = way[-1].target if way else start
        for link in links.get(at, ()):
            if link.target == start:
                yield (*way, link)
            elif link.target > start and len(way) + 1 < _LONGEST and not _passes(way, link.target):
                yield from visit(start, (*way, link))

    for start in sorted(links):
        seen: set[tuple[str, ...]] = set()
        for circle in visit(start, ()):
            names = tuple(link.source for link in circle)
            if names not in seen:
                seen.add(names)
                yield circle


def _holes(workflows: Sequence[Written], library: Library) -> Iterator[Problem]:
    """I320: values of a field for which an event starts nothing, although it starts something for others."""
    events: dict[str, list[tuple[Written, Trigger, list[Expression]]]] = {}
    for each in workflows:
        accepted = Accepted(hash=each.file, definition=each.definition)
        for trigger in each.definition.triggers:
            if trigger.event is not None:
                sources = [trigger.condition, *each.definition.guard]
                conditions = [library.expression(accepted, source) for source in sources if source is not None]
                events.setdefault(trigger.event, []).append((each, trigger, conditions))
    for event, started in events.items():
        fields: dict[str, tuple[Written, Spot, frozenset[str]]] = {}
        for each, trigger, conditions in started:
            if trigger.condition is None:
                continue
            source = trigger.condition
            spot = source.line, source.column, len(source.text.split("\n")[0])
            for path, values in _enums(conditions[0]):
                fields.setdefault(path, (each, spot, values))
        for path, (each, spot, values) in fields.items():
            covered: set[str] = set()
            for _, _, conditions in started:
                found = possible(conditions, path)
                covered |= values if found is None else {value for value in found if value is not None}
            if values - covered:
                left = ", ".join(sorted(values - covered))
                message = f"`{event}` starts nothing when `{path}` is {left}"
                yield each.problem("I320", message, spot)


def _enums(condition: Expression) -> Iterator[tuple[str, frozenset[str]]]:
    """The fields of subjects with listed values that a condition speaks of."""
    for node in terms_of(condition.tree):
        if isinstance(node, Path) and node.parts[0] != "event":
            found = condition.type_of(node)
            if isinstance(found, Enum):
                yield as_written(node), frozenset(found.values)
