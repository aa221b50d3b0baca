"""Contacts: finding them by what people type, adding, changing, noting, blocking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

from refflow.contacts.names import display_name, email_key, fold, greeting_name, linkedin_slug
from refflow.contacts.tie import Warmth, warmth
from refflow.errors import NotFound, UsageError
from refflow.events.event import StoredEvent, instant, micros
from refflow.events.people import (
    ContactAdded,
    ContactBlocked,
    ContactChanged,
    ContactNoted,
    ContactOptedOut,
    ContactUnblocked,
    ContactWarmed,
    Direction,
    InteractionLogged,
    MeetingHeld,
    PositionObserved,
    Relation,
    RelationStated,
)
from refflow.views.contacts import Contact, Identity
from refflow.views.timeline import Happening
from refflow.workflows.language.calendar import Calendar
from refflow.workflows.language.facts import tie_of

from .workspace import Workspace

if TYPE_CHECKING:
    from refflow.workflows.runs.turn import Turn

SHOWN = 8


class PersonDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of a contact by hand. What is None is left as it is."""

    name: str | None = None
    first_name: str | None = None
    email: str | None = None
    url: str | None = None
    company: str | None = None
    title: str | None = None
    zone: str | None = None
    channel: str | None = None
    relation: Relation | None = None
    months: int | None = None
    warm: bool = False


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with what follows from their history at a moment."""

    contact: Contact
    warmth: Warmth
    keys: list[str]
    notes: list[str]


def find_contact(workspace: Workspace, text: str) -> Contact:
    """The one contact that `text` means: an id (`c57`), an address, a profile link, or a name or part of it.

    Raises `NotFound` with the nearest names, or `UsageError` with the candidates when several match.
    """
    views = workspace.views
    exact = views.get(Contact, text)
    if exact is not None:
        return exact
    for key in _keys_of(text):
        identity = views.get(Identity, key)
        found = views.get(Contact, identity.contact) if identity else None
        if found is not None:
            return found
    wanted = fold(text)
    if not wanted:
        raise UsageError("Who is meant? Give a name, an id, an address or a profile link.")
    everybody = views.find(Contact)
    named = [each for each in everybody if fold(each.name) == wanted]
    partly = named or [each for each in everybody if _matches(wanted, fold(each.name))]
    if len(partly) == 1:
        return partly[0]
    if partly:
        shown = "; ".join(_introduced(each) for each in partly[:SHOWN])
        more = f" and {len(partly) - SHOWN} more" if len(partly) > SHOWN else ""
        raise UsageError(f"`{text}` may be {shown}{more}. Use the id.")
    raise NotFound(f"Nobody is called `{text}`.{_nearest(wanted, everybody)}")


def add_person(workspace: Workspace, details: PersonDetails, now: datetime) -> str:
    """Add a contact by hand and return the id. Raises `UsageError` when a key of theirs is known already."""
    if not details.name or not details.name.strip():
        raise UsageError("A person needs a name.")
    _check(details)
    _refuse_keys_of_others(workspace, details)

    def decide(turn: Turn) -> str:
        contact = f"c{turn.next_position}"
        name = " ".join((details.name or "").split())
        turn.record(
            ContactAdded(
                contact=contact,
                source="user",
                name=name,
                first_name=details.first_name or greeting_name(name).split(" ")[0],
                keys=tuple(_detail_keys(details)),
                emails=(details.email,) if details.email else (),
                url=details.url,
            ),
            by="user",
        )
        _record_rest(turn, contact, details)
        if details.zone or details.channel:
            turn.record(ContactChanged(contact=contact, zone=details.zone, channel=details.channel), by="user")
        return contact

    return workspace.act(decide, now)[0]


def edit_person(
    workspace: Workspace, contact: Contact, details: PersonDetails, now: datetime
) -> list[StoredEvent]:
    """Change what is known of a contact; the events that say so. Raises `UsageError` when a key is another's."""
    if details.name is not None and not details.name.strip():
        raise UsageError("A person needs a name.")
    _check(details)
    _refuse_keys_of_others(workspace, details, contact.id)

    def decide(turn: Turn) -> None:
        fields = (
            details.name, details.first_name, details.email, details.url, details.zone, details.channel,
        )  # fmt: skip
        if any(field is not None for field in fields):
            turn.record(
                ContactChanged(
                    contact=contact.id,
                    name=" ".join(details.name.split()) if details.name is not None else None,
                    first_name=details.first_name,
                    keys=tuple(_detail_keys(details)),
                    emails=(details.email,) if details.email else (),
                    url=details.url,
                    zone=details.zone,
                    channel=details.channel,
                ),
                by="user",
            )
        _record_rest(turn, contact.id, details)

    _, events = workspace.act(decide, now)
    if not events:
        raise UsageError("Nothing to change was given.")
    return events


def _record_rest(turn: Turn, contact: str, details: PersonDetails) -> None:
    if details.company is not None or details.title is not None:
        known = turn.rows.get(Contact, contact)
        turn.record(
            PositionObserved(
                contact=contact,
                observed_on=_today(turn),
                company=details.company or (known.company_name if known else None),
                title=details.title or (known.title if known else None),
            ),
            by="user",
        )
    if details.relation is not None:
        turn.record(
            RelationStated(contact=contact, relation=details.relation, months=details.months), by="user"
        )
    if details.warm:
        turn.record(ContactWarmed(contact=contact), by="user")


