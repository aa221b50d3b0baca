"""The contacts view: who is in the network, and what is known of each tie."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import ClassVar

from refflow.contacts.companies import company_key
from refflow.events import messages, openings
from refflow.events import people as e
from refflow.events.event import StoredEvent, instant, micros

from .projection import Handler, Projection, handles
from .rows import Rows
from .table import Row


class Contact(Row, kw_only=True):
    """A person. Instants are microseconds since 1970 UTC, dates ISO texts.

    `years` counts messages by calendar year: incoming and outgoing. `company` is the key of `company_name`.
    `shown_in` and `shown_out` are of the last message that a source has shown and nobody noted; `told` says that
    some were noted which no source has shown.
    """

    table: ClassVar[str] = "contact"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("company",), ("slug",))

    id: str
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str | None = None
    url: str | None = None
    slug: str | None = None
    company: str | None = None
    company_name: str | None = None
    title: str | None = None
    observed_on: str | None = None
    source: str = ""
    connected_on: str | None = None
    connected: bool = True
    relation: str | None = None
    relation_months: int | None = None
    zone: str | None = None
    channel: str | None = None
    last_in: int | None = None
    last_out: int | None = None
    received: int = 0
    sent: int = 0
    years: dict[str, tuple[int, int]] = {}
    met_at: int | None = None
    warmed_at: int | None = None
    recommendations: int = 0
    endorsements: int = 0
    referrals: int = 0
    declined_at: int | None = None
    blocked: bool = False
    opted_out: bool = False
    notes: int = 0
    shown_in: int | None = None
    shown_out: int | None = None
    told: bool = False


class Identity(Row, kw_only=True):
    """A key by which sources know a contact: `linkedin:<slug>`, `email:<address>`."""

    table: ClassVar[str] = "identity"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("contact",),)

    key: str
    contact: str


class Seen(Row, kw_only=True):
    """An interaction of a source that is in the log already, at `position`. Whoever imports reads them all."""

    table: ClassVar[str] = "seen_interaction"
    grows: ClassVar[bool] = True

    position: int
    identity: str
    contact: str


class Tally(Row, kw_only=True):
    """What was noted of messages with a contact: those that no source has shown yet were written within one of
    the spans in `told_in` or `told_out` (instants in microseconds). `unclear`: what the last answer means is still
    to be said.
    """

    table: ClassVar[str] = "tally"

    contact: str
    told_in: list[tuple[int, int]] = []
    told_out: list[tuple[int, int]] = []
    unclear: bool = False


class Owner(Row, kw_only=True):
    """Whose workspace it is."""

    table: ClassVar[str] = "owner"

    id: str
    name: str = ""
    keys: list[str] = []
    emails: list[str] = []


class Employer(Row, kw_only=True):
    """A company the owner worked for, and when (ISO dates)."""

    table: ClassVar[str] = "employer"

    id: str
    company: str
    company_name: str
    title: str | None = None
    started: str | None = None
    finished: str | None = None


_HANDLERS: dict[str, Handler] = {}
_DAY = 86_400_000_000
_NOTED_WITHIN = {"in": 7 * _DAY, "out": 2 * _DAY}
"""How long after a message was written it is noted at the latest; a source may give it a day later than we do."""
_MOST_TOLD = 8


@handles(_HANDLERS, "owner.identified")
def _owner(rows: Rows, event: StoredEvent, payload: e.OwnerIdentified) -> None:
    owner = rows.get(Owner, "owner") or Owner(id="owner")
    owner.name = payload.name or owner.name
    owner.keys = sorted({*owner.keys, *payload.keys})
    owner.emails = sorted({*owner.emails, *payload.emails})
    rows.put("owner", owner)


@handles(_HANDLERS, "employment.observed")
def _employment(rows: Rows, event: StoredEvent, payload: e.EmploymentObserved) -> None:
    key = company_key(payload.company)
    row_id = f"{key} {iso(payload.started) or ''}"
    rows.put(
        row_id,
        Employer(
            id=row_id,
            company=key,
            company_name=payload.company,
            title=payload.title,
            started=iso(payload.started),
            finished=iso(payload.finished),
        ),
    )


@handles(_HANDLERS, "contact.added")
def _added(rows: Rows, event: StoredEvent, payload: e.ContactAdded) -> None:
    contact = Contact(id=payload.contact, source=payload.source, connected_on=iso(payload.connected_on))
    _describe(rows, contact, payload)


@handles(_HANDLERS, "contact.changed")
def _changed(rows: Rows, event: StoredEvent, payload: e.ContactChanged) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        contact.zone = payload.zone or contact.zone
        contact.channel = payload.channel or contact.channel
        contact.connected = True
        _describe(rows, contact, payload)


def _describe(rows: Rows, contact: Contact, payload: e.ContactAdded | e.ContactChanged) -> None:
    contact.name = payload.name or contact.name
    contact.first_name = payload.first_name or contact.first_name
    contact.last_name = payload.last_name or contact.last_name
    contact.url = payload.url or contact.url
    if payload.emails:
        contact.email = payload.emails[0]
    for key in payload.keys:
        rows.put(key, Identity(key=key, contact=contact.id))
        if key.startswith("linkedin:"):
            contact.slug = key.removeprefix("linkedin:")
    rows.put(contact.id, contact)


@handles(_HANDLERS, "contact.disconnected")
def _disconnected(rows: Rows, event: StoredEvent, payload: e.ContactDisconnected) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        contact.connected = False
        rows.put(contact.id, contact)


@handles(_HANDLERS, "position.observed")
def _position(rows: Rows, event: StoredEvent, payload: e.PositionObserved) -> None:
    contact = rows.get(Contact, payload.contact)
    observed_on = payload.observed_on.isoformat()
    if contact is not None and (contact.observed_on is None or contact.observed_on <= observed_on):
        contact.company_name = payload.company
        contact.company = company_key(payload.company) if payload.company else None
        contact.title = payload.title
        contact.observed_on = observed_on
        rows.put(contact.id, contact)


@handles(_HANDLERS, "contact.noted")
def _noted(rows: Rows, event: StoredEvent, payload: e.ContactNoted) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        contact.notes += 1
        rows.put(contact.id, contact)


@handles(_HANDLERS, "relation.stated")
def _relation(rows: Rows, event: StoredEvent, payload: e.RelationStated) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        contact.relation = payload.relation
        contact.relation_months = payload.months if payload.months is not None else contact.relation_months
        rows.put(contact.id, contact)


@handles(_HANDLERS, "tie.observed")
def _tie(rows: Rows, event: StoredEvent, payload: e.TieObserved) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        if payload.evidence.startswith("recommended"):
            contact.recommendations = max(contact.recommendations, payload.count)
        else:
            contact.endorsements = max(contact.endorsements, payload.count)
        rows.put(contact.id, contact)


@handles(_HANDLERS, "interaction.observed")
def _observed(rows: Rows, event: StoredEvent, payload: e.InteractionObserved) -> None:
    rows.put("", Seen(position=event.position, identity=payload.identity, contact=payload.contact))
    contact = rows.get(Contact, payload.contact) if payload.medium == "message" else None
    if contact is not None:
        new = not contact.told or not _was_noted(rows, contact, payload.direction, event.occurred_at)
        if new and payload.direction == "in":
            contact.shown_in = max(contact.shown_in or 0, event.occurred_at)
        elif new:
            contact.shown_out = max(contact.shown_out or 0, event.occurred_at)
        _passed(rows, contact, payload.direction, event.occurred_at, new=new)


@handles(_HANDLERS, "interaction.logged")
def _logged(rows: Rows, event: StoredEvent, payload: e.InteractionLogged) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        _passed(rows, contact, payload.direction, event.occurred_at)


@handles(_HANDLERS, "reply.received")
def _replied(rows: Rows, event: StoredEvent, payload: openings.ReplyReceived) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is None:
        return
    tally = rows.get(Tally, contact.id) or Tally(contact=contact.id)
    told_what_it_means = tally.unclear and payload.intent != "unclear"
    tally.unclear = payload.intent == "unclear"
    rows.put(contact.id, tally)
    at = event.occurred_at
    new = not told_what_it_means and not _was_shown(rows, contact, "in", at, contact.last_out)
    if payload.intent == "declined":
        contact.declined_at = at
    _passed(rows, contact, "in", at, new=new)


@handles(_HANDLERS, "message.sent")
def _sent(rows: Rows, event: StoredEvent, payload: messages.MessageSent) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        new = not _was_shown(rows, contact, "out", event.occurred_at)
        _passed(rows, contact, "out", event.occurred_at, new=new)


@handles(_HANDLERS, "meeting.held")
def _met(rows: Rows, event: StoredEvent, payload: e.MeetingHeld) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        contact.met_at = max(contact.met_at or 0, event.occurred_at)
        rows.put(contact.id, contact)


@handles(_HANDLERS, "contact.warmed")
def _warmed(rows: Rows, event: StoredEvent, payload: e.ContactWarmed) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        contact.warmed_at = event.occurred_at
        rows.put(contact.id, contact)


@handles(_HANDLERS, "referral.given")
def _referred(rows: Rows, event: StoredEvent, payload: openings.ReferralGiven) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        contact.referrals += 1
        rows.put(contact.id, contact)


@handles(_HANDLERS, "contact.blocked", "contact.unblocked", "contact.opted_out")
def _blocking(
    rows: Rows, event: StoredEvent, payload: e.ContactBlocked | e.ContactUnblocked | e.ContactOptedOut
) -> None:
    contact = rows.get(Contact, payload.contact)
    if contact is not None:
        if event.kind == "contact.opted_out":
            contact.opted_out = True
        else:
            contact.blocked = event.kind == "contact.blocked"
        rows.put(contact.id, contact)


def _was_shown(rows: Rows, contact: Contact, direction: str, at: int, since: int | None = None) -> bool:
    """Whether a source has shown the message that is noted now, and answers what was written `since`. If not, it
    is kept in mind for when one does.
    """
    earliest = at - _NOTED_WITHIN[direction]
    if since is not None and since <= at:
        earliest = max(earliest, since - _DAY)
    shown = getattr(contact, f"shown_{direction}")
    if shown is not None and earliest <= shown <= at + _DAY:
        setattr(contact, f"shown_{direction}", None)
        return True
    tally = rows.get(Tally, contact.id) or Tally(contact=contact.id)
    told = getattr(tally, f"told_{direction}")
    setattr(tally, f"told_{direction}", [*told, (earliest, at + _DAY)][-_MOST_TOLD:])
    rows.put(contact.id, tally)
    contact.told = True
    return False


def _was_noted(rows: Rows, contact: Contact, direction: str, at: int) -> bool:
    """Whether the message that a source shows now was noted."""
    tally = rows.get(Tally, contact.id) or Tally(contact=contact.id)
    told = getattr(tally, f"told_{direction}")
    span = next((each for each in told if each[0] <= at <= each[1]), None)
    if span is None:
        return False
    setattr(tally, f"told_{direction}", [each for each in told if each is not span])
    rows.put(contact.id, tally)
    contact.told = bool(tally.told_in or tally.told_out)
    return True


def _passed(rows: Rows, contact: Contact, direction: str, at: int, *, new: bool = True) -> None:
    """Note that a message passed; it counts when it is `new`."""
    year = _year(at // _DAY)
    received, sent = contact.years.get(year, (0, 0))
    if direction == "in":
        contact.received += new
        if contact.last_in is None or contact.last_in < at:
            contact.last_in = at
        contact.years = {**contact.years, year: (received + new, sent)}
    else:
        contact.sent += new
        if contact.last_out is None or contact.last_out < at:
            contact.last_out = at
        contact.years = {**contact.years, year: (received, sent + new)}
    rows.put(contact.id, contact)


@lru_cache(maxsize=16384)
def _year(day: int) -> str:
    """The calendar year, in UTC, of a day counted from 1970."""
    return str(instant(day * _DAY).year)


@lru_cache(maxsize=16384)
def iso(day: date | None) -> str | None:
    """A day as rows have it: an ISO text."""
    return None if day is None else day.isoformat()


def day_start(day: str) -> int:
    """The first instant of an ISO date, in UTC."""
    return micros(datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC))


CONTACTS = Projection(
    name="contacts", version=3, tables=(Contact, Identity, Seen, Tally, Owner, Employer), handlers=_HANDLERS
)
