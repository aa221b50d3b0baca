"""Simulation: the engine itself with a virtual clock, made-up answers and an owner who releases everything.

Nothing is recorded and nothing leaves. What it starts from is the workspace as it stands, or made-up people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

import msgspec

from refflow.errors import RefflowError, UsageError
from refflow.events.event import StoredEvent, micros
from refflow.events.runs import RunWanted, ScheduleFired
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.rows import Rows
from refflow.views.runs.definitions import Defined, Workflow
from refflow.views.runs.run import Run
from refflow.views.runs.settings import Settings as SettingsRow
from refflow.views.timeline import Happening
from refflow.workflows.durations import Duration
from refflow.workflows.language.calendar import Calendar
from refflow.workflows.language.definition import Definition, Trigger, encode, hash_of
from refflow.workflows.language.library import Accepted
from refflow.workflows.language.settings import Settings, plain_fields
from refflow.workflows.runs.environment import Environment
from refflow.workflows.stories.habits import Habits
from refflow.workflows.stories.made_up import (
    DAY,
    MadeUpContact,
    MadeUpOpening,
    contact_row,
    event_of,
    opening_row,
    variants,
)
from refflow.workflows.stories.ways import Course, explore
from refflow.workflows.stories.world import Reaction, Shelf, Still, World

from .story import Simulated, told
from .workspace import Workspace

MADE_UP_CONTACT, MADE_UP_OPENING = "c0", "o0"
AT_ONCE = Duration(0, "m")
HORIZON = timedelta(days=1100)
MOST_COURSES = 2000
WARMTHS: tuple[Literal["warm", "close", "dormant", "cold"], ...] = ("warm", "close", "dormant", "cold")


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a script says happens: an event `event` that says `fields`, `after` a time since the start."""

    after: timedelta
    event: str
    fields: dict[str, Any] = {}


