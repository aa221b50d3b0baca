"""The engine: what follows from each fact under the definitions in force.

Live runs look at an event first, then it may start new ones. An event that a decision records is looked at
in its turn, so a run that ends can set off the next.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from refflow.errors import RefflowError
from refflow.events.event import StoredEvent, instant
from refflow.events.messages import MessageSkipped
from refflow.events.runs import (
    ChildWanted,
    RunCancelled,
    RunExited,
    ScheduleFired,
    TaskClosed,
    TimerFired,
    TimerSet,
    WorkflowDefined,
)
from refflow.views.messages import Message
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task as TaskRow

from ..language.definition import Interrupt, Send, Start, Task, Wait
from ..language.library import Accepted
from .environment import Environment
from .holds import hold
from .interpreter import STOPPED, Interpreter, concerns
from .pauses import paused_between
from .sending import draft, try_again
from .starting import look_around, next_in_queue, set_off, set_schedules, start_child
from .turn import DEFINING, MOST_GENERATIONS, Turn

WAKING = {
    "outreach.resumed": ("paused",),
    "inbox.checked": ("inbox_stale",),
    "channel.resumed": ("channel", "plugin"),
    "settings.changed": ("not_live",),
}
"""What lets go of messages, and the rules that held them."""
STOPS = frozenset({"contact.blocked", "contact.opted_out"})
LACKING = frozenset({"packet", "unfilled"})
"""Rules that hold a message until something that it lacks is given."""
REDRAFTING = frozenset({"ask.personalised", "opening.changed", "contact.changed"})
"""Events that can change what a draft says."""
ALWAYS_HEARD = REDRAFTING | STOPS | {"schedule.fired"}


def settle(turn: Turn) -> None:
    """Decide what follows from every event recorded in the turn, and from what that leads to."""
    for event in turn.to_settle():
        if event.kind in DEFINING:
            if isinstance(event.payload, WorkflowDefined):
                set_schedules(turn, event.payload.workflow)
        elif event.kind in WAKING:
            _wake(turn, WAKING[event.kind])
        elif getattr(event.payload, "run", None) is not None or _is_heard(turn, event.kind):
            _look_at(turn, event)


def _is_heard(turn: Turn, kind: str) -> bool:
    """Whether anybody may act on events of a kind."""
    return kind in ALWAYS_HEARD or kind in turn.in_force.triggers or kind in turn.heard


def _look_at(turn: Turn, event: StoredEvent) -> None:
    addressed = getattr(event.payload, "run", None)
    if addressed is None:
        for run in _concerned(turn, event):
            _offer(turn, run, event)
        if event.kind in REDRAFTING:
            _draft_for_others(turn, event)
    elif not event.decided:
        own = turn.rows.get(Run, addressed)
        if own is not None and own.status != "exited":
            _resume(turn, own, event)
    match event.payload:
        case ChildWanted():
            start_child(turn, event, event.payload)
        case RunExited():
            _ended(turn, event.payload)
        case ScheduleFired():
            look_around(turn, event, event.payload)
    set_off(turn, event)


def _ended(turn: Turn, payload: RunExited) -> None:
    """Go on with the run that waited for this one, and start what waited for it to make room."""
    ended = turn.rows.get(Run, payload.run)
    assert ended is not None, "a run ends after it has started"
    parent = turn.rows.get(Run, ended.parent) if ended.parent else None
    if parent is not None and parent.status == "live" and parent.child == ended.id:
        accepted = turn.library.definition(turn.rows, parent.hash)
        step = accepted.definition.program[parent.at]
        assert isinstance(step, Start)
        assert step.otherwise is not None
        Interpreter(turn, accepted, parent).go_on(step.got.get(payload.outcome, step.otherwise))
    if ended.contact is not None:
        _wake(turn, ("exclusive",), contact=ended.contact)
    next_in_queue(turn, ended)


def _concerned(turn: Turn, event: StoredEvent) -> list[Run]:
    payload = event.payload
    contact = getattr(payload, "contact", None) or getattr(payload, "referrer", None)
    opening = getattr(payload, "opening", None)
    found: dict[str, Run] = {}
    for subject, value in (("contact", contact), ("opening", opening)):
        if value is not None:
            for run in turn.rows.find(Run, status="live", **{subject: value}):
                found[run.id] = run
    return [run for run in found.values() if concerns(event, run)]


def _offer(turn: Turn, run: Run, event: StoredEvent) -> None:
    """Let a parked run act on an event that concerns it, if it does."""
    accepted = turn.library.definition(turn.rows, run.hash)
    interpreter = Interpreter(turn, accepted, run)
    try:
        sides, interrupt = _interrupts(turn, accepted, run, event)
    except RefflowError as error:
        interpreter.stick(str(error))
        return
    if sides and turn.generation > MOST_GENERATIONS:
        interpreter.stick("Side lists set each other off without end.")
        return
    for each in sides:
        assert each.do is not None
        interpreter.go_aside(each.do, event)
    if run.status != "live":
        return
    step = accepted.definition.program[run.at]
    if interrupt is not None:
        interpreter.take_up(event)
        interpreter.leave(event.kind)
        if interrupt.go is not None:
            interpreter.go_on(accepted.definition.blocks[interrupt.go])
        else:
            interpreter.exit(interrupt.exit or STOPPED)
    elif isinstance(step, Wait) and event.kind in step.events:
        interpreter.gather(step, event)
    elif isinstance(step, Send) and event.kind in REDRAFTING:
        _draft_again(turn, accepted, run, step)


def _interrupts(
    turn: Turn, accepted: Accepted, run: Run, event: StoredEvent
) -> tuple[list[Interrupt], Interrupt | None]:
    """What `event` sets off: every side list whose condition holds, and the first interrupt that moves the run.
    Those that go to a block are armed in the main flow only. Whoever must not be written to ends every run,
    declared or not.
    """
    definition = accepted.definition
    sides: list[Interrupt] = []
    in_main_flow = definition.block_of(run.at) is None
    for interrupt in definition.anytime:
        if interrupt.event != event.kind or (interrupt.go is not None and not in_main_flow):
            continue
        if interrupt.condition is not None:
            env = Environment(
                turn,
                definition,
                contact=run.contact,
                opening=run.opening,
                kind=event.kind,
                event=turn.plain(event),
                sends=run.sends,
                values=run.vars,
            )
            if turn.library.evaluate(accepted, interrupt.condition, env) is not True:
                continue
        if interrupt.do is None:
            return sides, interrupt
        sides.append(interrupt)
    return sides, Interrupt(event=event.kind, exit=STOPPED) if event.kind in STOPS else None


def _draft_for_others(turn: Turn, event: StoredEvent) -> None:
    """Write anew the drafts to the person that `event` is about, of runs that are about somebody else."""
    for message in turn.rows.find(Message, contact=getattr(event.payload, "contact", None) or ""):
        run = turn.rows.get(Run, message.run) if message.status in ("drafted", "held") else None
        if run is None or run.status != "live" or run.contact == message.contact or run.message != message.id:
            continue
        accepted = turn.library.definition(turn.rows, run.hash)
        step = accepted.definition.program[run.at]
        if isinstance(step, Send):
            _draft_again(turn, accepted, run, step)


def _draft_again(turn: Turn, accepted: Accepted, run: Run, step: Send) -> None:
    """Write a draft anew when what it is made of has changed; never over what the owner wrote."""
    message = turn.rows.get(Message, run.message) if run.message else None
    if message is None or message.status not in ("drafted", "held"):
        return
    if not message.edited and (message.status == "drafted" or message.rule in LACKING):
        try:
            draft(turn, accepted, run, step, again=message)
        except RefflowError as error:
            Interpreter(turn, accepted, run).stick(str(error))
    elif message.rule in LACKING:
        Interpreter(turn, accepted, run).release(step, message)


def _resume(turn: Turn, run: Run, event: StoredEvent) -> None:
    """Act on an event addressed to this run: what became of its timer, its message or its task."""
    accepted = turn.library.definition(turn.rows, run.hash)
    step = accepted.definition.program[run.at]
    interpreter = Interpreter(turn, accepted, run)
    if isinstance(event.payload, RunCancelled):
        interpreter.leave("cancelled")
        interpreter.exit("cancelled")
        return
    match step:
        case Send():
            _resume_send(turn, interpreter, step, event)
        case Task() if isinstance(event.payload, TaskClosed) and event.payload.task == run.task:
            addresses = {"done": step.done, "skipped": step.skipped, "expired": step.expired}
            interpreter.go_on(addresses[event.payload.outcome])
        case Task() if isinstance(event.payload, TimerFired) and (longer := _time_lost(turn, run)):
            turn.record(TimerSet(run=run.id, step=run.step, due=longer, rule="paused"), by=accepted.by)
        case Task() if isinstance(event.payload, TimerFired) and run.task is not None:
            turn.record(
                TaskClosed(task=run.task, run=run.id, outcome="expired", contact=run.contact), by=accepted.by
            )
            interpreter.go_on(step.expired)
        case Wait() if isinstance(event.payload, TimerFired) and run.settling is not None:
            interpreter.go_on(step.got[run.event_kind])
        case Wait() if isinstance(event.payload, TimerFired):
            interpreter.go_on(run.at + 1 if step.timeout is None else step.timeout)


def _time_lost(turn: Turn, run: Run) -> datetime | None:
    """Until when a person still has time for the task of `run`, whose limit has come: pauses do not count."""
    task = turn.rows.get(TaskRow, run.task) if run.task else None
    if task is None:
        return None
    due = task.due + paused_between(turn.rows, run, task.opened_at, turn.now)
    return instant(due) if due > turn.now else None


def _wake(turn: Turn, rules: Collection[str], **equal: str) -> None:
    """Try again to send what these rules hold back."""
    held = turn.rows.find(Message, status="held", **equal)
    for message in sorted(held, key=lambda each: int(each.id[1:])):
        run = turn.rows.get(Run, message.run)
        if message.rule in rules and run is not None and run.status == "live" and run.message == message.id:
            accepted = turn.library.definition(turn.rows, run.hash)
            step = accepted.definition.program[run.at]
            if isinstance(step, Send):
                Interpreter(turn, accepted, run).release(step, message)


def _resume_send(turn: Turn, interpreter: Interpreter, step: Send, event: StoredEvent) -> None:
    run = interpreter.run
    message = turn.rows.get(Message, run.message) if run.message else None
    if message is None or getattr(event.payload, "message", message.id) != message.id:
        return
    match event.kind:
        case "message.approved":
            interpreter.release(step, message)
        case "timer.fired" if message.status == "held":
            interpreter.release(step, message)
        case "message.sent" | "message.skipped":
            interpreter.go_on(run.at + 1)
        case "message.failed" if event.payload.severity == "retry" and (
            pause := try_again(turn, interpreter.accepted, message, event.payload.wait)
        ):
            hold(turn, interpreter.accepted, run, message, pause)
        case "message.failed" if step.failed is not None:
            turn.record(
                MessageSkipped(
                    message=message.id,
                    run=run.id,
                    contact=message.contact,
                    reason="it could not be handed over",
                ),
                by=interpreter.accepted.by,
            )
            interpreter.go_on(step.failed)
        case "message.failed":
            interpreter.stick("The message could not be handed over.")
