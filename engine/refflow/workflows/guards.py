"""The guard rails: what no workflow can switch off. Each fails closed, and says why to a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from refflow.contacts.tie import warmth
from refflow.events.event import instant, micros
from refflow.views.companies import Company, resolve
from refflow.views.contacts import Contact
from refflow.views.debts import Debt
from refflow.views.messages import OPEN, Message, SendingDay
from refflow.views.openings import Opening
from refflow.views.pipeline import TAKEN, Ask, ask_id
from refflow.views.runs import Run
from refflow.views.timeline import Happening

from .calendar import Calendar, both
from .definition import Cap, Policy, Send
from .environment import run_environment
from .facts import tie_of
from .library import Accepted
from .turn import Turn

_PASSED = ("interaction.logged", "interaction.observed")


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Why a message may not leave now. `until` is the first instant at which the rule could let it go."""

    rule: str
    detail: str
    until: datetime | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run may not start."""

    reason: str
    detail: str
    run: str | None = None


def may_start(
    turn: Turn, accepted: Accepted, kind: str, contact: Contact | None, opening: Opening | None
) -> Refusal | None:
    """Whether a run of `accepted`, set off by an event of `kind`, may start with these subjects."""
    if contact is not None:
        if contact.blocked or contact.opted_out:
            return Refusal(reason="do_not_contact", detail="This person is not to be contacted.")
        holder = _exclusive_run(turn, accepted, contact)
        if holder is not None:
            return Refusal(
                reason="exclusive",
                detail=f"{holder.workflow} ({holder.id}) is in conversation with this person: one at a time.",
                run=holder.id,
            )
    if kind == "referral.wanted" and contact is not None and opening is not None:
        return _may_ask(turn, contact, opening)
    return None


def may_leave(turn: Turn, accepted: Accepted, run: Run, step: Send, message: Message) -> Hold | None:
    """Whether `message` may leave now. The order is fixed: what no waiting can mend comes first."""
    contact = turn.rows.get(Contact, message.contact)
    if contact is None or contact.blocked or contact.opted_out:
        return Hold(rule="do_not_contact", detail="This person is not to be contacted.")
    policy = accepted.definition.policy
    return (
        _guard_still_holds(turn, accepted, run)
        or _packet_is_complete(turn, run, message)
        or _opening_is_free(turn, run)
        or something_came_in(turn, run, message)
        or _caps(turn, policy, contact, message)
        or (None if step.urgent else _gap(turn, policy, contact))
        or _window(turn, policy, contact)
    )


def _exclusive_run(turn: Turn, accepted: Accepted, contact: Contact) -> Run | None:
    if accepted.definition.policy.exclusive is None:
        return None
    for run in turn.rows.find(Run, contact=contact.id, status="live"):
        if turn.library.definition(turn.rows, run.hash).definition.policy.exclusive is not None:
            return run
    return None


def _may_ask(turn: Turn, contact: Contact, opening: Opening) -> Refusal | None:
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


def _guard_still_holds(turn: Turn, accepted: Accepted, run: Run) -> Hold | None:
    env = run_environment(turn, run, accepted.definition)
    for line in accepted.definition.guard:
        if turn.library.evaluate(accepted, line, env) is not True:
            return Hold(rule="guard", detail=f"`{line.text}` no longer holds.")
    return None


def missing_from_packet(opening: Opening, ask: Ask | None) -> list[str]:
    """What an ask still lacks before it can go out, in the words of the commands that give it."""
    facts = {"title": opening.title, "link": opening.url, "how to submit": opening.submit}
    lacking = [name for name, value in facts.items() if not value]
    return lacking if ask is not None and ask.line else [*lacking, "personal line"]


def _packet_is_complete(turn: Turn, run: Run, message: Message) -> Hold | None:
    ask = _asking(turn, run)
    opening = turn.rows.get(Opening, run.opening) if run.opening else None
    lacking = missing_from_packet(opening, ask) if ask is not None and opening is not None else []
    if lacking:
        return Hold(rule="packet", detail=f"The referral packet lacks: {', '.join(lacking)}.")
    if message.missing:
        return Hold(rule="unfilled", detail=f"The text still lacks: {', '.join(message.missing)}.")
    return None


def _asking(turn: Turn, run: Run) -> Ask | None:
    """The ask that this run is about to make: taken up, not yet sent."""
    if run.contact is None or run.opening is None:
        return None
    ask = turn.rows.get(Ask, ask_id(run.contact, run.opening))
    return ask if ask is not None and ask.run == run.id and ask.stage == "ready" else None


def _opening_is_free(turn: Turn, run: Run) -> Hold | None:
    if _asking(turn, run) is None or run.opening is None:
        return None
    for ask in turn.rows.find(Ask, opening=run.opening):
        if ask.stage in TAKEN and ask.contact != run.contact:
            return Hold(rule="one_open_ask", detail=f"{ask.id} is {ask.stage}: one person at a time.")
    return None


def something_came_in(turn: Turn, run: Run, message: Message) -> Hold | None:
    """Whether the contact wrote something, since the run began, of which the log heard only after what the run
    last took up and after the owner's last word on the message.
    """
    contact = turn.rows.get(Contact, message.contact)
    if contact is None or contact.last_in is None or contact.last_in < run.started_at:
        return None
    known = max(run.since, _last_approval(turn, run, message))
    for each in turn.rows.find(Happening, contact=contact.id):
        if each.position > known and each.at >= run.started_at and _is_from_them(turn, each):
            return Hold(
                rule="answered", detail="They wrote in the meantime: read it, then approve if it still fits."
            )
    return None


def _last_approval(turn: Turn, run: Run, message: Message) -> int:
    """The position at which the owner last approved the message; 0 when they never did."""
    approvals = (
        turn.recall(each.position)
        for each in turn.rows.find(Happening, run=run.id)
        if each.kind == "message.approved"
    )
    return max((each.position for each in approvals if each and each.payload.message == message.id), default=0)


def _is_from_them(turn: Turn, happening: Happening) -> bool:
    if happening.kind == "reply.received":
        return True
    event = turn.recall(happening.position) if happening.kind in _PASSED else None
    return event is not None and event.payload.direction == "in"


def _caps(turn: Turn, policy: Policy, contact: Contact, message: Message) -> Hold | None:
    caps = turn.settings.caps if policy.caps is None else (*policy.caps, *turn.settings.caps)
    for cap in caps:
        hold = _cap(turn, cap, contact, message)
        if hold is not None:
            return hold
    return None


def _cap(turn: Turn, cap: Cap, contact: Contact, message: Message) -> Hold | None:
    if cap.unanswered is not None and not _is_owed(turn, message):
        since = contact.last_in or 0
        row = [at for at in _sent_to(turn, [contact], message) if at > since]
        if len(row) >= cap.unanswered:
            return Hold(
                rule="cap",
                detail=f"{len(row)} messages in a row are unanswered; the limit is {cap.unanswered}.",
            )
    if cap.most is None or cap.within is None:
        return None
    calendar = turn.settings.calendar
    earliest = micros(calendar.subtract(instant(turn.now), cap.within))
    match cap.per:
        case "contact":
            sent = _sent_to(turn, [contact], message)
        case "company":
            sent = _sent_to(turn, _colleagues(turn, contact), message)
        case _:
            sent = _sent_since(turn, earliest)
    counted = sorted(at for at in sent if at > earliest)
    if len(counted) < cap.most:
        return None
    until = calendar.add(instant(counted[-cap.most]), cap.within)
    return Hold(
        rule="cap",
        detail=f"{len(counted)} messages within {cap.within.in_words()} per {cap.per}; the limit is {cap.most}.",
        until=max(until, instant(turn.now + 60_000_000)),
    )


def _sent_since(turn: Turn, earliest: int) -> list[int]:
    """When messages left, to anybody, since the day of `earliest`."""
    first, last = instant(earliest).date(), instant(turn.now).date()
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    found = (turn.rows.get(SendingDay, day.isoformat()) for day in days)
    return [at for day in found if day is not None for at in day.sent]


def _colleagues(turn: Turn, contact: Contact) -> list[Contact]:
    """Everybody at the contact's company, by any of its names, the contact included."""
    if contact.company is None:
        return [contact]
    company = resolve(turn.rows, contact.company)
    names = {
        company,
        *(each.key for each in turn.rows.find(Company) if resolve(turn.rows, each.key) == company),
    }
    return [each for name in sorted(names) for each in turn.rows.find(Contact, company=name)]


