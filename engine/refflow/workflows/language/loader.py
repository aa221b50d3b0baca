"""Loads a workflow: from the YAML that a person wrote to the definition that the engine interprets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import msgspec

from refflow.events.kinds import Kinds

from ..expressions import TEXT, Optional_, Scope
from .checking import Checker
from .compiler import Compiler, Departure, Known
from .definition import AnyInstruction, Definition, Exit, Interrupt, Send, Template
from .extensions import NONE, Extensions
from .flow import circles, events_at
from .header import Header, read_header
from .inherited import inherit
from .instances import read_instance
from .problems import Problem, has_errors, in_order
from .reading import Reader
from .templates import TemplateSource, check_template, parse_template
from .verbs import VERBS
from .vocabulary import MANUAL, SUBJECTS
from .yaml_source import Mapping as MappingNode
from .yaml_source import Node, read_yaml

BY_ITSELF = ("do_not_contact", "capped", "cancelled", "restarted")
"""Outcomes that a run can have without any step that says so."""

ANYTHING = "?"
"""Stands for the kind of a trigger that could not be read: of such an event nothing is known to be wrong."""

_OBSCURING = frozenset({"E003", "E004", "E005", "E006", "E152", "E221", "E230", "E231"})
"""After one of these nobody knows which blocks and outcomes were meant to be reached."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: the definition, unless there are errors, what is wrong, and its tree."""

    definition: Definition | None
    problems: tuple[Problem, ...]
    root: Node | None = None


def load_workflow(
    text: str,
    file: str,
    templates: TemplateSource,
    kinds: Kinds,
    channels: Collection[str],
    packaged: Mapping[str, Definition] = MappingProxyType({}),
    extensions: Extensions = NONE,
    inherited: Sequence[Interrupt] = (),
) -> Loaded:
    """The workflow in `text`, which `file` names in messages; `channels` are those that messages can go by,
    `packaged` the workflows that others can be made from, by name (`std/thank`), `extensions` what plugins add,
    `inherited` the interrupts that every workflow of the workspace has.
    """
    root, problems = read_yaml(text, file)
    reader = Reader(file)
    reader.problems += problems
    definition = None
    if root is not None and (top := reader.mapping(root, "a workflow")) is not None:
        if "from" in top.values:
            definition = read_instance(reader, top, packaged)
        else:
            loading = _Loading(reader, templates, kinds, channels, extensions, inherited)
            definition = loading.definition(top)
    if definition is not None:
        definition = inherit(definition, inherited)
    ordered = in_order(reader.problems)
    return Loaded(definition=None if has_errors(ordered) else definition, problems=ordered, root=root)


