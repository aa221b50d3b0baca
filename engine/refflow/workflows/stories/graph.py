"""The picture of a workflow: what a run can be at, and what leads from there to where. Layout is never stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ..language.definition import (
    AnyInstruction,
    Branch,
    Definition,
    Emit,
    Exit,
    Go,
    Interrupt,
    Jump,
    Loop,
    Match,
    Return,
    Send,
    Set,
    Source,
    Start,
    Task,
    Trigger,
    Use,
    Wait,
)
from ..language.flow import onward
from ..language.policy_file import schedule_text

Stays = Mapping[tuple[str, str], Sequence[int]]
"""How long (microseconds) runs were at a step before they went on, by the step and what moved them on."""

_THROUGH = (Jump, Go)
"""Instructions that are ways, not places."""

_NAMED_BY_WHAT_THEY_DO = (Emit, Exit, Return, Set, Use)
"""Instructions of steps that may go without an id."""

_PARKING = (Send, Wait, Task, Start)
"""Where a run can be found."""

_SHAPES: dict[type, tuple[str, str]] = {
    Send: ("[/", "/]"),
    Wait: ("([", "])"),
    Task: ("[[", "]]"),
    Branch: ("{", "}"),
    Match: ("{", "}"),
    Loop: ("{{", "}}"),
    Exit: ("((", "))"),
}


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Something a run can be at or pass: `at` is its address, `step` its step's id, `block` the block or side list
    where it stands.
    """

    at: int
    step: str
    label: str
    block: str | None
    kind: type


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """From one address to another; `when` says on what."""

    start: int
    end: int
    when: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """How a run comes in from outside the flow: a trigger, or an interrupt. `end` is None when it ends the run
    with `outcome`. A side list begins at `end`, and comes back.
    """

    label: str
    end: int | None
    outcome: str | None = None
    interrupt: bool = False


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow as places and ways between them, in the order of the file."""

    name: str
    places: tuple[Place, ...]
    ways: tuple[Way, ...]
    entries: tuple[Entry, ...]


def graph_of(definition: Definition) -> Graph:
    """The graph of a definition."""
    program = definition.program
    sections = _sections(definition)
    places = tuple(
        Place(at=at, step=step.step, label=_label(step), block=sections[at], kind=type(step))
        for at, step in enumerate(program)
        if not isinstance(step, _THROUGH)
    )
    ways = tuple(way for place in places for way in _ways(definition, place.at))
    triggers = tuple(
        Entry(label=_on(_starting(trigger), trigger.condition), end=_landing(definition, 0))
        for trigger in definition.triggers
    )
    interrupts = tuple(_interrupt(definition, each) for each in definition.anytime)
    return Graph(name=definition.name, places=places, ways=ways, entries=(*triggers, *interrupts))


def _sections(definition: Definition) -> list[str | None]:
    """For each address the block or side list that it is in; None in the main flow."""
    starts: dict[int, str] = {at: name for name, at in definition.blocks.items()}
    sides = [each for each in definition.anytime if each.do is not None]
    starts |= {int(each.do or 0): f"side list {number}" for number, each in enumerate(sides, 1)}
    found: list[str | None] = []
    for at in range(len(definition.program)):
        found.append(starts.get(at, found[-1] if found else None))
    return found


def as_mermaid(graph: Graph, live: Mapping[str, int] | None = None, stays: Stays | None = None) -> str:
    """A Mermaid flowchart; `live` has how many runs are at each step, `stays` how long they were there."""
    live, times = live or {}, _times(graph, stays or {})
    lines = ["flowchart TD"]
    blocks = dict.fromkeys(place.block for place in graph.places)
    for number, block in enumerate(blocks):
        held = [place for place in graph.places if place.block == block]
        indent = "    "
        if block is not None:
            lines.append(f"    subgraph b{number} [{_quoted(block)}]")
            indent = "        "
        lines += [f"{indent}{_node(place, live.get(place.step, 0))}" for place in held]
        if block is not None:
            lines.append("    end")
    for number, entry in enumerate(graph.entries):
        end = f"n{entry.end}" if entry.end is not None else f"x{number}(({_quoted(entry.outcome or '')}))"
        arrow = "-.->" if entry.interrupt else "-->"
        lines.append(f"    e{number}>{_quoted(entry.label)}] {arrow} {end}")
    for way in graph.ways:
        took = times.get((way.start, way.end), "")
        said = _quoted(way.when, f"{'<br/>' if way.when else ''}{took}" if took else "")
        when = f"|{said}|" if way.when or took else ""
        lines.append(f"    n{way.start} -->{when} n{way.end}")
    return "\n".join(lines) + "\n"


def as_text(graph: Graph, live: Mapping[str, int] | None = None, stays: Stays | None = None) -> str:
    """The graph for a terminal: each place on a line, with where it leads, how many runs are there, and how long
    they were there before they went on.
    """
    live, times = live or {}, _times(graph, stays or {})
    names = {
        place.at: place.label if place.kind in _NAMED_BY_WHAT_THEY_DO else place.step for place in graph.places
    }
    lines = [graph.name]
    for entry in graph.entries:
        to = names[entry.end] if entry.end is not None else f"ends: {entry.outcome}"
        lines.append(f"  {'anytime' if entry.interrupt else 'on'} {entry.label} -> {to}")
    block: str | None = None
    for number, place in enumerate(graph.places):
        if number == 0 or place.block != block:
            block = place.block
            lines.append(f"{block or 'steps'}:")
        count = live.get(place.step, 0)
        runs = f"  [{count} live]" if count and place.kind in _PARKING else ""
        ways = [way for way in graph.ways if way.start == place.at]
        following = graph.places[number + 1].at if number + 1 < len(graph.places) else None
        took = {way.end: f"  ({time})" for way in ways if (time := times.get((way.start, way.end)))}
        if [(way.end, way.when) for way in ways] == [(following, "")]:
            lines.append(f"  {place.label}{runs}{took.get(ways[0].end, '')}")
            continue  # the next line says where it leads
        lines.append(f"  {place.label}{runs}")
        lines += [
            f"    {f'{way.when} ' if way.when else ''}-> {names[way.end]}{took.get(way.end, '')}"
            for way in ways
        ]
    return "\n".join(lines) + "\n"


def _times(graph: Graph, stays: Stays) -> dict[tuple[int, int], str]:
    """For each way from a place where runs are parked how long they were there, when any took it."""
    found = {}
    for place in graph.places:
        ways = [way for way in graph.ways if way.start == place.at]
        named = {label for way in ways for label in _labelled(way)}
        for way in ways if place.kind in _PARKING else ():
            labels = set(_labelled(way))
            # How another run ended that has no way of its own.
            rest = {label for step, label in stays if step == place.step and label not in named}
            labels |= rest if labels & {"else", "ended"} else set()
            lengths = [each for label in labels for each in stays.get((place.step, label), ())]
            if lengths:
                found[way.start, way.end] = _took(lengths)
    return found


def _labelled(way: Way) -> tuple[str, ...]:
    """What moves a run on this way. A wait for nothing but time ends like one that waited in vain."""
    return tuple(way.when.split(", ")) if way.when else ("", "timeout")


def _took(lengths: Sequence[int]) -> str:
    """The median of some times, and of how many, as people say it."""
    ordered = sorted(lengths)
    minutes = ordered[len(ordered) // 2] / 60_000_000
    hours, days = minutes / 60, minutes / 60 / 24
    said = (
        "at once"
        if minutes < 1
        else f"{minutes:.0f} min"
        if hours < 2
        else f"{hours:.0f} h"
        if days < 2
        else f"{days:.1f} days"
    )
    runs = f"{len(ordered)} run{'' if len(ordered) == 1 else 's'}"
    return f"{said} in {runs}" if len(ordered) == 1 else f"median {said}, {runs}"


def _ways(definition: Definition, at: int) -> Iterator[Way]:
    step = definition.program[at]
    labels = _labels(step)
    seen: dict[int, list[str]] = {}
    for number, (to, event) in enumerate(onward(definition.program, definition.blocks, at)):
        said = event or (labels[number] if number < len(labels) else "")
        seen.setdefault(_landing(definition, to), []).append(said)
    for end, reasons in seen.items():
        yield Way(start=at, end=end, when=", ".join(each for each in reasons if each))


def _labels(step: AnyInstruction) -> list[str]:
    """What each way onward is called, in the order of `onward`; a wait's events name themselves."""
    match step:
        case Wait(events=events) if events:
            return [*events, "timeout"]
        case Task():
            return ["done", "skipped", "expired"]
        case Match(cases=cases):
            return [*cases, "else"]
        case Branch():
            return ["yes", "no"]
        case Loop():
            return ["again", "over"]
        case Send():
            return ["", "failed"]
        case Start(wait=True, got=got):
            return [*got, "else" if got else "ended", "refused"]
        case _:
            return []


