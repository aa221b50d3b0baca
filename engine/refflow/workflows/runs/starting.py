"""Starting runs: what an event sets off, what `mode` and `again` say, and who waits for whom."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from refflow.contacts.tie import warmth
from refflow.errors import RefflowError
from refflow.events.event import StoredEvent, instant, micros
from refflow.events.openings import AskOpened
from refflow.events.runs import (
    ChildStarted,
    ChildWanted,
    RunStarted,
    RunWanted,
    ScheduleFired,
    ScheduleSet,
    TriggerDequeued,
    TriggerIgnored,
    TriggerQueued,
)
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.runs import Queued, Run

from ..language.definition import Definition, Start, Trigger
from ..language.facts import tie_of
from ..language.library import Accepted
from ..language.vocabulary import MANUAL
from .environment import Environment
from .guards import Refusal, ancestors, may_ask, may_be_contacted, pursuing
from .interpreter import RESTARTED, Interpreter
from .turn import MOST_GENERATIONS, Turn


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is to start, set off by the event at `cause`. It takes up an event of `kind` with `fields`."""

    cause: int
    kind: str
    fields: dict[str, Any]
    subjects: dict[str, str | None]
    parent: Run | None = None
    waited_for: Literal["exclusive", "mode"] | None = None

    @property
    def contact(self) -> str | None:
        """The contact it is about."""
        return self.subjects.get("contact")

    @property
    def opening(self) -> str | None:
        """The opening it is about."""
        return self.subjects.get("opening")


def set_off(turn: Turn, event: StoredEvent) -> None:
    """Start what `event` triggers, let it wait for its turn, or say in the log why not."""
    for accepted, trigger in turn.in_force.triggers.get(event.kind, ()):
        if _sets_off(trigger, accepted.definition, event):
            wish = _wish_or_blocked(turn, accepted, trigger, event)
            if wish is not None:
                _decide(turn, accepted, wish)


def start_child(turn: Turn, event: StoredEvent, wanted: ChildWanted) -> None:
    """Start the run that a step of another one wants. It never waits for its turn: the other would wait too."""
    rows = turn.rows
    parent = rows.get(Run, wanted.run)
    assert parent is not None, "the run that wants it has been started"
    by = turn.library.definition(rows, parent.hash)
    accepted = turn.in_force.named(wanted.workflow)
    if accepted is None:
        refusal = Refusal(reason="no_workflow", detail=f"There is no workflow `{wanted.workflow}`.")
        _ignore(turn, by, wanted.workflow, _child_wish(event, wanted, parent, MANUAL, {}), refusal)
    else:
        found = _startable(turn, accepted.definition, wanted)
        wish = _child_wish(event, wanted, parent, *(found or (MANUAL, {})))
        if found is None:
            detail = f"{wanted.workflow} needs an event to start: give it `on: [{{manual: true}}]`."
            _ignore(turn, by, wanted.workflow, wish, Refusal(reason="not_startable", detail=detail))
        elif _decide(turn, accepted, wish):
            return
    step = by.definition.program[parent.at]
    if wanted.wait and parent.status == "live" and isinstance(step, Start) and step.step == wanted.step:
        assert step.refused is not None
        Interpreter(turn, by, parent).go_on(step.refused)


def next_in_queue(turn: Turn, ended: Run) -> None:
    """Start what waited for a run that has ended, the most urgent first."""
    rows = turn.rows
    waiting = {each.id: each for each in rows.find(Queued, behind=ended.id)}
    if ended.contact is not None:
        waiting |= {each.id: each for each in rows.find(Queued, contact=ended.contact)}
    for each in sorted(waiting.values(), key=lambda each: (-each.priority, each.trigger)):
        accepted = turn.in_force.named(each.workflow)
        event = turn.recall(each.trigger)
        wish = None
        if accepted is not None and event is not None:
            for trigger in accepted.definition.triggers:
                if wish is None and _sets_off(trigger, accepted.definition, event):
                    wish = _wish_or_blocked(turn, accepted, trigger, event)
        if accepted is None or wish is None:
            by = f"workflow:{each.workflow}@retired" if accepted is None else accepted.by
            turn.record(_dequeued(each, "refused"), by=by)
            continue
        wish = msgspec.structs.replace(wish, waited_for=each.reason)
        same = _same_key(turn, accepted, wish)
        if _ahead(turn, accepted, wish, same) is not None:
            continue
        refusal = _refused(turn, accepted, wish, same)
        turn.record(_dequeued(each, "refused" if refusal else "started"), by=accepted.by, cause=each.trigger)
        if refusal is not None:
            _ignore(turn, accepted, each.workflow, wish, refusal)
        else:
            _begin(turn, accepted, wish)


