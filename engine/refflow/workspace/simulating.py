"""Simulation: the engine itself with a virtual clock, made-up answers and an owner who releases everything.

Nothing is recorded and nothing leaves. What it starts from is the workspace as it stands, or made-up people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from random import Random
from typing import Any, Literal

import msgspec

from refflow.contacts.names import display_name
from refflow.errors import NotFound, RefflowError
from refflow.events.event import StoredEvent, micros
from refflow.events.runs import RunWanted
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.rows import Rows
from refflow.views.runs import Defined, Run, Workflow
from refflow.views.runs import Settings as SettingsRow
from refflow.views.timeline import Happening
from refflow.workflows.calendar import Calendar
from refflow.workflows.definition import Definition, Trigger, encode, essence
from refflow.workflows.durations import Duration
from refflow.workflows.environment import environment
from refflow.workflows.habits import LACKING
from refflow.workflows.habits import Habits as Habits
from refflow.workflows.library import Accepted
from refflow.workflows.made_up import (
    DAY,
    SUBJECT_FIELDS,
    contact_row,
    event_of,
    opening_row,
    variants,
)
from refflow.workflows.made_up import MadeUpContact as MadeUpContact
from refflow.workflows.made_up import MadeUpOpening as MadeUpOpening
from refflow.workflows.settings import Settings, plain_fields
from refflow.workflows.ways import Course, explore, heard_at
from refflow.workflows.world import Reaction, Shelf, Still, World

from .workspace import Workspace

MADE_UP_CONTACT, MADE_UP_OPENING = "c0", "o0"
AT_ONCE = Duration(0, "m")
HORIZON = timedelta(days=1100)
MOST_COURSES = 2000
WARMTHS: tuple[Literal["warm", "close", "dormant", "cold"], ...] = ("warm", "close", "dormant", "cold")

What = Literal["start", "refused", "event", "message", "held", "skipped", "task", "outcome", "stuck"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Something of a simulated story. `at` is in microseconds since 1970 UTC."""

    at: int
    what: What
    text: str
    workflow: str = ""
    run: str | None = None
    step: str | None = None
    subject: str | None = None
    body: str | None = None


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen. `outcome` is None when the run does not start (`refused` says why), or has not ended
    when the simulation does (`parked` says at which step).
    """

    workflow: str
    run: str | None
    started_at: int
    lines: list[Line]
    messages: int
    outcome: str | None = None
    ending: str | None = None
    ended_at: int | None = None
    refused: str | None = None
    parked: str | None = None
    choices: list[str] = []


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """How `runs` simulated runs came out: how many had each outcome, sent so many messages, took so many days."""

    workflow: str
    runs: int
    seed: int
    outcomes: dict[str, int]
    messages: dict[int, int]
    median_days: float
    longest_days: float


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a script says happens: an event `event` that says `fields`, `after` a time since the start."""

    after: timedelta
    event: str
    fields: dict[str, Any] = {}


