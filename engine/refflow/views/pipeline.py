"""The pipeline view: every ask, by how far it got."""

from __future__ import annotations

from typing import ClassVar, Literal

from refflow.events import messages
from refflow.events import openings as e
from refflow.events.event import StoredEvent

from .projection import Handler, Projection, handles
from .rows import Rows
from .table import Row

Stage = Literal["warming", "ready", "asked", "agreed", "referred", "applied", "interview", "offer", "closed"]
STAGES: tuple[Stage, ...] = (
    "warming",
    "ready",
    "asked",
    "agreed",
    "referred",
    "applied",
    "interview",
    "offer",
    "closed",
)
TAKEN: frozenset[str] = frozenset(STAGES) - {"warming", "closed"}
"""Stages in which the opening is spoken for: nobody else is asked about it."""


class Ask(Row, kw_only=True):
    """A contact asked, or to be asked, about an opening, or who referred the owner to it unasked (`run` is empty
    then). Instants are microseconds since 1970 UTC.
    """

    table: ClassVar[str] = "ask"
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = (("opening",), ("contact",))

    id: str
    contact: str
    opening: str
    stage: str
    run: str
    opened_at: int
    line: str | None = None
    asked_at: int | None = None
    answered_at: int | None = None
    intent: str | None = None
    referred_at: int | None = None
    closed_at: int | None = None
    outcome: str | None = None


class Funnel(Row, kw_only=True):
    """How many asks ever reached a stage."""

    table: ClassVar[str] = "funnel"

    stage: str
    asks: int = 0


class Reached(Row, kw_only=True):
    """The stages an ask has reached. `run` is the one whose message asks."""

    table: ClassVar[str] = "reached"

    ask: str
    run: str = ""
    stages: list[str] = []


def ask_id(contact: str, opening: str) -> str:
    """The identifier of the ask of a contact about an opening."""
    return f"{contact}:{opening}"


_HANDLERS: dict[str, Handler] = {}
_FUNNEL: dict[str, Handler] = {}


@handles(_HANDLERS, "ask.opened")
def _opened(rows: Rows, event: StoredEvent, payload: e.AskOpened) -> None:
    key = ask_id(payload.contact, payload.opening)
    before = rows.get(Ask, key)
    rows.put(
        key,
        Ask(
            id=key,
            contact=payload.contact,
            opening=payload.opening,
            stage="warming" if payload.warming else "ready",
            run=payload.run,
            opened_at=event.occurred_at,
            line=before.line if before else None,
        ),
    )


@handles(_HANDLERS, "ask.personalised")
def _personalised(rows: Rows, event: StoredEvent, payload: e.AskPersonalised) -> None:
    key = ask_id(payload.contact, payload.opening)
    ask = rows.get(Ask, key) or Ask(
        id=key,
        contact=payload.contact,
        opening=payload.opening,
        stage="closed",
        run="",
        opened_at=event.occurred_at,
        outcome="not started",
    )
    ask.line = payload.line
    rows.put(key, ask)


@handles(_HANDLERS, "message.sent")
def _sent(rows: Rows, event: StoredEvent, payload: messages.MessageSent) -> None:
    ask = rows.get(Ask, ask_id(payload.contact, payload.opening)) if payload.opening else None
    if ask is not None and ask.stage == "ready" and ask.run == payload.run:
        ask.stage = "asked"
        ask.asked_at = event.occurred_at
        rows.put(ask.id, ask)


@handles(_HANDLERS, "reply.received")
def _replied(rows: Rows, event: StoredEvent, payload: e.ReplyReceived) -> None:
    ask = rows.get(Ask, ask_id(payload.contact, payload.opening)) if payload.opening else None
    if ask is not None and ask.stage in ("asked", "agreed"):
        ask.answered_at = ask.answered_at or event.occurred_at
        ask.intent = payload.intent
        if payload.intent == "agreed":
            ask.stage = "agreed"
        rows.put(ask.id, ask)


@handles(_HANDLERS, "referral.given")
def _referred(rows: Rows, event: StoredEvent, payload: e.ReferralGiven) -> None:
    key = ask_id(payload.contact, payload.opening)
    ask = rows.get(Ask, key) or Ask(
        id=key,
        contact=payload.contact,
        opening=payload.opening,
        stage="referred",
        run="",
        opened_at=event.occurred_at,
    )
    ask.stage = "referred"
    ask.referred_at = event.occurred_at
    ask.closed_at = ask.outcome = None
    rows.put(key, ask)


