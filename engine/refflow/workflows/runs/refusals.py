"""Refusals: why a run may not start."""

from __future__ import annotations

import msgspec

from refflow.contacts.tie import warmth
from refflow.errors import RefflowError
from refflow.events.event import instant, micros
from refflow.views.companies import resolve
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.pipeline import TAKEN, Ask
from refflow.views.runs.queue import Queued
from refflow.views.runs.run import Run

from ..language.facts import tie_of
from ..language.library import Accepted
from .interpreter import RESTARTED
from .turn import MOST_GENERATIONS, Turn
from .wishes import Wish, unended, wish_environment


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run may not start."""

    reason: str
    detail: str
    run: str | None = None


def refused(turn: Turn, accepted: Accepted, wish: Wish, same: list[Run]) -> Refusal | None:
    """What forbids the run, for good or at this time. `same` are those with the same key."""
    rows = turn.rows
    contact = rows.get(Contact, wish.contact) if wish.contact else None
    opening = rows.get(Opening, wish.opening) if wish.opening else None
    return (
        _earlier_run(turn, accepted, wish, same)
        or _may_be_contacted(contact)
        or (_may_ask(turn, contact, opening) if wish.kind == "referral.wanted" else None)
        or _not_eligible(turn, accepted, wish)
        or _endless(turn)
    )


def _may_be_contacted(contact: Contact | None) -> Refusal | None:
    """Whether a run about `contact` may start at all."""
    if contact is not None and (contact.blocked or contact.opted_out):
        return Refusal(reason="do_not_contact", detail="This person is not to be contacted.")
    return None


def _may_ask(turn: Turn, contact: Contact | None, opening: Opening | None) -> Refusal | None:
    """Whether this contact may be asked about this opening now."""
    if contact is None or opening is None:
        return None
    if opening.status != "open":
        return Refusal(reason="opening_closed", detail=f"{opening.id} is closed.")
    settings, rows = turn.settings, turn.rows
    if contact.declined_at is not None:
        free = settings.calendar.add(instant(contact.declined_at), settings.cooldown)
        if micros(free) > turn.now:
            return Refusal(
                reason="cooldown",
                detail=f"This person said no on {instant(contact.declined_at):%Y-%m-%d}; not before {free:%Y-%m-%d}.",
            )
    if warmth(tie_of(contact), turn.now) in ("dormant", "cold"):
        return None  # The tie is warmed first; the opening is not taken by that.
    for ask in rows.find(Ask, opening=opening.id):
        if ask.stage in TAKEN and ask.contact != contact.id:
            return Refusal(
                reason="one_open_ask",
                detail=f"{ask.id} is {ask.stage}: one person at a time for one opening.",
                run=ask.run,
            )
    return _too_many_open(turn, opening)


def _too_many_open(turn: Turn, opening: Opening) -> Refusal | None:
    limits = turn.settings.open_asks
    waiting = [ask for stage in ("ready", "asked", "agreed") for ask in turn.rows.find(Ask, stage=stage)]
    if len(waiting) >= limits.in_all:
        return Refusal(
            reason="open_asks", detail=f"{len(waiting)} asks are open; the limit is {limits.in_all}."
        )
    company = resolve(turn.rows, opening.company)
    here = [ask for ask in waiting if _company_of(turn, ask) == company]
    if len(here) >= limits.per_company:
        return Refusal(
            reason="open_asks",
            detail=f"{len(here)} asks are open at this company; the limit is {limits.per_company}.",
        )
    return None


def _company_of(turn: Turn, ask: Ask) -> str | None:
    opening = turn.rows.get(Opening, ask.opening)
    return resolve(turn.rows, opening.company) if opening else None


def _earlier_run(turn: Turn, accepted: Accepted, wish: Wish, same: list[Run]) -> Refusal | None:
    """What `mode` says of a live run with the same key, and `again` of those that have ended."""
    definition, live = accepted.definition, unended(same)
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
    env = wish_environment(turn, accepted, wish)
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


def _endless(turn: Turn) -> Refusal | None:
    if turn.generation <= MOST_GENERATIONS:
        return None
    return Refusal(reason="cycle", detail="Workflows start each other without end.")
