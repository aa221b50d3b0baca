"""Reads the tests of a workflow: stories, and what is expected of them, in a YAML file beside it.

- test: an answer stops the nudges
  start: {at: 2026-03-02T10:00 Europe/Berlin, contact: {warmth: warm}}
  events:
    - {after: 6bd, event: reply.received, intent: declined}
  expect:
    - {at: 0d, send: ask-referral}
    - {never: graceful-exit}
    - {outcome: declined}
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from refflow.errors import RefflowError
from refflow.events.kinds import Kinds
from refflow.spelling import did_you_mean

from ..durations import Duration
from ..language.calendar import Calendar
from ..language.definition import Definition
from ..language.problems import Problem, in_order
from ..language.reading import Reader, pairs
from ..language.yaml_source import Mapping, Node, Sequence, plain_value, read_yaml
from .habits import Habits
from .made_up import MadeUpContact, MadeUpOpening

BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
"""A Monday at ten: when a test begins that does not say."""

_KEYS = ("test", "workflow", "start", "owner", "events", "expect")
_START = ("at", "by", "contact", "opening", "with")
_OWNER = ("approves", "does", "tasks", "skips", "refused")
_HAPPENS = ("event", "task")
_EXPECTED = ("send", "task", "event", "held", "refused", "outcome", "never")

What = Literal["send", "task", "event", "held", "refused", "outcome", "never"]


class Scripted(msgspec.Struct, frozen=True, kw_only=True):
    """`after` the start: an event with `fields`, or the task of a step is closed."""

    after: Duration
    what: Literal["event", "task"]
    name: str
    fields: dict[str, Any] = {}


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must happen, in the order of the file, `at` a time after the start; or `never`."""

    what: What
    name: str
    at: Duration | None
    line: int
    column: int

    def __str__(self) -> str:
        return f"`{self.what}: {self.name}`{f' at {self.at}' if self.at else ''}"


class WorkflowTest(msgspec.Struct, frozen=True, kw_only=True):
    """One story. Without `opening` it is about none."""

    name: str
    line: int
    workflow: str
    at: datetime
    zone: str
    by: str | None
    contact: MadeUpContact
    opening: MadeUpOpening | None
    fields: dict[str, Any]
    habits: Habits
    script: tuple[Scripted, ...]
    expected: tuple[Expected, ...]


def load_tests(
    text: str, file: str, definition: Definition, kinds: Kinds
) -> tuple[list[WorkflowTest], tuple[Problem, ...]]:
    """The tests in `text`, of a workflow with this definition, and what is wrong with the file."""
    root, problems = read_yaml(text, file)
    reader = Reader(file)
    reader.problems += problems
    nodes: tuple[Node, ...] = root.items if isinstance(root, Sequence) else () if root is None else (root,)
    read = _Tests(reader, definition, kinds)
    found = [test for node in nodes if (test := read.test(node)) is not None]
    return found, in_order(reader.problems)


