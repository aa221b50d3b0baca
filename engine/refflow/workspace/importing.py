"""Importing: what a source shows, held against the workspace; the difference becomes events.

A plan comes first and writes nothing. Applying it writes one commit. Applying the same source again finds no
difference, and a later export of the same network brings only what has changed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import msgspec

from refflow.contacts.companies import company_key
from refflow.contacts.names import fold
from refflow.contacts.records import (
    Counterpart,
    Employment,
    Importer,
    ImportReport,
    Interaction,
    Owner,
    Person,
    Record,
    SavedOpening,
    Tie,
)
from refflow.errors import RefflowError, UsageError
from refflow.events.event import instant, micros
from refflow.events.openings import ApplicationSubmitted, OpeningAdded, ReplyReceived
from refflow.events.people import (
    ContactAdded,
    ContactChanged,
    ContactDisconnected,
    EmploymentObserved,
    ImportFinished,
    InteractionObserved,
    OwnerIdentified,
    PositionObserved,
    TieObserved,
)
from refflow.plugins.factories import resolve
from refflow.views.contacts import Contact, Employer, Identity, Seen
from refflow.views.contacts import Owner as OwnerRow
from refflow.views.openings import Opening
from refflow.views.runs import Run
from refflow.views.timeline import Happening
from refflow.workflows.turn import Turn

from .workspace import Workspace

SNIFFED = 4096


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an import would do, or did. `counts` says how many events of each kind; `unmatched` counts
    records about people the network does not hold, by what they are.
    """

    source: str
    applied: bool
    counts: dict[str, int]
    unmatched: dict[str, int]
    report: ImportReport
    examples: list[str] = []


def import_source(
    workspace: Workspace, path: Path, now: datetime, *, apply: bool = False, source: str | None = None
) -> Plan:
    """Read the source at `path` and plan, or with `apply` make, the changes it leads to.

    `source` names the importer; without it the one that recognises the source best is taken.
    """
    if not path.exists():
        raise UsageError(f"{path} does not exist.")
    name, importer = _importer(workspace, path, source)
    report = ImportReport()
    records = list(importer.read(path, report))
    moment = micros(now)

    def decide(turn: Turn) -> tuple[list[Any], dict[str, int]]:
        difference = Difference(workspace, turn, name, report, moment)
        facts = list(difference.events(records))
        if apply:
            for payload, at in facts:
                turn.record(payload, by=f"plugin:{name}", occurred_at=at)
            if facts:
                counts = _count(turn.kinds.of(payload).name for payload, _ in facts)
                finished = ImportFinished(source=name, exported_on=report.exported_on, added=counts)
                turn.record(finished, by=f"plugin:{name}")
        return facts, dict(difference.unmatched)

    facts, unmatched = workspace.act(decide, now)[0] if apply else decide(workspace.turn(moment))
    kinds = workspace.kinds
    return Plan(
        source=name,
        applied=apply and bool(facts),
        counts=_count(kinds.of(payload).name for payload, _ in facts),
        unmatched=unmatched,
        report=report,
        examples=[payload.name or "" for payload, _ in facts if isinstance(payload, ContactAdded)][:3],
    )


def _importer(workspace: Workspace, path: Path, source: str | None) -> tuple[str, Importer]:
    importers = {name: each.spec for name, each in workspace.host.effects.importers.items()}
    if source is not None:
        if source not in importers:
            raise UsageError(f"There is no importer `{source}`. There are: {', '.join(sorted(importers))}.")
        return source, resolve(importers[source].factory)()
    head = b"" if path.is_dir() else _head(path)
    scored = sorted(((spec.sniff(path.name, head), name) for name, spec in importers.items()), reverse=True)
    if not scored or scored[0][0] <= 0:
        raise UsageError(
            f"{path} is nothing that can be imported. Give the zip or the folder of a LinkedIn data export."
        )
    name = scored[0][1]
    return name, resolve(importers[name].factory)()


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(SNIFFED)
    except OSError as error:
        raise RefflowError(f"{path} cannot be read: {error.strerror}.") from error


