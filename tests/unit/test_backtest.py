"""Backtest: a definition held against the workspace's own history, run by run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api, resources
from refflow.testing.worlds import live_through
from refflow.workflows.language.definition import Definition, Send

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ASK = "referral-ask"

Script = list[tuple[float, str, dict[str, Any]]]
"""Days after the start, the kind of event, and what it says."""


def workspace_at(folder: Path) -> api.Workspace:
    made = api.init(folder, NOW, name="Maya Okafor", email="maya@example.org")
    for name in ("Ana Lima", "Bo Chen", "Cy Diaz"):
        api.add_person(made, api.PersonDetails(name=name, company="Acme", relation="friend"), NOW)
    for title in ("Engineer", "Designer", "Writer"):
        api.add_opening(made, api.OpeningDetails(company="Acme", title=title), NOW)
    return made


def live(workspace: api.Workspace, name: str, person: int, day: int, script: Script) -> None:
    """One run of a workflow, `day` days after the beginning, with this person about the opening of that number."""
    contact = api.find_contact(workspace, ("Ana Lima", "Bo Chen", "Cy Diaz")[person])
    opening = api.find_opening(workspace, ("Engineer", "Designer", "Writer")[person])
    begin = NOW + timedelta(days=day)
    simulator = api.Simulator(workspace, name, at=begin, contact=contact, opening=opening)
    world, _ = simulator.begin(api.Habits())
    for days, event, fields in script:
        occurrence = api.Occurrence(after=timedelta(days=days), event=event, fields=fields)
        api.arrange(world, occurrence, simulator.contact, simulator.opening)
    world.go_on(simulator.start + api.HORIZON // timedelta(microseconds=1))
    live_through(workspace.log, workspace.views, world.events)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[api.Workspace]:
    """A history of three asks: one unanswered, one declined after four days, one referred after ten."""
    with workspace_at(tmp_path_factory.mktemp("backtest") / "w") as made:
        live(made, ASK, 0, 0, [])
        live(made, ASK, 1, 60, [(4, "reply.received", {"intent": "declined"})])
        live(made, ASK, 2, 120, [(10, "referral.given", {})])
        yield made


def changed(workspace: api.Workspace, tmp_path: Path, *changes: tuple[str, str], name: str = ASK) -> Definition:
    text = (resources.workflows() / f"{name}.yaml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / f"{name}.yaml"
    file.write_text(text)
    return api.read_definition(workspace, file)


def test_the_definition_in_force_would_have_done_the_same(workspace: api.Workspace, tmp_path: Path) -> None:
    found = api.backtest(workspace, changed(workspace, tmp_path))

    assert (found.runs, found.differences) == (3, [])


def test_words_that_nobody_sees_make_no_difference(workspace: api.Workspace, tmp_path: Path) -> None:
    title = ("title: Ask one contact", "title: Ask a contact")
    guard = ('- opening.status == "open"', '- not (opening.status != "open")')

    assert api.backtest(workspace, changed(workspace, tmp_path, title, guard)).differences == []


def test_a_shorter_wait_moves_each_run_once_at_its_first_wait(workspace: api.Workspace, tmp_path: Path) -> None:
    found = api.backtest(workspace, changed(workspace, tmp_path, ("default: 7bd", "default: 5bd")))

    assert [each.how for each in found.differences] == ["moved"] * 3
    assert found.differences[0].was == "`silence` waits until 2026-03-11 10:00"
    assert found.differences[0].would == "`silence` waits until 2026-03-09 10:00"
    assert len({each.run for each in found.differences}) == 3


def test_only_runs_that_come_to_the_change_differ(workspace: api.Workspace, tmp_path: Path) -> None:
    farewell = ("  - id: goodbye\n    send: {template: graceful-exit, thread: ask}\n", "")
    found = api.backtest(workspace, changed(workspace, tmp_path, farewell))

    assert [(each.how, each.was, each.would) for each in found.differences] == [
        ("dropped", "goes to `goodbye`", "ends: no_answer")
    ]


def test_a_stricter_guard_lets_runs_not_start(workspace: api.Workspace, tmp_path: Path) -> None:
    found = api.backtest(workspace, changed(workspace, tmp_path, ('["warm", "close"]', '["warm"]')))

    assert [each.how for each in found.differences] == ["does not start"] * 3
    assert "contact.warmth = close" in found.differences[0].would


def test_another_trigger_lets_runs_start_that_did_not(workspace: api.Workspace, tmp_path: Path) -> None:
    trigger = ('event.outcome == "declined"', 'event.outcome == "no_answer"')
    found = api.backtest(workspace, changed(workspace, tmp_path, trigger, name="declined"))

    assert [each.how for each in found.differences] == ["starts", "does not start"]
    assert [each.message for each in found.differences] == ["thanks-anyway", "thanks-anyway"]


def test_another_wording_is_told_and_the_run_is_followed_on(workspace: api.Workspace, tmp_path: Path) -> None:
    definition = changed(workspace, tmp_path)
    nudge = definition.templates["nudge"]
    reworded = msgspec.structs.replace(
        definition,
        templates={
            **definition.templates,
            "nudge": msgspec.structs.replace(nudge, body="Hi {{ contact.name }}!"),
        },
    )
    found = api.backtest(workspace, reworded)

    # Only the run without an answer and the one referred after ten days came to the nudge.
    assert [(each.how, each.was) for each in found.differences] == [("reads", "writes `nudge`")] * 2
    assert [each.message for each in found.differences] == ["nudge", "nudge"]


def test_the_message_that_is_added_or_dropped_is_named(workspace: api.Workspace, tmp_path: Path) -> None:
    """Without the last word the run that nobody answered sends two messages; with it the log would have one less."""
    text = (resources.workflows() / f"{ASK}.yaml").read_text()
    without = "  - id: goodbye\n    send: {template: graceful-exit, thread: ask}\n"
    assert without in text
    (difference,) = api.backtest(workspace, changed(workspace, tmp_path, (without, ""))).differences

    assert (difference.how, difference.message) == ("dropped", "graceful-exit")


def test_since_leaves_out_what_started_before(workspace: api.Workspace, tmp_path: Path) -> None:
    definition = changed(workspace, tmp_path, ("default: 7bd", "default: 5bd"))

    assert api.backtest(workspace, definition, NOW + timedelta(days=100)).runs == 1


def test_nothing_is_recorded(workspace: api.Workspace, tmp_path: Path) -> None:
    head = workspace.log.head()
    api.backtest(workspace, changed(workspace, tmp_path, ("default: 7bd", "default: 5bd")))

    assert workspace.log.head() == head


EVENTS = [
    ("reply.received", {"intent": "agreed"}),
    ("reply.received", {"intent": "later"}),
    ("reply.received", {"intent": "unclear"}),
    ("reply.received", {"intent": "declined"}),
    ("referral.given", {}),
    ("opening.closed", {}),
    ("meeting.held", {}),
    ("application.submitted", {}),
    ("interview.scheduled", {}),
    ("contact.opted_out", {}),
]
scripts = st.lists(
    st.tuples(st.floats(0, 50), st.sampled_from(EVENTS)).map(lambda each: (each[0], *each[1])), max_size=4
)
LAWS = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWS
@given(
    st.lists(
        st.tuples(st.sampled_from(["referral-ask", "reconnect", "thank"]), scripts), min_size=1, max_size=3
    )
)
def test_no_history_differs_under_the_definitions_that_made_it(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[str, Any]]
) -> None:
    with workspace_at(tmp_path_factory.mktemp("law") / "w") as workspace:
        for number, (name, script) in enumerate(runs):
            live(workspace, name, number, number * 400, script)

        for file in resources.workflows().glob("*.yaml"):
            if not file.name.endswith(".test.yaml"):
                found = api.backtest(workspace, api.read_definition(workspace, file))
                assert found.differences == []


@LAWS
@given(scripts)
def test_each_run_differs_once_and_only_at_what_the_log_says_of_it(
    tmp_path_factory: pytest.TempPathFactory, script: Any
) -> None:
    with workspace_at(tmp_path_factory.mktemp("law") / "w") as workspace:
        live(workspace, ASK, 0, 0, script)
        definition = api.read_definition(workspace, resources.workflows() / f"{ASK}.yaml")
        program = tuple(
            msgspec.structs.replace(step, urgent=True) if isinstance(step, Send) else step
            for step in definition.program
        )
        found = api.backtest(workspace, msgspec.structs.replace(definition, program=program))

        assert len([each for each in found.differences if each.how != "reads"]) <= found.runs
        for each in found.differences:
            event = workspace.event(each.position)
            assert event is not None
            assert event.recorded_at == each.at
