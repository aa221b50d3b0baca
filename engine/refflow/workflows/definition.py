"""A compiled workflow: what the log keeps of it and what the engine interprets.

Steps are compiled to a flat program of instructions, so the place of a run is one number and every
question about order is a question about a graph. Expressions stay text, with the place they were written
at; an address is an index into `program`. Every path through the program ends in `Exit`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from .durations import Duration

OutcomeClass = Literal["good", "open", "bad"]
Approval = Literal["every", "first", "none"]


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a definition. Every field that is not given has its default."""


class Source(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A condition, expression or text as written, and where: `line` and `column` count from 1. `events` are
    the kinds of events that `event` can be at this place.
    """

    text: str
    line: int
    column: int
    events: tuple[str, ...] = ()


class Parameter(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A value the user of the workflow may set: a `Duration`, a number, a text or a truth value."""

    type: Literal["duration", "number", "text", "bool"]
    default: Duration | int | float | str | bool
    least: Duration | int | float | None = None
    most: Duration | int | float | None = None


class Trigger(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An event that starts a run. With `event` None the workflow can be started by hand (`manual: true`)."""

    event: str | None = None
    condition: Source | None = None


class Window(Part, frozen=True, kw_only=True, omit_defaults=True):
    """When messages may leave: `days` are 0 (Monday) to 6; `opens` and `closes` are minutes after midnight."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: int = 9 * 60
    closes: int = 17 * 60 + 30


class Cap(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A limit on messages: `most` to one `per` within `within`, or `unanswered` in a row without an answer."""

    per: Literal["contact", "company", "workspace"]
    most: int | None = None
    within: Duration | None = None
    unanswered: int | None = None


class Policy(Part, frozen=True, kw_only=True, omit_defaults=True):
    """How messages of a workflow may leave. None means: as the workspace says."""

    exclusive: Literal["contact"] | None = None
    timezone: Literal["contact", "workspace"] | None = None
    window: Window | None = None
    gap: Duration | None = None
    caps: tuple[Cap, ...] | None = None
    on_cap: Literal["defer", "skip", "exit"] | None = None
    approval: Approval | None = None


class Interrupt(Part, frozen=True, kw_only=True, omit_defaults=True):
    """`anytime`: when `event` happens, end with outcome `exit` or continue in block `go`, whichever is set."""

    event: str
    condition: Source | None = None
    exit: str | None = None
    go: str | None = None
    line: int = 0


class Template(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A message: Jinja2 source of its subject (None in a channel without subjects) and body."""

    subject: str | None
    body: str


class Instruction(Part, frozen=True, kw_only=True, omit_defaults=True, tag_field="do", tag=str.lower):
    """One instruction of the program. `step` is the id of the step it was compiled from."""

    step: str
    line: int = 0


class Send(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Draft, release and send a message, then go on with the next instruction; `failed`: where it goes on
    when the channel refused for good (None: the run ends as stuck for a person to look at).
    """

    template: str
    channel: str | None = None
    thread: str | None = None
    approval: Approval | None = None
    urgent: bool = False
    failed: int | None = None


class Wait(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Park. Exactly one of `silence` (a duration expression), `until` (an expression giving an instant) and
    `events` is set. For `events`: `within` limits the wait, `got` has the address for each event, `timeout`
    the address after the limit. The others go on with the next instruction.
    """

    silence: Source | None = None
    until: Source | None = None
    events: tuple[str, ...] = ()
    within: Source | None = None
    got: dict[str, int] = {}
    timeout: int | None = None


class Task(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Ask a person to do something within a time. `title` and `help` are Jinja2 texts."""

    title: Source
    within: Source
    help: Source | None = None
    done: int
    skipped: int
    expired: int


class Branch(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Go on with the next instruction when `condition` holds, else at `otherwise`."""

    condition: Source
    otherwise: int


class Match(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Go on at the case for the value of `value`, or at `otherwise`."""

    value: Source
    cases: dict[str, int]
    otherwise: int | None = None


class Loop(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Head of a loop: each arrival counts; past `most` rounds, or when `until` holds, go on at `end`."""

    most: Source
    until: Source | None = None
    end: int


class Jump(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Go on at `to`."""

    to: int


class Go(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Leave the main flow (or a block) for the block `block`."""

    block: str


class Emit(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Record that something happened; `data` holds an expression for each further field of the event."""

    event: str
    data: dict[str, Source] = {}


class Use(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Record what an action of a plugin plans; `params` holds an expression for each of its parameters."""

    action: str
    params: dict[str, Source] = {}


class Exit(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """The run ends with `outcome`."""

    outcome: str


AnyInstruction = Send | Wait | Task | Branch | Match | Loop | Jump | Go | Emit | Use | Exit


class Definition(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A whole workflow. `subject` maps each entity the run is about (`contact`, `opening`) to the expression
    that finds it in the triggering event; `key` names those that identify a run. `blocks` has the address
    of each named block. `about`, `title`, lines and columns do not count for its identity.
    """

    name: str
    title: str
    about: str = ""
    triggers: tuple[Trigger, ...]
    subject: dict[str, Source]
    key: tuple[str, ...]
    mode: Literal["single"] = "single"
    again: Literal["never", "always"] | Duration = "never"
    params: dict[str, Parameter] = {}
    policy: Policy = Policy()
    guard: tuple[Source, ...] = ()
    anytime: tuple[Interrupt, ...] = ()
    program: tuple[AnyInstruction, ...]
    blocks: dict[str, int] = {}
    outcomes: dict[str, OutcomeClass]
    templates: dict[str, Template] = {}

    @property
    def manual(self) -> bool:
        """Whether a person may start it."""
        return any(trigger.event is None for trigger in self.triggers)

    def block_of(self, address: int) -> str | None:
        """The named block that holds `address`, or None in the main flow."""
        holding = [name for name, start in self.blocks.items() if start <= address]
        return max(holding, key=lambda name: self.blocks[name], default=None)


def encode(definition: Definition) -> bytes:
    """The definition as canonical JSON: what `workflow.defined` stores."""
    return msgspec.json.encode(definition, order="deterministic")


def decode(text: bytes | str) -> Definition:
    """The definition that `encode` wrote."""
    return _DECODER.decode(text)


def essence(definition: Definition) -> bytes:
    """What identifies a definition: its canonical JSON without titles, prose and places in the file."""
    plain: dict[str, Any] = msgspec.to_builtins(definition, str_keys=True)
    plain.pop("title", None)
    plain.pop("about", None)
    return msgspec.json.encode(_without_places(plain), order="deterministic")


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_places(each)
            for key, each in value.items()
            if not (key in ("line", "column") and isinstance(each, int))
        }
    if isinstance(value, list | tuple):
        return [_without_places(each) for each in value]
    return value


_DECODER = msgspec.json.Decoder(Definition)
