"""Who could refer the owner, and the sum that says so."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.api import Counterpart, Employment, Interaction, Person, Tie
from refflow.errors import NotFound
from refflow.events.event import micros

if TYPE_CHECKING:
    from tests.conftest import Search, Searching

_FIGURE = re.compile(r": ([+-]?\d+\.\d\d)$")


def names(ranking: api.Ranking) -> list[str]:
    return [each.name for each in ranking.candidates]


def candidate(search: Search, name: str, where: str = "Acme") -> api.Candidate:
    (found,) = [each for each in api.who(search.workspace, where, search.now).candidates if each.name == name]
    return found


def term(candidate: api.Candidate, name: str) -> api.Term:
    (found,) = [each for each in candidate.terms if each.name == name]
    return found


def adds_up(candidate: api.Candidate) -> bool:
    """Whether the reasons make the terms and the terms make the score."""
    product = 1.0
    for each in candidate.terms:
        figures = [_FIGURE.search(reason) for reason in each.because]
        assert all(figures), f"a reason without a figure: {each.because}"
        total = sum(float(figure[1]) for figure in figures if figure)
        assert total == pytest.approx(each.value), each
        product *= each.value
    return candidate.score == pytest.approx(product, abs=1e-4)


def test_a_friend_comes_before_a_link_and_who_knows_the_work_before_who_does_not(search: Search) -> None:
    search.add_person("Dee Dow", company="Acme", relation="manager")
    api.log_contact(search.workspace, search.contact("Dee Dow"), "met", "", search.now)

    ranking = api.who(search.workspace, "Acme", search.now)

    assert ranking.company == "Acme"
    assert names(ranking) == ["Dee Dow", "Ana Lima", "Bo Berg", "Chi Cho"]
    assert all(adds_up(each) for each in ranking.candidates)


HISTORIES = st.fixed_dictionaries({
    "relation": st.sampled_from(["manager", "friend", "met", "family", None]),
    "months": st.one_of(st.none(), st.integers(0, 100)),
    "title": st.sampled_from(["Engineer", "Head of Talent", "Technical Recruiter", "Senior Engineering Lead", None]),
    "received": st.integers(0, 6),
    "sent": st.integers(0, 4),
    "recommended": st.booleans(),
    "endorsed": st.booleans(),
    "referred": st.booleans(),
    "fellow": st.booleans(),
    "live": st.booleans(),
})  # fmt: skip


EVA = Counterpart(keys=("linkedin:eva",))


def _tie(evidence: Literal["recommended_me", "endorsed_me"]) -> Tie:
    return Tie(counterpart=EVA, evidence=evidence)


def _message(direction: Literal["in", "out"], number: int) -> Interaction:
    at = micros(datetime(2026, 11, 2, number, tzinfo=UTC))
    return Interaction(
        identity=f"{direction}{number}", counterpart=EVA, at=at, direction=direction, medium="message"
    )


@settings(max_examples=30, deadline=None)
@given(history=HISTORIES)
def test_every_term_is_the_sum_of_its_reasons_and_the_score_their_product(
    searching: Searching, history: dict[str, Any]
) -> None:
    with searching() as search:
        search.import_records([
            Person(keys=("linkedin:eva",), name="Eva Nilsson", company="Acme", title=history["title"]),
            *([Employment(company="Acme", started=date(2020, 1, 1))] if history["fellow"] else []),
            *([_tie("recommended_me")] if history["recommended"] else []),
            *([_tie("endorsed_me")] if history["endorsed"] else []),
            *(_message("in", each) for each in range(history["received"])),
            *(_message("out", each) for each in range(history["sent"])),
        ])  # fmt: skip
        eva = search.contact("linkedin:eva")
        if history["relation"]:
            known = api.PersonDetails(relation=history["relation"], months=history["months"])
            api.edit_person(search.workspace, eva, known, search.now)
        if history["referred"]:
            api.referred(search.workspace, eva, search.opening("Designer"), search.now)
        if history["live"]:
            search.start("reconnect", eva.id)

        opening = search.opening("Engineer").id
        assert all(adds_up(each) for each in api.who(search.workspace, opening, search.now).candidates)


def test_nearness_to_the_opening_counts_only_when_an_opening_is_named(search: Search) -> None:
    search.add_person("Dee Dow", company="Acme", relation="friend", title="Staff Engineer")
    opening = search.opening("Engineer")

    near = api.who(search.workspace, opening.id, search.now)

    assert (near.opening, names(near)[0]) == (opening.id, "Dee Dow")
    assert names(api.who(search.workspace, opening.url or "", search.now)) == names(near)
    assert term(candidate(search, "Dee Dow"), "can refer").value == 0.5
    assert term(near.candidates[0], "can refer").value == 0.65


def test_a_tie_gone_quiet_is_marked_and_one_that_never_was_too(search: Search) -> None:
    search.add_person("Dee Dow", company="Acme", relation="colleague")

    assert (candidate(search, "Dee Dow").warmth, candidate(search, "Dee Dow").note) == (
        "dormant",
        "gone quiet: reconnect first",
    )
    assert (candidate(search, "Chi Cho").warmth, candidate(search, "Chi Cho").note) == (
        "cold",
        "never in touch: start with a hello",
    )
    assert candidate(search, "Ana Lima").note is None


@pytest.mark.parametrize("how", ["block", "opt_out"])
def test_who_must_not_be_written_to_has_no_score(search: Search, how: str) -> None:
    if how == "block":
        api.block(search.workspace, search.contact("Ana Lima"), None, search.now)
    else:
        api.opt_out(search.workspace, search.contact("Ana Lima"), search.now)

    found = candidate(search, "Ana Lima")
    assert (found.score, found.note) == (0, "not to be contacted")
    assert names(api.who(search.workspace, "Acme", search.now))[-1] == "Ana Lima"


def test_who_said_no_has_no_score_for_half_a_year(search: Search) -> None:
    search.reply("Ana Lima", "declined")
    search.wait("179d")
    assert candidate(search, "Ana Lima").score == 0
    assert candidate(search, "Ana Lima").note == "said no; not before 2027-05-22"

    search.wait("1d")
    assert candidate(search, "Ana Lima").score > 0


def test_who_is_being_asked_about_it_has_no_score_and_who_is_in_conversation_a_low_one(search: Search) -> None:
    search.ask("Ana Lima", "Engineer")

    about_it = candidate(search, "Ana Lima", search.opening("Engineer").id)
    about_another = candidate(search, "Ana Lima", search.opening("Designer").id)

    assert (about_it.score, about_it.note) == (0, "already ready")
    assert term(about_another, "room").value == 0.3
    assert about_another.note == f"in conversation: referral-ask ({search.run('referral-ask').id})"


def test_a_message_of_this_week_without_an_answer_leaves_less_room(search: Search) -> None:
    api.log_contact(search.workspace, search.contact("Ana Lima"), "phone", "", search.now)
    assert term(candidate(search, "Ana Lima"), "room").value == 0.6

    search.wait("7d")
    assert term(candidate(search, "Ana Lima"), "room").value == 1.0


def test_people_under_every_name_of_a_company_are_found_under_each(search: Search) -> None:
    search.add_person("Dee Dow", company="Acme Robotics", relation="friend")
    search.add_person("Eli Ek", company="Acme Holding", relation="friend")
    search.add_opening("Tester", company="Acme Holding")
    api.alias_company(search.workspace, "Acme Robotics", "Acme", search.now)
    api.alias_company(search.workspace, "Acme Holding", "Acme Robotics", search.now)

    for text in ("Acme", "acme robotics", "Acme Holding, Inc.", search.opening("Tester").id):
        found = api.who(search.workspace, text, search.now)
        assert (found.company, sorted(names(found))) == (
            "Acme",
            ["Ana Lima", "Bo Berg", "Chi Cho", "Dee Dow", "Eli Ek"],
        )


def test_equals_are_ordered_by_name_and_then_by_who_came_first_into_the_network(search: Search) -> None:
    twins = [search.add_person("Ana Lima", company="Acme", relation="friend").id for _ in range(2)]

    ranking = api.who(search.workspace, "Acme", search.now)

    assert [each.name for each in ranking.candidates[:4]] == ["Ana Lima"] * 3 + ["Bo Berg"]
    assert [each.contact for each in ranking.candidates[1:3]] == twins
    assert api.who(search.workspace, "Acme", search.now) == ranking


def test_a_company_may_be_named_by_its_beginning(search: Search) -> None:
    search.add_person("Dee Dow", company="Bluebird Health")

    assert names(api.who(search.workspace, "bluebird", search.now)) == ["Dee Dow"]


def test_where_nobody_works_the_nearest_names_are_offered(search: Search) -> None:
    with pytest.raises(NotFound, match=r"Nobody in your network is at `Acmee`\. Did you mean Acme\?"):
        api.who(search.workspace, "Acmee", search.now)
    with pytest.raises(NotFound, match=r"Nobody in your network is at `Zyx`\. Add somebody"):
        api.who(search.workspace, "Zyx", search.now)


def test_an_opening_where_nobody_works_has_nobody_to_ask(search: Search) -> None:
    search.add_opening("Tester", company="Nowhere Ltd")

    assert api.who(search.workspace, search.opening("Tester").id, search.now).candidates == []
