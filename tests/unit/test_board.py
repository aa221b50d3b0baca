"""The board: where every ask stands, now and then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.events.event import micros
from refflow.views.pipeline import STAGES

if TYPE_CHECKING:
    from datetime import datetime

    from tests.conftest import Histories, Search, Searching


def where(search: Search) -> dict[str, str]:
    """The stage of each person on the board."""
    columns = api.board(search.workspace).columns
    return {card.contact_name: stage for stage, cards in columns.items() for card in cards}


def test_a_card_moves_through_the_stages(search: Search) -> None:
    seen = []

    def look() -> None:
        seen.append(where(search).get("Ana Lima"))

    look()
    search.ask("Ana Lima")
    look()
    search.send("Ana Lima")
    look()
    search.reply("Ana Lima", "agreed")
    look()
    search.refer("Ana Lima")
    look()
    for news in ("applied", "interview", "offer"):
        search.news(news)
        look()

    assert seen == [None, "ready", "asked", "agreed", "referred", "applied", "interview", "offer"]


@pytest.mark.parametrize("news", ["rejected", "withdrawn"])
def test_an_application_that_ended_is_closed_with_how_it_ended(search: Search, news: str) -> None:
    search.ask("Ana Lima")
    search.refer("Ana Lima")
    search.news("applied")
    search.news(news)

    (card,) = api.board(search.workspace).columns["closed"]
    assert (card.outcome, card.step, card.since) == (news, None, micros(search.now))


def test_a_card_tells_whom_what_and_what_comes_next(search: Search) -> None:
    search.ask("Ana Lima")
    search.wait("1h")
    search.send("Ana Lima")

    (card,) = api.board(search.workspace).columns["asked"]

    assert (card.contact_name, card.opening_title, card.company) == ("Ana Lima", "Engineer", "Acme")
    assert card.ask == f"{search.contact('Ana Lima').id}:{search.opening('Engineer').id}"
    assert (card.since, card.step) == (micros(search.now), "silence")
    assert card.due == micros(search.business_day(7, search.now))


def test_whoever_is_warmed_up_stands_before_who_can_be_asked(search: Search) -> None:
    search.ask("Chi Cho")

    assert where(search) == {"Chi Cho": "warming"}
    assert list(api.board(search.workspace).columns) == list(STAGES)


def test_a_line_without_an_ask_is_no_card(search: Search) -> None:
    api.personalise(search.workspace, search.opening("Engineer"), search.contact("Bo Berg"), "x", search.now)

    assert where(search) == {}


def test_the_board_of_one_company_has_its_openings_only(search: Search) -> None:
    search.add_opening("Tester", company="Globex")
    search.ask("Ana Lima", "Engineer")
    search.ask("Bo Berg", "Tester")

    def titles(company: str) -> list[str]:
        columns = api.board(search.workspace, company=company).columns
        return [card.opening_title for cards in columns.values() for card in cards]

    assert (titles("globex"), titles("acme"), titles("nowhere")) == (["Tester"], ["Engineer"], [])


def test_the_cards_of_a_stage_are_in_the_order_in_which_they_came_there(search: Search) -> None:
    search.ask("Bo Berg", "Designer")
    search.wait("1h")
    search.ask("Ana Lima", "Engineer")

    assert [card.contact_name for card in api.board(search.workspace).columns["ready"]] == [
        "Bo Berg",
        "Ana Lima",
    ]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_board_as_of_a_moment_is_the_board_that_was_shown_then(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    """Whatever was taken back later."""
    with searching() as search:
        shown: list[tuple[datetime, api.Board]] = []
        for action in data.draw(histories(12)):
            search.do(action)
            shown.append((search.now, api.board(search.workspace)))

        for moment, board in shown:
            assert api.board_as_of(search.workspace, moment) == board
            assert api.board_as_of(search.workspace, moment + timedelta(seconds=1)) == board


def test_what_was_taken_back_was_on_the_board_before(search: Search) -> None:
    search.ask("Ana Lima")
    then = search.now
    before = api.board(search.workspace)
    search.wait("1h")
    api.undo(search.workspace, None, search.now)

    assert where(search) == {}
    assert api.board_as_of(search.workspace, then) == before
    assert api.board_as_of(search.workspace, search.now) == api.board(search.workspace)


def test_before_the_beginning_the_board_was_empty(search: Search) -> None:
    search.ask("Ana Lima")

    board = api.board_as_of(search.workspace, search.now - timedelta(days=400))

    assert list(board.columns) == list(STAGES)
    assert not any(board.columns.values())
