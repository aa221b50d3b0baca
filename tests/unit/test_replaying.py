"""Replay: what is stored is what the log says, and what was decided would be decided again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.errors import NotFound, RefflowError
from refflow.events.runs import RunExited
from refflow.views.runs.run import Run

if TYPE_CHECKING:
    from tests.conftest import Histories, Search, Searching


@pytest.fixture
def story(search: Search) -> Search:
    """A whole ask with a second iron in the fire, a mistake taken back, and an application."""
    search.ask("Ana Lima")
    search.send("Ana Lima")
    search.ask("Bo Berg", "Designer")
    api.undo(search.workspace, None, search.now)
    search.wait("7bd")
    search.send("Ana Lima")
    search.reply("Ana Lima", "agreed")
    search.send("Ana Lima")
    search.refer("Ana Lima")
    search.send("Ana Lima")
    search.wait("6bd")
    search.news("applied")
    search.send("Ana Lima")
    return search


def test_a_rebuild_leaves_everything_as_it_was(story: Search) -> None:
    before = [each.digest for each in api.replay_check(story.workspace)]
    heard: list[int] = []

    done = api.replay(story.workspace, progress=heard.append)

    assert done.events == sum(heard) == story.workspace.log.head()
    assert set(done.views) == {each.name for each in story.workspace.views.projections}
    assert [each.digest for each in api.replay_check(story.workspace)] == before


def test_a_row_that_is_not_what_the_log_says_is_found_and_mended_by_a_rebuild(story: Search) -> None:
    run = story.run("referral-ask").id
    story.workspace.connection.execute("UPDATE run SET outcome = 'promised' WHERE id = ?", (run,))

    (damaged,) = [each for each in api.replay_check(story.workspace) if each.differing]
    assert (damaged.view, damaged.differing, damaged.example) == ("runs", 1, f"run {run}")
    assert damaged.first == story.events("run.started")[0].position  # It never was as it is now.

    api.replay(story.workspace, "runs")
    assert api.replay_check(story.workspace, "runs")[0].differing == 0
    assert story.run("referral-ask").outcome == "referred"


def test_one_view_is_replayed_alone_and_an_unknown_one_not_at_all(story: Search) -> None:
    assert api.replay(story.workspace, "debts").views == ["debts"]
    assert [each.view for each in api.replay_check(story.workspace, "debts")] == ["debts"]
    with pytest.raises(NotFound, match="There is no view `debt`"):
        api.replay(story.workspace, "debt")


def test_views_as_of_a_moment_are_folded_beside_the_live_ones(story: Search) -> None:
    before = [each.digest for each in api.replay_check(story.workspace)]
    monday = datetime(2026, 11, 23, 12, tzinfo=UTC)

    then = api.replay_until(story.workspace, monday)
    at_last = api.replay_until(story.workspace, story.now)

    assert then.position == max(
        event.position for event in api.events(story.workspace) if event.recorded_at < monday.timestamp() * 1e6
    )
    assert at_last.position == story.workspace.log.head()
    assert then.rows["contacts"] == at_last.rows["contacts"]
    assert then.rows["messages"] < at_last.rows["messages"]
    assert at_last.rows == {each.view: each.rows for each in api.replay_check(story.workspace)}
    assert api.replay_until(story.workspace, monday - timedelta(days=1), "runs").rows == {"runs": 0}
    assert [each.digest for each in api.replay_check(story.workspace)] == before


def test_the_chain_holds_and_tells_when_an_event_was_changed(story: Search) -> None:
    verdict = api.verify_chain(story.workspace)
    assert (verdict.head, verdict.damage) == (story.workspace.log.head(), None)

    connection = story.workspace.connection
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute("UPDATE event SET by = by || '!' WHERE position = 20")

    assert api.verify_chain(story.workspace).damaged_at == 20


def test_every_decision_would_be_made_again(story: Search) -> None:
    heard: list[int] = []

    again = api.redecide(story.workspace, heard.append)

    everything = list(api.events(story.workspace))
    assert again.differing == []
    assert again.commits == len({event.commit for event in everything})
    assert again.decisions == sum(event.by.startswith("workflow:") for event in everything)
    assert sum(heard) == len(everything)


def test_a_decision_that_does_not_follow_from_the_facts_is_told(story: Search) -> None:
    turn = story.workspace.turn(story.events()[-1].recorded_at)
    run = story.run("keep-referrer-updated")
    lie = RunExited(run=run.id, workflow=run.workflow, outcome="offer", ending="good")
    turn.record(lie, by=f"workflow:keep-referrer-updated@{run.hash[:12]}")
    story.workspace.append(turn, story.workspace.log.head(), story.events()[-1].recorded_at)

    (different,) = api.redecide(story.workspace).differing

    assert different == f"event {story.workspace.log.head()} (run.exited) would not happen now"


def test_what_is_decided_after_a_difference_goes_by_what_the_log_says(story: Search) -> None:
    told = story.events()[-1].recorded_at
    turn = story.workspace.turn(told)
    run = story.run("keep-referrer-updated")
    lie = RunExited(run=run.id, workflow=run.workflow, outcome="offer", ending="good")
    turn.record(lie, by=f"workflow:keep-referrer-updated@{run.hash[:12]}")
    story.workspace.append(turn, story.workspace.log.head(), told)
    at = story.workspace.log.head()
    story.news("interview")

    (different,) = api.redecide(story.workspace).differing

    assert different == f"event {at} (run.exited) would not happen now"
    assert story.workspace.log.head() > at


def test_a_decision_that_another_definition_made_is_told(story: Search) -> None:
    connection = story.workspace.connection
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    exited = story.events("run.exited")[0]
    connection.execute("UPDATE event SET by = by || '0' WHERE position = ?", (exited.position,))

    (different,) = api.redecide(story.workspace).differing

    assert different == f"event {exited.position} (run.exited) would now be decided by {exited.by}"


def test_what_was_decided_while_something_stood_that_was_taken_back_later_still_follows(search: Search) -> None:
    """Bo was refused because of an ask that was a mistake: at that moment the refusal was right."""
    search.configure(open_asks="{in_all: 1}")
    search.ask("Ana Lima", "Engineer")
    asked = search.workspace.log.head()
    search.add_opening("Pilot", company="Globex")
    with pytest.raises(RefflowError, match="open_asks"):
        search.ask("Bo Berg", "Pilot")

    api.undo(search.workspace, asked, search.now)

    assert search.workspace.views.find(Run) == []
    assert api.redecide(search.workspace).differing == []
    search.ask("Bo Berg", "Pilot")
    assert api.redecide(search.workspace).differing == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_replay_until_any_moment_has_the_rows_that_were_there(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        counted: list[tuple[datetime, dict[str, int]]] = []
        for action in data.draw(histories(10)):
            search.do(action)
            rows = {each.view: each.rows for each in api.replay_check(search.workspace)}
            counted.append((search.now, rows))

        for moment, rows in counted:
            assert api.replay_until(search.workspace, moment).rows == rows