def set_schedules(turn: Turn, workflow: str) -> None:
    """Say when each trigger of a workflow that looks at a time of the week does so next."""
    accepted = turn.in_force.named(workflow)
    if accepted is not None:
        for number, trigger in enumerate(accepted.definition.triggers):
            if trigger.every is not None:
                due = turn.settings.calendar.next_time(instant(turn.now), trigger.every)
                turn.record(ScheduleSet(workflow=workflow, trigger=number, due=due), by=accepted.by)


def look_around(turn: Turn, event: StoredEvent, fired: ScheduleFired) -> None:
    """Start a run for each contact or opening that meets the condition of a trigger whose time has come.

    What is refused is passed over: nobody asked for it, and the time comes again. Times that were missed are
    made up for once.
    """
    accepted = turn.in_force.named(fired.workflow)
    if accepted is None or fired.trigger >= len(accepted.definition.triggers):
        return
    trigger = accepted.definition.triggers[fired.trigger]
    if trigger.every is None:
        return
    row: type[Contact] | type[Opening] = Contact if trigger.each == "contact" else Opening
    for each in turn.rows.find(row):
        fields = {"workflow": fired.workflow, str(trigger.each): each.id}
        try:
            wish = _wish(turn, accepted, trigger, event.position, MANUAL, fields)
        except RefflowError as error:
            _blocked(turn, accepted, event.position, error)
            break  # Nobody else could be looked at either.
        if wish is None:
            continue
        same = _same_key(turn, accepted, wish)
        if _refused(turn, accepted, wish, same) is None and _ahead(turn, accepted, wish, same) is None:
            _begin(turn, accepted, wish)
    due = turn.settings.calendar.next_time(instant(turn.now), trigger.every)
    turn.record(ScheduleSet(workflow=fired.workflow, trigger=fired.trigger, due=due), by=accepted.by)


def _sets_off(trigger: Trigger, definition: Definition, event: StoredEvent) -> bool:
    if trigger.every is not None:
        return False
    if trigger.event is None:
        return isinstance(event.payload, RunWanted) and event.payload.workflow == definition.name
    return trigger.event == event.kind


def _wish(
    turn: Turn, accepted: Accepted, trigger: Trigger, cause: int, kind: str, fields: dict[str, Any]
) -> Wish | None:
    """The run that an event asks for, if it names everybody and meets the condition of the trigger."""
    definition = accepted.definition
    bare = Environment(turn, definition, contact=None, opening=None, kind=kind, event=fields)
    subjects = {
        name: turn.library.evaluate(accepted, source, bare) for name, source in definition.subject.items()
    }
    if any(subjects[name] is None for name in definition.key):
        return None
    wish = Wish(cause=cause, kind=kind, fields=fields, subjects=subjects)
    if trigger.condition is None:
        return wish
    holds = turn.library.evaluate(accepted, trigger.condition, _env(turn, accepted, wish)) is True
    return wish if holds else None


def _wish_or_blocked(turn: Turn, accepted: Accepted, trigger: Trigger, event: StoredEvent) -> Wish | None:
    """The run that an event asks for; the log says so when its workflow cannot tell, and the others go on."""
    try:
        return _wish(turn, accepted, trigger, event.position, event.kind, turn.plain(event))
    except RefflowError as error:
        _blocked(turn, accepted, event.position, error)
        return None


def _blocked(turn: Turn, accepted: Accepted, cause: int, error: RefflowError) -> None:
    """What the conditions of a workflow ask a plugin has failed, or is no longer there."""
    name = accepted.definition.name
    turn.record(TriggerIgnored(workflow=name, reason="blocked", detail=str(error)), by=accepted.by, cause=cause)


def _env(turn: Turn, accepted: Accepted, wish: Wish) -> Environment:
    return Environment(
        turn,
        accepted.definition,
        contact=wish.contact,
        opening=wish.opening,
        kind=wish.kind,
        event=wish.fields,
    )


