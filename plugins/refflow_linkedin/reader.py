"""Reads a LinkedIn data export: a zip, a folder, or one of its tables.

The export is read twice, once to learn whose it is and how old, then row by row for its records; neither
keeps more in memory than the slugs and digests met.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from refflow.api import ImportReport, Owner, Record, RefflowError

from . import connections, invitations, messages, openings, own, ties
from .catalogue import Catalogue
from .container import opened
from .owner import Identity, Sightings
from .profiles import keys_of


class LinkedInExport:
    """An `Importer` of LinkedIn data exports."""

    def read(self, path: Path, report: ImportReport) -> Iterator[Record]:
        """The records of the export at `path`: owner, own jobs, people, ties, interactions, openings.

        Raises RefflowError when there is no export, or an unsafe one.
        """
        with opened(path) as export:
            tables = Catalogue(export.files, report)
            if not tables.recognised and not report.problems:
                raise RefflowError(
                    f"{path} is no LinkedIn data export: it has no Connections.csv, messages.csv or another "
                    "table that refflow knows. Give the zip that LinkedIn sent, its folder or a table of it."
                )
            survey = _survey(tables)
            report.exported_on = export.dated or survey.newest
            report.complete_network = survey.complete
            yield from _records(tables, survey)


class _Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known of an export before its first record."""

    owner: Identity
    newest: date | None
    complete: bool


def _survey(tables: Catalogue) -> _Survey:
    sightings = Sightings()
    connected: set[str] = set()
    days: list[date | None] = []
    networks = [table.preview() for table in tables.of("connections")]
    days += [connections.sight(network, connected) for network in networks]
    days += [messages.sight(table.preview(), sightings) for table in tables.of("messages")]
    for table in tables.of("invitations"):
        invitations.sight(table.preview(), sightings)
    name = own.profile_name(table.preview() for table in tables.of("profile"))
    return _Survey(
        owner=sightings.owner(name, connected),
        newest=max((day for day in days if day), default=None),
        complete=bool(networks)
        and "connections" not in tables.refused
        and not any(network.problems for network in networks),
    )


def _records(tables: Catalogue, survey: _Survey) -> Iterator[Record]:
    owner = survey.owner
    own.profile_name(tables.of("profile"))
    keys = keys_of(owner.slug) + own.email_keys(tables.of("email addresses"))
    if owner.name or keys:
        yield Owner(name=owner.name, keys=keys)
    yield from own.jobs(tables.of("positions"))
    yield from connections.people(tables.of("connections"))
    yield from ties.ties(
        tables.of(
            "recommendations received", "recommendations given", "endorsements received", "endorsements given"
        )
    )
    yield from messages.interactions(tables.of("messages"), owner)
    yield from invitations.interactions(tables.of("invitations"), owner)
    yield from openings.saved(tables.of("saved jobs"))
    yield from openings.applied_to(tables.of("job applications"))