def _is_owed(turn: Turn, message: Message) -> bool:
    """Whether a thank-you or an update is owed about what the message is about: such a message asks for nothing,
    so that nobody answers it is no reason to leave it out.
    """
    owed = turn.rows.find(Debt, contact=message.contact)
    return any(debt.settled_at is None and debt.opening == message.opening for debt in owed)


def _sent_to(turn: Turn, contacts: list[Contact], but: Message) -> list[int]:
    """When messages left for these contacts; one handed over for sending counts as of when it was approved."""
    return [
        message.sent_at or message.approved_at or message.drafted_at
        for contact in contacts
        for message in turn.rows.find(Message, contact=contact.id)
        if message.id != but.id
        and (message.sent_at is not None or message.status in OPEN - {"drafted", "held"})
    ]


def _gap(turn: Turn, policy: Policy, contact: Contact) -> Hold | None:
    if contact.last_out is None or (contact.last_in or 0) > contact.last_out:
        return None  # To answer is not to nag.
    gap = policy.gap or turn.settings.gap
    until = turn.settings.calendar.add(instant(contact.last_out), gap)
    if micros(until) <= turn.now:
        return None
    return Hold(rule="gap", detail=f"Less than {gap.in_words()} after the last message.", until=until)


def _window(turn: Turn, policy: Policy, contact: Contact) -> Hold | None:
    settings = turn.settings
    own = settings.calendar
    window = policy.window or settings.window
    now = instant(turn.now)
    if contact.zone is not None and policy.timezone != "workspace":
        until = Calendar(contact.zone, own.holidays).open_at(now, window)
    else:
        until = both(own, window, own, settings.window, now)
    if until <= now:
        return None
    return Hold(rule="window", detail="Outside the hours for messages.", until=until)
