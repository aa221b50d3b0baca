"""Compiles steps to the flat program of a definition.

A list of steps becomes its instructions in order. A step with branches is followed by their bodies, each
ending in a jump to what comes next unless it ends for good; an empty branch goes there directly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from refflow.events.kinds import Kinds
from refflow.spelling import did_you_mean

from .definition import AnyInstruction, Branch, Exit, Jump, Return
from .extensions import Action
from .reading import Reader, meant, one_of
from .yaml_source import Mapping as MappingNode
from .yaml_source import Node, Scalar, Sequence

STEP_KEYS = ("id", "was", "if", "note", "ok")

_OBSCURING = frozenset({"E003", "E004", "E005", "E006", "E152", "E210", "E211"})
"""After one of these nobody knows how the flow was meant to end."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the steps of a workflow can name."""

    subjects: Collection[str]
    blocks: Collection[str]
    outcomes: Collection[str]
    templates: Collection[str]
    channels: Collection[str]
    kinds: Kinds
    variables: Collection[str] = ()
    actions: Mapping[str, Action] = MappingProxyType({})


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step with its verb: the key, the value, and the branches that stand beside it."""

    id: str
    verb: Scalar
    value: Node
    beside: Mapping[str, Node]

    @property
    def place(self) -> dict[str, Any]:
        """What every instruction of the step says of where it comes from."""
        return {"step": self.id, "line": self.verb.line}


class Verb(msgspec.Struct, frozen=True, kw_only=True):
    """How the steps of a verb are compiled. `compile` says whether the flow comes out at the end of a step;
    `beside` are the keys beside the verb; a step that a run never stands at may go without an id, and one
    that takes no time can be in a side list (`aside`).
    """

    compile: Callable[[Compiler, Step], bool]
    beside: tuple[str, ...] = ()
    named: bool = True
    aside: bool = False


class Cases(msgspec.Struct, frozen=True):
    """Where a `match` and its cases are written."""

    verb: Scalar
    keys: Mapping[str, Scalar]


class Departure(msgspec.Struct, frozen=True):
    """A `go` in a section (None: the main flow) to a block: the instruction at `at`, written at `node`."""

    at: int
    section: str | None
    block: str
    node: Scalar


class Thread(msgspec.Struct, frozen=True):
    """A `thread` in a section, the messages sent before it there, and whom its message goes to."""

    section: str | None
    node: Scalar
    before: frozenset[str]
    to: str | None


class Compiler:
    """Compiles the sections of one workflow into `program`.

    `in_loop` says of each instruction whether it is in a loop; `departures`, `cases` by address, and the
    `outcomes` that steps end with are for the checks that need the whole.
    """

    def __init__(self, reader: Reader, known: Known, verbs: Mapping[str, Verb]) -> None:
        self.reader = reader
        self.known = known
        self.program: list[AnyInstruction] = []
        self.in_loop: list[bool] = []
        self.loops = 0
        self.cases: dict[int, Cases] = {}
        self.departures: list[Departure] = []
        self.outcomes: set[str] = set()
        self._verbs = verbs
        self._section: str | None = None
        self._aside = False
        self._ids: dict[str, int] = {}
        self._sends: dict[str, str | None] = {}
        self._addressees: dict[str, str | None] = {}
        self._threads: list[Thread] = []
        self._references: list[Scalar] = []
        self._was: list[tuple[Scalar, str]] = []

    @property
    def sends(self) -> Collection[str]:
        """The steps that send a message."""
        return self._sends.keys()

    @property
    def renamed(self) -> dict[str, str]:
        """The present id of each step by the one that it had."""
        return {was.text: id for was, id in self._was}

    @property
    def here(self) -> int:
        """The address of the next instruction."""
        return len(self.program)

    def section(self, name: str | None, node: Node) -> int:
        """Compile the main flow (None) or a block; its address."""
        self._section = name
        start, before = self.here, len(self.reader.problems)
        items = self.reader.items(node, "`steps`" if name is None else f"block `{name}`")
        if self.steps(items):
            found = {problem.code for problem in self.reader.problems[before:]}
            if not found & _OBSCURING:
                last = items[-1] if items else node
                help = "end it with `exit: <outcome>`"
                self.reader.wrong("E231", "the flow can end here without an outcome", last, help)
            self.add(Exit(step="", outcome=""))
        return start

    def side(self, node: Node) -> int:
        """Compile the side list of an interrupt; its address."""
        start, self._aside = self.here, True
        self.steps(self.reader.items(node, "`do`"))
        self._aside = False
        self.add(Return(step=""))
        return start

    @property
    def aside(self) -> bool:
        """Whether a side list is being compiled."""
        return self._aside

    def add(self, instruction: AnyInstruction) -> int:
        """Append an instruction; its address."""
        self.program.append(instruction)
        self.in_loop.append(self.loops > 0)
        return self.here - 1

    def set(self, address: int, **fields: Any) -> None:
        """Fill in fields of an instruction that were not known when it was added."""
        self.program[address] = msgspec.structs.replace(self.program[address], **fields)

    def steps(self, items: Iterable[Node]) -> bool:
        """Compile a list of steps. Whether the flow comes out at its end."""
        falls, told, last = True, False, 0
        for item in items:
            if not falls and not told:
                self.reader.wrong("E201", f"unreachable step: the flow already ended at line {last}", item)
                told = True
            falls = self._step(item) and falls
            last = item.line
        return falls

    def branches(self, step: Step, nodes: Mapping[str, Node | None]) -> tuple[dict[str, int], bool]:
        """Compile the bodies of a step's branches. The address of each, and whether the flow comes out behind
        them; one that is empty or missing goes there at once.
        """
        addresses: dict[str, int] = {}
        jumps: list[int] = []
        for name, node in nodes.items():
            if node is None or (isinstance(node, Sequence) and not node.items):
                continue
            addresses[name] = self.here
            if self.steps(self.reader.items(node, f"`{name}`")):
                jumps.append(self.add(Jump(**step.place, to=0)))
        self.land(jumps)
        falls = bool(jumps) or len(addresses) < len(nodes)
        return {name: addresses.get(name, self.here) for name in nodes}, falls

    def land(self, jumps: list[int]) -> None:
        """Let `jumps` lead to the next instruction."""
        for jump in jumps:
            self.set(jump, to=self.here)

    def sent(self, id: str, to: str | None) -> None:
        """Note a step that sends a message, to the contact of the run (None) or to whom `to` says."""
        self._sends.setdefault(id, self._section)
        self._addressees.setdefault(id, to)

    def threaded(self, node: Scalar, to: str | None) -> None:
        """Note a `thread`, to be checked once all messages are known."""
        before = frozenset(send for send, section in self._sends.items() if section == self._section)
        self._threads.append(Thread(self._section, node, before, to))

    def refers(self, node: Node) -> None:
        """Note the name of a step, to be checked once all steps are known."""
        if isinstance(node, Scalar):
            self._references.append(node)

    def departs(self, at: int, block: str, node: Scalar) -> None:
        """Note a `go`, the instruction at `at`."""
        self.departures.append(Departure(at, self._section, block, node))

    def check_references(self) -> None:
        """Report every `thread` that names no message before it, or one to somebody else, every `since` that names
        no step, and every `was` that does.
        """
        for thread in self._threads:
            name = thread.node.text
            known = thread.before | {send for send, section in self._sends.items() if section != thread.section}
            if name not in known and not self.reader.told("E009", name):
                message = f"there is no `send` step `{name}` to follow"
                if name in self._sends:
                    message = f"`{name}` is not sent before this step"
                self.reader.wrong("E009", message, thread.node, did_you_mean(name, known))
            elif name in known and self._addressees[name] != thread.to:
                to = self._addressees[name]
                help = (
                    f"write `to: {to}` here too"
                    if to
                    else "leave `to` out, or begin a new thread without `thread`"
                )
                self.reader.wrong("E163", f"`{name}` goes to somebody else", thread.node, help)
        for node in self._references:
            if node.text not in self._ids and not self.reader.told("E009", node.text):
                self.reader.wrong(
                    "E009", f"there is no step `{node.text}`", node, did_you_mean(node.text, self._ids)
                )
        first: dict[str, int] = {}
        for was, _ in self._was:
            if was.text in self._ids:
                help = f"it is at line {self._ids[was.text]}: `was` names a step of an earlier version"
                self.reader.wrong("E008", f"`{was.text}` is a step of this version", was, help)
            elif was.text in first:
                message = f"two steps cannot both have been `{was.text}`"
                self.reader.wrong("E008", message, was, f"the first is at line {first[was.text]}")
            first.setdefault(was.text, was.line)

    def _step(self, item: Node) -> bool:
        node = self.reader.mapping(item, "a step")
        name = None if node is None else self._verb(node)
        if node is None or name is None:
            return True
        verb = self._verbs[name]
        if self._aside and not verb.aside:
            allowed = one_of([each for each, found in self._verbs.items() if found.aside])
            self.reader.wrong(
                "E214", f"a side list has no `{name}`: the run goes on meanwhile", node.keys[name], allowed
            )
        keys = (*STEP_KEYS, name, *verb.beside)
        self.reader.closed(node, f"a `{name}` step", keys)
        step = Step(id=self._id(node, name), verb=node.keys[name], value=node.values[name], beside=node.values)
        if "was" in node.values:
            self._before(node, step.id)
        condition = self.reader.expression(node.values["if"], "`if`") if "if" in node.values else None
        if condition is None:
            return verb.compile(self, step)
        at = self.add(Branch(**step.place, condition=condition, otherwise=0))
        verb.compile(self, step)
        self.set(at, otherwise=self.here)
        return True

    def _before(self, node: MappingNode, id: str) -> None:
        """Note the id that a step had in an earlier version."""
        was = node.values["was"]
        if "id" not in node.values:
            self.reader.wrong("E006", "`was` is for a step with an `id`", node.keys["was"], "give it an `id`")
        elif self.reader.name(was, "a step") is not None and isinstance(was, Scalar):
            self._was.append((was, id))

    def _verb(self, node: MappingNode) -> str | None:
        found = [name for name in node.keys if name in self._verbs]
        if len(found) == 1:
            return found[0]
        other = [name for name in node.keys if name not in STEP_KEYS]
        if found:
            message = f"a step does one thing, not `{found[0]}` and `{found[1]}`"
            self.reader.wrong("E004", message, node.keys[found[1]], "make two steps of it")
        elif other:
            message = f"this step has no verb (`{other[0]}` is not one)"
            help = did_you_mean(other[0], self._verbs) or one_of(self._verbs)
            self.reader.wrong("E004", message, node.keys[other[0]], help)
            return meant(node, other[0], self._verbs)
        else:
            self.reader.wrong("E004", "this step has no verb", node, one_of(self._verbs))
        return None

    def _id(self, node: MappingNode, verb: str) -> str:
        if "id" not in node.values:
            if self._verbs[verb].named:
                help = "add `id: ...`: runs and messages speak of the step by it"
                self.reader.wrong("E007", f"a `{verb}` step needs an `id`", node, help)
            # Not made of the line: a comment further up must not make it another workflow.
            target = node.values[verb]
            return f"{verb}:{target.text}" if isinstance(target, Scalar) else verb
        given = node.values["id"]
        id = self.reader.name(given, "a step")
        if id in self._ids:
            self.reader.wrong("E008", f"a second step `{id}`", given, f"the first is at line {self._ids[id]}")
        if id is not None:
            self._ids.setdefault(id, given.line)
        return id or verb
