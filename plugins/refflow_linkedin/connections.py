"""The network: `Connections.csv` in all its forms since 2017."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from refflow.api import Person, email_key, greeting_name

from .dates import parse_date
from .kinds import COMPANY, CONNECTED_ON, EMAIL, FIRST_NAME, LAST_NAME, TITLE, URL
from .profiles import folded, keys_of, slug_of
from .table import Table


def sight(table: Table, slugs: set[str]) -> date | None:
    """Add the slugs of the network to `slugs`. Returns the day of its newest connection."""
    newest: date | None = None
    for _, (url, connected) in table.rows(URL, CONNECTED_ON):
        if slug := slug_of(url):
            slugs.add(slug)
        try:
            day = parse_date(connected)
        except ValueError:
            continue
        newest = day if newest is None or (day and day > newest) else newest
    return newest


def people(tables: Iterable[Table]) -> Iterator[Person]:
    """Everybody in the network. Who left LinkedIn is a row with nothing but a date, and is passed over."""
    seen: set[tuple[str, ...]] = set()
    for table in tables:
        for person in _people_in(table):
            # An address may be shared by two people, so the name counts too.
            identity = (*person.keys[:1], folded(person.name))
            if person.keys and identity in seen:
                table.skip("the same person again")
                continue
            seen.add(identity)
            table.report.imported += 1
            yield person


def _people_in(table: Table) -> Iterator[Person]:
    columns = (FIRST_NAME, LAST_NAME, URL, EMAIL, COMPANY, TITLE, CONNECTED_ON)
    for line, (first, last, url, address, company, title, connected) in table.rows(*columns):
        if first or last:
            slug = slug_of(url)
            yield Person(
                line=line,
                keys=keys_of(slug, address),
                name=f"{first} {last}".strip(),
                first_name=greeting_name(first) or None if first else None,
                last_name=last or None,
                emails=(address,) if address and email_key(address) else (),
                url=_address_of(url) if slug else None,
                company=company or None,
                title=title or None,
                connected_on=table.date(line, connected),
            )
        elif url or address or company or title:
            table.unreadable(line, "the row names nobody")
        else:
            table.skip("left LinkedIn")


def _address_of(url: str) -> str:
    return url if "://" in url else f"https://{url}"
