"""Starting runs: what an event sets off, what a look at a time of the week finds, and who waits for whom."""

from __future__ import annotations

from typing import Literal

import msgspec

from refflow.contacts.tie import warmth
from refflow.errors import RefflowError
from refflow.events.event import StoredEvent, instant
from refflow.events.openings import AskOpened
from refflow.events.runs import (
    ChildStarted,
    ChildWanted,
    RunStarted,
    ScheduleFired,
    ScheduleSet,
    TriggerDequeued,
    TriggerIgnored,
    TriggerQueued,
)
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.runs.queue import Queued
from refflow.views.runs.run import Run

from ..language.definition import Start
from ..language.facts import tie_of
from ..language.library import Accepted
from ..language.vocabulary import MANUAL
from .conversations import ancestors, pursuing
from .interpreter import RESTARTED, Interpreter
from .refusals import Refusal, refused
from .turn import Turn
from .wishes import Wish, blocked, child_wish, same_key, sets_off, startable, unended, wish_of, wish_or_blocked


def set_off(turn: Turn, event: StoredEvent) -> None:
    """Start what `event` triggers, let it wait for its turn, or say in the log why not."""
    for accepted, trigger in turn.in_force.triggers.get(event.kind, ()):
        if sets_off(trigger, accepted.definition, event):
            wish = wish_or_blocked(turn, accepted, trigger, event)
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
        _ignore(turn, by, wanted.workflow, child_wish(event, wanted, parent, MANUAL, {}), refusal)
    else:
        found = startable(turn, accepted.definition, wanted)
        wish = child_wish(event, wanted, parent, *(found or (MANUAL, {})))
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
                if wish is None and sets_off(trigger, accepted.definition, event):
                    wish = wish_or_blocked(turn, accepted, trigger, event)
        if accepted is None or wish is None:
            by = f"workflow:{each.workflow}@retired" if accepted is None else accepted.by
            turn.record(_dequeued(each, "refused"), by=by)
            continue
        wish = msgspec.structs.replace(wish, waited_for=each.reason)
        same = same_key(turn, accepted, wish)
        if _ahead(turn, accepted, wish, same) is not None:
            continue
        refusal = refused(turn, accepted, wish, same)
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
            wish = wish_of(turn, accepted, trigger, event.position, MANUAL, fields)
        except RefflowError as error:
            blocked(turn, accepted, event.position, error)
            break  # Nobody else could be looked at either.
        if wish is None:
            continue
        same = same_key(turn, accepted, wish)
        if refused(turn, accepted, wish, same) is None and _ahead(turn, accepted, wish, same) is None:
            _begin(turn, accepted, wish)
    due = turn.settings.calendar.next_time(instant(turn.now), trigger.every)
    turn.record(ScheduleSet(workflow=fired.workflow, trigger=fired.trigger, due=due), by=accepted.by)


def _decide(turn: Turn, accepted: Accepted, wish: Wish) -> bool:
    """Whether the run starts; else it waits for its turn, or the log says why not."""
    same = same_key(turn, accepted, wish)
    refusal = refused(turn, accepted, wish, same)
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
    for run in unended(same) if accepted.definition.mode == "restart" else ():
        interpreter = Interpreter(turn, turn.library.definition(turn.rows, run.hash), run)
        interpreter.leave(RESTARTED)
        interpreter.exit(RESTARTED)
    _begin(turn, accepted, wish)
    return True


def _ahead(
    turn: Turn, accepted: Accepted, wish: Wish, same: list[Run]
) -> tuple[Literal["exclusive", "mode"], Run] | None:
    """The run that has to end before this one starts, and why. `same` are those with the same key."""
    definition, live = accepted.definition, unended(same)
    if definition.mode == "queue" and live:
        return "mode", live[0]
    if definition.policy.exclusive is None or wish.contact is None:
        return None
    family = {run.id for run in (*ancestors(turn, wish.parent), *live)}
    if definition.mode not in ("restart", "parallel"):
        family -= {run.id for run in live}
    holders = (run for run in pursuing(turn, wish.contact) if run.id not in family)
    holder = next((run for run in holders if not family & {each.id for each in ancestors(turn, run)}), None)
    return None if holder is None else ("exclusive", holder)


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
