"""The board: every ask by how far it got."""

from __future__ import annotations

from datetime import datetime

import msgspec

from refflow.events.event import micros
from refflow.log.log import position_at
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.pipeline import STAGES, Ask
from refflow.views.projection import Projection
from refflow.views.rows import Source
from refflow.views.runs.run import Run
from refflow.views.store import refold
from refflow.workflows.runs.pauses import goes_on

from .workspace import Workspace


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """An ask on the board. Instants are microseconds since 1970 UTC; `due` is when its run goes on by itself."""

    ask: str
    stage: str
    contact: str
    contact_name: str
    opening: str
    opening_title: str
    company: str
    since: int
    step: str | None
    due: int | None
    outcome: str | None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The cards of each stage, in the order of the stages."""

    columns: dict[str, list[Card]]


def board(workspace: Workspace, *, company: str | None = None) -> Board:
    """The board as it stands."""
    return _board(workspace.views, workspace.views.find(Ask), company)


def board_as_of(workspace: Workspace, moment: datetime) -> Board:
    """The board as it stood at `moment`, folded from the events recorded until then."""
    position = position_at(workspace.log, micros(moment))
    wanted = ("contacts", "openings", "pipeline", "runs")
    projections: list[Projection] = [workspace.views.named(name) for name in wanted]
    rows, _ = refold(workspace.log, projections, until=position)
    return _board(rows, list(rows.all(Ask).values()), None)


def _board(rows: Source, asks: list[Ask], company: str | None) -> Board:
    columns: dict[str, list[Card]] = {stage: [] for stage in STAGES}
    for ask in asks:
        if ask.stage == "closed" and not ask.run and ask.referred_at is None:
            continue
        card = _card(rows, ask)
        if company is None or company.casefold() in card.company.casefold():
            columns[ask.stage].append(card)
    for cards in columns.values():
        cards.sort(key=lambda card: (card.since, card.ask))
    return Board(columns=columns)


def _card(rows: Source, ask: Ask) -> Card:
    contact = rows.get(Contact, ask.contact)
    opening = rows.get(Opening, ask.opening)
    run = rows.get(Run, ask.run)
    live = run is not None and run.status == "live"
    return Card(
        ask=ask.id,
        stage=ask.stage,
        contact=ask.contact,
        contact_name=(contact.name if contact else "") or ask.contact,
        opening=ask.opening,
        opening_title=opening.title if opening else ask.opening,
        company=opening.company_name if opening else "",
        since=ask.closed_at or ask.referred_at or ask.answered_at or ask.asked_at or ask.opened_at,
        step=run.step if run is not None and live else None,
        due=goes_on(rows, run) if run is not None and live else None,
        outcome=ask.outcome,
    )
