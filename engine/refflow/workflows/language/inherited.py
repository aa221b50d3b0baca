"""Interrupts that every workflow of a workspace has: `anytime` in `refflow.yaml`.

They end a run whatever its workflow says, and no more: blocks and steps are a workflow's own. Their conditions
speak of what there is in every run: the event, `me` and `now`. A workflow takes them into its definition when it
is compiled, so a run keeps those it began with.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from refflow.events.kinds import Kinds

from ..expressions import BOOL, ExpressionErrors, Scope, compile_expression
from .definition import Definition, Interrupt, OutcomeClass, Source
from .event_names import awaited_event
from .extensions import Extensions
from .reading import Reader
from .vocabulary import scope_for
from .yaml_source import Node

_OF_ONE_WORKFLOW = ("go", "do")


def inherit(definition: Definition, interrupts: Sequence[Interrupt]) -> Definition:
    """The definition with the interrupts of the workspace behind its own, so that its own come first. Those that
    could never act, since it ends on the event anyway, are left out; an outcome that it does not declare is bad.
    """
    ends = {each.event for each in definition.anytime if each.exit is not None and each.condition is None}
    added = [msgspec.structs.replace(each, inherited=True) for each in interrupts if each.event not in ends]
    if not added:
        return definition
    outcomes: dict[str, OutcomeClass] = dict(definition.outcomes)
    for each in added:
        outcomes.setdefault(each.exit or "", "bad")
    return msgspec.structs.replace(definition, anytime=(*definition.anytime, *added), outcomes=outcomes)


def read_inherited(reader: Reader, node: Node, kinds: Kinds, extensions: Extensions) -> tuple[Interrupt, ...]:
    """A list of `{event: contact.opted_out, if: ..., exit: do_not_contact}`."""
    read = [_interrupt(reader, each, kinds, extensions) for each in reader.items(node, "`anytime`")]
    return tuple(each for each in read if each is not None)


def _interrupt(reader: Reader, node: Node, kinds: Kinds, extensions: Extensions) -> Interrupt | None:
    what, keys = "an interrupt of every workflow", ("event", "if", "exit")
    found = reader.mapping(node, what, required=("event", "exit"))
    if found is None:
        return None
    for name in _OF_ONE_WORKFLOW:
        if name in found.keys:
            help = "blocks and steps are a workflow's own: here a run can only end, with `exit`"
            reader.wrong("E003", f"{what} has no `{name}`", found.keys[name], help)
    reader.closed(found, what, (*keys, *_OF_ONE_WORKFLOW))
    values = found.values
    event = awaited_event(reader, values["event"], kinds) if "event" in values else None
    exit = reader.name(values["exit"], "an outcome") if "exit" in values else None
    condition = reader.expression(values["if"], "`if`") if "if" in values else None
    if event is None or exit is None:
        return None
    if condition is not None:
        condition = _checked(
            reader, condition, scope_for((event,), {}, kinds, (), extensions=extensions), event
        )
    return Interrupt(event=event, condition=condition, exit=exit, line=found.line)


def _checked(reader: Reader, condition: Source, scope: Scope, event: str) -> Source:
    written = reader.written[condition.line, condition.column]
    try:
        compile_expression(condition.text, scope, BOOL)
    except ExpressionErrors as errors:
        reader.wrong_expression(errors, written)
    return msgspec.structs.replace(condition, events=(event,))
