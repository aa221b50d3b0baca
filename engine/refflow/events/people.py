"""Events about contacts, companies and the owner of the workspace."""

from __future__ import annotations

from datetime import date
from typing import Literal

from .event import Payload
from .kinds import EventKind, event_kind

KINDS: list[EventKind] = []

Relation = Literal["manager", "colleague", "classmate", "mentor", "friend", "family", "met"]
Evidence = Literal["recommended_me", "recommended_by_me", "endorsed_me", "endorsed_by_me"]
Direction = Literal["in", "out"]


@event_kind(KINDS, "owner.identified", "name", "keys", "emails")
class OwnerIdentified(Payload, frozen=True, kw_only=True):
    """Who the workspace belongs to."""

    name: str | None = None
    keys: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@event_kind(KINDS, "employment.observed")
class EmploymentObserved(Payload, frozen=True, kw_only=True):
    """A job of the owner's; without `finished` the present one."""

    company: str
    title: str | None = None
    started: date | None = None
    finished: date | None = None


@event_kind(KINDS, "contact.added", "name", "first_name", "last_name", "keys", "emails", "url")
class ContactAdded(Payload, frozen=True, kw_only=True):
    """A person entered the network."""

    contact: str
    source: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    keys: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    url: str | None = None
    connected_on: date | None = None


@event_kind(KINDS, "contact.changed", "name", "first_name", "last_name", "keys", "emails", "url")
class ContactChanged(Payload, frozen=True, kw_only=True):
    """Fields that are given replace the old ones; `keys` and `emails` are added to them."""

    contact: str
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    keys: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    url: str | None = None
    zone: str | None = None
    channel: str | None = None


@event_kind(KINDS, "contact.disconnected")
class ContactDisconnected(Payload, frozen=True, kw_only=True):
    """The person is no longer in a list of the whole network made on `observed_on`."""

    contact: str
    observed_on: date | None = None


@event_kind(KINDS, "position.observed", "company", "title")
class PositionObserved(Payload, frozen=True, kw_only=True):
    """Where the person worked, as of `observed_on`."""

    contact: str
    observed_on: date
    company: str | None = None
    title: str | None = None


@event_kind(KINDS, "contact.noted", "text")
class ContactNoted(Payload, frozen=True, kw_only=True):
    """A note of the owner's about the person."""

    contact: str
    text: str | None = None


@event_kind(KINDS, "relation.stated")
class RelationStated(Payload, frozen=True, kw_only=True):
    """How the owner knows the person; `months` worked or studied together."""

    contact: str
    relation: Relation
    months: int | None = None


@event_kind(KINDS, "tie.observed")
class TieObserved(Payload, frozen=True, kw_only=True):
    """Evidence of a tie: `count` in all, last on `last`."""

    contact: str
    evidence: Evidence
    count: int = 1
    last: date | None = None


@event_kind(KINDS, "interaction.observed")
class InteractionObserved(Payload, frozen=True, kw_only=True):
    """A source shows that something passed between the owner and the person. Its text is not kept."""

    contact: str
    identity: str
    direction: Direction
    medium: Literal["message", "invitation"]


@event_kind(KINDS, "interaction.logged", "text")
class InteractionLogged(Payload, frozen=True, kw_only=True):
    """The owner says that something passed between them outside refflow."""

    contact: str
    channel: str
    direction: Direction
    text: str | None = None


@event_kind(KINDS, "meeting.held", "text")
class MeetingHeld(Payload, frozen=True, kw_only=True):
    """The owner and the person met or talked."""

    contact: str
    text: str | None = None


@event_kind(KINDS, "contact.warmed")
class ContactWarmed(Payload, frozen=True, kw_only=True):
    """A tie that had gone cold is alive again."""

    contact: str


@event_kind(KINDS, "contact.blocked", "reason")
class ContactBlocked(Payload, frozen=True, kw_only=True):
    """The owner wants no message to go to the person."""

    contact: str
    reason: str | None = None


@event_kind(KINDS, "contact.unblocked")
class ContactUnblocked(Payload, frozen=True, kw_only=True):
    """The owner lifts the block. An opt-out by the person stays."""

    contact: str


@event_kind(KINDS, "contact.opted_out")
class ContactOptedOut(Payload, frozen=True, kw_only=True):
    """The person asked not to be written to."""

    contact: str


@event_kind(KINDS, "company.aliased")
class CompanyAliased(Payload, frozen=True, kw_only=True):
    """Two names, given as company keys, are one company: `alias` is read as `company`."""

    alias: str
    company: str


@event_kind(KINDS, "import.finished")
class ImportFinished(Payload, frozen=True, kw_only=True):
    """An import brought `added` events of each kind; `exported_on` is the date of the source."""

    source: str
    exported_on: date | None = None
    added: dict[str, int] = {}
