"""`refflow board`: every ask by how far it got."""

from __future__ import annotations

import click

from refflow import api
from refflow.errors import UsageError

from .command import Command
from .naming import called
from .opened import Opened, catching_up, reading
from .session import Session


@click.command(cls=Command)
@click.option("--company", metavar="NAME", help="Only asks at companies with NAME in their name.")
@click.option("--as-of", metavar="WHEN", help="The board as it stood then; a day means its end.")
@click.pass_obj
def board(session: Session, company: str | None, as_of: str | None) -> None:
    """Show every ask by how far it got, now or as it stood at some time."""
    if as_of is None:
        with catching_up(session) as opened:
            _show(opened, api.board(opened.workspace, company=company))
        return
    if company is not None:
        raise UsageError("`--company` goes with the present board only: leave `--as-of` or `--company` out.")
    with reading(session) as opened:
        moment = opened.when(as_of, end_of_day=True) or opened.now
        _show(opened, api.board_as_of(opened.workspace, moment))


def _show(opened: Opened, found: api.Board) -> None:
    session = opened.session
    if session.as_json:
        session.result(found)
        return
    rows = [
        (
            stage if first else "",
            called(card.contact_name),
            f"{card.opening_title}, {card.company}",
            opened.say(card.since),
            _then(opened, card),
            card.ask,
        )
        for stage, cards in found.columns.items()
        for card, first in zip(cards, [True] + [False] * len(cards), strict=False)
    ]
    if not rows:
        session.output.line("No asks yet. Who could refer you: refflow who COMPANY")
    session.output.table(("STAGE", "WHO", "OPENING", "SINCE", "THEN", "ASK"), rows)


def _then(opened: Opened, card: api.Card) -> str:
    if card.outcome:
        return card.outcome.replace("_", " ")
    if card.step is None:
        return ""
    return f"{card.step}, {opened.say(card.due)}" if card.due is not None else card.step
