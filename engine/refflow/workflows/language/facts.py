"""What conditions and templates can speak of: contact, opening, ask and owner, as of a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any, Literal, cast

import msgspec

from refflow.contacts.tie import Tie, Warmth, warmth
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask

from .calendar import Calendar
from .settings import Settings

DAY = 86_400_000_000


class ContactFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The contact a run is about. Fields that may be unknown are optional."""

    id: str
    name: str
    first_name: str
    company: str | None
    title: str | None
    warmth: Warmth
    relation: str | None
    do_not_contact: bool
    has_email: bool
    days_quiet: int | None
    messages: int
    referrals: int


class OpeningFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The opening a run is about. `deadline` is when the last day to apply begins, on the owner's clocks."""

    id: str
    title: str
    company: str
    status: Literal["open", "closed"]
    url: str | None
    submit: str | None
    programme: str | None
    requisition: str | None
    location: str | None
    applied: Literal["applied", "interview", "offer", "rejected", "withdrawn"] | None
    deadline: datetime | None = None


class AskFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The ask of this contact about this opening."""

    line: str | None
    stage: str


class OwnerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The owner of the workspace: `me` in a template."""

    name: str
    first_name: str
    email: str | None


PRIVATE = frozenset(
    {
        *(f"contact.{field}" for field in ("warmth", "relation", "days_quiet", "messages", "referrals")),
        *(f"contact.{field}" for field in ("id", "do_not_contact", "has_email")),
        *("opening.id", "ask.stage"),
    }
)
"""What the owner keeps for themselves: to decide by, and not to be told to anybody."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the pure parts of a plugin may know of a run: whom and what it is about, the plain fields of its
    event, and what time it is (aware). `contact`, `opening` and `ask` are None in a workflow that is not about one.
    """

    now: datetime
    me: OwnerFacts
    contact: ContactFacts | None = None
    opening: OpeningFacts | None = None
    ask: AskFacts | None = None
    event: Mapping[str, Any] = MappingProxyType({})


def tie_of(contact: Contact) -> Tie:
    """What the contacts view knows of a tie."""
    signs = [at for at in (contact.last_in, contact.met_at, contact.warmed_at) if at is not None]
    return Tie(
        relation=contact.relation,
        last_contact=max(signs, default=None),
        received=contact.received,
        sent=contact.sent,
        recommendations=contact.recommendations,
    )


def contact_facts(contact: Contact, now: int) -> ContactFacts:
    """The contact as of `now` (microseconds since 1970 UTC)."""
    tie = tie_of(contact)
    return ContactFacts(
        id=contact.id,
        name=contact.name,
        first_name=contact.first_name or contact.name,
        company=contact.company_name,
        title=contact.title,
        warmth=warmth(tie, now),
        relation=contact.relation,
        do_not_contact=contact.blocked or contact.opted_out,
        has_email=contact.email is not None,
        days_quiet=None if tie.last_contact is None else max(0, (now - tie.last_contact) // DAY),
        messages=contact.received + contact.sent,
        referrals=contact.referrals,
    )


def opening_facts(opening: Opening, calendar: Calendar) -> OpeningFacts:
    """The opening as its view has it; `calendar` is the owner's."""
    day = None if opening.deadline is None else date.fromisoformat(opening.deadline)
    return OpeningFacts(
        id=opening.id,
        title=opening.title,
        company=opening.company_name,
        status=cast(Any, opening.status),
        url=opening.url,
        submit=opening.submit,
        programme=opening.programme,
        requisition=opening.requisition,
        location=opening.location,
        applied=cast(Any, opening.applied),
        deadline=None if day is None else calendar.local(calendar.at(day, time())),
    )


def ask_facts(ask: Ask | None) -> AskFacts:
    """The ask as its view has it; without one there is no line yet."""
    return AskFacts(line=ask.line if ask else None, stage=ask.stage if ask else "none")


def owner_facts(settings: Settings) -> OwnerFacts:
    """The owner, as the settings name them."""
    name = settings.name.strip()
    return OwnerFacts(name=name, first_name=name.split(" ")[0], email=settings.email)
