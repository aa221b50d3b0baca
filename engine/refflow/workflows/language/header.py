"""Reads everything of a workflow file but its steps."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Sequence as Sequence_
from typing import Any, Literal

import msgspec

from refflow.events.kinds import Kinds

from ..durations import Duration
from .definition import (
    AnyInstruction,
    Definition,
    Interrupt,
    Mode,
    OutcomeClass,
    Parameter,
    Policy,
    Source,
    Template,
    Trigger,
    Variable,
)
from .event_names import awaited_event, event_name
from .parameters import read_params, read_vars
from .policy_file import read_policy, read_schedule
from .reading import Reader, pairs
from .vocabulary import MANUAL, SUBJECTS
from .yaml_source import Mapping as MappingNode
from .yaml_source import Node, Scalar, Sequence

VERSION = "1"

_REQUIRED = ("refflow", "workflow", "on", "subject", "steps", "outcomes")
_KEYS = (
    *_REQUIRED,
    *("title", "about", "key", "mode", "again", "params", "vars", "policy", "guard", "anytime", "blocks"),
    "ok",
)
_CLASSES: tuple[OutcomeClass, ...] = ("good", "open", "bad")


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow without its program. `kinds` are those of its triggers, None where one could not be read; a
    parameter or variable that could not be read is None; `subject_read` is False when part of it could not
    be. Blocks, side lists and outcomes still know where they are written; the `do` of an interrupt is the
    number of its side list until that is compiled.
    """

    name: str
    title: str
    about: str
    kinds: tuple[str | None, ...]
    triggers: tuple[Trigger, ...]
    subject: dict[str, Source]
    subject_read: bool
    key: tuple[str, ...]
    mode: Mode
    again: Literal["never", "always"] | Duration
    rounds: int | None
    params: dict[str, Parameter | None]
    vars: dict[str, Variable | None]
    policy: Policy
    guard: tuple[Source, ...]
    anytime: tuple[Interrupt, ...]
    sides: tuple[Node, ...]
    blocks: dict[str, Node]
    block_keys: dict[str, Scalar]
    outcomes: dict[str, OutcomeClass]
    outcome_nodes: dict[str, Node]

    def with_program(
        self,
        program: list[AnyInstruction],
        blocks: Mapping[str, int],
        sides: Sequence_[int],
        templates: Mapping[str, Template],
        renamed: Mapping[str, str],
    ) -> Definition:
        """The whole definition. `blocks` and `sides` have the addresses of blocks and side lists."""
        return Definition(
            name=self.name,
            title=self.title,
            about=self.about,
            triggers=self.triggers,
            subject=self.subject,
            key=self.key,
            mode=self.mode,
            again=self.again,
            rounds=self.rounds,
            params={name: parameter for name, parameter in self.params.items() if parameter is not None},
            vars={name: variable for name, variable in self.vars.items() if variable is not None},
            policy=self.policy,
            guard=self.guard,
            anytime=tuple(
                each if each.do is None else msgspec.structs.replace(each, do=sides[each.do])
                for each in self.anytime
            ),
            program=tuple(program),
            blocks=dict(blocks),
            outcomes=self.outcomes,
            templates=dict(templates),
            renamed=dict(renamed),
        )


