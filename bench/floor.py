"""The floor: what a program does that is written for the one task, on SQLite and msgspec alone.

It knows each table by heart, checks nothing and keeps no history. refflow cannot be faster; the ratio to it is
what events as data, views as declarations and a log that proves itself cost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from refflow.contacts.companies import company_key
from refflow.events.event import instant
from refflow.log import chain
from refflow.views.contacts import Contact, Identity, Seen, Tally
from refflow.views.pipeline import PIPELINE, Ask, ask_id
from refflow.views.table import Row, table_of
from refflow.views.timeline import Happening as TimelineRow

from .logs import BY, KINDS
from .story import Happening

PAGE = 256
"""The size of a page that is fastest, as in refflow."""
DECODE = {name: msgspec.json.Decoder(kind.payload).decode for name, kind in KINDS.by_name().items()}
NAMES = {kind.payload: name for name, kind in KINDS.by_name().items()}

Fold = Callable[[int, str, Any, int], None]
"""Takes the position, the kind, the payload and the instant of an event."""
DAY = 86_400_000_000


def connect(path: Path) -> sqlite3.Connection:
    """A connection as refflow has it: a write-ahead log, and every commit on the disk."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")
    return connection


def pages(connection: sqlite3.Connection, columns: str, kinds: Iterable[str] = ()) -> Iterator[list[Any]]:
    """Rows of the log, page by page; position is the first column."""
    wanted = f"AND kind IN ({', '.join(map(repr, kinds))})" if kinds else ""
    query = f"SELECT position, {columns} FROM event WHERE position > ? {wanted} ORDER BY position LIMIT {PAGE}"
    after = 0
    while rows := connection.execute(query, (after,)).fetchall():
        yield rows
        after = rows[-1][0]


def read(connection: sqlite3.Connection, fold: Fold, kinds: Iterable[str] = ()) -> None:
    """Decode events and fold them."""
    decode = DECODE
    for rows in pages(connection, "kind, occurred_at, data, personal", kinds):
        for position, kind, at, data, personal in rows:
            if personal is not None:
                data = personal if data == "{}" else f"{data[:-1]},{personal[1:]}"
            fold(position, kind, decode[kind](data), at)


def count(connection: sqlite3.Connection) -> dict[str, int]:
    """The least there is: decode every event and count the events of each kind."""
    counts: dict[str, int] = {}
    for rows in pages(connection, "kind, data, personal"):
        for _, kind, data, personal in rows:
            if personal is not None:
                data = personal if data == "{}" else f"{data[:-1]},{personal[1:]}"
            DECODE[kind](data)
            counts[kind] = counts.get(kind, 0) + 1
    return counts


class View(Protocol):
    """A view of the story."""

    kinds: tuple[str, ...]
    """The kinds it reads; empty for all."""

    def fold(self, position: int, kind: str, payload: Any, at: int) -> None:
        """Fold one event."""
        ...

    def rows(self) -> list[tuple[type[Row], Sequence[Row]]]:
        """The rows of each table, by key."""
        ...


@lru_cache(maxsize=16384)
def year_of(day: int) -> str:
    """The calendar year, in UTC, of a day counted from 1970."""
    return str(instant(day * DAY).year)


