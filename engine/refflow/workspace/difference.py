"""The difference between what a source shows and what the workspace knows, as events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from refflow.contacts.companies import company_key
from refflow.contacts.names import email_key, fold
from refflow.contacts.records import (
    Employment,
    ImportReport,
    Interaction,
    Owner,
    Person,
    Record,
    SavedOpening,
    Tie,
)
from refflow.events.event import instant, micros
from refflow.events.openings import ApplicationSubmitted, OpeningAdded, ReplyReceived
from refflow.events.people import (
    ContactAdded,
    ContactChanged,
    ContactDisconnected,
    EmploymentObserved,
    InteractionObserved,
    OwnerIdentified,
    PositionObserved,
    TieObserved,
)
from refflow.views.contacts import Contact, Employer, Seen, iso
from refflow.views.contacts import Owner as OwnerRow
from refflow.views.messages import OPEN, Message
from refflow.views.openings import Opening
from refflow.views.runs.run import Run
from refflow.views.timeline import Happening
from refflow.workflows.runs.turn import Turn

from .contents import Contents
from .network import Network

_HANDED_OVER = OPEN - {"drafted", "held", "approved"}

R = TypeVar("R", bound=Record)

Fact = tuple[Any, int]
"""A payload, and when it occurred in microseconds since 1970 UTC."""


class Difference:
    """The events that turn what the workspace knows into what a source shows.

    What the owner corrected by hand stays as long as the source shows what it showed before.
    """

    def __init__(self, workspace: Contents, turn: Turn, source: str, report: ImportReport, now: int) -> None:
        self.unmatched: Counter[str] = Counter()
        self._source = source
        self._workspace = workspace
        self._find = workspace.views.find
        self._now = now
        self._complete = report.complete_network
        self._exported_on = report.exported_on or instant(now).date()
        self._next = turn.next_position
        self._network = Network(workspace.views, source)
        self._identities = {each.identity for each in self._find(Seen)}
        self._in_conversation = {run.contact for run in self._find(Run, status="live")}

    def events(self, records: Iterable[Record]) -> Iterator[Fact]:
        """The facts in order. Each takes the next position, so contacts can be named after it."""
        for payload, at in self._all(list(records)):
            self._next += 1
            yield payload, min(at, self._now)

    def _all(self, records: list[Record]) -> Iterator[Fact]:
        for owner in _of(Owner, records):
            yield from self._owner(owner)
        yield from self._employments(_of(Employment, records))
        yield from self._people(_of(Person, records))
        for tie in _of(Tie, records):
            yield from self._tie(tie)
        # Sources give the newest first, or in no order; what answers what shows in the order of time.
        for interaction in sorted(_of(Interaction, records), key=lambda each: (each.at, each.identity)):
            yield from self._interaction(interaction)
        yield from self._openings(_of(SavedOpening, records))

    def _owner(self, record: Owner) -> Iterator[Fact]:
        row = self._workspace.views.get(OwnerRow, "owner")
        emails = tuple(key.removeprefix("email:") for key in record.keys if key.startswith("email:"))
        if row is None or (record.name and row.name != record.name) or not set(record.keys) <= set(row.keys):
            yield OwnerIdentified(name=record.name, keys=record.keys, emails=emails), self._now

    def _employments(self, records: Iterable[Employment]) -> Iterator[Fact]:
        """A job is known by its company and its beginning; of two such the later in the source counts."""
        jobs = {f"{company_key(each.company)} {iso(each.started) or ''}": each for each in records}
        for key, record in jobs.items():
            row = self._workspace.views.get(Employer, key)
            if row is None or (row.finished, row.title) != (iso(record.finished), record.title):
                observed = EmploymentObserved(
                    company=record.company,
                    title=record.title,
                    started=record.started,
                    finished=record.finished,
                )
                yield observed, self._now

    def _people(self, records: list[Person]) -> Iterator[Fact]:
        for person, contact in self._network.recognised(records):
            if contact is None:
                yield from self._new(person)
            elif contact.id not in self._network.met:
                yield from self._changed(contact, person)
        if self._complete and records:
            yield from self._vanished()

    def _new(self, person: Person) -> Iterator[Fact]:
        contact = Contact(id=f"c{self._next}", name=person.name, connected_on=iso(person.connected_on))
        keys = self._network.new_keys(person)
        self._network.meet(contact, person.name, keys)
        added = ContactAdded(
            contact=contact.id,
            source=self._source,
            name=person.name,
            first_name=person.first_name,
            last_name=person.last_name,
            keys=keys,
            emails=person.emails,
            url=person.url,
            connected_on=person.connected_on,
        )
        yield added, _day(person.connected_on) if person.connected_on else self._now
        if person.company or person.title:
            yield self._position(contact.id, person)

    def _changed(self, contact: Contact, person: Person) -> Iterator[Fact]:
        keys = self._network.new_keys(person)
        moved = (person.company, person.title) != (contact.company_name, contact.title)
        renamed = person.name != contact.name
        if renamed or moved:
            name, position = self._shown_before(contact.id)
            renamed = renamed and person.name != name
            moved = moved and (person.company, person.title) != position
        self._network.meet(contact, person.name, keys)
        if keys or renamed or not contact.connected:
            changed = ContactChanged(
                contact=contact.id,
                name=person.name if renamed else None,
                first_name=person.first_name if renamed else None,
                last_name=person.last_name if renamed else None,
                keys=keys,
                emails=tuple(each for each in person.emails if f"email:{email_key(each)}" in keys),
                url=person.url if any(key.startswith("linkedin:") for key in keys) else None,
            )
            yield changed, self._now
        out_of_date = (contact.observed_on or "") > self._exported_on.isoformat()
        if moved and not out_of_date and (person.company or person.title):
            yield self._position(contact.id, person)

    def _shown_before(self, contact: str) -> tuple[str | None, tuple[str | None, str | None] | None]:
        """The name and the position of a contact that this source showed last."""
        name = position = None
        for happening in self._find(Happening, contact=contact):
            if happening.kind in ("contact.added", "contact.changed", "position.observed"):
                event = self._workspace.event(happening.position)
                if event is None or event.by.partition("@")[0] != f"plugin:{self._source}":
                    continue
                if isinstance(event.payload, PositionObserved):
                    position = event.payload.company, event.payload.title
                else:
                    name = event.payload.name or name
        return name, position

    def _position(self, contact: str, person: Person) -> Fact:
        observed = PositionObserved(
            contact=contact, observed_on=self._exported_on, company=person.company, title=person.title
        )
        return observed, _day(self._exported_on)

    def _vanished(self) -> Iterator[Fact]:
        exported_on = self._exported_on.isoformat()
        for contact in self._network.contacts.values():
            ours = contact.source == self._source and contact.connected
            # An old export says nothing of those who connected after it was made.
            before = max(contact.connected_on or "", contact.observed_on or "") <= exported_on
            if ours and before and contact.id not in self._network.met:
                yield ContactDisconnected(contact=contact.id, observed_on=self._exported_on), self._now

    def _tie(self, record: Tie) -> Iterator[Fact]:
        contact = self._network.counterpart(record.counterpart)
        if contact is None:
            self.unmatched["ties"] += 1
            return
        field = "recommendations" if record.evidence.startswith("recommended") else "endorsements"
        if record.count > getattr(contact, field):
            setattr(contact, field, record.count)
            observed = TieObserved(
                contact=contact.id, evidence=record.evidence, count=record.count, last=record.last
            )
            yield observed, _day(record.last) if record.last else self._now

    def _interaction(self, record: Interaction) -> Iterator[Fact]:
        ours = next((each for each in map(self._of_ours, record.answers) if each is not None), None)
        contact = self._network.counterpart(record.counterpart)
        if contact is None and ours is not None:
            contact = self._network.contacts.get(ours.contact)
        if contact is None:
            self.unmatched[f"{record.medium}s"] += 1
        elif record.identity not in self._identities and self._of_ours(record.identity) is None:
            self._identities.add(record.identity)
            observed = InteractionObserved(
                contact=contact.id,
                identity=record.identity,
                direction=record.direction,
                medium=record.medium,
            )
            yield observed, record.at
            if record.direction == "in" and record.medium == "message":
                yield from self._answer(contact.id, record.at, ours)

    def _of_ours(self, message_id: str) -> Message | None:
        """The message of refflow's with that Message-ID, which begins with its own id."""
        if "@" not in message_id:
            return None
        found = self._workspace.views.get(Message, message_id.lstrip("<").partition(".")[0])
        return found if found is not None and found.message_id == message_id else None

    def _answer(self, contact: str, at: int, ours: Message | None) -> Iterator[Fact]:
        """A message from a contact may answer one of ours that nobody has noted an answer to: then whatever
        was to follow an unanswered message must not.
        """
        if contact not in self._in_conversation:
            return
        runs = self._find(Run, contact=contact, status="live")
        since = max((each for run in runs for each in self._handed_over(run) if each <= at), default=None)
        if since is None:
            return
        noted = self._find(Happening, contact=contact, kind="reply.received")
        if not any(each.at >= since for each in noted):
            self._in_conversation.discard(contact)
            about = {run.opening for run in runs}
            if ours is not None and ours.contact == contact:
                about = {ours.opening}
            opening = about.pop() if len(about) == 1 else None
            yield (
                ReplyReceived(contact=contact, opening=opening, intent="unclear", channel=self._source),
                at,
            )

    def _handed_over(self, run: Run) -> list[int]:
        """When messages of a run may have reached somebody: people send what was prepared before they say so."""
        return [
            each.approved_at or each.drafted_at
            for each in self._find(Message, run=run.id)
            if each.sent_at is not None or each.status in _HANDED_OVER
        ]

    def _openings(self, records: Iterable[SavedOpening]) -> Iterator[Fact]:
        by_name: dict[tuple[str, str], Opening] = {}
        by_url: dict[str, Opening] = {}
        for each in sorted(self._find(Opening), key=lambda each: (len(each.id), each.id)):
            _note(each, by_name, by_url)
        # An application may name an opening by its title alone: all links are known by then.
        for record in sorted(records, key=lambda each: each.applied_at is not None):
            yield from self._opening(record, by_name, by_url)

    def _opening(
        self, record: SavedOpening, by_name: dict[tuple[str, str], Opening], by_url: dict[str, Opening]
    ) -> Iterator[Fact]:
        # They stand in the subject of a message, which is one line.
        lines = {"company": " ".join(record.company.split()), "title": " ".join(record.title.split())}
        record = msgspec.structs.replace(record, **lines)
        key = (company_key(record.company), fold(record.title))
        opening = by_url.get(record.url) if record.url else by_name.get(key)
        opening = opening or (by_name.get(key) if record.applied_at else None)
        if opening is None:
            opening = Opening(
                id=f"o{self._next}",
                company=key[0],
                company_name=record.company,
                title=record.title,
                url=record.url,
            )
            _note(opening, by_name, by_url)
            added = OpeningAdded(
                opening=opening.id,
                company=record.company,
                title=record.title,
                source=self._source,
                url=record.url,
                interest="saved",
            )
            yield added, record.saved_at or record.applied_at or self._now
        if record.applied_at is not None and opening.applied is None:
            opening.applied = "applied"
            yield ApplicationSubmitted(opening=opening.id, referrer=opening.referrer), record.applied_at


def _note(opening: Opening, by_name: dict[tuple[str, str], Opening], by_url: dict[str, Opening]) -> None:
    by_name.setdefault((opening.company, fold(opening.title)), opening)
    if opening.url:
        by_url.setdefault(opening.url, opening)


def _of(kind: type[R], records: list[Record]) -> list[R]:
    return [each for each in records if isinstance(each, kind)]


@lru_cache(maxsize=16384)
def _day(day: date) -> int:
    return micros(datetime.combine(day, time(), UTC))