def _startable(turn: Turn, definition: Definition, wanted: ChildWanted) -> tuple[str, dict[str, Any]] | None:
    """The kind and fields of an event that would start `definition` for these subjects, from a trigger whose
    event says no more than whom it is about.
    """
    given = {
        "workflow": wanted.workflow,
        "contact": wanted.contact,
        "referrer": wanted.contact,
        "opening": wanted.opening,
    }
    if any(getattr(wanted, name, None) is None for name in definition.key):
        return None
    for trigger in definition.triggers:
        kind = trigger.event or MANUAL
        fields = msgspec.structs.fields(turn.kinds[kind].payload) if kind in turn.kinds else ()
        if fields and all(not each.required or given.get(each.name) is not None for each in fields):
            names = {each.name for each in fields}
            return kind, {name: value for name, value in given.items() if name in names and value is not None}
    return None


def _child_wish(
    event: StoredEvent, wanted: ChildWanted, parent: Run, kind: str, fields: dict[str, Any]
) -> Wish:
    subjects = {"contact": wanted.contact, "opening": wanted.opening}
    return Wish(cause=event.position, kind=kind, fields=fields, subjects=subjects, parent=parent)


def _decide(turn: Turn, accepted: Accepted, wish: Wish) -> bool:
    """Whether the run starts; else it waits for its turn, or the log says why not."""
    same = _same_key(turn, accepted, wish)
    refusal = _refused(turn, accepted, wish, same)
    ahead = _ahead(turn, accepted, wish, same) if refusal is None else None
    if refusal is None and ahead is not None and wish.parent is not None:
        refusal = Refusal(reason=ahead[0], detail=f"{ahead[1].id} comes first.", run=ahead[1].id)
    name = accepted.definition.name
    if refusal is not None:
        _ignore(turn, accepted, name, wish, refusal)
        return False
    if ahead is not None:
        queued = TriggerQueued(
            queued=f"q{turn.next_position}",
            workflow=name,
            trigger=wish.cause,
            reason=ahead[0],
            behind=ahead[1].id,
            priority=accepted.definition.policy.priority,
            contact=wish.contact,
            opening=wish.opening,
        )
        turn.record(queued, by=accepted.by, cause=wish.cause)
        return False
    for run in _unended(same) if accepted.definition.mode == "restart" else ():
        interpreter = Interpreter(turn, turn.library.definition(turn.rows, run.hash), run)
        interpreter.leave(RESTARTED)
        interpreter.exit(RESTARTED)
    _begin(turn, accepted, wish)
    return True


def _same_key(turn: Turn, accepted: Accepted, wish: Wish) -> list[Run]:
    key = {name: wish.subjects[name] for name in accepted.definition.key}
    return turn.rows.find(Run, workflow=accepted.definition.name, **key)


def _unended(runs: list[Run]) -> list[Run]:
    return [run for run in runs if run.status != "exited"]


def _ahead(
    turn: Turn, accepted: Accepted, wish: Wish, same: list[Run]
) -> tuple[Literal["exclusive", "mode"], Run] | None:
    """The run that has to end before this one starts, and why. `same` are those with the same key."""
    definition, unended = accepted.definition, _unended(same)
    if definition.mode == "queue" and unended:
        return "mode", unended[0]
    if definition.policy.exclusive is None or wish.contact is None:
        return None
    family = {run.id for run in (*ancestors(turn, wish.parent), *unended)}
    if definition.mode not in ("restart", "parallel"):
        family -= {run.id for run in unended}
    holders = (run for run in pursuing(turn, wish.contact) if run.id not in family)
    holder = next((run for run in holders if not family & {each.id for each in ancestors(turn, run)}), None)
    return None if holder is None else ("exclusive", holder)


def _refused(turn: Turn, accepted: Accepted, wish: Wish, same: list[Run]) -> Refusal | None:
    """What forbids the run, for good or at this time. `same` are those with the same key."""
    rows = turn.rows
    contact = rows.get(Contact, wish.contact) if wish.contact else None
    opening = rows.get(Opening, wish.opening) if wish.opening else None
    return (
        _earlier_run(turn, accepted, wish, same)
        or may_be_contacted(contact)
        or (may_ask(turn, contact, opening) if wish.kind == "referral.wanted" else None)
        or _not_eligible(turn, accepted, wish)
        or _endless(turn)
    )


def _endless(turn: Turn) -> Refusal | None:
    if turn.generation <= MOST_GENERATIONS:
        return None
    return Refusal(reason="cycle", detail="Workflows start each other without end.")


