"""The engine: what follows from each fact under the definitions in force.

Live runs look at an event first, then it may start new ones. An event that a decision records is looked at
in its turn, so a run that ends can set off the next.
"""

from __future__ import annotations

from refflow.contacts.tie import warmth
from refflow.errors import RefflowError
from refflow.events.event import StoredEvent, instant, micros
from refflow.events.messages import MessageSkipped
from refflow.events.openings import AskOpened
from refflow.events.runs import RunCancelled, RunStarted, RunWanted, TaskClosed, TimerFired, TriggerIgnored
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.runs import Run

from .definition import Definition, Interrupt, Send, Task, Trigger, Wait
from .environment import environment
from .facts import tie_of
from .guards import Refusal, may_start
from .interpreter import STOPPED, Interpreter, concerns
from .library import Accepted
from .sending import MOST_ATTEMPTS, draft, hold, try_again
from .turn import Turn

DEFINING = frozenset({"workflow.defined", "workflow.retired"})
STOPS = frozenset({"contact.blocked", "contact.opted_out"})
LACKING = frozenset({"packet", "unfilled"})
"""Rules that hold a message until something that it lacks is given."""
REDRAFTING = frozenset({"ask.personalised", "opening.changed", "contact.changed"})
"""Events that can change what a draft says."""


def settle(turn: Turn) -> None:
    """Decide what follows from every event recorded in the turn, and from what that leads to."""
    heard = _heard(turn)
    for event in turn.to_settle():
        if event.kind in DEFINING:
            heard = _heard(turn)
        elif event.kind in heard or getattr(event.payload, "run", None) is not None:
            _look_at(turn, event)


def _heard(turn: Turn) -> frozenset[str]:
    """The kinds of events that anybody may act on."""
    triggers = {
        trigger.event or "run.wanted"
        for accepted in turn.library.current(turn.rows)
        for trigger in accepted.definition.triggers
    }
    return turn.library.heard(turn.rows) | triggers | REDRAFTING | STOPS


def _look_at(turn: Turn, event: StoredEvent) -> None:
    addressed = getattr(event.payload, "run", None)
    if addressed is None:
        for run in _concerned(turn, event):
            _offer(turn, run, event)
    elif not event.by.startswith("workflow:"):
        own = turn.rows.get(Run, addressed)
        if own is not None and own.status != "exited":
            _resume(turn, own, event)
    for accepted in turn.library.current(turn.rows):
        for trigger in accepted.definition.triggers:
            if _sets_off(trigger, accepted.definition, event):
                _start(turn, accepted, trigger, event)


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
        interrupt = _interrupt(turn, accepted, run, event)
    except RefflowError as error:
        interpreter.stick(str(error))
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
        interpreter.take_up(event)
        interpreter.go_on(step.got[event.kind])
    elif isinstance(step, Send) and event.kind in REDRAFTING:
        _draft_again(turn, accepted, run, step)


def _interrupt(turn: Turn, accepted: Accepted, run: Run, event: StoredEvent) -> Interrupt | None:
    """The interrupt that `event` sets off: the first whose condition holds. Those that go to a block are
    armed in the main flow only. Whoever must not be written to ends every run, declared or not.
    """
    definition = accepted.definition
    in_main_flow = definition.block_of(run.at) is None
    for interrupt in definition.anytime:
        if interrupt.event != event.kind or (interrupt.go is not None and not in_main_flow):
            continue
        if interrupt.condition is not None:
            env = environment(
                turn,
                definition,
                contact=run.contact,
                opening=run.opening,
                kind=event.kind,
                event=turn.plain(event),
            )
            if turn.library.evaluate(accepted, interrupt.condition, env) is not True:
                continue
        return interrupt
    return Interrupt(event=event.kind, exit=STOPPED) if event.kind in STOPS else None