class _Tests:
    def __init__(self, reader: Reader, definition: Definition, kinds: Kinds) -> None:
        self._reader = reader
        self._definition = definition
        self._kinds = kinds
        self._steps = {step.step for step in definition.program}
        templates = set(definition.templates)
        events = set(kinds.by_name())
        self._names: dict[str, set[str]] = {
            "send": self._steps | templates,
            "task": self._steps,
            "event": events,
            "outcome": set(definition.outcomes) | {"do_not_contact", "capped", "cancelled"},
        }
        self._names["never"] = self._names["send"] | self._names["outcome"] | events

    def test(self, node: Node) -> WorkflowTest | None:
        """One test; None when it cannot be read."""
        reader = self._reader
        found = reader.mapping(node, "a test", _KEYS, required=("test", "expect"))
        if found is None or "test" not in found.values:
            return None
        values = found.values
        before = len(reader.problems)
        start = self._start(values.get("start"))
        if "workflow" in values:
            reader.known(values["workflow"], "E161", "workflow", (self._definition.name,))
        script = tuple(self._script(values.get("events")))
        expected = tuple(self._expected(values["expect"])) if "expect" in values else ()
        habits = self._habits(values.get("owner"))
        name = reader.text(values["test"], "`test`") or ""
        if len(reader.problems) > before:
            return None
        return WorkflowTest(
            name=name, line=found.line, workflow=self._definition.name, habits=habits, script=script,
            expected=expected, **start,
        )  # fmt: skip

    def _start(self, node: Node | None) -> dict[str, Any]:
        found = None if node is None else self._reader.mapping(node, "`start`", _START)
        values = {} if found is None else found.values
        at, zone = self._moment(values["at"]) if "at" in values else (BEGIN, "UTC")
        opening: MadeUpOpening | None = MadeUpOpening()
        if "opening" in values:
            opening = self._made_up(values["opening"], MadeUpOpening, "an opening", nobody=True)
        contact = MadeUpContact()
        if "contact" in values:
            contact = self._made_up(values["contact"], MadeUpContact, "a contact") or contact
        fields = plain_value(values["with"]) if "with" in values else {}
        triggers = {each.by for each in self._definition.triggers}
        by = self._reader.known(values["by"], "E161", "by", triggers) if "by" in values else None
        return {"by": by, "at": at, "zone": zone, "contact": contact, "opening": opening, "fields": fields}

    def _moment(self, node: Node) -> tuple[datetime, str]:
        """`2026-03-02T10:00 Europe/Berlin`: a local time and the zone of whoever searches."""
        found = self._reader.scalar(node, "`at`")
        if found is None:
            return BEGIN, "UTC"
        written, _, zone = found.text.strip().partition(" ")
        try:
            calendar = Calendar(zone.strip() or "UTC")
            moment = datetime.fromisoformat(written)
        except (RefflowError, ValueError):
            help = "write it as 2026-03-02T10:00 Europe/Berlin"
            self._reader.wrong("E011", f"`at` cannot be `{found.text}`", found, help)
            return BEGIN, "UTC"
        local = moment if moment.tzinfo else calendar.at(moment.date(), moment.time())
        return local, calendar.zone

    def _made_up(self, node: Node, made: Any, what: str, *, nobody: bool = False) -> Any:
        if nobody and not isinstance(node, Mapping):
            found = self._reader.choice(node, what, ("none",))
            return None if found else made()
        mapping = self._reader.mapping(node, what, made.__struct_fields__)
        if mapping is None:
            return made()
        known = {
            name: plain_value(value) for name, value in mapping.values.items() if name in made.__struct_fields__
        }
        try:
            return msgspec.convert(known, made)
        except msgspec.ValidationError as error:
            field = str(error).rpartition("$.")[2].rstrip("`")
            place = mapping.values.get(field, mapping)
            self._reader.wrong("E011", f"{what} cannot be like that: {str(error).partition(' - at')[0]}", place)
            return made()

    def _habits(self, node: Node | None) -> Habits:
        reader = self._reader
        found = None if node is None else reader.mapping(node, "`owner`", _OWNER)
        if found is None:
            return Habits()
        given: dict[str, Any] = {}
        for name, _, value in pairs(found):
            match name:
                case "approves" | "does":
                    given[name] = reader.duration(value, f"`{name}`")
                case "tasks":
                    given[name] = reader.choice(value, "`tasks`", ("done", "skipped", "expired"))
                case "skips" | "refused":
                    steps = [
                        reader.known(each, "E161", "step", self._steps)
                        for each in reader.items(value, "`refused`")
                    ]
                    given[name] = frozenset(step for step in steps if step is not None)
        return Habits(**{name: value for name, value in given.items() if value is not None})

    def _script(self, node: Node | None) -> Iterator[Scripted]:
        reader = self._reader
        for item in () if node is None else reader.items(node, "`events`"):
            found = reader.mapping(item, "an event of a test", None, required=("after",))
            if found is None:
                continue
            what = [name for name in _HAPPENS if name in found.values]
            if len(what) != 1:
                reader.wrong("E006", "here something happens: `event` or `task`", found)
                continue
            name = reader.known(found.values[what[0]], "E161", what[0], self._names[what[0]])
            after = reader.duration(found.values["after"], "`after`") if "after" in found.values else None
            rest = {
                key: plain_value(value) for key, value in found.values.items() if key not in ("after", what[0])
            }
            self._check_fields(found, what[0], name, rest)
            if name is not None and after is not None:
                yield Scripted(after=after, what=what[0], name=name, fields=rest)  # type: ignore[arg-type]  # one of _HAPPENS

    def _check_fields(self, node: Mapping, what: str, name: str | None, given: dict[str, Any]) -> None:
        if name is None:
            return
        known = ("outcome",) if what == "task" else self._kinds[name].payload.__struct_fields__
        for key in given:
            if key not in known:
                self._reader.wrong("E003", f"`{name}` has no `{key}`", node.keys[key], did_you_mean(key, known))
        if what == "task":
            outcome = node.values.get("outcome")
            if outcome is None:
                self._reader.wrong(
                    "E006", "a task needs an `outcome`", node, "write `outcome: done` or `skipped`"
                )
            else:
                self._reader.choice(outcome, "`outcome`", ("done", "skipped"))

    def _expected(self, node: Node) -> Iterator[Expected]:
        reader = self._reader
        items = reader.items(node, "`expect`")
        if not items and isinstance(node, Sequence):
            reader.wrong("E006", "a test expects something", node, "write `- {outcome: ...}`, say")
        for item in items:
            found = reader.mapping(item, "an expectation", ("at", *_EXPECTED))
            what = [] if found is None else [name for name in _EXPECTED if name in found.values]
            if found is None or len(what) != 1:
                if found is not None:
                    reader.wrong(
                        "E006",
                        "an expectation has one of " + ", ".join(f"`{name}`" for name in _EXPECTED),
                        found,
                    )
                continue
            value = found.values[what[0]]
            options = self._names.get(what[0])
            name = (
                reader.text(value, what[0])
                if options is None
                else reader.known(value, "E161", what[0], options)
            )
            at = reader.duration(found.values["at"], "`at`") if "at" in found.values else None
            if name is not None:
                yield Expected(what=what[0], name=name, at=at, line=found.line, column=found.column)  # type: ignore[arg-type]  # one of _EXPECTED
