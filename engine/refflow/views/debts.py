"""The debts view: what the owner owes to those who helped."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from refflow.events import openings, runs
from refflow.events.event import StoredEvent, instant, micros

from .projection import Handler, Projection, handles
from .rows import Rows
from .table import Row

_HOUR = 3_600_000_000
THANKS_WITHIN = 24 * _HOUR
"""A thank-you is due within a day (Kumar & Epley 2018: it is worth more, and less awkward, than it seems)."""


class Debt(Row, kw_only=True):
    """A thank-you or an update. `id` tells what is owed to whom about what; `name` is short, for people."""

    table: ClassVar[str] = "debt"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("name",), ("contact",), ("settled_at",))

    id: str
    name: str
    what: str
    contact: str
    opening: str
    reason: str
    owed_at: int
    due: int
    settled_at: int | None = None
    how: str | None = None


_HANDLERS: dict[str, Handler] = {}


def debt_id(what: str, contact: str, opening: str) -> str:
    """The identifier of the thanks or the update owed to a contact about an opening."""
    return f"{what}:{contact}:{opening}"


@handles(_HANDLERS, "referral.given")
def _referred(rows: Rows, event: StoredEvent, payload: openings.ReferralGiven) -> None:
    _owe(rows, event, "thanks", payload.contact, payload.opening, event.occurred_at + THANKS_WITHIN)


@handles(
    _HANDLERS,
    "application.submitted",
    "interview.scheduled",
    "offer.received",
    "application.rejected",
    "application.withdrawn",
)
def _news(rows: Rows, event: StoredEvent, payload: openings.ApplicationSubmitted) -> None:
    if payload.referrer is not None:
        due = two_working_days_after(event.occurred_at)
        _owe(rows, event, "update", payload.referrer, payload.opening, due)


def two_working_days_after(at: int) -> int:
    """The same time of day two days, Saturdays and Sundays not counted, after `at` (both microseconds, UTC)."""
    day = instant(at)
    left = 2
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return micros(day)


def _owe(rows: Rows, event: StoredEvent, what: str, contact: str, opening: str, due: int) -> None:
    key = debt_id(what, contact, opening)
    before = rows.get(Debt, key)
    still_open = before is not None and before.settled_at is None
    rows.put(
        key,
        Debt(
            id=key,
            name=before.name if before is not None and still_open else f"d{event.position}",
            what=what,
            contact=contact,
            opening=opening,
            reason=event.kind,
            owed_at=event.occurred_at,
            due=min(before.due, due) if before is not None and still_open else due,
        ),
    )


@handles(_HANDLERS, "referral.thanked", "helper.updated")
def _settled(rows: Rows, event: StoredEvent, payload: openings.ReferralThanked) -> None:
    what = "thanks" if event.kind == "referral.thanked" else "update"
    _settle(rows, debt_id(what, payload.contact, payload.opening), event.occurred_at, event.by)


@handles(_HANDLERS, "debt.settled")
def _by_hand(rows: Rows, event: StoredEvent, payload: runs.DebtSettled) -> None:
    _settle(rows, payload.debt, event.occurred_at, payload.how or "by hand")


def _settle(rows: Rows, key: str, at: int, how: str) -> None:
    debt = rows.get(Debt, key)
    if debt is not None and debt.settled_at is None:
        debt.settled_at, debt.how = at, how
        rows.put(key, debt)


DEBTS = Projection(name="debts", version=1, tables=(Debt,), handlers=_HANDLERS)
