"""Taking a mistake back: as if it had not happened, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.errors import UsageError
from refflow.events.runs import EventsVoided
from refflow.workspace.telling import Teller

if TYPE_CHECKING:
    from tests.conftest import Histories, Search, Searching


def views(search: Search) -> list[str]:
    """The digest of every view, made from the log; the live rows must be the same."""
    compared = api.replay_check(search.workspace)
    assert [each for each in compared if each.differing] == []
    return [each.digest for each in compared]


def undo(search: Search, position: int | None = None) -> api.Undone:
    return api.undo(search.workspace, position, search.now)


DOINGS: dict[str, Callable[[Search], object]] = {
    "add a person": lambda search: search.add_person("Eva Nilsson", company="Globex", relation="friend"),
    "edit a person": lambda search: api.edit_person(
        search.workspace, search.contact("Ana Lima"), api.PersonDetails(title="Lead", warm=True), search.now
    ),
    "note": lambda search: api.note(search.workspace, search.contact("Ana Lima"), "Likes tea", search.now),
    "block": lambda search: api.block(search.workspace, search.contact("Ana Lima"), "rude", search.now),
    "opt out": lambda search: api.opt_out(search.workspace, search.contact("Ana Lima"), search.now),
    "meet": lambda search: api.log_contact(search.workspace, search.contact("Bo Berg"), "met", "", search.now),
    "add an opening": lambda search: search.add_opening("Tester"),
    "close an opening": lambda search: api.close_opening(
        search.workspace, search.opening("Designer"), None, search.now
    ),
    "alias": lambda search: api.alias_company(search.workspace, "ACME Robotics", "Acme", search.now),
    "start": lambda search: search.ask("Bo Berg", "Designer"),
    "answer": lambda search: search.reply("Ana Lima", "agreed"),
    "refer": lambda search: search.refer("Ana Lima"),
    "skip": lambda search: search.skip("Ana Lima"),
    "edit": lambda search: search.edit("Ana Lima", "In my own words"),
    "cancel": lambda search: api.cancel_run(
        search.workspace, search.run("referral-ask", "Ana Lima"), None, search.now
    ),
    "apply": lambda search: search.news("applied"),
}


TELLING: dict[str, Callable[[Search], object]] = {
    **DOINGS,
    "edit an opening": lambda search: api.edit_opening(
        search.workspace, search.opening("Designer"), api.OpeningDetails(location="Rome"), search.now
    ),
    "write to another address": lambda search: api.edit_person(
        search.workspace, search.contact("Ana Lima"), api.PersonDetails(email="ana@x.example"), search.now
    ),
    "pause": lambda search: api.pause(search.workspace, search.now, contact=search.contact("Bo Berg")),
    "away": lambda search: api.away(
        search.workspace, search.now, search.business_day(9), search.now, "the sea"
    ),
    "resume": lambda search: api.resume(search.workspace, api.pause(search.workspace, search.now), search.now),
}


@pytest.mark.parametrize("doing", TELLING)
def test_what_would_be_taken_back_is_told_in_words(search: Search, doing: str) -> None:
    search.ask("Ana Lima")
    TELLING[doing](search)
    undone = api.undo(search.workspace, None, search.now, apply=False)

    told = {event.kind: Teller(search.workspace).tell(event) for event in undone.events}

    assert [kind for kind, said in told.items() if said is None] == []


@pytest.mark.parametrize("doing", DOINGS)
def test_what_is_taken_back_never_happened(search: Search, doing: str) -> None:
    search.ask("Ana Lima")
    before = views(search)
    DOINGS[doing](search)
    assert views(search) != before

    done = undo(search)

    assert done.applied
    assert views(search) == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_went_before_one_thing_taken_back_leaves_no_trace(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        for action in data.draw(histories(10)):
            before, head = views(search), search.workspace.log.head()
            search.do(action)
            added = [event for event in search.events() if event.position > head]
            if action == ("undo",) or len({event.commit for event in added}) != 1:
                continue
            try:
                undo(search, added[0].position)
            except UsageError:
                continue
            assert views(search) == before


def test_a_preview_changes_nothing(search: Search) -> None:
    search.ask("Ana Lima")
    head = search.workspace.log.head()

    seen = api.undo(search.workspace, None, search.now, apply=False)

    assert (seen.applied, search.workspace.log.head()) == (False, head)
    assert {event.commit for event in seen.events} == {seen.events[0].commit}
    assert [event.kind for event in seen.events][:2] == ["ask.personalised", "referral.wanted"]


def test_what_followed_at_once_is_taken_back_with_it(search: Search) -> None:
    search.ask("Ana Lima")
    search.skip("Ana Lima")

    taken = undo(search)

    assert [event.by.split(":")[0] for event in taken.events] == ["user", "workflow", "workflow"]
    assert search.messages("Ana Lima") == ["ask drafted"]


def test_what_something_later_builds_on_is_not_taken_back_before_that(search: Search) -> None:
    search.ask("Ana Lima")
    asked = search.workspace.log.head()
    search.skip("Ana Lima")

    with pytest.raises(
        UsageError, match=rf"Event {asked + 1} \(message\.skipped, by user\) builds on it\. Undo"
    ):
        undo(search, asked)

    undo(search)
    undo(search, asked)
    assert search.runs() == []


def test_a_message_that_was_handed_over_is_not_taken_back(search: Search) -> None:
    search.ask("Ana Lima")
    search.approve("Ana Lima")

    with pytest.raises(UsageError, match=r"\(message\.prepared, by channel:paste\) builds on it\. It stays\."):
        undo(search)


def test_what_the_clock_or_a_source_did_is_not_the_owners_to_take_back(search: Search) -> None:
    search.ask("Ana Lima")
    search.send("Ana Lima")
    search.wait("7bd")
    fired = search.events("timer.fired")[0].position
    search.import_records([api.Person(keys=("linkedin:eva",), name="Eva Nilsson")])
    imported = search.workspace.log.head()

    with pytest.raises(UsageError, match=r"was not your doing \(clock\)"):
        undo(search, fired)
    with pytest.raises(UsageError, match=r"was not your doing \(plugin:records\)"):
        undo(search, imported)


def test_an_undo_is_not_undone(search: Search) -> None:
    search.ask("Ana Lima")
    asked = search.workspace.log.head()
    undo(search)
    voided = search.workspace.log.head()

    with pytest.raises(UsageError, match=rf"Event {voided} took something back, and an undo is not undone: do"):
        undo(search, voided)
    with pytest.raises(UsageError, match=f"Event {asked} was taken back already"):
        undo(search, asked)
    search.ask("Ana Lima")
    assert search.runs() == ["referral-ask"]


def test_a_change_of_a_file_is_taken_back_in_the_file(search: Search) -> None:
    search.configure(gap="1bd")

    with pytest.raises(UsageError, match="tells of a file that was changed: change it back instead"):
        undo(search, search.workspace.log.head())


def test_where_nothing_is_left_it_says_so(search: Search) -> None:
    for _ in range(5):  # Three people and two openings.
        undo(search)

    with pytest.raises(UsageError, match="There is nothing to undo"):
        undo(search)
    with pytest.raises(UsageError, match="There is no event 4711"):
        undo(search, 4711)


def test_what_a_timer_builds_on_at_that_very_moment_stays(search: Search) -> None:
    """The wait for the reminder is over, but nobody has noticed yet when the confirmation is to be undone."""
    search.ask("Ana Lima")
    search.send("Ana Lima")
    confirmed = search.events("message.sent")[0].position
    search.now = datetime(2026, 12, 2, 10, tzinfo=UTC)

    with pytest.raises(UsageError, match=r"\(timer\.fired, by clock\) builds on it\. It stays\."):
        undo(search, confirmed)

    assert search.messages("Ana Lima") == ["ask sent", "nudge drafted"]
    views(search)


def test_a_process_that_dies_right_after_an_undo_leaves_the_views_right(search: Search) -> None:
    """The rows are written in the transaction that stores the undo."""
    before = views(search)
    search.ask("Ana Lima")
    head = search.workspace.log.head()
    asked = [event.position for event in search.events() if event.position > search.set_up]
    turn = search.workspace.turn(search.events()[-1].recorded_at)
    turn.record(EventsVoided(positions=tuple(asked)), by="user")

    search.workspace.append(turn, head, search.events()[-1].recorded_at)

    assert views(search) == before


def test_after_an_undo_the_log_still_tells_what_was(search: Search) -> None:
    search.ask("Ana Lima")
    undo(search)

    assert [event.kind for event in api.events(search.workspace)][-1] == "events.voided"
    assert search.events("run.started") == []
    assert len(list(api.events(search.workspace, kinds=["run.started"]))) == 1
    assert api.redecide(search.workspace).differing == []