def _landing(definition: Definition, at: int) -> int:
    """The first place from `at` on, past jumps."""
    for _ in range(len(definition.program)):
        step = definition.program[at]
        if not isinstance(step, _THROUGH):
            break
        at = step.to if isinstance(step, Jump) else definition.blocks[step.block]
    return at


def _label(step: AnyInstruction) -> str:
    match step:
        case Send(template=template, to=to):
            return f"{step.step}: send {template}{f' to {to.text}' if to else ''}"
        case Wait():
            return f"{step.step}: wait {_wait(step)}"
        case Task(title=title, within=within, assignee=assignee):
            by = f" by {assignee}" if assignee else ""
            return f"{step.step}: to do within {within.text}{by}: {title.text}"
        case Branch(condition=condition):
            return f"{step.step}: if {condition.text}"
        case Match(value=value):
            return f"{step.step}: {value.text} is"
        case Loop(most=most, until=until):
            return f"{step.step}: at most {most.text} times{f', until {until.text}' if until else ''}"
        case Emit(event=event):
            return f"say {event}"
        case Set(values=values):
            return f"set {', '.join(f'{name} to {source.text}' for name, source in values.items())}"
        case Use(action=action):
            return f"use {action}"
        case Start(workflow=workflow, wait=wait):
            return f"{step.step}: start {workflow}{' and wait for its end' if wait else ''}"
        case Return():
            return "back to where it was"
        case Exit(outcome=outcome):
            return f"end: {outcome}"
        case _:
            return f"{step.step}: {type(step).__name__.lower()}"