def read_header(reader: Reader, top: MappingNode, kinds: Kinds) -> Header:
    """The header of the workflow whose top is `top`."""
    reader.mapping(top, "a workflow", _KEYS, required=_REQUIRED)
    values = top.values
    name = reader.name(values["workflow"], "a workflow") if "workflow" in values else None
    title = reader.text(values["title"], "`title`") if "title" in values else None
    about = reader.text(values["about"], "`about`") if "about" in values else None
    _version(reader, values.get("refflow"))
    before = len(reader.problems)
    subject = _subject(reader, values.get("subject"))
    subject_read = "subject" in values and len(reader.problems) == before
    blocks = _blocks(reader, values.get("blocks"))
    outcomes, nodes = _outcomes(reader, values.get("outcomes"))
    read = list(_triggers(reader, values["on"], kinds)) if "on" in values else [None]
    anytime = _items(reader, values.get("anytime"), "`anytime`")
    sides: list[Node] = []
    interrupts = [_interrupt(reader, each, kinds, blocks, outcomes, sides) for each in anytime]
    again, rounds = _again(reader, values.get("again"))
    guard = [reader.expression(each, "a guard") for each in _items(reader, values.get("guard"), "`guard`")]
    return Header(
        name=name or "",
        title=title or name or "",
        about=about or "",
        kinds=tuple(None if trigger is None else trigger.event or MANUAL for trigger in read),
        triggers=tuple(trigger for trigger in read if trigger is not None),
        subject=subject,
        subject_read=subject_read,
        key=_key(reader, values.get("key"), subject if subject_read else SUBJECTS),
        mode=_mode(reader, values.get("mode")),
        again=again or "never",
        rounds=rounds,
        params=read_params(reader, values["params"]) if "params" in values else {},
        vars=read_vars(reader, values["vars"]) if "vars" in values else {},
        policy=read_policy(reader, values["policy"]) if "policy" in values else Policy(),
        guard=tuple(source for source in guard if source is not None),
        anytime=tuple(each for each in interrupts if each is not None),
        sides=tuple(sides),
        blocks={name: node for name, (_, node) in blocks.items()},
        block_keys={name: key for name, (key, _) in blocks.items()},
        outcomes=outcomes,
        outcome_nodes=nodes,
    )


def _items(reader: Reader, node: Node | None, what: str) -> tuple[Node, ...]:
    return () if node is None else reader.items(node, what)


def _version(reader: Reader, node: Node | None) -> None:
    if node is not None and (not isinstance(node, Scalar) or node.text != VERSION):
        reader.wrong("E011", "this version of refflow reads `refflow: 1`", node)


def _mode(reader: Reader, node: Node | None) -> Mode:
    modes: tuple[Mode, ...] = ("single", "restart", "queue", "parallel")
    found = None if node is None else reader.choice(node, "`mode`", modes)
    return next((mode for mode in modes if mode == found), "single")


def _subject(reader: Reader, node: Node | None) -> dict[str, Source]:
    found = None if node is None else reader.mapping(node, "`subject`", SUBJECTS)
    if found is None:
        return {}
    if not found.values:
        reader.wrong("E006", "`subject` names nobody", found, "write `{contact: event.contact}`, say")
    sources = {name: reader.expression(value, f"`{name}`") for name, value in found.values.items()}
    return {name: source for name, source in sources.items() if name in SUBJECTS and source is not None}


def _key(reader: Reader, node: Node | None, subject: Collection[str]) -> tuple[str, ...]:
    if node is None:
        return tuple(subject)
    names = [reader.known(each, "E011", "subject", tuple(subject)) for each in reader.items(node, "`key`")]
    if not names:
        reader.wrong("E006", "`key` names no subject", node)
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _again(reader: Reader, node: Node | None) -> tuple[Any, int | None]:
    """`never`, `always` or the time between two runs of one key, and how many of them there are at most."""
    if not isinstance(node, MappingNode):
        return None if node is None else reader.choice(node, "`again`", ("never", "always")), None
    reader.mapping(node, "`again`", ("after", "max"), required=("after",))
    after = reader.duration(node.values["after"], "`after`") if "after" in node.values else None
    return after, reader.whole(node.values["max"], "`max`") if "max" in node.values else None


def _triggers(reader: Reader, node: Node, kinds: Kinds) -> Iterator[Trigger | None]:
    items = reader.items(node, "`on`")
    if not items:
        if isinstance(node, Sequence):
            reader.wrong("E006", "`on` names nothing that starts the workflow", node)
        yield None
    for item in items:
        found = reader.mapping(item, "a trigger", ("event", "if", "manual", "every", "each", "ok"))
        yield None if found is None else _trigger(reader, found, kinds)


