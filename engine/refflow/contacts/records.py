"""What an importer reads from a source: plain records, before anything is known of the workspace.

A record says what the source shows, never what should change: comparing it with the workspace and turning
the difference into events is the import plan's work. Instants are integer microseconds since 1970 UTC,
dates are `datetime.date`; text is stripped and never empty (`None` instead).

Identity keys are `scheme:value`, strongest first:

    linkedin:<slug>      lower case, percent-decoded, NFC
    email:<address>      domain in lower case
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal, Protocol

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """One thing a source shows. `line` is where its row starts in its file, counted from 1."""

    line: int = 0


class Owner(Record, frozen=True, kw_only=True, tag=True):
    """Whose export it is."""

    name: str | None = None
    keys: tuple[str, ...] = ()


class Person(Record, frozen=True, kw_only=True, tag=True):
    """Somebody in the owner's network, as of the day of the export.

    `name` is kept as written; `first_name` is fit for a greeting.
    """

    keys: tuple[str, ...]
    name: str
    first_name: str | None = None
    last_name: str | None = None
    emails: tuple[str, ...] = ()
    url: str | None = None
    company: str | None = None
    title: str | None = None
    connected_on: date | None = None


class Counterpart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The other side of an interaction. Without keys a person is known by name alone, with low confidence."""

    keys: tuple[str, ...] = ()
    name: str | None = None


class Interaction(Record, frozen=True, kw_only=True, tag=True):
    """Something that passed between the owner and one person. Its text is not read.

    `identity` is the same on every reading of the same row, and differs for every other row.
    `direction` is `in` from the person to the owner, `out` the other way. `answers` has the Message-IDs of what
    it answers, which tell whom and what it is about when its sender is not known.
    """

    identity: str
    counterpart: Counterpart
    at: int
    direction: Literal["in", "out"]
    medium: Literal["message", "invitation"]
    conversation: str | None = None
    answers: tuple[str, ...] = ()


class Tie(Record, frozen=True, kw_only=True, tag=True):
    """Evidence of a tie beyond being connected: `count` times, last on `last`."""

    counterpart: Counterpart
    evidence: Literal["recommended_me", "recommended_by_me", "endorsed_me", "endorsed_by_me"]
    count: int = 1
    last: date | None = None


class Employment(Record, frozen=True, kw_only=True, tag=True):
    """A job of the owner's own. Without `finished` it is the present one."""

    company: str
    title: str | None = None
    started: date | None = None
    finished: date | None = None


class SavedOpening(Record, frozen=True, kw_only=True, tag=True):
    """An opening the owner saved, or applied to at `applied_at`."""

    company: str
    title: str
    url: str | None = None
    saved_at: int | None = None
    applied_at: int | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A row or file that could not be read. `text` never quotes what a cell contains."""

    file: str
    line: int
    text: str


class FileReport(msgspec.Struct, kw_only=True):
    """What became of one file of the source: `skipped` counts rows by reason."""

    name: str
    use: str
    rows: int = 0
    imported: int = 0
    skipped: Counter[str] = msgspec.field(default_factory=Counter)


class ImportReport(msgspec.Struct, kw_only=True):
    """Filled in by the reader while it reads; whole once its records are exhausted.

    `complete_network` is true when the source lists everybody, so that a person missing from a later one
    has left the network.
    """

    exported_on: date | None = None
    complete_network: bool = False
    files: list[FileReport] = msgspec.field(default_factory=list)
    problems: list[Problem] = msgspec.field(default_factory=list)


class Importer(Protocol):
    """Reads one kind of source."""

    def read(self, path: Path, report: ImportReport) -> Iterator[Record]:
        """Yield the source's records in a stable order and fill in `report`.

        `report.exported_on` and `report.complete_network` are set before the first record. Raises
        `refflow.errors.RefflowError` when the source as a whole is unreadable or unsafe.
        """
        ...
