"""The openings view: the job postings the owner tracks."""

from __future__ import annotations

from typing import ClassVar

from refflow.contacts.companies import company_key
from refflow.events import openings as e
from refflow.events.event import StoredEvent

from .projection import Handler, Projection, handles
from .rows import Rows
from .table import Row


class Opening(Row, kw_only=True):
    """A posting. `company` is the key of `company_name`; `applied` is how far the application got."""

    table: ClassVar[str] = "opening"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("url",), ("company",))

    id: str
    company: str
    company_name: str
    title: str
    source: str = ""
    url: str | None = None
    requisition: str | None = None
    location: str | None = None
    submit: str | None = None
    programme: str | None = None
    deadline: str | None = None
    interest: str = "pursued"
    status: str = "open"
    applied: str | None = None
    applied_at: int | None = None
    referrer: str | None = None
    added_at: int = 0


_HANDLERS: dict[str, Handler] = {}
_FIELDS = ("title", "url", "requisition", "location", "submit", "programme", "interest")


@handles(_HANDLERS, "opening.added")
def _added(rows: Rows, event: StoredEvent, payload: e.OpeningAdded) -> None:
    opening = Opening(
        id=payload.opening,
        company=company_key(payload.company),
        company_name=payload.company,
        title=payload.title,
        source=payload.source,
        added_at=event.occurred_at,
    )
    _describe(opening, payload)
    rows.put(opening.id, opening)


@handles(_HANDLERS, "opening.changed")
def _changed(rows: Rows, event: StoredEvent, payload: e.OpeningChanged) -> None:
    opening = rows.get(Opening, payload.opening)
    if opening is not None:
        if payload.company is not None:
            opening.company, opening.company_name = company_key(payload.company), payload.company
        _describe(opening, payload)
        rows.put(opening.id, opening)


def _describe(opening: Opening, payload: e.OpeningAdded | e.OpeningChanged) -> None:
    for field in _FIELDS:
        value = getattr(payload, field)
        if value is not None:
            setattr(opening, field, value)
    if payload.deadline is not None:
        opening.deadline = payload.deadline.isoformat()


@handles(_HANDLERS, "opening.closed")
def _closed(rows: Rows, event: StoredEvent, payload: e.OpeningClosed) -> None:
    opening = rows.get(Opening, payload.opening)
    if opening is not None:
        opening.status = "closed"
        rows.put(opening.id, opening)


@handles(_HANDLERS, "referral.given")
def _referred(rows: Rows, event: StoredEvent, payload: e.ReferralGiven) -> None:
    opening = rows.get(Opening, payload.opening)
    if opening is not None:
        opening.referrer = payload.contact
        rows.put(opening.id, opening)


_STAGES = {
    "application.submitted": "applied",
    "interview.scheduled": "interview",
    "offer.received": "offer",
    "application.rejected": "rejected",
    "application.withdrawn": "withdrawn",
}


@handles(_HANDLERS, *_STAGES)
def _application(rows: Rows, event: StoredEvent, payload: e.ApplicationSubmitted) -> None:
    opening = rows.get(Opening, payload.opening)
    if opening is not None:
        opening.applied = _STAGES[event.kind]
        if event.kind == "application.submitted":
            opening.applied_at = event.occurred_at
        rows.put(opening.id, opening)


OPENINGS = Projection(name="openings", version=1, tables=(Opening,), handlers=_HANDLERS)
