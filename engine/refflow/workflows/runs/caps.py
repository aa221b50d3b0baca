"""Caps: how many messages may leave within a time, to one person, to one company or in all."""

from __future__ import annotations

from datetime import timedelta

from refflow.events.event import instant, micros
from refflow.views.companies import Company, resolve
from refflow.views.contacts import Contact
from refflow.views.debts import Debt
from refflow.views.messages import OPEN, Message, SendingDay

from ..language.definition import Cap, Policy
from .holds import Hold
from .turn import Turn

_ON_ITS_WAY = OPEN - {"drafted", "held"}


def over_a_cap(turn: Turn, policy: Policy, contact: Contact, message: Message) -> Hold | None:
    """Whether so many messages left already that this one has to wait, or is not to leave at all."""
    caps = dict.fromkeys((*(policy.caps or ()), *turn.settings.caps))
    to_contact = _sent_to(turn, [contact], message)
    for cap in caps:
        hold = _cap(turn, cap, contact, message, to_contact)
        if hold is not None:
            return hold
    return None


def _cap(turn: Turn, cap: Cap, contact: Contact, message: Message, to_contact: list[int]) -> Hold | None:
    if cap.unanswered is not None:
        since = contact.last_in or 0
        row = [at for at in to_contact if at > since]
        if len(row) >= cap.unanswered and not _is_owed(turn, message):
            return Hold(
                rule="cap",
                detail=f"{len(row)} messages in a row are unanswered; the limit is {cap.unanswered}.",
            )
    if cap.most is None or cap.within is None:
        return None
    if cap.per == "contact" and len(to_contact) < cap.most:
        return None  # However far back it looks: it need not be worked out how far.
    calendar = turn.settings.calendar
    earliest = micros(calendar.subtract(instant(turn.now), cap.within))
    match cap.per:
        case "contact":
            sent = to_contact
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
        if message.id != but.id and (message.sent_at is not None or message.status in _ON_ITS_WAY)
    ]
