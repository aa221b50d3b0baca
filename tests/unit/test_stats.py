"""Figures: how far asks got, and what can be said from so few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.workspace.stats import FUNNEL, wilson

if TYPE_CHECKING:
    from tests.conftest import Histories, Search, Searching


def answers(search: Search, by: str = "template") -> list[tuple[str, int, int]]:
    found = api.stats(search.workspace, by).answers  # type: ignore[arg-type]
    return [(rate.name, rate.hits, rate.of) for rate in found]


def test_a_search_that_has_not_begun_has_nothing_to_tell(search: Search) -> None:
    figures = api.stats(search.workspace)

    assert figures.reached == dict.fromkeys(FUNNEL, 0)
    assert all((step.hits, step.of, step.few) == (0, 0, True) for step in figures.steps)
    assert (figures.answers, figures.hours_to_answer) == ([], None)


def test_the_funnel_counts_every_stage_an_ask_ever_reached(search: Search) -> None:
    search.ask("Ana Lima", "Engineer")
    search.send("Ana Lima")
    search.ask("Bo Berg", "Designer")
    search.wait("6h")
    search.reply("Ana Lima", "agreed")
    search.refer("Ana Lima")
    search.news("applied")
    search.news("rejected")

    figures = api.stats(search.workspace)

    assert figures.reached == {
        "ready": 2, "asked": 1, "answered": 1, "agreed": 1, "referred": 1, "applied": 1, "interview": 0, "offer": 0,
    }  # fmt: skip
    assert [(step.name, step.hits, step.of) for step in figures.steps][:3] == [
        ("ready to asked", 1, 2),
        ("asked to answered", 1, 1),
        ("answered to agreed", 1, 1),
    ]
    assert figures.hours_to_answer == 6.0


def test_only_what_helps_is_a_hit(search: Search) -> None:
    """A rate of answers would rise with every `please stop`."""
    for who, what, intent in (("Ana Lima", "Engineer", "refer_on"), ("Bo Berg", "Designer", "declined")):
        search.ask(who, what)
        search.send(who)
        search.reply(who, intent)

    assert answers(search) == [("ask-referral", 1, 2)]
    assert answers(search, "channel") == [("paste", 1, 2)]
    assert answers(search, "workflow") == [("referral-ask", 1, 2)]


def test_channels_are_told_apart_by_the_message_that_asked(search: Search) -> None:
    api.edit_person(
        search.workspace, search.contact("Bo Berg"), api.PersonDetails(email="bo@example.org"), search.now
    )
    for who, what in (("Ana Lima", "Engineer"), ("Bo Berg", "Designer")):
        search.ask(who, what)
        search.send(who)
    search.reply("Bo Berg", "agreed")

    assert answers(search, "channel") == [("eml", 1, 1), ("paste", 0, 1)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_rate_is_above_one_or_outside_its_interval(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        search.live(data.draw(histories(25)))
        figures = api.stats(search.workspace)

        for rate in (*figures.steps, *figures.answers):
            assert 0 <= rate.hits <= rate.of
            assert 0 <= rate.low <= rate.high <= 1


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # Newcombe 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_wilson(hits: int, of: int, low: float, high: float) -> None:
    rate = wilson("x", hits, of)

    assert rate.low == pytest.approx(low, abs=6e-4)
    assert rate.high == pytest.approx(high, abs=6e-4)


@given(of=st.integers(1, 500), data=st.data())
def test_the_interval_holds_the_rate_and_narrows_with_more(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    rate, more = wilson("x", hits, of), wilson("x", 4 * hits, 4 * of)

    assert rate.low - 0.001 <= hits / of <= rate.high + 0.001
    assert more.high - more.low <= rate.high - rate.low
    assert rate.few == (of < 10)
