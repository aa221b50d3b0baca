"""A definition told as its author wrote it: each part as lines of a name and what stands behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ..durations import Duration
from ..language.definition import (
    AnyInstruction,
    Branch,
    Emit,
    Exit,
    Go,
    Loop,
    Match,
    Part,
    Policy,
    Schedule,
    Send,
    Set,
    Source,
    Start,
    Task,
    Trigger,
    Use,
    Wait,
    Window,
)
from ..language.policy_file import clock_text, days_text, schedule_text

Lines = Sequence[tuple[str, str]]
"""Each a name and what is behind it. What has no name, as an item of a list, has "" there."""

_CALLED = {"condition": "if", "least": "min", "most": "max", "within": "in"}
"""What fields of the head are called in a file, where that is something else."""

_NOT_WRITTEN = ("line", "inherited", "do")


def lines_of(part: Any) -> Lines:
    """A part of the head, line by line: a mapping by its keys, a list by its items."""
    match part:
        case Policy():
            return list(_all(part))
        case Mapping():
            return [(str(name), text_of(each)) for name, each in part.items()]
        case str():
            return [("", part)]
        case Sequence():
            return [("", text_of(each)) for each in part]
    return [("", text_of(part))]


def text_of(value: Any) -> str:
    """A value as it may stand in a file, on one line."""
    match value:
        case None:
            return "not set"
        case bool():
            return "true" if value else "false"
        case Source():
            return value.text
        case Schedule():
            return schedule_text(value)
        case Window():
            holidays = "" if value.holidays == "workspace" else f", holidays: {value.holidays}"
            hours = f"{clock_text(value.opens)}-{clock_text(value.closes)}"
            return f"{{days: {days_text(value.days)}, hours: {hours}{holidays}}}"
        case Trigger(event=None, every=None):
            return "manual: true"
        case Part():
            return f"{{{', '.join(f'{name}: {text}' for name, text in _all(value))}}}"
        case Duration():
            return str(value)
        case Mapping():
            return f"{{{', '.join(f'{name}: {text_of(each)}' for name, each in value.items())}}}"
        case str():
            return value
        case Sequence():
            return f"[{', '.join(map(text_of, value))}]"
    return str(value)


def step_lines(step: AnyInstruction) -> Iterator[tuple[str, str]]:
    """What a step does, line by line, without what it leads to."""
    match step:
        case Send():
            yield "send", step.template
            yield from _values(step, "channel", "to", "thread", "approval", "urgent", "window", "data")
        case Wait(silence=Source(text=text)):
            yield "wait", text
        case Wait(until=Source(text=text)):
            yield "wait until", text
        case Wait():
            yield "wait for", ", ".join(step.events)
            yield from _values(step, "within", "settle", "since")
        case Task():
            yield "task", step.title.text
            yield from _values(step, "within", "assignee", "help")
        case Branch():
            yield "if", step.condition.text
        case Match():
            yield "match", step.value.text
        case Loop():
            yield "repeat at most", step.most.text
            yield from _values(step, "until")
        case Go():
            yield "go", step.block
        case Emit():
            yield "emit", step.event
            yield from _values(step, "data")
        case Set():
            yield from ((f"set {name}", source.text) for name, source in step.values.items())
        case Start():
            yield "start", step.workflow
            yield from _values(step, "subject", "wait")
        case Use():
            yield "use", step.action
            yield from ((f"with {name}", source.text) for name, source in step.values.items())
        case Exit():
            yield "exit", step.outcome


def told_difference(was: Lines, now: Lines) -> list[str]:
    """What is other, a line each: `name: was -> now`, `- name: was`, `+ name: now`."""
    if was == now:
        return []
    if len(was) == len(now) == 1 and was[0][0] == now[0][0]:
        return [_line(was[0][0], f"{was[0][1]} -> {now[0][1]}")]
    gone, come = list((Counter(was) - Counter(now)).elements()), list((Counter(now) - Counter(was)).elements())
    names_gone, names_come = Counter(name for name, _ in gone), Counter(name for name, _ in come)
    found = []
    for name, text in gone:
        if name and names_gone[name] == names_come[name] == 1:
            found.append(f"{name}: {text} -> {next(other for each, other in come if each == name)}")
        else:
            found.append(f"- {_line(name, text)}")
    changed = {name for name in names_gone if name and names_gone[name] == names_come[name] == 1}
    return [*found, *(f"+ {_line(name, text)}" for name, text in come if name not in changed)]


def _line(name: str, text: str) -> str:
    return f"{name}: {text}" if name else text


def _values(part: Part, *names: str) -> Iterator[tuple[str, str]]:
    """The fields that are set to something of their own."""
    for field in msgspec.structs.fields(part):
        value = getattr(part, field.name)
        if field.name in names and value != field.default and value != {}:
            yield field.name, text_of(value)


def _all(part: Part) -> Iterator[tuple[str, str]]:
    """Every field that is set, by what a file calls it."""
    names = [name for name in part.__struct_fields__ if name not in _NOT_WRITTEN]
    return ((_CALLED.get(name, name), text) for name, text in _values(part, *names))
