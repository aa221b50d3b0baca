"""The ways through a workflow: what can happen where a run is parked, and every way that a story can take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import takewhile
from typing import Any

import msgspec

from refflow.events.event import StoredEvent, instant, micros
from refflow.events.messages import MessageFailed
from refflow.views.runs.run import Run

from ..durations import Duration
from ..language.definition import (
    AnyInstruction,
    Branch,
    Definition,
    Interrupt,
    Match,
    Return,
    Send,
    Start,
    Task,
    Trigger,
    Wait,
)
from ..language.library import Accepted
from ..language.policy_file import schedule_text
from .habits import ForTasks, close_task, skip_message
from .made_up import event_of, variants
from .world import World

Way = tuple[str, str]
"""A step and what becomes of it: `("intent", "agreed")`, `("nudge", "")` for being there, `("on", "meeting.held")`."""

TASK_OUTCOMES: tuple[ForTasks, ...] = ("done", "skipped", "expired")
ONE_DAY = Duration(1, "bd")
MOVED = ("event.matched", "side.taken")
"""What a run records first when an event makes a difference to it."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can happen where a run is parked at `step`, in whatever round of its loops; of the other
    fields one is set, or only time passes.
    """

    step: str
    at: int
    rounds: int = 0
    event: str | None = None
    fields: dict[str, Any] = {}
    outcome: ForTasks | None = None
    skips: bool = False
    fails: bool = False

    def __str__(self) -> str:
        if self.event is not None:
            said = ", ".join(f"{name} {_shown(value)}" for name, value in self.fields.items())
            return f"at {self.step}: {self.event}{f' ({said})' if said else ''}"
        if self.fails or self.skips:
            return f"at {self.step}: {'cannot be sent' if self.fails else 'is left out'}"
        return f"at {self.step}: {self.outcome or 'time passes'}"


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One way through a workflow: what happened at each place where the run was parked, and the world then.
    `happened` has the choices but those by which only time passes, with their instants.
    """

    choices: tuple[Choice, ...]
    happened: tuple[tuple[int, Choice], ...]
    run: str
    world: World


Begin = Callable[["Player"], tuple[World, str | None]]
"""Makes a world in which a run has just started and `Player` reacts; the run's id, or None when it did not."""


class Player:
    """Lets happen at each place where the run is parked what `script` says by number, and nothing after that."""

    def __init__(self, script: Sequence[int], pause: int = 0) -> None:
        self.script = tuple(script)
        self.pause = pause
        self.offered: list[list[Choice]] = []
        self.chosen: list[int] = []
        self.run: str | None = None
        self.happened: list[tuple[int, Choice]] = []
        self.void = False
        self.failing = False

    def __call__(self, world: World, event: StoredEvent) -> None:
        """Choose what happens where the run has just been parked."""
        if event.kind == "run.started" and self.run is None:
            self.run = event.payload.run
        if event.kind == "message.send.requested" and event.payload.run == self.run and self.failing:
            payload = event.payload
            failed = MessageFailed(message=payload.message, run=payload.run, contact=payload.contact)
            world.tell(failed, by=f"channel:{payload.channel}")
        if event.kind != "step.entered" or event.payload.run != self.run:
            return
        run = world.rows.get(Run, event.payload.run)
        if run is None or run.status != "live" or run.at != event.payload.at or run.step != event.payload.step:
            return
        choices = choices_at(world, run)
        number = len(self.chosen)
        chosen = self.script[number] if number < len(self.script) else 0
        self.offered.append(choices)
        self.chosen.append(chosen)
        self._arrange(world, run, choices[chosen])

    def taken(self) -> tuple[Choice, ...]:
        """What was chosen, in order."""
        return tuple(each[index] for each, index in zip(self.offered, self.chosen, strict=True))

    def _arrange(self, world: World, run: Run, choice: Choice) -> None:
        soon = _soon(world, run, self.pause)
        if choice.event is not None or choice.skips or choice.outcome not in (None, "expired"):
            self.happened.append((soon, choice))
        if choice.skips and run.message is not None:
            message = run.message
            world.at(soon, lambda world: skip_message(world, message))
        elif choice.outcome is not None and run.task is not None:
            task, outcome = run.task, choice.outcome
            world.at(soon, lambda world: close_task(world, task, outcome))
        elif choice.event is not None:
            world.at(soon, lambda world: self._happen(world, run.id, choice))
        self.failing = choice.fails

    def _happen(self, world: World, run: str, choice: Choice) -> None:
        row = world.rows.get(Run, run)
        assert row is not None
        assert choice.event is not None
        payload = event_of(
            world.library.kinds[choice.event],
            choice.fields,
            contact=row.contact,
            opening=row.opening,
            now=world.now,
            calendar=world.turn().settings.calendar,
        )
        told = world.tell(payload)
        if not any(event.kind in MOVED and event.payload.run == run for event in told):
            self.void = True  # It makes no difference, so this is the way on which only time passes.


def _shown(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)


