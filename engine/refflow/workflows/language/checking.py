"""Checks the expressions and texts of a compiled program, each against what can be spoken of at its place."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from refflow.events.kinds import Kinds
from refflow.spelling import did_you_mean, nearest

from ..expressions import (
    BOOL,
    DURATION,
    INSTANT,
    NUMBER,
    TEXT,
    UNKNOWN,
    ExpressionErrors,
    Record,
    Scope,
    Type,
    compile_expression,
    record_of,
)
from ..expressions import Problem as ExpressionProblem
from ..expressions.parser import parse
from ..expressions.presence import NOTHING, Known, shown
from ..expressions.syntax import Default, Node, Path
from ..expressions.types import Enum, described, fits, is_optional, present
from .compiler import Cases
from .definition import AnyInstruction, Branch, Emit, Loop, Match, Send, Set, Source, Start, Task, Use, Wait
from .extensions import NONE, Extensions
from .header import Header
from .reading import Reader
from .templates import check_text
from .vocabulary import SUBJECTS, params_record, person_record, scope_for, vars_record
from .yaml_source import Scalar

_SENT = re.compile(r'\bsent\(\s*"([^"]*)"')


class Checker:
    """Checks the sources of one workflow. What comes back knows the kinds of events it was checked for."""

    def __init__(
        self,
        reader: Reader,
        kinds: Kinds,
        header: Header,
        sends: Collection[str],
        extensions: Extensions = NONE,
    ) -> None:
        self._reader = reader
        self._extensions = extensions
        self._sends = sends
        self._kinds = kinds
        self._params = header.params
        self._subject = header.subject
        self._subject_read = header.subject_read
        self._key = header.key
        self._vars = header.vars
        self._scopes: dict[tuple[tuple[str, ...], bool], Scope] = {}

    def scope(self, events: Iterable[str], loop: bool = False) -> Scope:
        """What can be spoken of when the last event is one of the kinds `events`."""
        key = tuple(sorted(events)), loop
        if key not in self._scopes:
            scope = scope_for(
                key[0],
                self._params,
                self._kinds,
                self._subject,
                loop,
                self._key,
                self._vars,
                self._extensions,
            )
            if not self._subject_read:  # then of nobody anything is known to be wrong
                names = {**dict.fromkeys((*SUBJECTS, "ask"), UNKNOWN), **scope.names}
                scope = Scope(names, scope.functions, scope.filters)
            self._scopes[key] = scope
        return self._scopes[key]

    def expression(self, source: Source, scope: Scope, expect: Type | None) -> Type:
        """The type of an expression, which must fit `expect`; UNKNOWN when something is wrong with it."""
        node = self._written(source)
        if node is None:
            return UNKNOWN
        self._sent(source.text, node)
        try:
            return compile_expression(source.text, scope, expect).type
        except ExpressionErrors as errors:
            mended = [self._with_help(each, source.text, scope) for each in errors.problems]
            self._reader.wrong_expression(ExpressionErrors(mended), node)
            return UNKNOWN

    def scope_of_text(self, each: Send, scope: Scope) -> Scope:
        """What the template of a message can speak of: what the step can, the `data` it is given, and whom it goes
        to, when that is somebody else.
        """
        names = dict(scope.names)
        if each.data:
            data = {name: self.expression(source, scope, None) for name, source in each.data.items()}
            names["data"] = Record("data", data)
        if each.to is not None:
            names["to"] = person_record("to")
        return Scope(names, scope.functions, scope.filters)

    def condition(self, source: Source, events: Collection[str], loop: bool = False) -> Source:
        """A checked condition."""
        return self.value(source, self.scope(events, loop), BOOL, events)

    def value(self, source: Source, scope: Scope, expect: Type, events: Collection[str]) -> Source:
        """A checked expression where `event` is one of the kinds `events`."""
        self.expression(source, scope, expect)
        return _about(source, events)

    def instruction(
        self,
        each: AnyInstruction,
        events: Collection[str],
        loop: bool,
        cases: Cases | None,
        before: AnyInstruction | None = None,
    ) -> AnyInstruction:
        """A checked instruction. What the condition of its step, `before` it, shows to be there, is there."""
        scope = self.scope(events, loop)
        match each:
            case Wait():
                wanted = {"silence": DURATION, "until": INSTANT, "within": DURATION, "settle": DURATION}
            case Branch():
                wanted = {"condition": BOOL}
            case Loop():
                self._bound(each.most)
                wanted = {"until": BOOL}
            case Task():
                wanted = {"within": DURATION}
                self._text(each.title, scope)
                self._text(each.help, scope)
            case Match():
                self._match(each, scope, cases)
                wanted = {}
            case Emit():
                self._emit(each, scope)
                return msgspec.structs.replace(
                    each, data={name: _about(source, events) for name, source in each.data.items()}
                )
            case Send():
                data = {name: _about(source, events) for name, source in each.data.items()}
                to = None if each.to is None else self._addressee(each.to, scope, events, _there(before, each))
                return msgspec.structs.replace(each, data=data, to=to)
            case Set():
                fields = vars_record(self._vars).fields
                for name, source in each.values.items():
                    self.expression(source, scope, fields[name])
                values = {name: _about(source, events) for name, source in each.values.items()}
                return msgspec.structs.replace(each, values=values)
            case Use():
                fields = record_of(self._extensions.actions[each.action].params, each.action).fields
                for name, source in each.values.items():
                    self.expression(source, scope, fields.get(name))
                values = {name: _about(source, events) for name, source in each.values.items()}
                return msgspec.structs.replace(each, values=values)
            case Start():
                for name, source in each.subject.items():
                    self._whom(name, source, scope, _there(before, each))
                subject = {name: _about(source, events) for name, source in each.subject.items()}
                return msgspec.structs.replace(each, subject=subject)
            case _:
                return each
        for name, expect in wanted.items():
            source = getattr(each, name)
            if source is not None:
                self.expression(source, scope, expect)
        return _with_events(each, events)

    def _sent(self, text: str, node: Scalar) -> None:
        """Report each `sent("...")` that asks about no message."""
        for found in _SENT.finditer(text):
            if found[1] not in self._sends:
                line, column = node.place(found.start(1))
                place = (line, column, max(1, len(found[1])))
                message = f"there is no `send` step `{found[1]}`"
                self._reader.wrong_at("E009", message, place, did_you_mean(found[1], self._sends))

    def _written(self, source: Source) -> Scalar | None:
        return self._reader.written.get((source.line, source.column))

    def _bound(self, source: Source) -> None:
        """A loop's `max` must not change while the loop runs, so it speaks of parameters only."""
        node = self._written(source)
        if node is not None and node.kind == "int" and not (node.text.isdecimal() and int(node.text) >= 1):
            self._reader.wrong("E220", "`max` is at least 1", node)
            return
        self.expression(source, Scope({"params": params_record(self._params)}), NUMBER)

    def _match(self, each: Match, scope: Scope, cases: Cases | None) -> None:
        found = self.expression(each.value, scope, None)
        if cases is None or found == UNKNOWN:
            return
        source = each.value.text
        if found == TEXT:
            if each.otherwise is None:
                message = f"{source} can be any text: not handled"
                self._reader.wrong("E211", message, cases.verb, "add an `else`")
        elif isinstance(found, Enum):
            strange: list[str | None] = []
            for name, key in cases.keys.items():
                if name not in found.values:
                    strange.append(nearest(name, found.values))
                    help = did_you_mean(name, found.values)
                    message = f"{source} is never `{name}`, only {described(found)}"
                    self._reader.wrong("E213", message, key, help)
            left = [value for value in found.values if value not in cases.keys and value not in strange]
            if left and each.otherwise is None:
                message = f"{source} can also be {' or '.join(left)}: not handled"
                self._reader.wrong("E211", message, cases.verb, "add the case or an `else`")
        elif (node := self._written(each.value)) is not None and is_optional(found):
            self._reader.wrong("E124", f"`{source}` may be missing", node, f"write `{source} else ...`")
        elif node is not None:
            message = f"`{source}` is {described(found)}; `match` needs a text"
            self._reader.wrong("E122", message, node, "use `choose`")

    def _emit(self, each: Emit, scope: Scope) -> None:
        fields = record_of(self._kinds[each.event].payload, each.event).fields
        for name, source in each.data.items():
            if name in fields:
                self.expression(source, scope, fields[name])

    def _addressee(self, source: Source, scope: Scope, events: Collection[str], there: Known) -> Source:
        """Whom a message goes to. Only an event, a variable or the contact can name a person; whether a text from
        elsewhere does, nobody can tell.
        """
        node, before = self._written(source), len(self._reader.problems)
        self._whom("contact", source, scope, there)
        if (
            node is not None
            and len(self._reader.problems) == before
            and not _names_a_person(_tree(source.text))
        ):
            message = f"nobody can tell that `{source.text}` is a person"
            help = "write a field of the event, as `event.referrer`, a variable, or `contact`"
            self._reader.wrong("E162", message, node, help)
        return _about(source, events)

    def _whom(self, subject: str, source: Source, scope: Scope, there: Known) -> None:
        """Whom another workflow is about, or a message goes to: a contact or opening, or the id of one."""
        found, node = self.expression(source, scope, None), self._written(source)
        if is_optional(found) and isinstance(path := _tree(source.text), Path) and path.parts in there:
            found = present(found)
        if node is None or found == UNKNOWN or fits(found, scope.names.get(subject, TEXT)) or fits(found, TEXT):
            return
        if is_optional(found):
            self._reader.wrong(
                "E124", f"`{source.text}` may be missing", node, f"guard the step: `if: has({source.text})`"
            )
        else:
            self._reader.wrong("E122", f"`{source.text}` is {described(found)}, not {subject}", node)

    def _text(self, source: Source | None, scope: Scope) -> None:
        """A title or help: a template within the workflow file."""
        node = None if source is None else self._written(source)
        if node is None or source is None:
            return
        for mistake in check_text(source.text, scope):
            line, column = node.place(mistake.offset)
            self._reader.wrong_at(mistake.code, mistake.message, (line, column, mistake.length), mistake.help)

    def _with_help(self, problem: ExpressionProblem, text: str, scope: Scope) -> ExpressionProblem:
        """For `event.contact.warmth`, where the event only has an id: what to write instead."""
        if problem.code == "E121":
            for name, source in self._subject.items():
                if text[: problem.offset].endswith(f"{source.text}.") and name in scope.names:
                    field = text[problem.offset : problem.offset + problem.length]
                    help = f"write `{name}.{field}`: `{source.text}` is only the {name}'s id"
                    return msgspec.structs.replace(problem, help=help)
        if problem.code == "E120" and text[problem.offset :].startswith("event") and "event" not in scope.names:
            help = "here no event is meant; put a condition on the event beside it, in `on`"
            return msgspec.structs.replace(problem, help=help)
        return problem


def _there(before: AnyInstruction | None, each: AnyInstruction) -> Known:
    """What the condition of a step shows to be there when the step is done."""
    if not isinstance(before, Branch) or before.step != each.step:
        return NOTHING
    tree = _tree(before.condition.text)
    return NOTHING if tree is None else shown(tree, True)


def _tree(text: str) -> Node | None:
    try:
        return parse(text)[0]
    except ExpressionErrors:
        return None  # which is reported where it stands


def _names_a_person(tree: Node | None) -> bool:
    match tree:
        case None:
            return True
        case Path(parts=("contact",) | ("contact", "id") | ("event" | "vars", _)):
            return True
        case Default(value=value, default=default):
            return _names_a_person(value) and _names_a_person(default)
    return False


def _about(source: Source, events: Iterable[str]) -> Source:
    return msgspec.structs.replace(source, events=tuple(sorted(events)))


def _with_events(each: AnyInstruction, events: Iterable[str]) -> AnyInstruction:
    fields: dict[str, Any] = {
        name: _about(value, events)
        for name in each.__struct_fields__
        if isinstance(value := getattr(each, name), Source)
    }
    return msgspec.structs.replace(each, **fields)
