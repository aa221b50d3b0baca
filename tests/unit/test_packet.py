"""What a referrer needs: an ask does not go out while any of it is missing."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from refflow import api
from refflow.errors import Held, UsageError

if TYPE_CHECKING:
    from tests.conftest import Search

LACKING = [
    pytest.param("title", "title", "Senior Engineer", id="title"),
    pytest.param("url", "link", "https://acme.example/senior", id="link"),
    pytest.param("submit", "how to submit", "the form in the portal", id="how to submit"),
]


def change(search: Search, **details: Any) -> None:
    opening = search.opening("Engineer")
    api.edit_opening(search.workspace, opening, api.OpeningDetails(**details), search.now)


def packet(search: Search) -> api.Packet:
    return api.packet(search.workspace, search.opening("Engineer"), search.contact("Ana Lima"))


@pytest.mark.parametrize(("field", "called", "value"), LACKING)
def test_an_ask_waits_for_each_part_of_the_packet_alone(
    search: Search, field: str, called: str, value: str
) -> None:
    change(search, **{field: ""})
    search.ask("Ana Lima")
    assert packet(search).missing == [called]

    with pytest.raises(Held, match=rf"\(packet\): The referral packet lacks: {called}\."):
        search.approve("Ana Lima")
    assert search.messages("Ana Lima") == ["ask held"]

    change(search, **{field: value})
    assert packet(search).missing == []
    assert value in (search.message("Ana Lima").body or "")
    search.send("Ana Lima")
    assert search.messages("Ana Lima") == ["ask sent"]


def test_an_ask_waits_for_its_personal_line(search: Search) -> None:
    search.ask("Ana Lima", line=None)
    assert packet(search).missing == ["personal line"]
    assert search.message("Ana Lima").missing == ["ask.line"]

    with pytest.raises(Held, match=r"lacks: personal line\."):
        search.approve("Ana Lima")

    api.personalise(
        search.workspace, search.opening("Engineer"), search.contact("Ana Lima"), " You know why. ", search.now
    )
    assert "\nYou know why.\n" in (search.message("Ana Lima").body or "")
    search.send("Ana Lima")
    assert search.messages("Ana Lima") == ["ask sent"]


def test_what_is_missing_is_told_all_at_once(search: Search) -> None:
    change(search, url="", submit="")
    search.ask("Ana Lima", line=None)

    assert packet(search).missing == ["link", "how to submit", "personal line"]


def test_a_text_that_the_owner_wrote_goes_out_once_the_packet_is_whole(search: Search) -> None:
    """What was approved in their own words needs no second approval when only the packet was lacking."""
    search.ask("Ana Lima", line=None)
    search.edit("Ana Lima", "Would you refer me?")
    with pytest.raises(Held, match="personal line"):
        search.approve("Ana Lima")

    api.personalise(search.workspace, search.opening("Engineer"), search.contact("Ana Lima"), "x", search.now)

    assert search.messages("Ana Lima") == ["ask prepared"]
    assert search.message("Ana Lima").body == "Would you refer me?\n"


def test_a_placeholder_left_in_a_text_keeps_it_from_going_out(search: Search) -> None:
    search.ask("Ana Lima")
    search.edit("Ana Lima", "Apply here: [missing: opening.url]")

    with pytest.raises(Held, match=r"\(unfilled\): The text still lacks: opening\.url\."):
        search.approve("Ana Lima")

    search.edit("Ana Lima", "Apply here: https://acme.example/1")
    search.send("Ana Lima")
    assert search.messages("Ana Lima") == ["ask sent"]


def test_the_next_messages_of_an_ask_do_not_wait_for_the_packet(search: Search) -> None:
    search.ask("Ana Lima")
    search.send("Ana Lima")
    search.wait("7bd")
    change(search, url="")

    search.send("Ana Lima")
    assert search.messages("Ana Lima") == ["ask sent", "nudge sent"]


def test_an_empty_line_is_no_line(search: Search) -> None:
    with pytest.raises(UsageError, match="One honest sentence will do"):
        api.personalise(
            search.workspace, search.opening("Engineer"), search.contact("Ana Lima"), "  ", search.now
        )


def test_a_packet_is_for_whoever_is_being_asked_and_warns_of_what_makes_a_referral_void(search: Search) -> None:
    search.ask("Bo Berg")
    search.news("applied")
    change(search, requisition="R-7", programme="before the application only", deadline=date(2026, 12, 1))

    found = api.packet(search.workspace, search.opening("Engineer"))

    assert (found.contact, found.line) == (search.contact("Bo Berg").id, "Because.")
    assert (found.candidate, found.candidate_email) == ("Maya Okafor", "maya@example.org")
    assert (found.requisition, found.deadline) == ("R-7", "2026-12-01")
    assert found.warnings == [
        "You applied on 2026-11-23: many programmes count a referral only when it comes before the application."
    ]
    other = api.packet(search.workspace, search.opening("Designer"))
    assert (other.contact, other.missing) == (None, ["personal line"])
    assert other.warnings == ["The referral programme's rules are not noted: ask, or look, before you apply."]