class Contacts:
    """The contacts view of the story."""

    kinds: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.identities: dict[str, Identity] = {}
        self.seen: list[Seen] = []
        self.tallies: dict[str, Tally] = {}
        self._folds = {
            "contact.added": self._added,
            "position.observed": self._position,
            "interaction.observed": self._observed,
            "message.sent": self._sent,
            "reply.received": self._replied,
            "referral.given": self._referred,
        }

    def fold(self, position: int, kind: str, payload: Any, at: int) -> None:
        fold = self._folds.get(kind)
        if fold is not None:
            fold(position, payload, at)

    def rows(self) -> list[tuple[type[Row], Sequence[Row]]]:
        contacts = [self.contacts[key] for key in sorted(self.contacts)]
        return [
            (Contact, contacts),
            (Identity, [self.identities[key] for key in sorted(self.identities)]),
            (Seen, self.seen),
            (Tally, [self.tallies[key] for key in sorted(self.tallies)]),
        ]

    def _added(self, position: int, payload: Any, at: int) -> None:
        contact = Contact(
            id=payload.contact,
            source=payload.source,
            name=payload.name,
            first_name=payload.first_name,
            last_name=payload.last_name,
            url=payload.url,
            connected_on=str(payload.connected_on),
        )
        for key in payload.keys:
            self.identities[key] = Identity(key=key, contact=contact.id)
            contact.slug = key.removeprefix("linkedin:")
        self.contacts[contact.id] = contact

    def _position(self, position: int, payload: Any, at: int) -> None:
        contact = self.contacts[payload.contact]
        contact.company_name, contact.title = payload.company, payload.title
        contact.company = company_key(payload.company)
        contact.observed_on = str(payload.observed_on)

    def _observed(self, position: int, payload: Any, at: int) -> None:
        self.seen.append(Seen(position=position, identity=payload.identity, contact=payload.contact))
        if payload.medium != "message":
            return
        contact, incoming = self.contacts[payload.contact], payload.direction == "in"
        if contact.told and self._was_told(contact, incoming, at):
            self._passed(contact, incoming, at, 0)
            return
        if incoming:
            contact.shown_in = max(contact.shown_in or 0, at)
        else:
            contact.shown_out = max(contact.shown_out or 0, at)
        self._passed(contact, incoming, at, 1)

    def _sent(self, position: int, payload: Any, at: int) -> None:
        contact = self.contacts[payload.contact]
        shown, earliest = contact.shown_out, at - 2 * DAY
        if shown is not None and earliest <= shown <= at + DAY:
            contact.shown_out = None
            self._passed(contact, False, at, 0)
            return
        tally = self._tally(contact)
        tally.told_out = [*tally.told_out, (earliest, at + DAY)][-8:]
        contact.told = True
        self._passed(contact, False, at, 1)

    def _replied(self, position: int, payload: Any, at: int) -> None:
        contact = self.contacts[payload.contact]
        tally = self._tally(contact)
        meaning = tally.unclear and payload.intent != "unclear"
        tally.unclear = payload.intent == "unclear"
        if payload.intent == "declined":
            contact.declined_at = at
        shown, earliest = contact.shown_in, at - 7 * DAY
        if contact.last_out is not None and contact.last_out <= at:
            earliest = max(earliest, contact.last_out - DAY)
        new = 0
        if meaning:
            pass
        elif shown is not None and earliest <= shown <= at + DAY:
            contact.shown_in = None
        else:
            tally.told_in = [*tally.told_in, (earliest, at + DAY)][-8:]
            contact.told, new = True, 1
        self._passed(contact, True, at, new)

    def _referred(self, position: int, payload: Any, at: int) -> None:
        self.contacts[payload.contact].referrals += 1

    def _tally(self, contact: Contact) -> Tally:
        found = self.tallies.get(contact.id)
        if found is None:
            found = self.tallies[contact.id] = Tally(contact=contact.id)
        return found

    def _was_told(self, contact: Contact, incoming: bool, at: int) -> bool:
        tally = self._tally(contact)
        told = tally.told_in if incoming else tally.told_out
        for number, (earliest, latest) in enumerate(told):
            if earliest <= at <= latest:
                del told[number]
                contact.told = bool(tally.told_in or tally.told_out)
                return True
        return False

    def _passed(self, contact: Contact, incoming: bool, at: int, new: int) -> None:
        year = year_of(at // DAY)
        received, sent = contact.years.get(year, (0, 0))
        if incoming:
            contact.received += new
            if contact.last_in is None or contact.last_in < at:
                contact.last_in = at
            contact.years[year] = (received + new, sent)
        else:
            contact.sent += new
            if contact.last_out is None or contact.last_out < at:
                contact.last_out = at
            contact.years[year] = (received, sent + new)


class Pipeline:
    """The pipeline view of the story."""

    kinds: tuple[str, ...] = tuple(PIPELINE.handlers)

    def __init__(self) -> None:
        self.asks: dict[str, Ask] = {}

    def fold(self, position: int, kind: str, payload: Any, at: int) -> None:
        match kind:
            case "ask.opened":
                key = ask_id(payload.contact, payload.opening)
                self.asks[key] = Ask(
                    id=key,
                    contact=payload.contact,
                    opening=payload.opening,
                    stage="ready",
                    run=payload.run,
                    opened_at=at,
                )
            case "application.submitted":
                self.asks[ask_id(payload.referrer, payload.opening)].stage = "applied"
            case _:
                self._moved(kind, self.asks[ask_id(payload.contact, payload.opening)], payload, at)

    def rows(self) -> list[tuple[type[Row], Sequence[Row]]]:
        return [(Ask, [self.asks[key] for key in sorted(self.asks)])]

    def _moved(self, kind: str, ask: Ask, payload: Any, at: int) -> None:
        match kind:
            case "message.sent":
                ask.stage, ask.asked_at = "asked", at
            case "reply.received":
                ask.stage, ask.answered_at, ask.intent = "agreed", at, payload.intent
            case "referral.given":
                ask.stage, ask.referred_at = "referred", at
            case "ask.closed":
                ask.stage, ask.closed_at, ask.outcome = "closed", at, payload.outcome


class Timeline:
    """The timeline of the story."""

    kinds: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.happenings: list[TimelineRow] = []
        self._fields = {name: _named(kind.payload.__struct_fields__) for name, kind in KINDS.by_name().items()}

    def fold(self, position: int, kind: str, payload: Any, at: int) -> None:
        person, opening, run = self._fields[kind]
        if person or opening or run:
            self.happenings.append(
                TimelineRow(
                    position=position,
                    at=at,
                    kind=kind,
                    contact=getattr(payload, person) if person else None,
                    opening=payload.opening if opening else None,
                    run=payload.run if run else None,
                )
            )

    def rows(self) -> list[tuple[type[Row], Sequence[Row]]]:
        return [(TimelineRow, self.happenings)]


def _named(fields: tuple[str, ...]) -> tuple[str | None, bool, bool]:
    """The field that names a person, and whether others name an opening and a run."""
    person = next((name for name in ("contact", "referrer") if name in fields), None)
    return person, "opening" in fields, "run" in fields


def write(connection: sqlite3.Connection, tables: Iterable[tuple[type[Row], Sequence[Row]]]) -> None:
    """Replace tables, with the columns and indexes they have in refflow."""
    connection.execute("BEGIN IMMEDIATE")
    for row, rows in tables:
        table = table_of(row)
        connection.execute(f"DROP TABLE IF EXISTS {table.name}")
        connection.execute(table.create)
        connection.executemany(table.upsert, map(table.to_sql, rows))
        for index in table.indexes:
            connection.execute(index)
    connection.execute("COMMIT")


def verify(connection: sqlite3.Connection) -> bytes:
    """The digest of the log, after computing every digest and every commitment in it."""
    before = chain.ORIGIN
    columns = (
        "CAST(commit_id AS BLOB), CAST(kind AS BLOB), version, occurred_at, recorded_at, CAST(by AS BLOB), cause,"
        " CAST(data AS BLOB), CAST(personal AS BLOB), salt, commitment, digest"
    )
    for rows in pages(connection, columns):
        for (
            position,
            commit,
            kind,
            version,
            occurred,
            recorded,
            by,
            cause,
            data,
            personal,
            salt,
            kept,
            noted,
        ) in rows:
            before = chain.digest(
                before, position, commit, kind, version, occurred, recorded, by, cause, data, kept
            )
            assert before == noted
            assert personal is None or chain.commitment(salt, personal) == kept
    return before


class Log:
    """A table with the columns of the log and nothing else: no chain, no commitment, no trigger."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path)
        self.connection.execute(
            "CREATE TABLE event (position INTEGER PRIMARY KEY, commit_id TEXT NOT NULL, kind TEXT NOT NULL,"
            " version INTEGER NOT NULL, occurred_at INTEGER NOT NULL, recorded_at INTEGER NOT NULL,"
            " by TEXT NOT NULL, cause INTEGER, data TEXT NOT NULL, personal TEXT, salt BLOB, commitment BLOB,"
            " digest BLOB NOT NULL) STRICT"
        )
        self._encode = msgspec.json.Encoder().encode
        self._head = 0

    def append(self, happenings: Sequence[Happening]) -> None:
        """Insert events in one transaction. What refflow computes is here a constant of the same size."""
        rows = [
            (
                position, "0" * 32, NAMES[type(payload)], 1, at, at, BY, None,
                self._encode(payload).decode(), None, None, None, chain.ORIGIN,
            )
            for position, (payload, at) in enumerate(happenings, self._head + 1)
        ]  # fmt: skip
        self.connection.execute("BEGIN IMMEDIATE")
        self.connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self.connection.execute("COMMIT")
        self._head += len(rows)