def _today(turn: Turn) -> date:
    return turn.settings.calendar.local(instant(turn.now)).date()


def note(workspace: Workspace, contact: Contact, text: str, now: datetime) -> list[StoredEvent]:
    """Keep a note about a contact."""
    return _one(workspace, ContactNoted(contact=contact.id, text=text), now)


def log_contact(
    workspace: Workspace,
    contact: Contact,
    channel: str,
    text: str,
    now: datetime,
    *,
    direction: Direction = "out",
    at: datetime | None = None,
) -> list[StoredEvent]:
    """Record that something passed outside refflow: a call, a message, or (channel `met`) a meeting."""
    happened = micros(at or now)

    def decide(turn: Turn) -> None:
        if channel in ("met", "meeting"):
            turn.record(MeetingHeld(contact=contact.id, text=text or None), by="user", occurred_at=happened)
        else:
            turn.record(
                InteractionLogged(contact=contact.id, channel=channel, direction=direction, text=text or None),
                by="user",
                occurred_at=happened,
            )

    return workspace.act(decide, now, at)[1]


def block(workspace: Workspace, contact: Contact, reason: str | None, now: datetime) -> list[StoredEvent]:
    """Let no message go to a contact, whatever runs: their runs end. Raises `UsageError` for a second block."""
    if contact.blocked:
        raise UsageError(f"{contact.id} is blocked already.")
    return _one(workspace, ContactBlocked(contact=contact.id, reason=reason), now)


def unblock(workspace: Workspace, contact: Contact, now: datetime) -> list[StoredEvent]:
    """Lift a block. Raises `UsageError` when the person asked not to be written to: only they can lift that."""
    if contact.opted_out:
        raise UsageError("This person asked not to be written to. That is theirs to take back, not yours.")
    if not contact.blocked:
        raise UsageError(f"{contact.id} is not blocked.")
    return _one(workspace, ContactUnblocked(contact=contact.id), now)


def opt_out(workspace: Workspace, contact: Contact, now: datetime) -> list[StoredEvent]:
    """Record that a contact asked not to be written to."""
    return _one(workspace, ContactOptedOut(contact=contact.id), now)


def profile(workspace: Workspace, contact: Contact, now: datetime) -> Profile:
    """All that is known of a contact."""
    happenings = workspace.views.find(Happening, contact=contact.id, kind="contact.noted")
    noted = [workspace.event(each.position) for each in happenings]
    return Profile(
        contact=contact,
        warmth=warmth(tie_of(contact), micros(now)),
        keys=[each.key for each in workspace.views.find(Identity, contact=contact.id)],
        notes=[each.payload.text or "" for each in noted if each is not None],
    )


def _one(workspace: Workspace, payload: msgspec.Struct, now: datetime) -> list[StoredEvent]:
    return workspace.act(lambda turn: turn.record(payload, by="user"), now)[1]


def _check(details: PersonDetails) -> None:
    if details.email is not None and email_key(details.email) is None:
        raise UsageError(f"`{details.email}` is not an e-mail address.")
    if details.zone is not None:
        Calendar(details.zone)


def _refuse_keys_of_others(workspace: Workspace, details: PersonDetails, own: str | None = None) -> None:
    for key in _detail_keys(details):
        identity = workspace.views.get(Identity, key)
        if identity is not None and identity.contact != own:
            whose = workspace.views.get(Contact, identity.contact)
            name = f"{display_name(whose.name)} ({whose.id})" if whose is not None else identity.contact
            what = key.partition(":")[2]
            raise UsageError(
                f"`{what}` is of {name} already. Change them: `refflow person edit {identity.contact}`."
            )


def _detail_keys(details: PersonDetails) -> list[str]:
    keys = []
    slug = linkedin_slug(details.url) if details.url else None
    if slug:
        keys.append(f"linkedin:{slug}")
    address = email_key(details.email) if details.email else None
    if address:
        keys.append(f"email:{address}")
    return keys


def _keys_of(text: str) -> list[str]:
    keys = [text]
    address = email_key(text)
    slug = linkedin_slug(text)
    return keys + ([f"email:{address}"] if address else []) + ([f"linkedin:{slug}"] if slug else [])


def _matches(wanted: str, name: str) -> bool:
    """Whether every word of `wanted` begins a word of `name`."""
    words = name.split(" ")
    return all(any(word.startswith(part) for word in words) for part in wanted.split(" "))


def _introduced(contact: Contact) -> str:
    where = f", {contact.company_name}" if contact.company_name else ""
    return f"{contact.name} ({contact.id}{where})"


def _nearest(wanted: str, everybody: Sequence[Contact]) -> str:
    from rapidfuzz import fuzz, process

    names = {each.id: fold(each.name) for each in everybody}
    near = process.extract(wanted, names, scorer=fuzz.WRatio, limit=3, score_cutoff=75)
    if not near:
        return " Add them with `refflow person add`."
    by_id = {each.id: each for each in everybody}
    return f" Did you mean {' or '.join(_introduced(by_id[key]) for _, _, key in near)}?"
