"""Applications: what became of an opening, told once and passed on to whoever helped."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from refflow.errors import UsageError
from refflow.events.event import StoredEvent, micros
from refflow.events.openings import (
    ApplicationRejected,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    InterviewScheduled,
    OfferReceived,
)
from refflow.views.openings import Opening

from .workspace import Workspace

News = Literal["applied", "interview", "offer", "rejected", "withdrawn"]
_PAYLOADS: dict[str, Any] = {
    "applied": ApplicationSubmitted,
    "interview": InterviewScheduled,
    "offer": OfferReceived,
    "rejected": ApplicationRejected,
    "withdrawn": ApplicationWithdrawn,
}
_ENDED = ("rejected", "withdrawn")


def application(
    workspace: Workspace,
    opening: Opening,
    news: News,
    now: datetime,
    *,
    when: datetime | None = None,
    at: datetime | None = None,
) -> list[StoredEvent]:
    """Record how an application stands. Whoever referred the owner is owed an update."""
    if news != "applied" and opening.applied is None:
        raise UsageError(f"{opening.id} was not applied to yet. First: `refflow do {opening.id} applied`.")
    if news == "applied" and opening.applied is not None:
        raise UsageError(f"{opening.id} was applied to already; it stands at `{opening.applied}`.")
    if opening.applied in _ENDED:
        raise UsageError(f"The application to {opening.id} has ended: {opening.applied}.")
    fields: dict[str, Any] = {"opening": opening.id, "referrer": opening.referrer}
    if news == "interview":
        fields["when"] = when
    elif when is not None:
        raise UsageError("Only an interview has a date to come: leave `--when` out.")
    payload = _PAYLOADS[news](**fields)
    return workspace.act(lambda turn: turn.record(payload, by="user", occurred_at=micros(at or now)), now, at)[
        1
    ]