class Difference:
    """The events that turn what the workspace knows into what a source shows."""

    def __init__(self, workspace: Workspace, turn: Turn, source: str, report: ImportReport, now: int) -> None:
        self.source = source
        self.unmatched: Counter[str] = Counter()
        self._workspace = workspace
        self._now = now
        self._report = report
        self._exported_on = report.exported_on or instant(now).date()
        self._next = turn.next_position
        self._contacts = {each.id: each for each in workspace.views.find(Contact)}
        self._by_key = {each.key: each.contact for each in workspace.views.find(Identity)}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for contact in self._contacts.values():
            self._by_name[fold(contact.name)].append(contact.id)
        self._identities = {each.identity for each in workspace.views.find(Seen)}
        self._namesakes: Counter[str] = Counter()
        self._met: set[str] = set()

    def events(self, records: Iterable[Record]) -> Iterator[tuple[Any, int]]:
        """Payloads with when they occurred. Each takes the next position, so contacts can be named after it."""
        for payload, at in self._all(records):
            self._next += 1
            yield payload, at

    def _all(self, records: Iterable[Record]) -> Iterator[tuple[Any, int]]:
        people: list[Person] = []
        later: list[Record] = []
        for record in records:
            match record:
                case Owner():
                    yield from self._owner(record)
                case Employment():
                    yield from self._employment(record)
                case Person():
                    people.append(record)
                case _:
                    later.append(record)
        yield from self._people(people)
        yield from self._rest(later)

    def _owner(self, record: Owner) -> Iterator[tuple[Any, int]]:
        row = self._workspace.views.get(OwnerRow, "owner")
        emails = tuple(key.removeprefix("email:") for key in record.keys if key.startswith("email:"))
        if row is None or (record.name and row.name != record.name) or not set(record.keys) <= set(row.keys):
            yield OwnerIdentified(name=record.name, keys=record.keys, emails=emails), self._now

    def _employment(self, record: Employment) -> Iterator[tuple[Any, int]]:
        started = record.started.isoformat() if record.started else ""
        row = self._workspace.views.get(Employer, f"{company_key(record.company)} {started}")
        finished = record.finished.isoformat() if record.finished else None
        if row is None or row.finished != finished or row.title != record.title:
            yield (
                EmploymentObserved(
                    company=record.company,
                    title=record.title,
                    started=record.started,
                    finished=record.finished,
                ),
                self._now,
            )

    def _people(self, people: list[Person]) -> Iterator[tuple[Any, int]]:
        same_day = Counter((fold(each.name), each.connected_on) for each in people)
        for person in map(self._keyed, people):
            unique = same_day[fold(person.name), person.connected_on] == 1
            contact = self._known(person, unique)
            if contact is None:
                yield from self._new(person)
            else:
                yield from self._changed(contact, person)
        if self._report.complete_network and people:
            yield from self._vanished()

    def _keyed(self, person: Person) -> Person:
        """A person without any key gets one of their name, the day of connecting and how often that occurred."""
        if person.keys:
            return person
        written = f"{self.source}-name:{fold(person.name)}|{person.connected_on or ''}"
        self._namesakes[written] += 1
        return msgspec.structs.replace(person, keys=(f"{written}|{self._namesakes[written]}",))

    def _known(self, person: Person, unique: bool) -> Contact | None:
        """Who a person is: by their keys, else, when a profile was renamed or an export had no links, by the
        same name and the same day of connecting. A name alone is nobody.
        """
        for key in person.keys:
            if key in self._by_key:
                return self._contacts[self._by_key[key]]
        if person.connected_on is None or not unique:
            return None
        day = person.connected_on.isoformat()
        same = [
            self._contacts[each]
            for each in self._by_name.get(fold(person.name), ())
            if self._contacts[each].connected_on == day and each not in self._met
        ]
        return same[0] if len(same) == 1 else None

    def _new(self, person: Person) -> Iterator[tuple[Any, int]]:
        contact = Contact(
            id=f"c{self._next}",
            name=person.name,
            company_name=person.company,
            title=person.title,
            connected_on=person.connected_on.isoformat() if person.connected_on else None,
            observed_on=self._exported_on.isoformat(),
        )
        self._remember(contact, person.keys)
        at = _day(person.connected_on) if person.connected_on else self._now
        yield (
            ContactAdded(
                contact=contact.id,
                source=self.source,
                name=person.name,
                first_name=person.first_name,
                last_name=person.last_name,
                keys=person.keys,
                emails=person.emails,
                url=person.url,
                connected_on=person.connected_on,
            ),
            min(at, self._now),
        )
        if person.company or person.title:
            yield self._position(contact.id, person)

    def _changed(self, contact: Contact, person: Person) -> Iterator[tuple[Any, int]]:
        self._met.add(contact.id)
        keys = tuple(key for key in person.keys if self._by_key.get(key) != contact.id)
        named = person.name if person.name != contact.name else None
        if keys or named or not contact.connected:
            self._remember(contact, keys)
            yield (
                ContactChanged(
                    contact=contact.id,
                    name=named,
                    first_name=person.first_name if named else None,
                    last_name=person.last_name if named else None,
                    keys=keys,
                    emails=tuple(each for each in person.emails if f"email:{each.casefold()}" in keys),
                    url=person.url if any(key.startswith("linkedin:") for key in keys) else None,
                ),
                self._now,
            )
        moved = (person.company, person.title) != (contact.company_name, contact.title)
        newer = contact.observed_on is None or contact.observed_on < self._exported_on.isoformat()
        if moved and newer and (person.company or person.title):
            yield self._position(contact.id, person)

    def _position(self, contact: str, person: Person) -> tuple[Any, int]:
        observed = PositionObserved(
            contact=contact, observed_on=self._exported_on, company=person.company, title=person.title
        )
        return observed, min(_day(self._exported_on), self._now)

    def _vanished(self) -> Iterator[tuple[Any, int]]:
        exported_on = self._exported_on.isoformat()
        for contact in list(self._contacts.values()):
            missing = contact.id not in self._met and contact.source == self.source and contact.connected
            # An old export says nothing of those who connected after it was made.
            if (
                missing
                and (contact.connected_on or "") <= exported_on
                and (contact.observed_on or "") <= exported_on
            ):
                yield ContactDisconnected(contact=contact.id, observed_on=self._exported_on), self._now

    def _rest(self, records: Iterable[Record]) -> Iterator[tuple[Any, int]]:
        openings = self._workspace.views.find(Opening)
        known = {(each.company, fold(each.title)): each for each in openings}
        by_url = {each.url: each for each in openings if each.url}
        for record in records:
            match record:
                case Tie():
                    yield from self._tie(record)
                case Interaction():
                    yield from self._interaction(record)
                case SavedOpening():
                    yield from self._opening(record, known, by_url)

    def _tie(self, record: Tie) -> Iterator[tuple[Any, int]]:
        contact = self._counterpart(record.counterpart)
        if contact is None:
            self.unmatched["ties"] += 1
            return
        known = contact.recommendations if record.evidence.startswith("recommended") else contact.endorsements
        if record.count > known:
            if record.evidence.startswith("recommended"):
                contact.recommendations = record.count
            else:
                contact.endorsements = record.count
            at = _day(record.last) if record.last else self._now
            yield (
                TieObserved(contact=contact.id, evidence=record.evidence, count=record.count, last=record.last),
                min(at, self._now),
            )

    def _interaction(self, record: Interaction) -> Iterator[tuple[Any, int]]:
        contact = self._counterpart(record.counterpart)
        if contact is None:
            self.unmatched[f"{record.medium}s"] += 1
            return
        if self._seen(record.identity):
            return
        at = min(record.at, self._now)
        yield (
            InteractionObserved(
                contact=contact.id,
                identity=record.identity,
                direction=record.direction,
                medium=record.medium,
            ),
            at,
        )
        if record.direction == "in" and record.medium == "message" and self._answers_us(contact.id, at):
            yield ReplyReceived(contact=contact.id, intent="unclear", channel=self.source), at

    def _seen(self, identity: str) -> bool:
        if identity in self._identities:
            return True
        self._identities.add(identity)
        return False

    def _answers_us(self, contact: str, at: int) -> bool:
        """Whether a message from a contact answers one of ours that nobody has noted an answer to: then
        whatever was to follow an unanswered message must not.
        """
        find = self._workspace.views.find
        for run in find(Run, contact=contact, status="live"):
            sent = max((each.at for each in find(Happening, run=run.id, kind="message.sent")), default=None)
            if sent is not None and sent <= at:
                noted = find(Happening, contact=contact, kind="reply.received")
                return not any(each.at >= sent for each in noted)
        return False

    def _opening(
        self,
        record: SavedOpening,
        known: dict[tuple[str, str], Opening],
        by_url: dict[str, Opening],
    ) -> Iterator[tuple[Any, int]]:
        key = (company_key(record.company), fold(record.title))
        opening = by_url.get(record.url) if record.url else known.get(key)
        opening = opening or (known.get(key) if record.applied_at else None)
        if opening is None:
            opening = Opening(
                id=f"o{self._next}",
                company=key[0],
                company_name=record.company,
                title=record.title,
                url=record.url,
            )
            known[key] = opening
            if record.url:
                by_url[record.url] = opening
            at = record.saved_at or record.applied_at or self._now
            yield (
                OpeningAdded(
                    opening=opening.id,
                    company=record.company,
                    title=record.title,
                    source=self.source,
                    url=record.url,
                    interest="saved",
                ),
                min(at, self._now),
            )
        if record.applied_at is not None and opening.applied is None:
            opening.applied = "applied"
            yield (
                ApplicationSubmitted(opening=opening.id, referrer=opening.referrer),
                min(record.applied_at, self._now),
            )

    def _counterpart(self, other: Counterpart) -> Contact | None:
        for key in other.keys:
            if key in self._by_key:
                return self._contacts[self._by_key[key]]
        if other.keys or not other.name:
            return None
        same = self._by_name.get(fold(other.name), [])
        return self._contacts[same[0]] if len(same) == 1 else None

    def _remember(self, contact: Contact, keys: tuple[str, ...]) -> None:
        self._contacts[contact.id] = contact
        self._met.add(contact.id)
        self._by_name[fold(contact.name)].append(contact.id)
        for key in keys:
            self._by_key[key] = contact.id


def _day(day: date) -> int:
    return micros(datetime.combine(day, time(), UTC))


def _count(kinds: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))
