"""A compiled workflow: what the log keeps of it and what the engine interprets.

Steps are compiled to a flat program of instructions, so the place of a run is one number and every
question about order is a question about a graph. Expressions stay text, with the place they were written
at; an address is an index into `program`. Every path through the program ends in `Exit`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Literal

import msgspec

from ..durations import Duration

OutcomeClass = Literal["good", "open", "bad"]
Approval = Literal["every", "batch", "first", "none"]
"""Which messages wait for a person: each, each but read together, the first, none. From most care to least."""
Mode = Literal["single", "restart", "queue", "parallel"]


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


class Variable(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A value that each run keeps and its steps can change. Without a default, only a time can be, it is
    missing at first.
    """

    type: Literal["duration", "number", "text", "bool", "time"]
    default: Duration | int | float | str | bool | None = None


class Schedule(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A time of the week: `days` are 0 (Monday) to 6, `at` is minutes after midnight on the owner's clock."""

    days: tuple[int, ...]
    at: int


class Trigger(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What starts a run: an `event`; with `every`, a time of the week, for `each` contact or opening that meets
    the condition; with neither, a person (`manual: true`).
    """

    event: str | None = None
    condition: Source | None = None
    every: Schedule | None = None
    each: Literal["contact", "opening"] | None = None

    @property
    def by(self) -> str:
        """What it is started by, in a word: the event, `every` or `manual`."""
        return self.event or ("manual" if self.every is None else "every")


class Window(Part, frozen=True, kw_only=True, omit_defaults=True):
    """When messages may leave: `days` are 0 (Monday) to 6; `opens` and `closes` are minutes after midnight. Not
    on holidays: the owner's, or those that the settings have for the zone of the contact.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: int = 9 * 60
    closes: int = 17 * 60 + 30
    holidays: Literal["workspace", "contact"] = "workspace"


class Cap(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A limit on messages: `most` to one `per` within `within`, or `unanswered` in a row without an answer."""

    per: Literal["contact", "company", "workspace"]
    most: int | None = None
    within: Duration | None = None
    unanswered: int | None = None


class Late(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a message that comes more than `after` later than it was due: a person is asked, it is
    sent all the same, or skipped.
    """

    after: Duration = Duration(3, "d")
    do: Literal["ask", "send", "skip"] = "ask"


class Retry(Part, frozen=True, kw_only=True, omit_defaults=True):
    """After a failure that may pass: wait `after`, twice as long each further time up to `most`, and give up
    after `attempts`.
    """

    attempts: int = 5
    after: Duration = Duration(15, "m")
    most: Duration = Duration(1, "d")


class Policy(Part, frozen=True, kw_only=True, omit_defaults=True):
    """How messages of a workflow may leave. None means: as the workspace says. Of those who wait for one
    person, the run with the highest `priority` is next.
    """

    exclusive: Literal["contact"] | None = None
    timezone: Literal["contact", "workspace"] | None = None
    window: Window | None = None
    gap: Duration | None = None
    caps: tuple[Cap, ...] | None = None
    on_cap: Literal["defer", "skip", "exit"] | None = None
    approval: Approval | None = None
    priority: int = 0
    late: Late | None = None
    retry: Retry | None = None


class Interrupt(Part, frozen=True, kw_only=True, omit_defaults=True):
    """`anytime`: when `event` happens, end with outcome `exit`, continue in block `go`, or run the side list at
    address `do` and stay; whichever is set. `inherited`: it is one of the workspace's, at `line` of its settings.
    """

    event: str
    condition: Source | None = None
    exit: str | None = None
    go: str | None = None
    do: int | None = None
    line: int = 0
    inherited: bool = False


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
    when the channel refused for good (None: the run ends as stuck for a person to look at). `data` has an
    expression for each further name that the template can speak of. `to` gives whom it goes to, when that is not
    the contact of the run.
    """

    template: str
    channel: str | None = None
    to: Source | None = None
    thread: str | None = None
    approval: Approval | None = None
    urgent: bool = False
    window: Window | None = None
    data: dict[str, Source] = {}
    failed: int | None = None


class Wait(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Park. Exactly one of `silence` (a duration expression), `until` (an expression giving an instant) and
    `events` is set. For `events`: `within` limits the wait, `got` has the address for each event, `timeout`
    the address after the limit. The others go on with the next instruction.

    With `settle` it goes on when none of `events` has come for so long, as the last one says. With `since`
    it considers what came after that step, without it what came after the event last taken up.
    """

    silence: Source | None = None
    until: Source | None = None
    events: tuple[str, ...] = ()
    within: Source | None = None
    settle: Source | None = None
    since: str | None = None
    got: dict[str, int] = {}
    timeout: int | None = None


class Task(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Ask a person to do something within a time: the owner, or `assignee`. `title` and `help` are Jinja2 texts."""

    title: Source
    within: Source
    help: Source | None = None
    assignee: str | None = None
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


class Set(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Give variables new values, all at once."""

    values: dict[str, Source]


class Start(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Start a run of another workflow. Unless `wait`, go on at once. Else go on when it has ended, at the
    address in `got` for its outcome or at `otherwise`; at `refused` when it did not start.
    """

    workflow: str
    subject: dict[str, Source]
    wait: bool = False
    got: dict[str, int] = {}
    otherwise: int | None = None
    refused: int | None = None


class Return(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """The end of a side list: the run stays where it stands."""


class Use(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """Do what a plugin's action says with these values, which it turns into events to record."""

    action: str
    values: dict[str, Source] = {}


class Exit(Instruction, frozen=True, kw_only=True, omit_defaults=True):
    """The run ends with `outcome`."""

    outcome: str


AnyInstruction = (
    Send | Wait | Task | Branch | Match | Loop | Jump | Go | Emit | Set | Start | Use | Return | Exit
)


class Definition(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A whole workflow. `subject` maps each entity the run is about (`contact`, `opening`) to the expression
    that finds it in the triggering event; `key` names those that identify a run. `blocks` has the address
    of each named block. `origin` is the packaged workflow it was made from, if any, with its hash. There
    are at most `rounds` runs with the same key, if that is set. `renamed` has the present id of steps by the id that
    they had in an earlier version. `about`, `title`,
    lines and columns do not count for its identity.
    """

    name: str
    title: str
    about: str = ""
    triggers: tuple[Trigger, ...]
    subject: dict[str, Source]
    key: tuple[str, ...]
    mode: Mode = "single"
    again: Literal["never", "always"] | Duration = "never"
    rounds: int | None = None
    params: dict[str, Parameter] = {}
    vars: dict[str, Variable] = {}
    policy: Policy = Policy()
    guard: tuple[Source, ...] = ()
    anytime: tuple[Interrupt, ...] = ()
    program: tuple[AnyInstruction, ...]
    blocks: dict[str, int] = {}
    outcomes: dict[str, OutcomeClass]
    templates: dict[str, Template] = {}
    origin: str = ""
    renamed: dict[str, str] = {}

    @property
    def manual(self) -> bool:
        """Whether a person may start it."""
        return any(trigger.event is None and trigger.every is None for trigger in self.triggers)

    def block_of(self, address: int) -> str | None:
        """The named block that holds `address`, or None in the main flow."""
        holding = [name for name, start in self.blocks.items() if start <= address]
        return max(holding, key=lambda name: self.blocks[name], default=None)


def encode(definition: Definition) -> bytes:
    """The definition as canonical JSON: what `workflow.defined` stores."""
    return msgspec.json.encode(definition, order="deterministic")


def decode(text: bytes | str) -> Definition:
    """The definition that `encode` wrote."""
    return msgspec.json.decode(text, type=Definition)


def essence(definition: Definition) -> bytes:
    """What identifies a definition: its canonical JSON without titles, prose and places in the file."""
    plain: dict[str, Any] = msgspec.to_builtins(definition, str_keys=True)
    plain.pop("title", None)
    plain.pop("about", None)
    plain.pop("origin", None)
    return msgspec.json.encode(_without_places(plain), order="deterministic")


def hash_of(definition: Definition) -> str:
    """The hash (hexadecimal) that a definition is pinned by."""
    return sha256(essence(definition)).hexdigest()


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