_APPLICATION = {
    "application.submitted": "applied",
    "interview.scheduled": "interview",
    "offer.received": "offer",
    "application.rejected": "closed",
    "application.withdrawn": "closed",
}


@handles(_HANDLERS, *_APPLICATION)
def _application(rows: Rows, event: StoredEvent, payload: e.ApplicationSubmitted) -> None:
    ask = rows.get(Ask, ask_id(payload.referrer, payload.opening)) if payload.referrer else None
    if ask is not None and ask.referred_at is not None:
        ask.stage = _APPLICATION[event.kind]
        closed = ask.stage == "closed"
        ask.closed_at = event.occurred_at if closed else None
        ask.outcome = event.kind.removeprefix("application.") if closed else None
        rows.put(ask.id, ask)


@handles(_HANDLERS, "ask.closed")
def _closed(rows: Rows, event: StoredEvent, payload: e.AskClosed) -> None:
    ask = rows.get(Ask, ask_id(payload.contact, payload.opening))
    if ask is not None:
        ask.stage = "closed"
        ask.closed_at = event.occurred_at
        ask.outcome = payload.outcome
        rows.put(ask.id, ask)


def _reach(rows: Rows, ask: str, stage: str) -> None:
    reached = rows.get(Reached, ask) or Reached(ask=ask)
    if stage not in reached.stages:
        reached.stages = [*reached.stages, stage]
        rows.put(ask, reached)
        funnel = rows.get(Funnel, stage) or Funnel(stage=stage)
        funnel.asks += 1
        rows.put(stage, funnel)


@handles(_FUNNEL, "ask.personalised")
def _funnel_personalised(rows: Rows, event: StoredEvent, payload: e.AskPersonalised) -> None:
    ask = ask_id(payload.contact, payload.opening)
    if rows.get(Reached, ask) is None:
        rows.put(ask, Reached(ask=ask))


@handles(_FUNNEL, "ask.opened")
def _funnel_opened(rows: Rows, event: StoredEvent, payload: e.AskOpened) -> None:
    ask = ask_id(payload.contact, payload.opening)
    reached = rows.get(Reached, ask) or Reached(ask=ask)
    reached.run = "" if payload.warming else payload.run
    rows.put(ask, reached)
    if not payload.warming:
        _reach(rows, ask, "ready")


@handles(_FUNNEL, "message.sent")
def _funnel_asked(rows: Rows, event: StoredEvent, payload: messages.MessageSent) -> None:
    if payload.opening:
        ask = ask_id(payload.contact, payload.opening)
        reached = rows.get(Reached, ask)
        if reached is not None and reached.run == payload.run and "ready" in reached.stages:
            _reach(rows, ask, "asked")


@handles(_FUNNEL, "reply.received")
def _funnel_answered(rows: Rows, event: StoredEvent, payload: e.ReplyReceived) -> None:
    if payload.opening:
        ask = ask_id(payload.contact, payload.opening)
        reached = rows.get(Reached, ask)
        if reached is not None and "asked" in reached.stages:
            _reach(rows, ask, "answered")
            if payload.intent == "agreed":
                _reach(rows, ask, "agreed")


@handles(_FUNNEL, "referral.given")
def _funnel_referred(rows: Rows, event: StoredEvent, payload: e.ReferralGiven) -> None:
    ask = ask_id(payload.contact, payload.opening)
    if rows.get(Reached, ask) is not None:
        _reach(rows, ask, "referred")


@handles(_FUNNEL, "application.submitted", "interview.scheduled", "offer.received")
def _funnel_application(rows: Rows, event: StoredEvent, payload: e.ApplicationSubmitted) -> None:
    ask = ask_id(payload.referrer, payload.opening) if payload.referrer else ""
    if rows.get(Reached, ask) is not None:
        _reach(rows, ask, _APPLICATION[event.kind])


PIPELINE = Projection(name="pipeline", version=3, tables=(Ask,), handlers=_HANDLERS)
FUNNEL = Projection(name="funnel", version=2, tables=(Funnel, Reached), handlers=_FUNNEL)