def choices_at(world: World, run: Run) -> list[Choice]:
    """What can happen where `run` is parked; the first is that only time passes."""
    accepted = world.library.definition(world.rows, run.hash)
    definition, step = accepted.definition, accepted.definition.program[run.at]
    here: dict[str, Any] = {"step": run.step, "at": run.at, "rounds": sum(run.loops.values())}
    found = [Choice(**here)]
    if isinstance(step, Task):
        # Time passes until it expires, so that is the first of the three.
        found = [
            Choice(**here, outcome="expired"),
            Choice(**here, outcome="done"),
            Choice(**here, outcome="skipped"),
        ]
    if isinstance(step, Send):
        found.append(Choice(**here, skips=True))
    if isinstance(step, Send) and step.failed is not None:
        found.append(Choice(**here, fails=True))
    for kind in heard_at(definition, run.at):
        for fields in variants(world.library, accepted, world.library.kinds[kind], world.now):
            found.append(Choice(**here, event=kind, fields=fields))
    return found


def heard_at(definition: Definition, at: int) -> list[str]:
    """The kinds of events that a run parked at `at` acts on."""
    step, in_main_flow = definition.program[at], definition.block_of(at) is None
    interrupts = [each.event for each in definition.anytime if each.go is None or in_main_flow]
    awaited = step.events if isinstance(step, Wait) else ()
    return list(dict.fromkeys((*interrupts, *awaited)))


def explore(begin: Begin, until: int, most: int, pause: int = 0) -> Iterator[Course]:
    """Courses from where `begin` begins on which each thing that can happen where a run is parked happens once,
    in each round of a loop. Stops after `most`. A world is played anew for each, up to `until` (microseconds
    since 1970 UTC). What happens while a message waits to leave happens `pause` microseconds after it was drafted.
    """
    waiting: deque[tuple[int, ...]] = deque([()])
    tried: set[tuple[int, int, str]] = set()
    for _ in range(most):
        if not waiting:
            return
        player = Player(waiting.popleft(), pause)
        world, run = begin(player)
        if run is None:
            return
        world.go_on(until)
        for number in range(len(player.script), len(player.chosen)):
            for index, choice in enumerate(player.offered[number]):
                key = (choice.at, choice.rounds, str(choice))
                if index and key not in tried:
                    waiting.append((*player.chosen[:number], index))
                tried.add(key)
        if not player.void:
            yield Course(choices=player.taken(), happened=tuple(player.happened), run=run, world=world)


def ways_of(definition: Definition) -> dict[Way, int]:
    """Every step, branch, answer, timeout, interrupt, trigger and outcome, with the line where it is written."""
    ways: dict[Way, int] = {("on", _start_of(each)): 0 for each in definition.triggers}
    for interrupt in definition.anytime:
        if not interrupt.inherited:
            ways["anytime", _interrupt(interrupt)] = interrupt.line
    for step in definition.program:
        for way in _ways_at(step):
            ways[step.step, way] = step.line
    return ways | {("outcome", name): 0 for name in definition.outcomes}


def _ways_at(step: AnyInstruction) -> Iterable[str]:
    match step:
        case Send(failed=failed):
            return ("", "failed") if failed is not None else ("",)
        case Wait(events=events):
            return ("", *events, "timeout") if events else ("",)
        case Task():
            return ("", *TASK_OUTCOMES)
        case Branch(condition=condition):
            return f"{condition.text}: yes", f"{condition.text}: no"
        case Match(cases=cases, otherwise=otherwise):
            return (*cases, "else") if otherwise is not None else tuple(cases)
        case Start(wait=True, got=got):
            return ("", *got, _other_end(step), "refused")
        case _:
            return ()


def _start_of(trigger: Trigger) -> str:
    return f"every {schedule_text(trigger.every)}" if trigger.every is not None else trigger.event or "manual"


def _other_end(step: Start) -> str:
    """What the end of another run is called that has no branch of its own."""
    return "else" if step.got else "ended"


def _interrupt(interrupt: Interrupt) -> str:
    condition = f" if {interrupt.condition.text}" if interrupt.condition is not None else ""
    return f"{interrupt.event}{condition}{', aside' if interrupt.do is not None else ''}"


def ways_taken(accepted: Accepted, run: str, events: Iterable[StoredEvent]) -> set[Way]:
    """The ways that a run took, from the events about it in their order."""
    definition = accepted.definition
    program = definition.program
    events = list(events)
    own = [event for event in events if getattr(event.payload, "run", None) == run]
    taken = _begun(definition, own, events) | _started(definition, own, events)
    at = 0
    heard: str | None = None
    for number, event in enumerate(own):
        payload, step = event.payload, program[at]
        match event.kind:
            case "step.entered":
                at, heard = payload.at, None
                taken.add((payload.step, ""))
            case "branch.taken":
                taken.add(_branch(program, payload))
            case "event.matched":
                interrupt = _interrupted(definition, at, payload.kind, own[number + 1 :])
                if interrupt is not None:
                    taken.add(("anytime", _interrupt(interrupt)))
                elif isinstance(step, Wait) and step.settle is not None:
                    heard = payload.kind  # Where it goes on is for the last one to say.
                else:
                    taken.add((step.step, payload.kind))
            case "side.taken":
                taken.add(("anytime", _interrupt(_side(definition, payload.kind, own[number + 1 :]))))
            case "task.closed":
                taken.add((step.step, payload.outcome))
            case "timer.fired" if isinstance(step, Wait) and step.events:
                taken.add((step.step, heard or "timeout"))
            case "message.failed" if isinstance(step, Send) and step.failed is not None:
                taken.add((step.step, "failed"))
            case "run.exited":
                taken.add(("outcome", payload.outcome))
    return taken


