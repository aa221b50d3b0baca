"""Compiles steps to the flat program of a definition.

A list of steps becomes its instructions in order. A step with branches is followed by their bodies, each
ending in a jump to what comes next unless it ends for good; an empty branch goes there directly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import msgspec

from refflow.events import messages, runs
from refflow.events.kinds import EventKind, Kinds

from .definition import (
    AnyInstruction,
    Branch,
    Emit,
    Exit,
    Go,
    Jump,
    Loop,
    Match,
    Send,
    Source,
    Task,
    Wait,
)
from .expressions.problems import did_you_mean
from .reading import Reader, one_of, pairs
from .yaml_source import Mapping as MappingNode
from .yaml_source import Node, Scalar, Sequence

STEP_KEYS = ("id", "if", "note")
VERBS: Mapping[str, tuple[str, ...]] = {
    "send": ("failed",),
    "wait": ("got", "timeout"),
    "task": ("done", "skipped", "expired"),
    "choose": ("else",),
    "match": ("cases", "else"),
    "repeat": (),
    "emit": (),
    "go": (),
    "exit": (),
}
"""The verbs, and the keys that stand beside each."""

NAMELESS = ("emit", "go", "exit")
VERBS_LATER = ("set", "start", "use")
KEYS_LATER = ("was", "ok", "with")

_OBSCURING = {"E003", "E004", "E005", "E006", "E010", "E210", "E211", "E230", "E152"}
_NOT_EMITTED = frozenset(kind.name for kind in (*messages.KINDS, *runs.KINDS))


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps of a workflow can name."""

    subjects: Collection[str]
    blocks: Collection[str]
    outcomes: Collection[str]
    templates: Collection[str]
    channels: Collection[str]
    kinds: Kinds


class Cases(msgspec.Struct, frozen=True):
    """Where the cases of a `match` are written; whether it has an `else`."""

    verb: Scalar
    keys: Mapping[str, Scalar]
    otherwise: bool


class Departure(msgspec.Struct, frozen=True):
    """A `go` from a section (None: the main flow) to a block, at `node`."""

    section: str | None
    block: str
    node: Scalar


class Compiler:
    """Compiles the sections of one workflow into `program`; `in_loop` says of each instruction whether it is
    in a loop. The rest is for the checks that need the whole.
    """

    def __init__(self, reader: Reader, known: Known) -> None:
        self.program: list[AnyInstruction] = []
        self.in_loop: list[bool] = []
        self.cases: dict[int, Cases] = {}
        self.departures: list[Departure] = []
        self.outcomes: set[str] = set()
        self._reader = reader
        self._known = known
        self._section: str | None = None
        self._loops = 0
        self._ids: dict[str, int] = {}
        self._sends: dict[str, str | None] = {}
        self._threads: list[tuple[Scalar, str | None, frozenset[str]]] = []
        self._verbs: Mapping[str, Callable[[_Step], bool]] = {
            "send": self._send,
            "wait": self._wait,
            "task": self._task,
            "choose": self._choose,
            "match": self._match,
            "repeat": self._repeat,
            "emit": self._emit_event,
            "go": self._go,
            "exit": self._exit,
        }

    def section(self, name: str | None, node: Node) -> int:
        """Compile the main flow (None) or a block; its address."""
        self._section = name
        start, before = len(self.program), len(self._reader.problems)
        what = "`steps`" if name is None else f"block `{name}`"
        items = self._reader.items(node, what)
        if self._steps(items):
            found = {problem.code for problem in self._reader.problems[before:]}
            if not found & _OBSCURING:
                help = "end it with `exit: <outcome>`"
                self._reader.wrong("E231", "the flow can end here without an outcome", (*items, node)[-2:][0], help)
            self._add(Exit(step="", outcome=""))
        return start

    def check_threads(self) -> None:
        """Report every `thread` that names no message before it."""
        for node, section, before in self._threads:
            elsewhere = {send for send, other in self._sends.items() if other != section}
            if node.text not in before | elsewhere:
                help = did_you_mean(node.text, before | elsewhere)
                message = f"there is no earlier `send` step `{node.text}`"
                if node.text in self._sends:
                    message = f"`{node.text}` is not sent before this step"
                self._reader.wrong("E009", message, node, help)

    def _steps(self, items: Iterable[Node]) -> bool:
        """Compile a list of steps. Whether the flow can come out at its end."""
        falls, last, told = True, 0, False
        for item in items:
            if not falls and not told:
                self._reader.wrong("E201", f"unreachable step: the flow already ended at line {last}", item)
                told = True
            falls, last = self._step(item) and falls, item.line
            if isinstance(item, MappingNode):
                last = max(key.line for key in item.keys.values()) if item.keys else item.line
        return falls

    def _step(self, item: Node) -> bool:
        node = self._reader.mapping(item, "a step")
        if node is None:
            return True
        verb = self._verb(node)
        if verb is None:
            return True
        self._reader.closed(node, f"a `{verb}` step", (*STEP_KEYS, verb, *VERBS[verb]), (*VERBS_LATER, *KEYS_LATER))
        step = _Step(id=self._id(node, verb), verb=node.keys[verb], value=node.values[verb], beside=node.values)
        condition = node.values.get("if")
        source = None if condition is None else self._reader.expression(condition, "`if`")
        if source is None:
            return self._verbs[verb](step)
        at = self._add(Branch(**step.place, condition=source, otherwise=0))
        self._verbs[verb](step)
        self._set(at, otherwise=len(self.program))
        return True

    def _verb(self, node: MappingNode) -> str | None:
        found = [name for name in node.keys if name in VERBS]
        if len(found) == 1:
            return found[0]
        if found:
            message = f"a step does one thing, not `{found[0]}` and `{found[1]}`"
            self._reader.wrong("E004", message, node.keys[found[1]], "make two steps of it")
            return None
        later = [name for name in node.keys if name in VERBS_LATER]
        other = [name for name in node.keys if name not in (*STEP_KEYS, *KEYS_LATER)]
        if later:
            self._reader.not_yet(f"`{later[0]}`", node.keys[later[0]])
        elif other:
            message = f"this step has no verb (`{other[0]}` is not one)"
            self._reader.wrong("E004", message, node.keys[other[0]], did_you_mean(other[0], VERBS) or one_of(VERBS))
        else:
            self._reader.wrong("E004", "this step has no verb", node, one_of(VERBS))
        return None

    def _id(self, node: MappingNode, verb: str) -> str:
        given = node.values.get("id")
        if given is None:
            if verb not in NAMELESS:
                help = "add `id: ...`: runs, threads and messages speak of the step by it"
                self._reader.wrong("E007", f"a `{verb}` step needs an `id`", node, help)
            # Not from the line: a comment above must not make it another workflow.
            target = node.values[verb]
            return f"{verb}:{target.text}" if isinstance(target, Scalar) else verb
        id = self._reader.name(given, "a step")
        if id is None:
            return verb
        if id in self._ids:
            self._reader.wrong("E008", f"a second step `{id}`", given, f"the first is at line {self._ids[id]}")
        self._ids.setdefault(id, given.line)
        return id

