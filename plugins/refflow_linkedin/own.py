"""The owner's own tables: profile, e-mail addresses and jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from refflow.api import Employment

from .kinds import COMPANY, FIRST_NAME, LAST_NAME
from .profiles import keys_of
from .table import Table


def profile_name(tables: Iterable[Table]) -> str | None:
    """The owner's name in `Profile.csv`; nothing else of it is read."""
    for table in tables:
        for line, (first, last) in table.rows(FIRST_NAME, LAST_NAME):
            if name := f"{first} {last}".strip():
                table.report.imported += 1
                return name
            table.unreadable(line, "the row names nobody")
    return None


def email_keys(tables: Iterable[Table]) -> tuple[str, ...]:
    """The owner's confirmed addresses, the primary one first."""
    primary: list[str] = []
    others: list[str] = []
    for table in tables:
        for line, (address, confirmed, first) in table.rows("emailaddress", "confirmed", "primary"):
            if confirmed.lower() == "no":
                table.skip("not confirmed")
            elif keys := keys_of(None, address):
                table.report.imported += 1
                (primary if first.lower() == "yes" else others).extend(keys)
            else:
                table.unreadable(line, "the row has no e-mail address")
    return tuple(dict.fromkeys(primary + others))


def jobs(tables: Iterable[Table]) -> Iterator[Employment]:
    """The owner's own jobs, from `Positions.csv`."""
    for table in tables:
        rows = table.rows(COMPANY, "title", ("startedon", "startdate"), ("finishedon", "enddate"))
        for line, (company, title, started, finished) in rows:
            if not company:
                table.skip("without a company")
                continue
            table.report.imported += 1
            yield Employment(
                line=line,
                company=company,
                title=title or None,
                started=table.date(line, started),
                finished=table.date(line, finished),
            )