class _Loading:
    def __init__(
        self,
        reader: Reader,
        templates: TemplateSource,
        kinds: Kinds,
        channels: Collection[str],
        extensions: Extensions,
        inherited: Sequence[Interrupt],
    ) -> None:
        self._reader = reader
        self._templates = templates
        self._kinds = kinds
        self._channels = channels
        self._extensions = extensions
        self._inherited = inherited

    def definition(self, top: MappingNode) -> Definition | None:
        """The definition; of use only when no errors have been noted."""
        header = read_header(self._reader, top, self._kinds)
        compiler = self._compiler(header)
        steps = top.values.get("steps")
        if steps is not None:
            compiler.section(None, steps)
        addresses = {name: compiler.section(name, node) for name, node in header.blocks.items()}
        sides = [compiler.side(node) for node in header.sides]
        compiler.check_references()
        if steps is None:
            return None
        self._check_circles(compiler)
        entries: dict[int, set[str]] = {0: {kind or ANYTHING for kind in header.kinds}}
        for interrupt in header.anytime:
            if interrupt.go is not None:
                entries.setdefault(addresses[interrupt.go], set()).add(interrupt.event)
            elif interrupt.do is not None:
                entries.setdefault(sides[interrupt.do], set()).add(interrupt.event)
        events = events_at(compiler.program, addresses, entries)
        self._check_reached(header, compiler, {name: bool(events[at]) for name, at in addresses.items()})
        checker = Checker(self._reader, self._kinds, header, compiler.sends, self._extensions)
        header = self._checked(header, checker)
        program = [
            checker.instruction(
                each,
                events[at],
                compiler.in_loop[at],
                compiler.cases.get(at),
                compiler.program[at - 1] if at else None,
            )
            if events[at]
            else each
            for at, each in enumerate(compiler.program)
        ]
        scopes = [checker.scope(events[at], compiler.in_loop[at]) for at in range(len(program))]
        scopes = [
            checker.scope_of_text(each, scope) if isinstance(each, Send) else scope
            for each, scope in zip(program, scopes, strict=True)
        ]
        return header.with_program(program, addresses, sides, self._used(program, scopes), compiler.renamed)

    def _compiler(self, header: Header) -> Compiler:
        known = Known(
            subjects=tuple(header.subject) if header.subject_read else SUBJECTS,
            blocks=tuple(header.blocks),
            outcomes=tuple(header.outcomes),
            templates=self._templates.names(),
            channels=self._channels,
            kinds=self._kinds,
            variables=tuple(header.vars),
            actions=self._extensions.actions,
        )
        return Compiler(self._reader, known, VERBS)

    def _check_circles(self, compiler: Compiler) -> None:
        departures: dict[str, dict[str, Departure]] = {}
        for each in compiler.departures:
            if each.section is not None:
                departures.setdefault(each.section, {}).setdefault(each.block, each)
        for block, target in circles({block: tuple(targets) for block, targets in departures.items()}):
            closing = departures[block][target]
            message = f"endless loop: `{target}` leads back to itself"
            self._reader.wrong("E221", message, closing.node, "use `repeat` with `max`")
            # Cut here, what the circle would bring back to its start is no further mistake.
            compiler.program[closing.at] = Exit(step="", outcome="")

    def _check_reached(self, header: Header, compiler: Compiler, reached: Mapping[str, bool]) -> None:
        if {problem.code for problem in self._reader.problems} & _OBSCURING:
            return
        for name, found in reached.items():
            if not found:
                help = "lead to it with `go`, or take it out"
                self._reader.wrong("E201", f"block `{name}` is never reached", header.block_keys[name], help)
        interrupts = (*header.anytime, *self._inherited)
        happening = compiler.outcomes | {each.exit for each in interrupts} | set(BY_ITSELF)
        for name, key in header.outcome_nodes.items():
            if name not in happening:
                message = f"outcome `{name}` never happens"
                self._reader.wrong("W233", message, key, "take it out, or `exit` with it")

    def _checked(self, header: Header, checker: Checker) -> Header:
        triggers = tuple(
            msgspec.structs.replace(each, condition=checker.condition(each.condition, (each.event or MANUAL,)))
            if each.condition is not None
            else each
            for each in header.triggers
        )
        kinds = {kind or ANYTHING for kind in header.kinds}
        # Whom a run is about is found in the event, before anything is known of them.
        names = checker.scope(kinds).names
        bare = Scope({name: names[name] for name in ("event", "params", "now")})
        subject = {
            name: checker.value(source, bare, Optional_(TEXT), kinds) for name, source in header.subject.items()
        }
        return msgspec.structs.replace(
            header,
            triggers=triggers,
            subject=subject,
            # Without events: a guard is asked again before every message, when the trigger is long past.
            guard=tuple(checker.condition(source, ()) for source in header.guard),
            anytime=tuple(self._checked_interrupt(each, checker) for each in header.anytime),
        )

    def _checked_interrupt(self, each: Interrupt, checker: Checker) -> Interrupt:
        if each.condition is None:
            return each
        return msgspec.structs.replace(each, condition=checker.condition(each.condition, (each.event,)))

    def _used(self, program: list[AnyInstruction], scopes: list[Scope]) -> dict[str, Template]:
        """The templates that the program sends, checked where it sends them."""
        used: dict[str, Template] = {}
        for each, scope in zip(program, scopes, strict=True):
            text = self._templates.text(each.template) if isinstance(each, Send) else None
            if text is None or not isinstance(each, Send):
                continue
            template, problems = parse_template(each.template, text)
            self._reader.problems += problems
            if template is not None:
                used[each.template] = template
                self._reader.problems += check_template(each.template, text, scope)
        return used
