"""What differs between two versions of a workflow, and what that means for a run that follows one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import ndiff
from typing import Any, Literal, NamedTuple

import msgspec

from ..language.definition import (
    AnyInstruction,
    Branch,
    Definition,
    Loop,
    Match,
    Send,
    Start,
    Task,
    Template,
    Wait,
)
from ..language.flow import events_at
from ..language.vocabulary import MANUAL
from .as_written import lines_of, step_lines, told_difference

Class = Literal["same", "cosmetic", "forward", "breaking"]
"""`cosmetic`: texts, titles, what outcomes count as. `forward`: something that the run has not come to. `breaking`:
the step where it is.
"""

_PLACES = frozenset({"line", "column", "events"})
_ADDRESSES = frozenset({"failed", "timeout", "done", "skipped", "expired", "otherwise", "end", "to"})
_BRANCHES = frozenset({"got", "cases"})
_TEXTS = frozenset({"title", "about", "help", "assignee", "templates"})
_WAYS = {"otherwise": "else leads to", "end": "after it", "to": "then"}
_HEADER = (
    "triggers",
    "subject",
    "key",
    "mode",
    "again",
    "rounds",
    "params",
    "vars",
    "policy",
    "guard",
    "anytime",
)


_NAMED = (Send, Wait, Task, Start, Branch, Match, Loop)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that differs: a step, or a part of the header. None: it is not there. `lines` tell it as it is
    written: `wait: 5bd -> 7bd`, `- channel: eml`, `+ thread: ask`.
    """

    where: str
    was: str | None
    now: str | None
    lines: list[str]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run is: what of it decides whether another version can take it on."""

    step: str
    at: int
    event_kind: str
    subjects: frozenset[str]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a new version is to a run: `at` is where its step is there, under the id `step`, None when it cannot go
    on by it; `reason` says why not, or what is other for it. `renamed` has the new ids of steps by their old ones.
    """

    kind: Class
    at: int | None
    reason: str
    step: str = ""
    renamed: dict[str, str] = {}


def changes(old: Definition, new: Definition) -> list[Change]:
    """Everything that differs, header first, then steps in the order of the new version."""
    found = []
    for name in (*_HEADER, "outcomes"):
        lines = told_difference(lines_of(getattr(old, name)), lines_of(getattr(new, name)))
        if lines:  # else only the address of a side list has shifted
            was, now = (_shown(_plain(getattr(each, name))) for each in (old, new))
            found.append(Change(where=name, was=was, now=now, lines=lines))
    names = renames(old, new)
    found += [
        Change(where=f"step {now}", was=f"id: {was}", now=f"id: {now}", lines=[f"id: {was} -> {now}"])
        for was, now in names.items()
    ]
    before, after = _steps(called_anew(old, names)), _steps(new)
    for step in dict.fromkeys((*after, *before)):
        one, other = before.get(step, _NOT_THERE), after.get(step, _NOT_THERE)
        if one != other:
            lines = told_difference(one.lines, other.lines)
            found.append(Change(where=f"step {step}", was=one.shown, now=other.shown, lines=lines))
    there = before.keys() & after.keys()
    orders = [[step for step in _order(each) if step in there] for each in (called_anew(old, names), new)]
    if orders[0] != orders[1]:
        was, now = (", ".join(each) for each in orders)
        found.append(Change(where="order", was=was, now=now, lines=[f"- {was}", f"+ {now}"]))
    for name in sorted({*old.templates, *new.templates}):
        if name in old.templates and name in new.templates and old.templates[name] != new.templates[name]:
            lines = _texts_differ(old.templates[name], new.templates[name])
            found.append(Change(where=f"template {name}", was="another text", now="another text", lines=lines))
    return found


def renames(old: Definition, new: Definition) -> dict[str, str]:
    """What the new version calls steps of the old one otherwise, by their old ids: as its `was` says, or, going
    back, that of the old one.
    """
    before, after = _ids(old), _ids(new)
    back = {now: was for was, now in old.renamed.items()}
    found = {id: new.renamed.get(id) or back.get(id) for id in sorted(before - after)}
    return {id: now for id, now in found.items() if now is not None and now in after - before}


def called_anew(definition: Definition, names: Mapping[str, str]) -> Definition:
    """The definition with other ids for some of its steps."""
    if not names:
        return definition
    return msgspec.structs.replace(definition, program=tuple(_anew(each, names) for each in definition.program))


def verdict(old: Definition, new: Definition, standing: Standing) -> Verdict:
    """What the new version is to a run of the old one that stands there."""
    names = renames(old, new)
    there = msgspec.structs.replace(standing, step=names.get(standing.step, standing.step))
    found = _verdict(called_anew(old, names), new, there)
    return msgspec.structs.replace(found, step=there.step, renamed=names)


def _ids(definition: Definition) -> set[str]:
    return {step.step for step in definition.program}


def _anew(step: AnyInstruction, names: Mapping[str, str]) -> AnyInstruction:
    """An instruction in which steps have other ids."""
    fields = {
        name: names[id]
        for name in ("step", "thread", "since")
        if (id := getattr(step, name, None)) is not None and id in names
    }
    return msgspec.structs.replace(step, **fields)