class Simulator:
    """Simulates one workflow of a workspace, from its start or from where `run` is. Without `contact` it is about
    people that are made up.

    A definition that is given as `workflow` is tried in the place of the one in force. With `settings` it is
    alone in an empty workspace that has them. `fields` is what the event says that starts it; `by` is the trigger
    by which it starts, when that is not to be the first that can: an event, `every` or `manual`. Raises `NotFound`
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
        by: str | None = None,
    ) -> None:
        self.start = micros(at)
        self.asked_at = at
        self.workspace = workspace
        self._fields = fields or {}
        self._run = run
        rows = Rows(workspace.views)
        self.accepted = accepted = _accepted(workspace, rows, workflow)
        self.definition = accepted.definition
        zoned = (workspace.settings if settings is None else settings).calendar
        self._triggers = [each for each in accepted.definition.triggers if by in (None, each.by)]
        self._looks = looks_around(accepted.definition, self._triggers, zoned, at)
        if self._looks:
            # It begins when it first looks around: before that there is nothing to tell.
            self.start = micros(self._looks[0].due)
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
            self.workspace.views.fold,
            self._library,
            now=self.start,
            head=self._head,
            workspace=self.workspace.id,
            recall=self.workspace.event,
            reactions=reactions,
        )

    def begin(self, *reactions: Reaction) -> tuple[World, str | None]:
        """A world in which a run has just started; its id, or None when it does not start. One that lives goes on
        from where it is.
        """
        if self._run is not None:
            world = self.world(*reactions)
            world.wake(self._run, self._since_parked)
            return world, self._run.id
        begun, run = self._begun
        return begun.again(reactions), run

    @cached_property
    def _begun(self) -> tuple[World, str | None]:
        """The world at the start: what follows at once is the same in every story."""
        world, first = self.world(), self._first
        if isinstance(first, ScheduleFired):
            world.now = max(world.now, micros(first.due))
        begun = world.tell(first, by="clock" if isinstance(first, ScheduleFired) else "user")
        return world, started_in(begun, self.definition.name)

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
        ended = world.go_on(self.until(horizon))
        return self.told(world, run, endless=not ended)

    def all_paths(self) -> list[Simulated]:
        """The ways the story can take: each thing that a run acts on, at each place where it can be parked."""
        return [self.told(each.world, each.run, course=each) for each in self.courses()]

    def courses(self, approves: Duration = AT_ONCE) -> Iterable[Course]:
        """The same with their worlds, when the owner takes so long to release a message."""
        habits = Habits(approves=approves, tasks="expired")
        pause = int(approves.least_days() * DAY) // 2
        return explore(lambda player: self.begin(player, habits), self.until(), MOST_COURSES, pause)

    def told(
        self, world: World, run: str | None, *, endless: bool = False, course: Course | None = None
    ) -> Simulated:
        """A world as a story."""
        if endless:
            raise RefflowError(
                f"{self.definition.name} came to no end. Look at its loops with `refflow check`."
            )
        choices = [str(each) for each in course.choices] if course is not None else []
        return told(world, self.definition.name, run, self.start, choices)

    def until(self, horizon: timedelta = HORIZON) -> int:
        """When a simulation of that length ends, in microseconds since 1970 UTC."""
        return self.start + horizon // timedelta(microseconds=1)

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
        self._still = self._alone(rows)
        if contact is not None:
            return
        given = person or MadeUpContact()
        for warmth in WARMTHS if person is None else (given.warmth,):
            made = msgspec.structs.replace(given, warmth=warmth)
            self.warmth = warmth
            rows.put(MADE_UP_CONTACT, contact_row(made, MADE_UP_CONTACT, self.start))
            self._still = self._alone(rows)
            self.__dict__.pop("_first", None)
            self.__dict__.pop("_begun", None)
            if person is not None or self.begin()[1] is not None:
                return

    def _alone(self, rows: Rows) -> Still:
        """The rows as they are, of which a look around finds none but those that the story is about."""
        return Still(rows, alone={Contact: self.contact, Opening: self.opening} if self._looks else None)

    @cached_property
    def _first(self) -> Any:
        """The event that starts the run: the first trigger whose condition can be met."""
        kinds = self.workspace.kinds
        for look in self._looks:
            trigger = self.definition.triggers[look.trigger]
            if self._meets(trigger, RunWanted(workflow=look.workflow, **self._looked_at(trigger)), look.due):
                return look
        if self._looks:
            return self._looks[0]
        for trigger in self._triggers:
            if trigger.every is not None:
                continue
            if trigger.event is None:
                if self._fields and any(each.event is not None for each in self._triggers):
                    continue
                if self._fields:
                    what = " and ".join(f"`{name}`" for name in self._fields)
                    name = self.definition.name
                    raise UsageError(f"{name} is started by hand: no event says {what}. Leave `--with` out.")
                return RunWanted(workflow=self.definition.name, contact=self.contact, opening=self.opening)
            kind = kinds[trigger.event]
            for fields in variants(self._library, self.accepted, kind, self.start):
                payload = self._event(trigger.event, fields | self._fields)
                if self._meets(trigger, payload):
                    return payload
        first = next(each.event for each in self._triggers if each.event is not None)
        return self._event(first, self._fields)

    def _looked_at(self, trigger: Trigger) -> dict[str, str | None]:
        return {"contact": self.contact} if trigger.each == "contact" else {"opening": self.opening}

    @cached_property
    def _since_parked(self) -> list[StoredEvent]:
        """What the log has of the live run since it was parked, with its start."""
        assert self._run is not None
        own = [
            event
            for each in self.workspace.views.find(Happening, run=self._run.id)
            if (event := self.workspace.event(each.position)) is not None
        ]
        parked = max((event.position for event in own if event.kind == "step.entered"), default=0)
        return [event for event in own if event.kind == "run.started" or event.position >= parked]

    def _event(self, kind: str, fields: dict[str, Any]) -> Any:
        return event_of(
            self.workspace.kinds[kind],
            fields,
            contact=self.contact,
            opening=self.opening,
            now=self.start,
            calendar=self.calendar,
        )

    def _meets(self, trigger: Trigger, payload: Any, at: datetime | None = None) -> bool:
        if trigger.condition is None:
            return True
        world = self.world()
        world.now = world.now if at is None else micros(at)
        turn = world.turn()
        env = Environment(
            turn,
            self.definition,
            contact=getattr(payload, "contact", None) if trigger.every else self.contact,
            opening=getattr(payload, "opening", None) if trigger.every else self.opening,
            kind=trigger.event or "run.wanted",
            event=msgspec.to_builtins(payload),
        )
        return self._library.evaluate(self.accepted, trigger.condition, env) is True


def looks_around(
    definition: Definition, triggers: Sequence[Trigger], calendar: Calendar, at: datetime
) -> list[ScheduleFired]:
    """When a workflow that none but these triggers start looks around from `at` on, by its times of the week."""
    if any(trigger.every is None for trigger in triggers):
        return []
    looks = [
        ScheduleFired(
            workflow=definition.name,
            trigger=number,
            due=calendar.next_time(at - timedelta(microseconds=1), trigger.every),
        )
        for number, trigger in enumerate(definition.triggers)
        if trigger.every is not None
    ]
    return sorted(looks, key=lambda look: look.due)


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


def _accepted(workspace: Workspace, rows: Rows, workflow: str | Definition) -> Accepted:
    """The definition in force of that name; or the one that is given, put in force in `rows`."""
    if isinstance(workflow, Definition):
        hash = hash_of(workflow)
        rows.put(workflow.name, Workflow(name=workflow.name, hash=hash, digest=""))
        rows.put(hash, Defined(hash=hash, workflow=workflow.name, definition=encode(workflow).decode()))
        return workspace.library.definition(rows, hash)
    return workspace.library.named(rows, workflow)