def _wait(step: Wait) -> str:
    if step.events:
        limit = f", within {step.within.text}" if step.within else ""
        settle = f", until none has come for {step.settle.text}" if step.settle else ""
        return f"for {' or '.join(step.events)}{f' since {step.since}' if step.since else ''}{limit}{settle}"
    if step.until is not None:
        return f"until {step.until.text}"
    return step.silence.text if step.silence is not None else ""


def _interrupt(definition: Definition, interrupt: Interrupt) -> Entry:
    start = definition.blocks[interrupt.go] if interrupt.go is not None else interrupt.do
    end = _landing(definition, start) if start is not None else None
    label = _on(interrupt.event, interrupt.condition)
    return Entry(label=label, end=end, outcome=interrupt.exit, interrupt=True)


def _starting(trigger: Trigger) -> str:
    if trigger.every is not None:
        return f"every {schedule_text(trigger.every)}, for each {trigger.each}"
    return trigger.event or "by hand"


def _on(event: str, condition: Source | None) -> str:
    return event if condition is None else f"{event} if {condition.text}"


def _node(place: Place, live: int) -> str:
    opening, closing = _SHAPES.get(place.kind, ("[", "]"))
    runs = f"<br/>{live} live" if live and place.kind in _PARKING else ""
    return f"n{place.at}{opening}{_quoted(place.label, runs)}{closing}"


def _quoted(text: str, after: str = "") -> str:
    # Mermaid reads entities inside quotes, and has no escape for a quote.
    plain = text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    return f'"{plain}{after}"'
