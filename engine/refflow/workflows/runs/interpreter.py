"""Runs a program: from an address on, until the run is parked or ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refflow.errors import RefflowError
from refflow.events.event import StoredEvent, instant, micros
from refflow.events.messages import MessageSkipped
from refflow.events.openings import AskClosed
from refflow.events.runs import (
    BranchTaken,
    ChildWanted,
    EventMatched,
    RunExited,
    RunStuck,
    SideTaken,
    StepEntered,
    TaskClosed,
    TaskOpened,
    TimerSet,
    VarsSet,
    WaitSettling,
)
from refflow.views.messages import Message
from refflow.views.pipeline import Ask, ask_id
from refflow.views.runs.run import Run
from refflow.views.timeline import Happening

from ..durations import Duration
from ..language.definition import (
    Branch,
    Emit,
    Exit,
    Go,
    Jump,
    Loop,
    Match,
    Return,
    Send,
    Set,
    Source,
    Start,
    Task,
    Use,
    Wait,
)
from ..language.library import Accepted
from ..language.templates import render_text
from .environment import Environment, facts_of, plain_value, run_environment
from .guards import something_came_in
from .holds import hold
from .sending import draft, release
from .turn import Turn

MOST_INSTRUCTIONS = 10_000
"""Between two places where it parks, no sensible run executes so many."""

RESTARTED = "restarted"
"""The outcome of a run that a newer one with the same key replaced."""

STOPPED = "do_not_contact"
"""The outcome of a run whose contact must not be written to any more, whatever the workflow says."""


class Interpreter:
    """Carries one run of one definition through a turn."""

    def __init__(self, turn: Turn, accepted: Accepted, run: Run) -> None:
        self._aside: StoredEvent | None = None
        self.turn = turn
        self.accepted = accepted
        self.run = run
        self.definition = accepted.definition

    def go_on(self, address: int) -> None:
        """Go on at `address` until the run is parked or has ended. A fault parks the run as stuck."""
        try:
            self._go_on(address)
        except RefflowError as error:
            self.stick(str(error))

    def _go_on(self, address: int) -> None:
        program = self.definition.program
        loops = dict(self.run.loops)
        for _ in range(MOST_INSTRUCTIONS):
            step = program[address]
            match step:
                case Jump():
                    address = step.to
                case Go():
                    address = self.definition.blocks[step.block]
                case Branch():
                    address = address + 1 if self._holds(step.step, step.condition, loops) else step.otherwise
                case Match():
                    address = self._case(step, loops)
                case Loop():
                    address = self._round(step, address, loops)
                case Emit():
                    self._emit(step, loops)
                    address += 1
                case Set():
                    self._set(step, loops)
                    address += 1
                case Use():
                    self._use(step, loops)
                    address += 1
                case Start() if not step.wait:
                    self._want(step, loops)
                    address += 1
                case Return():
                    return
                case Exit():
                    self.exit(step.outcome)
                    return
                case Send() | Wait() | Task() | Start():
                    self._record(StepEntered(run=self.run.id, step=step.step, at=address, loops=dict(loops)))
                    onward = self._park(step, address)
                    if onward is None:
                        return
                    address = onward
        raise RefflowError(f"The workflow went through {MOST_INSTRUCTIONS} steps without a pause.")

    def take_up(self, event: StoredEvent) -> None:
        """Note that `event` is what moves the run, and speak of it from now on."""
        self._record(
            EventMatched(
                run=self.run.id,
                step=self.run.step,
                position=event.position,
                kind=event.kind,
                event=self.turn.plain(event),
            )
        )

    def go_aside(self, address: int, event: StoredEvent) -> None:
        """Go through the side list at `address`, which speaks of `event`; the run stays where it stands."""
        self._record(SideTaken(run=self.run.id, step=self.run.step, position=event.position, kind=event.kind))
        self._aside = event
        self.go_on(address)
        self._aside = None

    def gather(self, step: Wait, event: StoredEvent) -> None:
        """Take up an event that the wait `step` is for. It goes on at once, or when no more of them come."""
        latest = self.run.settling or self.run.due or self.turn.now
        self.take_up(event)
        if step.settle is None:
            self.go_on(step.got[event.kind])
            return
        self._settle(step, event.occurred_at, latest)

    def timer_since(self, step: Wait | Task, entered: datetime) -> TimerSet:
        """The timer of `step` for a run that came to it at `entered`; it is not due before now."""
        source = _limit(step)
        env = self._env(self.run.loops)
        env["now"] = entered
        due = self._moment(source, self.turn.library.evaluate(self.accepted, source, env), entered)
        return TimerSet(run=self.run.id, step=step.step, due=due, rule=source.text)

    def leave(self, because: str) -> None:
        """Leave the step where the run is parked: drop its task, and its message if it has not been released."""
        message = self.turn.rows.get(Message, self.run.message) if self.run.message else None
        if message is not None and message.status in ("drafted", "approved", "held"):
            self._record(
                MessageSkipped(message=message.id, run=self.run.id, contact=message.contact, reason=because)
            )
        if self.run.task is not None:
            self._record(
                TaskClosed(task=self.run.task, run=self.run.id, outcome="dropped", contact=self.run.contact)
            )

    def exit(self, outcome: str) -> None:
        """End the run. An ask that came to nothing is closed with it, which frees the opening."""
        ending = self.definition.outcomes.get(outcome, "open" if outcome == RESTARTED else "bad")
        run = self.run
        self._record(
            RunExited(
                run=run.id,
                workflow=run.workflow,
                outcome=outcome,
                ending=ending,
                contact=run.contact,
                opening=run.opening,
            )
        )
        if ending == "bad" and run.contact is not None and run.opening is not None:
            ask = self.turn.rows.get(Ask, ask_id(run.contact, run.opening))
            if ask is not None and ask.run == run.id and ask.stage in ("warming", "ready", "asked", "agreed"):
                self._record(AskClosed(contact=run.contact, opening=run.opening, outcome=outcome))

    def stick(self, reason: str) -> None:
        """Park the run for a person to look at: it cannot go on by itself."""
        self._record(RunStuck(run=self.run.id, reason=reason, contact=self.run.contact))

    def release(self, step: Send, message: Message) -> None:
        """Let a message that needs no further approval leave, if it may; go on when it will not leave."""
        match release(self.turn, self.accepted, self.run, step, message):
            case "skipped":
                self.go_on(self.run.at + 1)
            case "capped":
                self.exit("capped")

    def _park(self, step: Send | Wait | Task | Start, address: int) -> int | None:
        """Begin a step that takes time; the address to go on at when it takes none after all."""
        match step:
            case Send():
                return self._send(step, address)
            case Wait():
                return self._wait(step)
            case Task():
                self._task(step)
            case Start():
                self._want(step, self.run.loops)
        return None

    def _send(self, step: Send, address: int) -> int | None:
        message = draft(self.turn, self.accepted, self.run, step)
        unheard = something_came_in(self.turn, self.run, message)
        if unheard is not None:
            hold(self.turn, self.accepted, self.run, message, unheard)
            return None
        if message.approval:
            return None
        match release(self.turn, self.accepted, self.run, step, message):
            case "skipped":
                return address + 1
            case "capped":
                self.exit("capped")
        return None

    def _wait(self, step: Wait) -> int | None:
        source = _limit(step)
        earlier = self._earlier(step)
        for event in earlier if step.settle is not None else earlier[:1]:
            self.take_up(event)
        if earlier and step.settle is None:
            return step.got[earlier[0].kind]
        due = self._due(source, self.run.loops)
        if earlier:
            self._settle(step, earlier[-1].occurred_at, micros(due))
            return None
        self._record(TimerSet(run=self.run.id, step=step.step, due=due, rule=source.text))
        return None

    def _settle(self, step: Wait, last: int, latest: int) -> None:
        """Wait a while longer after `last`, for what else comes, but at most until `latest`."""
        assert step.settle is not None
        self._record(WaitSettling(run=self.run.id, step=step.step, latest=instant(latest)))
        due = min(self._due(step.settle, self.run.loops, instant(last)), instant(max(latest, self.turn.now)))
        self._record(TimerSet(run=self.run.id, step=step.step, due=due, rule=f"settle {step.settle.text}"))

    def _earlier(self, step: Wait) -> list[StoredEvent]:
        """What the step waits for and has happened already: since the step it names, or else since the event
        that the run last took up. Nothing is taken up twice.
        """
        run, found = self.run, []
        since = run.since if step.since is None else run.reached.get(step.since, run.since)
        subjects = {"contact": run.contact} if run.contact else {"opening": run.opening}
        for happening in self.turn.rows.find(Happening, **subjects) if step.events else []:
            position = happening.position
            if position > since and position not in run.taken and happening.kind in step.events:
                event = self.turn.recall(position)
                if event is not None and concerns(event, run):
                    found.append(event)
        return sorted(found, key=lambda event: event.position)

    def _task(self, step: Task) -> None:
        env = self._env(self.run.loops)
        filters = self.turn.library.extensions.filters
        due = self._due(step.within, self.run.loops)
        self._record(
            TaskOpened(
                task=f"t{self.turn.next_position}",
                run=self.run.id,
                step=step.step,
                due=due,
                contact=self.run.contact,
                opening=self.run.opening,
                title=render_text(step.title.text, env, filters),
                help=render_text(step.help.text, env, filters) if step.help else None,
                assignee=step.assignee,
            )
        )
        self._record(TimerSet(run=self.run.id, step=step.step, due=due, rule=step.within.text))

    def _due(self, source: Source, loops: dict[str, int], start: datetime | None = None) -> datetime:
        value = self.turn.library.evaluate(self.accepted, source, self._env(loops))
        return self._moment(source, value, start or instant(self.turn.now))

    def _moment(self, source: Source, value: Any, start: datetime) -> datetime:
        """The point in time that the value of `source` means, counted from `start`; not before now."""
        now = instant(self.turn.now)
        if isinstance(value, Duration):
            return max(self.turn.settings.calendar.add(start, value), now)
        if isinstance(value, datetime):
            return max(value, now)
        raise RefflowError(f"Line {source.line}: `{source.text}` gives neither a time nor a duration.")

    def _holds(self, step: str, condition: Source, loops: dict[str, int]) -> bool:
        env = self._env(loops)
        values = self.turn.library.explain(self.accepted, condition, env)
        value = self.turn.library.evaluate(self.accepted, condition, env) is True
        self._record(BranchTaken(run=self.run.id, step=step, clause=condition.text, values=values))
        return value

    def _case(self, step: Match, loops: dict[str, int]) -> int:
        value = self.turn.library.evaluate(self.accepted, step.value, self._env(loops))
        clause = f"{step.value.text} is {value}"
        self._record(
            BranchTaken(run=self.run.id, step=step.step, clause=clause, values={step.value.text: value})
        )
        address = step.cases.get(str(value), step.otherwise)
        if address is None:
            raise RefflowError(f"Line {step.line}: no case for {value!r} in `match: {step.value.text}`.")
        return address

    def _round(self, step: Loop, address: int, loops: dict[str, int]) -> int:
        """Count a round of a loop, and go into its body or past its end."""
        done = loops.get(step.step, 0)
        env = self._env(loops)
        most = self.turn.library.evaluate(self.accepted, step.most, env)
        met = (
            step.until is not None
            and done
            and self.turn.library.evaluate(self.accepted, step.until, env) is True
        )
        if met or done >= most:
            loops.pop(step.step, None)
            return step.end
        loops[step.step] = done + 1
        return address + 1

    def _emit(self, step: Emit, loops: dict[str, int]) -> None:
        env = self._env(loops)
        fields: dict[str, Any] = {
            name: self.turn.library.evaluate(self.accepted, source, env) for name, source in step.data.items()
        }
        payload = self.turn.kinds[step.event].payload
        for name in ("contact", "opening"):
            if name in payload.__struct_fields__ and name not in fields:
                fields[name] = getattr(self.run, name)
        self._record(payload(**fields))

    def _set(self, step: Set, loops: dict[str, int]) -> None:
        env = self._env(loops)
        values = {
            name: plain_value(self.turn.library.evaluate(self.accepted, source, env))
            for name, source in step.values.items()
        }
        self._record(VarsSet(run=self.run.id, step=step.step, values=values))

    def _use(self, step: Use, loops: dict[str, int]) -> None:
        library, env = self.turn.library, self._env(loops)
        action = library.extensions.actions.get(step.action)
        if action is None:
            raise RefflowError(f"`use: {step.action}` belongs to no plugin that is installed and enabled.")
        values = {name: library.evaluate(self.accepted, source, env) for name, source in step.values.items()}
        for payload in action.plan(values, facts_of(env)):
            kind = self.turn.kinds.of(payload).name
            if not kind.startswith(action.prefix):
                raise RefflowError(f"The action `{step.action}` may not record `{kind}`, which is not its own.")
            self._record(payload)

    def _want(self, step: Start, loops: dict[str, int]) -> None:
        """Ask for a run of another workflow; whoever starts runs takes it up."""
        env = self._env(loops)
        subject = {
            name: _id(self.turn.library.evaluate(self.accepted, source, env))
            for name, source in step.subject.items()
        }
        self._record(
            ChildWanted(run=self.run.id, step=step.step, workflow=step.workflow, wait=step.wait, **subject)
        )

    def _env(self, loops: dict[str, int]) -> Environment:
        innermost = next(reversed(loops.values()), 0)
        return run_environment(self.turn, self.run, self.definition, innermost, self._aside)

    def _record(self, payload: Any) -> None:
        self.turn.record(payload, by=self.accepted.by)


def _limit(step: Wait | Task) -> Source:
    source = step.within if isinstance(step, Task) else step.within or step.silence or step.until
    assert source is not None, "a wait has a limit"
    return source


def _id(value: Any) -> str | None:
    """The id of a contact or opening, or the value when it is one."""
    return value if value is None or isinstance(value, str) else str(value.id)


def concerns(event: StoredEvent, run: Run) -> bool:
    """Whether an event is about a run: it names a subject of the run, and none that differs."""
    payload, named = event.payload, False
    contact = getattr(payload, "contact", None) or getattr(payload, "referrer", None)
    for subject, value in (("contact", contact), ("opening", getattr(payload, "opening", None))):
        own = getattr(run, subject)
        if value is not None and own is not None:
            if value != own:
                return False
            named = True
    return named
