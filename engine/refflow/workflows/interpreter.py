"""Runs a program: from an address on, until the run is parked or ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refflow.errors import RefflowError
from refflow.events.event import StoredEvent, instant
from refflow.events.messages import MessageSkipped
from refflow.events.openings import AskClosed
from refflow.events.runs import (
    BranchTaken,
    EventMatched,
    RunExited,
    RunStuck,
    StepEntered,
    TaskClosed,
    TaskOpened,
    TimerSet,
)
from refflow.views.messages import Message
from refflow.views.pipeline import Ask, ask_id
from refflow.views.runs import Run
from refflow.views.timeline import Happening

from .definition import Branch, Emit, Exit, Go, Jump, Loop, Match, Send, Source, Task, Use, Wait
from .durations import Duration
from .environment import facts_of, run_environment
from .guards import something_came_in
from .library import Accepted
from .sending import draft, hold, release
from .templates import render_text
from .turn import Turn

MOST_INSTRUCTIONS = 10_000
"""Between two places where it parks, no sensible run executes so many."""

STOPPED = "do_not_contact"
"""The outcome of a run whose contact must not be written to any more, whatever the workflow says."""


class Interpreter:
    """Carries one run of one definition through a turn."""

    def __init__(self, turn: Turn, accepted: Accepted, run: Run) -> None:
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
                case Use():
                    self._use(step, loops)
                    address += 1
                case Exit():
                    self.exit(step.outcome)
                    return
                case Send() | Wait() | Task():
                    self._record(StepEntered(run=self.run.id, step=step.step, at=address, loops=loops))
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
        ending = self.definition.outcomes.get(outcome, "bad")
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

    def _park(self, step: Send | Wait | Task, address: int) -> int | None:
        """Begin a step that takes time; the address to go on at when it takes none after all."""
        match step:
            case Send():
                return self._send(step, address)
            case Wait():
                return self._wait(step)
            case Task():
                self._task(step)
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
        for event in self._earlier(step):
            self.take_up(event)
            return step.got[event.kind]
        source = step.within or step.silence or step.until
        assert source is not None, "a wait has a limit"
        due = self._due(source, self.run.loops)
        self._record(TimerSet(run=self.run.id, step=step.step, due=due, rule=source.text))
        return None

    def _earlier(self, step: Wait) -> list[StoredEvent]:
        """What the step waits for and has happened already, since the event that the run last took up."""
        run, found = self.run, []
        subjects = {"contact": run.contact} if run.contact else {"opening": run.opening}
        for happening in self.turn.rows.find(Happening, **subjects) if step.events else []:
            position = happening.position
            if position > run.since and happening.kind in step.events:
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
            )
        )
        self._record(TimerSet(run=self.run.id, step=step.step, due=due, rule=step.within.text))

    def _due(self, source: Source, loops: dict[str, int]) -> datetime:
        value = self.turn.library.evaluate(self.accepted, source, self._env(loops))
        now = instant(self.turn.now)
        if isinstance(value, Duration):
            return self.turn.settings.calendar.add(now, value)
        if isinstance(value, datetime):
            return max(value, now)
        raise RefflowError(f"Line {source.line}: `{source.text}` gives neither a time nor a duration.")

    def _holds(self, step: str, condition: Source, loops: dict[str, int]) -> bool:
        values = self.turn.library.explain(self.accepted, condition, self._env(loops))
        value = self.turn.library.evaluate(self.accepted, condition, self._env(loops)) is True
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

    def _use(self, step: Use, loops: dict[str, int]) -> None:
        library, env = self.turn.library, self._env(loops)
        action = library.extensions.actions.get(step.action)
        if action is None:
            raise RefflowError(f"There is no action `{step.action}`: its plugin is not here or has failed.")
        fields = {name: library.evaluate(self.accepted, source, env) for name, source in step.params.items()}
        for payload in action.plan(action.params(**fields), facts_of(env)):
            kind = self.turn.kinds.of(payload).name
            if not kind.startswith(action.prefix):
                raise RefflowError(f"The action `{step.action}` may not record `{kind}`, which is not its own.")
            self._record(payload)

    def _env(self, loops: dict[str, int]) -> dict[str, Any]:
        innermost = next(reversed(loops.values()), 0)
        return run_environment(self.turn, self.run, self.definition, innermost)

    def _record(self, payload: Any) -> None:
        self.turn.record(payload, by=self.accepted.by)


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
