"""Openings: the jobs that the owner saved or applied to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from refflow.api import SavedOpening

from .kinds import COMPANY
from .table import Table

_JOB = ("joburl", "url"), ("jobtitle", "title"), COMPANY


def saved(tables: Iterable[Table]) -> Iterator[SavedOpening]:
    """The openings of `Saved Jobs.csv`."""
    for table in tables:
        for line, (at, url, title, company) in table.rows(("saveddate", "savedat"), *_JOB):
            if _names_opening(table, title, company):
                instant = table.instant(line, at)
                yield SavedOpening(line=line, company=company, title=title, url=url or None, saved_at=instant)


def applied_to(tables: Iterable[Table]) -> Iterator[SavedOpening]:
    """The openings of `Job Applications.csv`. Phone numbers, addresses and answers in it are not read."""
    for table in tables:
        for line, (at, url, title, company) in table.rows(("applicationdate", "appliedat"), *_JOB):
            if _names_opening(table, title, company):
                instant = table.instant(line, at)
                yield SavedOpening(line=line, company=company, title=title, url=url or None, applied_at=instant)


def _names_opening(table: Table, title: str, company: str) -> bool:
    if not title or not company:
        table.skip("without a company or job title")
        return False
    table.report.imported += 1
    return True