class Simulator:
    """Simulates one workflow of a workspace, from its start or from where `run` is. Without `contact` it is about
    people that are made up.

    A definition that is given as `workflow` is tried in the place of the one in force. With `settings` it is
    alone in an empty workspace that has them. `fields` is what the event says that starts it. Raises `NotFound`
    when there is no such workflow.
    """

    def __init__(
        self,
        workspace: Workspace,
        workflow: str | Definition,
        *,
        at: datetime,
        contact: Contact | None = None,
        opening: Opening | None = None,
        fields: dict[str, Any] | None = None,
        person: MadeUpContact | None = None,
        posting: MadeUpOpening | None = None,
        about_opening: bool = True,
        settings: Settings | None = None,
        run: Run | None = None,
    ) -> None:
        self.start = micros(at)
        self._workspace = workspace
        self._fields = fields or {}
        self._run = run
        rows = Rows(workspace.views)
        self.accepted = accepted = _accepted(workspace, rows, workflow)
        self.definition = accepted.definition
        if settings is not None:
            rows = Rows()
            _accepted(workspace, rows, accepted.definition)
            rows.put("settings", SettingsRow(id="settings", digest="", settings=plain_fields(settings)))
        self._library = Shelf(workspace.library, rows)
        self._head = workspace.log.head()
        self._people(rows, contact, opening, person, posting if about_opening else None, about_opening)

    def world(self, *reactions: Reaction) -> World:
        """A world at the moment of the start."""
        return World(
            Rows(self._still),
            self._workspace.views.fold,
            self._library,
            now=self.start,
            head=self._head,
            workspace=self._workspace.id,
            recall=self._workspace.event,
            reactions=reactions,
        )

    def begin(self, *reactions: Reaction) -> tuple[World, str | None]:
        """A world in which a run has just started; its id, or None when it does not start. One that lives goes on
        from where it is.
        """
        world = self.world(*reactions)
        if self._run is not None:
            world.wake(self._run, self._since_parked)
            return world, self._run.id
        told = world.tell(self._first)
        return world, started_in(told, self.definition.name)

    @cached_property
    def calendar(self) -> Calendar:
        """The calendar by which it is simulated."""
        return self.world().turn().settings.calendar

    def play(
        self, script: Iterable[Occurrence] = (), habits: Habits | None = None, horizon: timedelta = HORIZON
    ) -> Simulated:
        """One story: what the script says happens, and what follows from it."""
        world, run = self.begin(habits or Habits())
        for each in script:
            arrange(world, each, self.contact, self.opening)
        ended = world.go_on(self._until(horizon))
        return self.told(world, run, endless=not ended)

    def all_paths(self) -> list[Simulated]:
        """The ways the story can take: each thing that a run acts on, at each place where it can be parked."""
        return [self.told(each.world, each.run, course=each) for each in self.courses()]

    def courses(self, approves: Duration = AT_ONCE) -> Iterable[Course]:
        """The same with their worlds, when the owner takes so long to release a message."""
        habits = Habits(approves=approves, tasks="expired")
        pause = int(approves.least_days() * DAY) // 2
        return explore(lambda player: self.begin(player, habits), self._until(HORIZON), MOST_COURSES, pause)

    def sample(self, runs: int, seed: int, answered: float = 0.3) -> Sampled:
        """Many stories by chance: where the run is parked, something happens with the chance `answered`."""
        random = Random(seed)
        outcomes: Counter[str] = Counter()
        messages: Counter[int] = Counter()
        days: list[float] = []
        until = self._until(HORIZON)
        for _ in range(runs):
            world, run = self.begin(Chance(random, answered), Habits())
            world.go_on(until)
            row = world.rows.get(Run, run) if run is not None else None
            outcomes["not started" if row is None else row.outcome or f"still at {row.step}"] += 1
            messages[
                sum(event.kind == "message.sent" and event.payload.run == run for event in world.events)
            ] += 1
            if row is not None and row.ended_at is not None:
                days.append((row.ended_at - self.start) / DAY)
        days.sort()
        return Sampled(
            workflow=self.definition.name,
            runs=runs,
            seed=seed,
            outcomes=dict(outcomes.most_common()),
            messages=dict(sorted(messages.items())),
            median_days=round(days[len(days) // 2], 1) if days else 0.0,
            longest_days=round(days[-1], 1) if days else 0.0,
        )

    def told(
        self, world: World, run: str | None, *, endless: bool = False, course: Course | None = None
    ) -> Simulated:
        """A world as a story."""
        row = world.rows.get(Run, run) if run is not None else None
        if endless:
            raise RefflowError(
                f"{self.definition.name} came to no end. Look at its loops with `refflow check`."
            )
        return Simulated(
            workflow=self.definition.name,
            run=run,
            started_at=self.start,
            lines=_lines(world),
            messages=sum(event.kind == "message.sent" for event in world.events),
            outcome=row.outcome if row else None,
            ending=row.ending if row else None,
            ended_at=row.ended_at if row else None,
            refused=None if row else self._why_not(world),
            parked=row.step if row is not None and row.status != "exited" else None,
            choices=[str(each) for each in course.choices] if course is not None else [],
        )

    def _until(self, horizon: timedelta) -> int:
        return self.start + horizon // timedelta(microseconds=1)

    def _why_not(self, world: World) -> str:
        for event in world.events:
            if event.kind == "trigger.ignored" and event.payload.workflow == self.definition.name:
                return f"{event.payload.reason}: {event.payload.detail}"
        return "none of its triggers does it"

    def _people(
        self,
        rows: Rows,
        contact: Contact | None,
        opening: Opening | None,
        person: MadeUpContact | None,
        posting: MadeUpOpening | None,
        about_opening: bool,
    ) -> None:
        """Put whom the story is about into the rows. Left to itself, a tie is as strong as the workflow needs."""
        self.contact = contact.id if contact is not None else MADE_UP_CONTACT
        self.opening: str | None = opening.id if opening is not None else MADE_UP_OPENING
        if opening is None and (not about_opening or "opening" not in self.definition.subject):
            self.opening = None
        if opening is None and self.opening is not None:
            rows.put(MADE_UP_OPENING, opening_row(posting or MadeUpOpening(), MADE_UP_OPENING))
        self._still = Still(rows)
        if contact is not None:
            return
        given = person or MadeUpContact()
        for warmth in WARMTHS if person is None else (given.warmth,):
            made = msgspec.structs.replace(given, warmth=warmth)
            self.warmth = warmth
            rows.put(MADE_UP_CONTACT, contact_row(made, MADE_UP_CONTACT, self.start))
            self._still = Still(rows)
            self.__dict__.pop("_first", None)
            if person is not None or self.begin()[1] is not None:
                return

    @cached_property
    def _first(self) -> Any:
        """The event that starts the run: the first trigger whose condition can be met."""
        kinds = self._workspace.kinds
        for trigger in self.definition.triggers:
            if trigger.event is None:
                return RunWanted(workflow=self.definition.name, contact=self.contact, opening=self.opening)
            kind = kinds[trigger.event]
            for fields in variants(self._library, self.accepted, kind, self.start):
                payload = self._event(trigger.event, fields | self._fields)
                if self._meets(trigger, payload):
                    return payload
        first = self.definition.triggers[0].event
        assert first is not None
        return self._event(first, self._fields)

    @cached_property
    def _since_parked(self) -> list[StoredEvent]:
        """What the log has of the live run since it was parked, with its start."""
        assert self._run is not None
        own = [
            event
            for each in self._workspace.views.find(Happening, run=self._run.id)
            if (event := self._workspace.event(each.position)) is not None
        ]
        parked = max((event.position for event in own if event.kind == "step.entered"), default=0)
        return [event for event in own if event.kind == "run.started" or event.position >= parked]

    def _event(self, kind: str, fields: dict[str, Any]) -> Any:
        return event_of(
            self._workspace.kinds[kind],
            fields,
            contact=self.contact,
            opening=self.opening,
            now=self.start,
            calendar=self.calendar,
        )

    def _meets(self, trigger: Trigger, payload: Any) -> bool:
        if trigger.condition is None:
            return True
        turn = self.world().turn()
        env = environment(
            turn,
            self.definition,
            contact=self.contact,
            opening=self.opening,
            kind=trigger.event or "run.wanted",
            event=msgspec.to_builtins(payload),
        )
        return self._library.evaluate(self.accepted, trigger.condition, env) is True


class Chance:
    """Lets something happen by chance where the first run of a world is parked."""

    def __init__(self, random: Random, chance: float) -> None:
        self._random = random
        self._chance = chance
        self._run: str | None = None
        self._variants: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, world: World, event: StoredEvent) -> None:
        """Draw, when the run has been parked."""
        if event.kind == "run.started" and self._run is None:
            self._run = event.payload.run
        if event.kind != "step.entered" or event.payload.run != self._run:
            return
        run = world.rows.get(Run, event.payload.run)
        if run is None or run.status != "live" or run.due is None or self._random.random() >= self._chance:
            return
        accepted = world.library.definition(world.rows, run.hash)
        kinds = heard_at(accepted.definition, run.at)
        if not kinds:
            return
        # An answer is far likelier than anything else.
        answers = "reply.received" in kinds and self._random.random() < 0.9
        kind = "reply.received" if answers else self._random.choice(kinds)
        if kind not in self._variants:
            self._variants[kind] = list(variants(world.library, accepted, world.library.kinds[kind], world.now))
        fields = self._random.choice(self._variants[kind])
        when = world.now + int((run.due - world.now) * self._random.random())
        occurrence = Occurrence(after=timedelta(0), event=kind, fields=fields)
        world.at(when, lambda world: happen(world, occurrence, run.contact, run.opening))


def started_in(events: Iterable[StoredEvent], workflow: str) -> str | None:
    """The run of `workflow` that starts in these events."""
    return next(
        (
            event.payload.run
            for event in events
            if event.kind == "run.started" and event.payload.workflow == workflow
        ),
        None,
    )


def arrange(world: World, occurrence: Occurrence, contact: str | None, opening: str | None) -> None:
    """Let something happen to these subjects at its time."""
    when = world.now + occurrence.after // timedelta(microseconds=1)
    world.at(when, lambda world: happen(world, occurrence, contact, opening))


def happen(world: World, occurrence: Occurrence, contact: str | None, opening: str | None) -> None:
    """Let something happen to these subjects now."""
    world.tell(
        event_of(
            world.library.kinds[occurrence.event],
            occurrence.fields,
            contact=contact,
            opening=opening,
            now=world.now,
            calendar=world.turn().settings.calendar,
        )
    )


QUIET = (
    "run.", "step.", "branch.", "timer.", "message.", "task.", "event.", "trigger.", "ask.opened",
    "ask.personalised", "opening.changed",
)  # fmt: skip
"""Records of refflow's own, and what the simulated owner does by the way: they tell nothing of a story."""


def _lines(world: World) -> list[Line]:
    told = [line for event in world.events if (line := line_of(world, event)) is not None]
    # A message that is tried twice in a moment is held twice for the same reason.
    return [line for before, line in zip([None, *told], told, strict=False) if line != before]


def line_of(world: World, event: StoredEvent) -> Line | None:
    """An event of a simulation as a line of its story; None for what goes without saying."""
    payload = event.payload
    run = world.rows.get(Run, getattr(payload, "run", None) or "")
    told = Line(
        at=event.recorded_at,
        what="event",
        text="",
        workflow=run.workflow if run else "",
        run=run.id if run else None,
    )
    match event.kind:
        case "run.started":
            return _say(told, "start", f"{payload.workflow} starts")
        case "trigger.ignored":
            said = f"{payload.workflow} does not start ({payload.reason}): {payload.detail}"
            return _say(told, "refused", said)
        case "message.sent":
            return _sent(world, told, payload)
        case "message.held" if payload.rule not in LACKING:
            local = world.turn().settings.calendar.local
            until = f" until {local(payload.until):%Y-%m-%d %H:%M}" if payload.until else ""
            said = f"{_called(world, payload)} is held{until} ({payload.rule}): {payload.detail}"
            return _say(told, "held", said)
        case "message.skipped":
            return _say(told, "skipped", f"{_called(world, payload)} is left out: {payload.reason}")
        case "task.opened":
            return _say(told, "task", f"to do: {payload.in_words}", step=payload.step)
        case "run.exited":
            return _say(told, "outcome", f"{payload.workflow} ends: {payload.outcome}")
        case "run.stuck":
            return _say(told, "stuck", f"cannot go on: {payload.reason}")
    return None if event.kind.startswith(QUIET) else _say(told, "event", _said(event))


def _sent(world: World, told: Line, payload: Any) -> Line | None:
    message = world.rows.get(Message, payload.message)
    if message is None:
        return None
    contact = world.rows.get(Contact, payload.contact)
    whom = display_name(contact.name) if contact is not None and contact.name else payload.contact
    said = f"{message.template} to {whom} ({message.channel})"
    return _say(told, "message", said, step=message.step, subject=message.subject, body=message.body)


def _called(world: World, payload: Any) -> str:
    message = world.rows.get(Message, payload.message)
    return message.template if message is not None else str(payload.message)


def _say(line: Line, what: What, text: str, **more: Any) -> Line:
    return msgspec.structs.replace(line, what=what, text=text, **more)


def _said(event: StoredEvent) -> str:
    fields = msgspec.to_builtins(event.payload)
    said = ", ".join(f"{name} {value}" for name, value in fields.items() if name not in SUBJECT_FIELDS)
    return f"{event.kind}{f' ({said})' if said else ''}"


def _accepted(workspace: Workspace, rows: Rows, workflow: str | Definition) -> Accepted:
    """The definition in force of that name; or the one that is given, put in force in `rows`."""
    if isinstance(workflow, Definition):
        hash = sha256(essence(workflow)).hexdigest()
        rows.put(workflow.name, Workflow(name=workflow.name, hash=hash, digest=""))
        rows.put(hash, Defined(hash=hash, workflow=workflow.name, definition=encode(workflow).decode()))
        return workspace.library.definition(rows, hash)
    found = rows.get(Workflow, workflow)
    if found is None or found.retired:
        known = ", ".join(each.name for each in rows.find(Workflow, retired=False))
        raise NotFound(f"There is no workflow `{workflow}`. The workflows are: {known}.")
    return workspace.library.definition(rows, found.hash)