def _earlier_run(turn: Turn, accepted: Accepted, wish: Wish, same: list[Run]) -> Refusal | None:
    """What `mode` says of a live run with the same key, and `again` of those that have ended."""
    definition, live = accepted.definition, _unended(same)
    ended = [run for run in same if run.status == "exited" and run.outcome != RESTARTED]
    if live and definition.mode == "single":
        return Refusal(reason="running", detail=f"{live[-1].id} is already at it.", run=live[-1].id)
    if wish.waited_for is None and (waiting := _queued(turn, accepted, wish)) is not None:
        return Refusal(reason="queued", detail=f"{waiting.id} waits for its turn already.", run=waiting.behind)
    if definition.rounds is not None and len(ended) + len(live) >= definition.rounds:
        return Refusal(reason="again", detail=f"It ran {definition.rounds} times; it is not repeated.")
    if not ended or wish.waited_for == "mode" or definition.again == "always":
        return None
    last = max(ended, key=lambda run: run.ended_at or run.started_at)
    if definition.again == "never":
        if live and definition.mode != "single":
            return None  # It is about a run that lives: `mode` decides.
        return Refusal(reason="again", detail=f"{last.id} did this once; it is not repeated.", run=last.id)
    free = turn.settings.calendar.add(instant(last.ended_at or last.started_at), definition.again)
    if micros(free) <= turn.now:
        return None
    return Refusal(reason="again", detail=f"{last.id} did this; not before {free:%Y-%m-%d}.", run=last.id)


def _queued(turn: Turn, accepted: Accepted, wish: Wish) -> Queued | None:
    """What waits for the same, when only one of the kind is to run at a time."""
    if accepted.definition.mode in ("queue", "parallel"):
        return None
    key = {name: wish.subjects[name] for name in accepted.definition.key}
    return next(iter(turn.rows.find(Queued, workflow=accepted.definition.name, **key)), None)


def _not_eligible(turn: Turn, accepted: Accepted, wish: Wish) -> Refusal | None:
    env = _env(turn, accepted, wish)
    for line in accepted.definition.guard:
        try:
            holds = turn.library.evaluate(accepted, line, env) is True
        except RefflowError as error:
            return Refusal(reason="blocked", detail=str(error))
        if not holds:
            values = turn.library.explain(accepted, line, env)
            terms = ", ".join(f"{text} = {value}" for text, value in list(values.items())[1:])
            return Refusal(reason="not_eligible", detail=f"`{line.text}` is false ({terms}).")
    return None


def _ignore(turn: Turn, by: Accepted, workflow: str, wish: Wish, refusal: Refusal) -> None:
    turn.record(
        TriggerIgnored(
            workflow=workflow,
            reason=refusal.reason,
            detail=refusal.detail,
            contact=wish.contact,
            opening=wish.opening,
            run=refusal.run,
        ),
        by=by.by,
        cause=wish.cause,
    )


def _dequeued(queued: Queued, outcome: Literal["started", "refused"]) -> TriggerDequeued:
    return TriggerDequeued(
        queued=queued.id,
        workflow=queued.workflow,
        outcome=outcome,
        contact=queued.contact,
        opening=queued.opening,
    )


def _begin(turn: Turn, accepted: Accepted, wish: Wish) -> None:
    run, rows = f"r{turn.next_position}", turn.rows
    turn.record(
        RunStarted(
            run=run,
            workflow=accepted.definition.name,
            hash=accepted.hash,
            trigger=wish.cause,
            kind=wish.kind,
            event=wish.fields,
            contact=wish.contact,
            opening=wish.opening,
        ),
        by=accepted.by,
        cause=wish.cause,
    )
    if wish.parent is not None:
        wanted = turn.recall(wish.cause)
        assert wanted is not None
        step, wait = wanted.payload.step, wanted.payload.wait
        turn.record(ChildStarted(run=wish.parent.id, step=step, child=run, wait=wait), by=accepted.by)
    person = rows.get(Contact, wish.contact) if wish.contact else None
    if wish.kind == "referral.wanted" and person is not None and wish.opening is not None:
        warming = warmth(tie_of(person), turn.now) in ("dormant", "cold")
        turn.record(
            AskOpened(contact=person.id, opening=wish.opening, run=run, warming=warming), by=accepted.by
        )
    started = rows.get(Run, run)
    assert started is not None
    Interpreter(turn, accepted, started).go_on(0)