def _trigger(reader: Reader, node: MappingNode, kinds: Kinds) -> Trigger | None:
    if "manual" in node.values:
        for other in ("event", "if", "every", "each"):
            if other in node.values:
                message = f"`{other}` does not go with `manual`"
                reader.wrong("E003", message, node.keys[other], "make two triggers")
        return Trigger() if reader.flag(node.values["manual"], "`manual`") else None
    if "every" in node.values or "each" in node.values:
        return _scheduled(reader, node)
    if "event" not in node.values:
        reader.wrong("E006", "a trigger needs `event`, `every` or `manual: true`", node)
        return None
    event = event_name(reader, node.values["event"], kinds)
    condition = reader.expression(node.values["if"], "`if`") if "if" in node.values else None
    return None if event is None else Trigger(event=event, condition=condition)


def _scheduled(reader: Reader, node: MappingNode) -> Trigger | None:
    """`{every: "mon 09:00", each: contact, if: ...}`."""
    reader.mapping(node, "a trigger with `every`", None, required=("every", "each"))
    if "event" in node.values:
        reader.wrong("E003", "`event` does not go with `every`", node.keys["event"], "make two triggers")
    every = read_schedule(reader, node.values["every"]) if "every" in node.values else None
    each: Any = reader.choice(node.values["each"], "`each`", SUBJECTS) if "each" in node.values else None
    condition = reader.expression(node.values["if"], "`if`") if "if" in node.values else None
    if every is None or each is None:
        return None
    return Trigger(every=every, each=each, condition=condition)


def _interrupt(
    reader: Reader,
    node: Node,
    kinds: Kinds,
    blocks: Mapping[str, tuple[Scalar, Node]],
    outcomes: Mapping[str, OutcomeClass],
    sides: list[Node],
) -> Interrupt | None:
    keys = ("event", "if", "exit", "go", "do", "ok")
    found = reader.mapping(node, "an interrupt", keys, required=("event",))
    if found is None or "event" not in found.values:
        return None
    values = found.values
    ways = {"exit", "go", "do"} & set(values)
    if len(ways) != 1:
        message = "an interrupt needs `exit`, `go` or `do`"
        if ways:
            message = "an interrupt has one of `exit`, `go` and `do`"
        reader.wrong("E006" if not ways else "E004", message, found)
        return None
    event = awaited_event(reader, values["event"], kinds)
    condition = reader.expression(values["if"], "`if`") if "if" in values else None
    exit = reader.known(values["exit"], "E230", "outcome", tuple(outcomes)) if "exit" in values else None
    go = reader.known(values["go"], "E152", "block", tuple(blocks)) if "go" in values else None
    do = None
    if "do" in values:
        do = len(sides)
        sides.append(values["do"])
    if event is None or (exit is None and go is None and do is None):
        return None
    return Interrupt(event=event, condition=condition, exit=exit, go=go, do=do, line=found.line)


def _blocks(reader: Reader, node: Node | None) -> dict[str, tuple[Scalar, Node]]:
    found = None if node is None else reader.mapping(node, "`blocks`")
    if found is None:
        return {}
    return {name: (key, value) for name, key, value in pairs(found) if reader.name(key, "a block") is not None}


def _outcomes(reader: Reader, node: Node | None) -> tuple[dict[str, OutcomeClass], dict[str, Node]]:
    found = None if node is None else reader.mapping(node, "`outcomes`", _CLASSES)
    outcomes: dict[str, OutcomeClass] = {}
    nodes: dict[str, Node] = {}
    for kind in _CLASSES:
        for item in _items(reader, found.values.get(kind) if found is not None else None, f"`{kind}`"):
            name = reader.name(item, "an outcome")
            if name is not None and name in outcomes:
                reader.wrong("E008", f"`{name}` is declared twice", item, f"first at line {nodes[name].line}")
            elif name is not None:
                outcomes[name], nodes[name] = kind, item
    return outcomes, nodes
