"""Events about openings, asks and applications."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from .event import Payload
from .kinds import EventKind, event_kind

KINDS: list[EventKind] = []

Intent = Literal["agreed", "declined", "later", "refer_on", "unclear"]
OutcomeClass = Literal["good", "open", "bad"]


@event_kind(KINDS, "opening.added")
class OpeningAdded(Payload, frozen=True, kw_only=True):
    """A job posting the owner tracks. `submit` says how a referral is handed in, `programme` what the
    employer's referral programme asks for; `interest` tells a posting only saved from one that is pursued.
    """

    opening: str
    company: str
    title: str
    source: str
    url: str | None = None
    requisition: str | None = None
    location: str | None = None
    submit: str | None = None
    programme: str | None = None
    deadline: date | None = None
    interest: Literal["saved", "pursued"] = "pursued"


@event_kind(KINDS, "opening.changed")
class OpeningChanged(Payload, frozen=True, kw_only=True):
    """Fields that are given replace the old ones."""

    opening: str
    company: str | None = None
    title: str | None = None
    url: str | None = None
    requisition: str | None = None
    location: str | None = None
    submit: str | None = None
    programme: str | None = None
    deadline: date | None = None
    interest: Literal["saved", "pursued"] | None = None


@event_kind(KINDS, "opening.closed")
class OpeningClosed(Payload, frozen=True, kw_only=True):
    """The posting is gone, or the owner no longer wants it."""

    opening: str
    reason: str | None = None


@event_kind(KINDS, "referral.wanted")
class ReferralWanted(Payload, frozen=True, kw_only=True):
    """The owner wants the contact to refer them to the opening."""

    contact: str
    opening: str


@event_kind(KINDS, "ask.opened")
class AskOpened(Payload, frozen=True, kw_only=True):
    """A workflow took up the ask. `warming`: the tie is renewed first, and the opening is not taken yet."""

    contact: str
    opening: str
    run: str
    warming: bool = False


@event_kind(KINDS, "ask.personalised", "line")
class AskPersonalised(Payload, frozen=True, kw_only=True):
    """The sentence that says why the owner asks just this person."""

    contact: str
    opening: str
    line: str | None = None


@event_kind(KINDS, "ask.closed")
class AskClosed(Payload, frozen=True, kw_only=True):
    """The ask came to an end without a referral; the opening is free for the next person."""

    contact: str
    opening: str
    outcome: str


@event_kind(KINDS, "reply.received", "text")
class ReplyReceived(Payload, frozen=True, kw_only=True):
    """The person answered. `when` is the date they named, for an answer that puts it off."""

    contact: str
    intent: Intent
    channel: str
    opening: str | None = None
    when: datetime | None = None
    text: str | None = None


@event_kind(KINDS, "referral.given")
class ReferralGiven(Payload, frozen=True, kw_only=True):
    """The contact handed in the referral."""

    contact: str
    opening: str


@event_kind(KINDS, "referral.thanked")
class ReferralThanked(Payload, frozen=True, kw_only=True):
    """The owner thanked the contact for the referral."""

    contact: str
    opening: str


@event_kind(KINDS, "helper.updated")
class HelperUpdated(Payload, frozen=True, kw_only=True):
    """The owner told the helper how the application stands."""

    contact: str
    opening: str


@event_kind(KINDS, "application.submitted")
class ApplicationSubmitted(Payload, frozen=True, kw_only=True):
    """The owner applied; `referrer` is the contact who referred them."""

    opening: str
    referrer: str | None = None


@event_kind(KINDS, "interview.scheduled")
class InterviewScheduled(Payload, frozen=True, kw_only=True):
    """The employer set an interview for `when`."""

    opening: str
    referrer: str | None = None
    when: datetime | None = None


@event_kind(KINDS, "offer.received")
class OfferReceived(Payload, frozen=True, kw_only=True):
    """The employer made an offer."""

    opening: str
    referrer: str | None = None


@event_kind(KINDS, "application.rejected")
class ApplicationRejected(Payload, frozen=True, kw_only=True):
    """The employer said no."""

    opening: str
    referrer: str | None = None


@event_kind(KINDS, "application.withdrawn")
class ApplicationWithdrawn(Payload, frozen=True, kw_only=True):
    """The owner withdrew."""

    opening: str
    referrer: str | None = None