def _begun(definition: Definition, own: Iterable[StoredEvent], events: Iterable[StoredEvent]) -> set[Way]:
    """The trigger that a run came from."""
    looked = {event.position: event.payload.trigger for event in events if event.kind == "schedule.fired"}
    begun: set[Way] = set()
    for event in own:
        if event.kind == "run.started" and event.payload.trigger in looked:
            begun.add(("on", _start_of(definition.triggers[looked[event.payload.trigger]])))
        elif event.kind == "run.started":
            begun.add(("on", "manual" if event.payload.kind == "run.wanted" else event.payload.kind))
    return begun


def _started(definition: Definition, own: Sequence[StoredEvent], events: Iterable[StoredEvent]) -> set[Way]:
    """What became of the runs of other workflows that a run waited for."""
    steps = {step.step: step for step in definition.program if isinstance(step, Start) and step.wait}
    wanted = {event.position: event.payload.step for event in own if event.kind == "child.wanted"}
    children = {event.payload.child: event.payload.step for event in own if event.kind == "child.started"}
    moving = {event.cause for event in own}
    ended: set[Way] = set()
    for event in events:
        payload = event.payload
        if event.kind == "trigger.ignored" and event.cause in wanted and wanted[event.cause] in steps:
            ended.add((wanted[event.cause], "refused"))
        if event.kind == "run.exited" and event.position in moving and children.get(payload.run) in steps:
            step = steps[children[payload.run]]
            ended.add((step.step, payload.outcome if payload.outcome in step.got else _other_end(step)))
    return ended


def _branch(program: Sequence[AnyInstruction], payload: Any) -> Way:
    for step in program:
        if isinstance(step, Branch) and (step.step, step.condition.text) == (payload.step, payload.clause):
            return (
                step.step,
                f"{payload.clause}: {'yes' if next(iter(payload.values.values()), None) else 'no'}",
            )
        if isinstance(step, Match) and step.step == payload.step:
            value = str(next(iter(payload.values.values()), None))
            return step.step, value if value in step.cases else "else"
    return payload.step, payload.clause


def _interrupted(definition: Definition, at: int, kind: str, after: list[StoredEvent]) -> Interrupt | None:
    """The interrupt that an event of `kind` set off at `at`, told by what came next; None: it was waited for."""
    block = definition.block_of(at)
    found = [
        each
        for each in definition.anytime
        if each.event == kind and each.do is None and (each.go is None or block is None)
    ]
    step = definition.program[at]
    gathered = next((event.kind for event in after if event.kind != "event.matched"), None) == "wait.settling"
    if (
        not found
        or gathered
        or (isinstance(step, Wait) and kind in step.events and _goes_on(definition, step, kind, after))
    ):
        return None
    decided = [event for event in after if event.kind in ("run.exited", "step.entered", "branch.taken")]
    first = decided[0] if decided else None
    if first is not None and first.kind == "run.exited":
        leaving = [each for each in found if each.exit == first.payload.outcome]
        return leaving[0] if leaving else found[-1]
    waited = isinstance(step, Wait) and kind in step.events  # And no interrupt that ends a run leads on.
    return next((each for each in found if each.go is not None), None if waited else found[0])


def _side(definition: Definition, kind: str, after: Sequence[StoredEvent]) -> Interrupt:
    """The interrupt whose side list a run went through on `kind`: of several the one with the step that came next,
    or else the first.
    """
    found = [each for each in definition.anytime if each.event == kind and each.do is not None]
    step = getattr(after[0].payload, "step", None) if after else None
    for each in found:
        listed = takewhile(lambda one: not isinstance(one, Return), definition.program[each.do :])
        if step in {one.step for one in listed}:
            return each
    return found[0]


def _goes_on(definition: Definition, step: Wait, kind: str, after: list[StoredEvent]) -> bool:
    """Whether what came next is where the wait goes on after `kind`."""
    target = definition.block_of(step.got[kind])
    entered = next((event.payload.at for event in after if event.kind == "step.entered"), None)
    return entered is not None and definition.block_of(entered) == target


def _soon(world: World, run: Run, pause: int) -> int:
    """When something happens to a parked run: after `pause` while a message waits for the owner, else on the next
    business day, and in any case before its time is up.
    """
    if run.message is not None:
        return world.now + pause
    later = micros(world.turn().settings.calendar.add(instant(world.now), ONE_DAY))
    return later if run.due is None or later < run.due else (world.now + run.due) // 2