def _verdict(old: Definition, new: Definition, standing: Standing) -> Verdict:
    parked = [
        at
        for at, step in enumerate(new.program)
        if step.step == standing.step and isinstance(step, Send | Wait | Task)
    ]
    lacking = set(new.key) - standing.subjects
    if lacking:
        return _refused(f"the new version is about {' and '.join(sorted(lacking))}, and the run has none")
    if not parked:
        return _refused(f"there is no step `{standing.step}` any more to wait at")
    at, before = parked[0], old.program[standing.at]
    after = new.program[at]
    if type(before) is not type(after):
        return _refused(f"`{standing.step}` was a {_verb(before)} and is a {_verb(after)}")
    if _loops_around(old, standing.at) != _loops_around(new, at):
        return _refused(f"`{standing.step}` stands in another loop")
    if standing.event_kind not in _events_at(new, at):
        return _refused(f"the new version never comes to `{standing.step}` after {standing.event_kind}")
    if _plain_step(before) != _plain_step(after):
        return Verdict(kind="breaking", at=at, reason=f"`{standing.step}`, where it is, has changed")
    if (old.block_of(standing.at) is None) != (new.block_of(at) is None):
        return Verdict(
            kind="breaking", at=at, reason=f"`{standing.step}` is no longer where interrupts go from"
        )
    if _skeleton(old) != _skeleton(new):
        return Verdict(kind="forward", at=at, reason="only what it has not come to differs")
    if msgspec.to_builtins(old) != msgspec.to_builtins(new):
        return Verdict(kind="cosmetic", at=at, reason="only texts differ")
    return Verdict(kind="same", at=at, reason="nothing differs")


def _refused(reason: str) -> Verdict:
    return Verdict(kind="breaking", at=None, reason=reason)


class _Step(NamedTuple):
    """A step as data in a line, and as it is written."""

    shown: str | None
    lines: list[tuple[str, str]]


_NOT_THERE = _Step(None, [])


def _steps(definition: Definition) -> dict[str, _Step]:
    """Each step by its id, with what it leads to."""
    found: dict[str, list[AnyInstruction]] = {}
    for each in definition.program:
        found.setdefault(each.step, []).append(each)
    return {name: _step(definition, instructions) for name, instructions in found.items()}


def _step(definition: Definition, instructions: list[AnyInstruction]) -> _Step:
    told: dict[str, list[tuple[str, str]]] = {}  # steps without an id are one when they do the same
    for each in instructions:
        targets = list(_targets(definition, each))
        fields = {**_plain_step(each, _ADDRESSES), "leads to": [f"{name} {step}" for name, step in targets]}
        ways = ((_WAYS.get(name, f"{name} leads to"), step) for name, step in targets)
        told[_shown(fields)] = [*step_lines(each), *ways]
    return _Step("; ".join(told), [line for lines in told.values() for line in lines])


def _order(definition: Definition) -> list[str]:
    """The steps that have an id of their own, in their order."""
    return list(dict.fromkeys(each.step for each in definition.program if isinstance(each, _NAMED)))


def _texts_differ(was: Template, now: Template) -> list[str]:
    return [line.rstrip() for line in ndiff(_text(was), _text(now)) if line.startswith(("- ", "+ "))]


def _text(template: Template) -> list[str]:
    head = [] if template.subject is None else [f"Subject: {template.subject}"]
    return [*head, *template.body.splitlines()]


def _targets(definition: Definition, step: AnyInstruction) -> Iterator[tuple[str, str]]:
    """The steps that an instruction can lead to: on what, and their ids, since addresses shift with every line."""
    fields: Mapping[str, Any] = msgspec.to_builtins(step)
    for name in sorted(_ADDRESSES & fields.keys()):
        if isinstance(fields[name], int):
            yield name, definition.program[fields[name]].step
    for name in sorted(_BRANCHES & fields.keys()):
        for case, address in sorted(fields[name].items()):
            yield case, definition.program[address].step


def _skeleton(definition: Definition) -> Any:
    """A definition without texts, and without what outcomes count as."""
    plain = {name: _plain(getattr(definition, name)) for name in (*_HEADER, "blocks")}
    program = [(_plain_step(step), sorted(_targets(definition, step))) for step in definition.program]
    return plain, sorted(definition.outcomes), program


def _plain_step(step: AnyInstruction, without: frozenset[str] = _ADDRESSES | _TEXTS) -> dict[str, Any]:
    """An instruction without texts, addresses and places."""
    fields = msgspec.to_builtins(step)
    dropped = without | {"line"}  # what a wait is for stays: there `events` is no place
    kept = {name: _without_places(value) for name, value in fields.items() if name not in dropped}
    return {name: sorted(value) if name in _BRANCHES else value for name, value in kept.items()}


def _plain(part: Any) -> Any:
    return _without_places(msgspec.to_builtins(part, str_keys=True))


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(each) for key, each in value.items() if key not in _PLACES}
    return [_without_places(each) for each in value] if isinstance(value, list | tuple) else value


def _loops_around(definition: Definition, at: int) -> list[str]:
    return [
        step.step
        for head, step in enumerate(definition.program)
        if isinstance(step, Loop) and head < at < step.end
    ]


def _events_at(definition: Definition, at: int) -> frozenset[str]:
    entries: dict[int, set[str]] = {0: {trigger.event or MANUAL for trigger in definition.triggers}}
    for interrupt in definition.anytime:
        if interrupt.go is not None:
            entries.setdefault(definition.blocks[interrupt.go], set()).add(interrupt.event)
    return events_at(definition.program, definition.blocks, entries)[at]


def _verb(step: AnyInstruction) -> str:
    return type(step).__name__.lower()


def _shown(value: Any) -> str:
    return msgspec.json.encode(value).decode()