def _draft_again(turn: Turn, accepted: Accepted, run: Run, step: Send) -> None:
    """Write a draft anew when what it is made of has changed; never over what the owner wrote."""
    message = turn.rows.get(Message, run.message) if run.message else None
    if message is None or message.status not in ("drafted", "held"):
        return
    if not message.edited and (message.status == "drafted" or message.rule in LACKING):
        draft(turn, accepted, run, step, again=message)
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
        case Task() if isinstance(event.payload, TimerFired) and run.task is not None:
            turn.record(
                TaskClosed(task=run.task, run=run.id, outcome="expired", contact=run.contact), by=accepted.by
            )
            interpreter.go_on(step.expired)
        case Wait() if isinstance(event.payload, TimerFired):
            interpreter.go_on(run.at + 1 if step.timeout is None else step.timeout)


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
        case "message.failed" if event.payload.severity == "retry" and message.attempts < MOST_ATTEMPTS:
            hold(turn, interpreter.accepted, run, message, try_again(turn, message))
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


def _sets_off(trigger: Trigger, definition: Definition, event: StoredEvent) -> bool:
    if trigger.event is None:
        return isinstance(event.payload, RunWanted) and event.payload.workflow == definition.name
    return trigger.event == event.kind


def _start(turn: Turn, accepted: Accepted, trigger: Trigger, event: StoredEvent) -> None:
    """Start a run of a definition that `event` triggers, or say in the log why not."""
    definition, rows = accepted.definition, turn.rows
    fields = turn.plain(event)
    bare = environment(turn, definition, contact=None, opening=None, kind=event.kind, event=fields)
    subjects = {
        name: turn.library.evaluate(accepted, source, bare) for name, source in definition.subject.items()
    }
    if any(subjects[name] is None for name in definition.key):
        return
    contact, opening = subjects.get("contact"), subjects.get("opening")
    person = rows.get(Contact, contact) if contact else None
    posting = rows.get(Opening, opening) if opening else None
    env = environment(turn, definition, contact=contact, opening=opening, kind=event.kind, event=fields)
    if trigger.condition is not None and turn.library.evaluate(accepted, trigger.condition, env) is not True:
        return
    refusal = (
        _earlier_run(turn, accepted, subjects)
        or may_start(turn, accepted, event.kind, person, posting)
        or _not_eligible(turn, accepted, env)
    )
    if refusal is not None:
        turn.record(
            TriggerIgnored(
                workflow=definition.name,
                reason=refusal.reason,
                detail=refusal.detail,
                contact=contact,
                opening=opening,
                run=refusal.run,
            ),
            by=accepted.by,
        )
        return
    run = f"r{turn.next_position}"
    turn.record(
        RunStarted(
            run=run,
            workflow=definition.name,
            hash=accepted.hash,
            trigger=event.position,
            kind=event.kind,
            event=fields,
            contact=contact,
            opening=opening,
        ),
        by=accepted.by,
    )
    if event.kind == "referral.wanted" and contact is not None and opening is not None and person is not None:
        warming = warmth(tie_of(person), turn.now) in ("dormant", "cold")
        turn.record(AskOpened(contact=contact, opening=opening, run=run, warming=warming), by=accepted.by)
    started = rows.get(Run, run)
    assert started is not None
    Interpreter(turn, accepted, started).go_on(0)


def _earlier_run(turn: Turn, accepted: Accepted, subjects: dict[str, str]) -> Refusal | None:
    """Whether a run with the same key lives, or has ended and is not to be repeated yet."""
    definition = accepted.definition
    key = {name: subjects[name] for name in definition.key}
    for run in reversed(turn.rows.find(Run, workflow=definition.name, **key)):
        if run.status != "exited":
            return Refusal(reason="running", detail=f"{run.id} is already at it.", run=run.id)
        if definition.again == "never":
            return Refusal(reason="again", detail=f"{run.id} did this once; it is not repeated.", run=run.id)
        if definition.again != "always":
            calendar = turn.settings.calendar
            free = calendar.add(instant(run.ended_at or run.started_at), definition.again)
            if micros(free) > turn.now:
                return Refusal(
                    reason="again", detail=f"{run.id} did this; not before {free:%Y-%m-%d}.", run=run.id
                )
    return None


def _not_eligible(turn: Turn, accepted: Accepted, env: dict[str, object]) -> Refusal | None:
    for line in accepted.definition.guard:
        if turn.library.evaluate(accepted, line, env) is not True:
            values = turn.library.explain(accepted, line, env)
            terms = ", ".join(f"{text} = {value}" for text, value in list(values.items())[1:])
            return Refusal(reason="not_eligible", detail=f"`{line.text}` is false ({terms}).")
    return None
