"""Simulation: the engine with a virtual clock, which obeys the same laws and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.events.event import instant
from refflow.testing.worlds import live_through
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.runs.run import Run
from refflow.workflows.durations import Duration
from refflow.workflows.stories.world import World

if TYPE_CHECKING:
    from tests.unit.conftest import Terminal

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
"""A Monday morning."""
SHIPPED = (
    "declined", "explore", "give-back", "grow", "keep-referrer-updated", "reconnect", "referral-ask", "thank",
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[api.Workspace]:
    folder = tmp_path_factory.mktemp("simulate") / "w"
    with api.init(folder, NOW, name="Maya Okafor", email="maya@example.org") as made:
        api.add_person(made, api.PersonDetails(name="Ana Lima", company="Acme", relation="friend"), NOW)
        api.add_opening(made, api.OpeningDetails(company="Acme", title="Engineer"), NOW)
        yield made


def person(workspace: api.Workspace) -> Contact:
    return api.find_contact(workspace, "Ana Lima")


def job(workspace: api.Workspace) -> Opening:
    return workspace.views.find(Opening)[0]


def sent(told: api.Simulated) -> list[tuple[str, str | None]]:
    """Day and step of each message."""
    return [(f"{instant(line.at):%m-%d}", line.step) for line in told.lines if line.what == "message"]


def after(days: float, event: str, **fields: Any) -> api.Occurrence:
    return api.Occurrence(after=timedelta(days=days), event=event, fields=fields)


def test_silence_gives_the_dated_messages_of_the_whole_flow(workspace: api.Workspace) -> None:
    told = api.Simulator(workspace, "referral-ask", at=NOW).play()

    assert sent(told) == [("03-02", "ask"), ("03-11", "nudge"), ("03-23", "goodbye")]
    assert (told.outcome, told.ending, told.messages) == ("no_answer", "bad", 3)


def test_an_answer_stops_what_was_to_follow(workspace: api.Workspace) -> None:
    told = api.Simulator(workspace, "referral-ask", at=NOW).play(
        [after(4, "reply.received", intent="declined")]
    )

    assert sent(told) == [("03-02", "ask"), ("03-06", "thanks-anyway")]
    assert told.outcome == "declined"


def test_a_message_waits_for_the_window_and_for_the_owner(workspace: api.Workspace) -> None:
    saturday = datetime(2026, 3, 7, 12, tzinfo=UTC)
    simulator = api.Simulator(workspace, "referral-ask", at=saturday)

    assert sent(simulator.play())[0] == ("03-09", "ask")
    assert sent(simulator.play(habits=api.Habits(approves=Duration(3, "d"))))[0] == ("03-10", "ask")


def test_nothing_is_recorded_and_nothing_leaves(workspace: api.Workspace) -> None:
    head = workspace.log.head()
    simulator = api.Simulator(
        workspace, "referral-ask", at=NOW, contact=person(workspace), opening=job(workspace)
    )
    simulator.play()
    simulator.all_paths()
    api.sample(simulator, 5, seed=1)

    assert workspace.log.head() == head
    assert [each for each in workspace.folder.outbox.iterdir() if each.name != ".lock"] == []
    assert [each for each in api.replay_check(workspace) if each.differing] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_the_paths_of_a_shipped_workflow_reach_every_outcome_it_declares(
    workspace: api.Workspace, name: str
) -> None:
    simulator = api.Simulator(workspace, name, at=NOW)
    with_opening = {each.outcome for each in simulator.all_paths()}
    # A tie is renewed without an opening, too; then there is nobody to be asked next.
    closed = api.MadeUpOpening(status="closed")
    without = api.Simulator(workspace, name, at=NOW, person=api.MadeUpContact(), posting=closed)
    reached = with_opening | {each.outcome for each in without.all_paths()}

    assert reached - {"do_not_contact", "capped"} >= set(simulator.definition.outcomes)
    assert None not in reached


def test_the_same_seed_gives_the_same_stories(workspace: api.Workspace) -> None:
    simulator = api.Simulator(workspace, "referral-ask", at=NOW)

    first, again, other = (api.sample(simulator, 40, seed) for seed in (7, 7, 8))

    assert first == again
    assert first.outcomes != other.outcomes
    assert sum(first.outcomes.values()) == sum(first.messages.values()) == 40


def test_nobody_answers_when_answers_never_come(workspace: api.Workspace) -> None:
    found = api.sample(api.Simulator(workspace, "referral-ask", at=NOW), 10, 1, share=0)

    assert found.outcomes == {"no_answer": 10}


def test_what_forbids_a_start_is_told(workspace: api.Workspace) -> None:
    blocked = api.MadeUpContact(do_not_contact=True)
    told = api.Simulator(workspace, "referral-ask", at=NOW, person=blocked).play()

    assert told.outcome is None
    assert told.refused is not None
    assert told.refused.startswith("do_not_contact")


def test_an_event_that_says_what_it_cannot_is_refused_with_what_is_possible(workspace: api.Workspace) -> None:
    simulator = api.Simulator(workspace, "referral-ask", at=NOW)

    with pytest.raises(api.UsageError, match="Possible: agreed, declined"):
        simulator.play([after(1, "reply.received", intent="agred")])
    with pytest.raises(api.UsageError, match="did you mean `intent`"):
        simulator.play([after(1, "reply.received", intnt="agreed")])


def test_a_live_run_goes_on_from_where_it_is(tmp_path: Path) -> None:
    with api.init(tmp_path / "w", NOW, name="Maya Okafor", email="maya@example.org") as workspace:
        ana = api.add_person(
            workspace, api.PersonDetails(name="Ana Lima", company="Acme", relation="friend"), NOW
        )
        opening = api.add_opening(
            workspace, api.OpeningDetails(company="Acme", title="Engineer", url="https://a.example", submit="form"), NOW
        )  # fmt: skip
        contact, posting = api.find_contact(workspace, ana), api.find_opening(workspace, opening)
        run = api.start(workspace, "referral-ask", contact, posting, NOW, line="Because.").runs[0]
        later = NOW + timedelta(days=1)
        api.approve(workspace, api.find_message(workspace, run.id), later)
        live = workspace.views.get(Run, run.id)
        assert live is not None

        told = api.Simulator(
            workspace, "referral-ask", at=later, contact=contact, opening=posting, run=live
        ).play()

        assert sent(told) == [("03-03", "ask"), ("03-12", "nudge"), ("03-24", "goodbye")]
        assert told.run == run.id


happenings = st.lists(
    st.tuples(
        st.floats(0, 60),
        st.sampled_from(
            [
                ("reply.received", {"intent": "agreed"}),
                ("reply.received", {"intent": "later", "when": "10d"}),
                ("reply.received", {"intent": "unclear"}),
                ("referral.given", {}),
                ("meeting.held", {}),
                ("opening.closed", {}),
                ("contact.opted_out", {}),
                ("application.submitted", {}),
                ("interview.scheduled", {}),
                ("offer.received", {}),
            ]
        ),
    ),
    max_size=5,
)
LAWS = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def played(workspace: api.Workspace, name: str, script: list[Any], *, approves: int = 0) -> World:
    simulator = api.Simulator(workspace, name, at=NOW, contact=person(workspace), opening=job(workspace))
    world, _ = simulator.begin(api.Habits(approves=Duration(approves, "h")))
    for days, (event, fields) in script:
        api.arrange(world, after(days, event, **fields), simulator.contact, simulator.opening)
    assert world.go_on(simulator.start + api.HORIZON // timedelta(microseconds=1))
    return world


@LAWS
@given(st.sampled_from(SHIPPED), happenings, st.integers(0, 48))
def test_a_simulated_run_keeps_the_guard_rails(
    workspace: api.Workspace, name: str, script: list[Any], approves: int
) -> None:
    silent, closed = 0, False
    for event in played(workspace, name, script, approves=approves).events:
        if event.kind in ("reply.received", "interaction.logged", "referral.given"):
            silent = 0
        if event.kind == "contact.opted_out":
            closed = True
        if event.kind == "message.send.requested":
            silent += 1
            at = instant(event.recorded_at)
            assert not closed
            assert silent <= 3 or name not in ("referral-ask", "reconnect")  # thanks and news ask for nothing
            assert at.weekday() < 5
            assert (9, 0) <= (at.hour, at.minute) < (17, 30)
        assert event.kind != "run.stuck"


@LAWS
@given(st.sampled_from(SHIPPED), happenings, st.integers(0, 48))
def test_what_was_simulated_is_what_a_log_would_have_decided(
    tmp_path_factory: pytest.TempPathFactory, name: str, script: list[Any], approves: int
) -> None:
    folder = tmp_path_factory.mktemp("real") / "w"
    with api.init(folder, NOW, name="Maya Okafor", email="maya@example.org") as real:
        api.add_person(real, api.PersonDetails(name="Ana Lima", company="Acme", relation="friend"), NOW)
        api.add_opening(real, api.OpeningDetails(company="Acme", title="Engineer"), NOW)
        live_through(real.log, real.views, played(real, name, script, approves=approves).events)

        assert api.redecide(real).differing == []


TWO_ENDS = """\
refflow: 1
workflow: two-ends
title: Ends by how strong the tie is
on: [{manual: true}]
subject: {contact: event.contact}
steps:
  - id: tie
    choose:
      - if: contact.warmth == "cold"
        do: [{exit: left_alone}]
    else: [{exit: to_be_asked}]
outcomes: {good: [to_be_asked], open: [left_alone]}
"""


def test_all_paths_lists_every_outcome_with_its_dates_and_those_that_cannot_be(terminal: Terminal) -> None:
    file = terminal.folder / "two-ends.yaml"
    file.write_text(TWO_ENDS, "utf-8")
    said = terminal.does("simulate", str(file), "--all-paths").out.splitlines()

    assert [line.split() for line in said[1:]] == [
        [
            "to_be_asked",
            "1",
            "0",
            "Mon",
            "2026-11-30",
            "09:30",
            "Mon",
            "2026-11-30",
            "09:30",
            "nothing",
            "happens",
        ],
        ["left_alone", "0"],
    ]
