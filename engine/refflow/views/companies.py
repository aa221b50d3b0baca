"""The companies view: the companies that contacts and openings name, and which names are one company."""

from __future__ import annotations

from typing import ClassVar

from refflow.contacts.companies import company_key
from refflow.events import openings
from refflow.events import people as e
from refflow.events.event import StoredEvent

from .projection import Handler, Projection, handles
from .rows import Rows
from .table import Row


class Company(Row, kw_only=True):
    """A company by its key. `name` is the first way it was written; an alias points to another `company`."""

    table: ClassVar[str] = "company"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("alias_of",),)

    key: str
    name: str
    alias_of: str | None = None


_HANDLERS: dict[str, Handler] = {}


@handles(_HANDLERS, "position.observed", "employment.observed", "opening.added", "opening.changed")
def _named(
    rows: Rows,
    event: StoredEvent,
    payload: e.PositionObserved | e.EmploymentObserved | openings.OpeningAdded | openings.OpeningChanged,
) -> None:
    if payload.company:
        key = company_key(payload.company)
        if rows.get(Company, key) is None:
            rows.put(key, Company(key=key, name=payload.company))


@handles(_HANDLERS, "company.aliased")
def _aliased(rows: Rows, event: StoredEvent, payload: e.CompanyAliased) -> None:
    company = rows.get(Company, payload.alias) or Company(key=payload.alias, name=payload.alias)
    company.alias_of = payload.company
    rows.put(company.key, company)


def resolve(rows: Rows, key: str) -> str:
    """The key of the company that `key` is a name of."""
    seen = {key}
    while True:
        company = rows.get(Company, key)
        if company is None or company.alias_of is None or company.alias_of in seen:
            return key
        key = company.alias_of
        seen.add(key)


COMPANIES = Projection(name="companies", version=1, tables=(Company,), handlers=_HANDLERS)
