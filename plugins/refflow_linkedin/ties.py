"""Ties beyond being connected: recommendations and endorsements, one record a person and kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Literal

import msgspec

from refflow.api import Tie

from .kinds import FIRST_NAME, LAST_NAME
from .profiles import counterpart, folded, is_unknown, slug_of
from .table import Table

Evidence = Literal["recommended_me", "recommended_by_me", "endorsed_me", "endorsed_by_me"]


class _Source(msgspec.Struct, frozen=True):
    """What a table proves, and its columns: first name, last name, address of the profile, date."""

    evidence: Evidence
    columns: tuple[str | tuple[str, ...], ...]


def _endorsement(evidence: Evidence, who: str) -> _Source:
    return _Source(evidence, (f"{who}firstname", f"{who}lastname", f"{who}publicurl", "endorsementdate"))


_RECOMMENDATION = (FIRST_NAME, LAST_NAME, "url", "creationdate")
_SOURCES = {
    "recommendations received": _Source("recommended_me", _RECOMMENDATION),
    "recommendations given": _Source("recommended_by_me", _RECOMMENDATION),
    "endorsements received": _endorsement("endorsed_me", "endorser"),
    "endorsements given": _endorsement("endorsed_by_me", "endorsee"),
}


def ties(tables: Iterable[Table]) -> Iterator[Tie]:
    """One tie a person and kind of evidence, in the order in which the people first appear."""
    gathered: dict[tuple[Evidence, str], Tie] = {}
    for table in tables:
        source = _SOURCES[table.report.use]
        for line, (first, last, url, day) in table.rows(*source.columns):
            name, slug = f"{first} {last}".strip(), slug_of(url)
            if not slug and (not name or is_unknown(name)):
                table.skip("unknown person")
                continue
            table.report.imported += 1
            tie = Tie(
                line=line,
                counterpart=counterpart(slug, name),
                evidence=source.evidence,
                last=table.date(line, day),
            )
            key = (source.evidence, slug or f"name {folded(name)}")
            gathered[key] = _and(gathered[key], tie) if key in gathered else tie
    yield from gathered.values()


def _and(before: Tie, tie: Tie) -> Tie:
    days: list[date] = [day for day in (before.last, tie.last) if day]
    return msgspec.structs.replace(before, count=before.count + 1, last=max(days, default=None))
