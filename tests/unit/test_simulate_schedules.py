"""A workflow that only a time of the week starts: simulated, tested and given tests like any other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refflow import api
from refflow.events.event import instant, micros
from refflow.events.runs import ScheduleFired
from refflow.workflows.stories.ways import ways_taken

if TYPE_CHECKING:
    from tests.unit.conftest import Terminal

WEDNESDAY = datetime(2026, 3, 4, 12, tzinfo=UTC)
GROW = """\
refflow: 1
workflow: grow-a-tie
title: Write to somebody who has been quiet
on:
  - every: "mon 09:00"
    each: contact
    if: contact.warmth == "dormant" and not contact.do_not_contact
subject: {contact: event.contact}
again: {after: 180d}
policy: {approval: none}
steps:
  - id: hello
    send: {template: reconnect-hello}
  - id: answer
    wait: {for: [reply.received], within: 10bd}
    got: [{exit: alive}]
    timeout: [{exit: quiet}]
outcomes: {good: [alive], bad: [quiet]}
"""
TIDY = """\
refflow: 1
workflow: tidy
title: Look at openings that lie about
on: [{every: "fri 16:00", each: opening, if: opening.status == "open"}]
subject: {opening: event.opening}
again: {after: 7d}
steps:
  - id: look
    task: {title: "Is {{ opening.title }} still open?", within: 5bd}
    done: [{exit: looked}]
    skipped: [{exit: left}]
    expired: [{exit: left}]
outcomes: {good: [looked], open: [left]}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[api.Workspace]:
    """A workspace with two dormant ties and one that is warm."""
    with api.init(tmp_path / "w", WEDNESDAY, name="Maya Okafor", email="maya@example.org") as made:
        for name, text in (("grow-a-tie", GROW), ("tidy", TIDY)):
            (made.folder.path / "workflows" / f"{name}.yaml").write_text(text, "utf-8")
        api.synchronise(made, WEDNESDAY)
        for name in ("Ana Lima", "Bo Berg"):
            details = api.PersonDetails(name=name, email=f"{name.split()[0].lower()}@x.example")
            contact = api.find_contact(made, api.add_person(made, details, WEDNESDAY))
            api.log_contact(
                made, contact, "mail", "", WEDNESDAY, direction="in", at=WEDNESDAY - timedelta(days=1500)
            )
        api.add_person(made, api.PersonDetails(name="Chi Cho", relation="friend", warm=True), WEDNESDAY)
        yield made


def lines(told: api.Simulated) -> list[tuple[str, str]]:
    return [(f"{instant(line.at):%a %m-%d %H:%M}", line.text) for line in told.lines]


def test_the_story_begins_when_it_next_looks_around(workspace: api.Workspace) -> None:
    told = api.Simulator(workspace, "grow-a-tie", at=WEDNESDAY).play()

    assert lines(told) == [
        ("Mon 03-09 09:00", "grow-a-tie starts"),
        ("Mon 03-09 09:00", "reconnect-hello to Ana Sample (eml)"),
        ("Mon 03-23 09:00", "grow-a-tie ends: quiet"),
    ]


def test_it_is_about_the_one_who_is_named_and_nobody_else(workspace: api.Workspace) -> None:
    bo = api.find_contact(workspace, "Bo Berg")
    told = api.Simulator(workspace, "grow-a-tie", at=WEDNESDAY, contact=bo).play()

    assert [text for _, text in lines(told)] == [
        "grow-a-tie starts", "reconnect-hello to Bo Berg (eml)", "grow-a-tie ends: quiet",
    ]  # fmt: skip


def test_who_does_not_meet_the_condition_is_passed_over(workspace: api.Workspace) -> None:
    chi = api.find_contact(workspace, "Chi Cho")
    told = api.Simulator(workspace, "grow-a-tie", at=WEDNESDAY, contact=chi).play()

    assert (told.run, told.refused) == (None, "none of its triggers does it")


def test_it_may_look_at_openings(workspace: api.Workspace) -> None:
    simulator = api.Simulator(workspace, "tidy", at=WEDNESDAY)

    assert {each.outcome for each in simulator.all_paths()} == {"looked", "left"}
    assert lines(simulator.play())[:2] == [
        ("Fri 03-06 16:00", "tidy starts"),
        ("Fri 03-06 16:00", "to do: Is Engineer still open?"),
    ]


def test_what_is_simulated_is_what_the_engine_does(workspace: api.Workspace) -> None:
    """The real workspace, brought to the same moment, starts the same run and sends the same message."""
    bo = api.find_contact(workspace, "Bo Berg")
    told = api.Simulator(workspace, "grow-a-tie", at=WEDNESDAY, contact=bo).play()
    workspace.catch_up(datetime(2026, 3, 9, 9, tzinfo=UTC))

    started = [each for each in api.events(workspace, kinds=["run.started"]) if each.payload.contact == bo.id]
    assert [instant(each.recorded_at) for each in started] == [instant(told.started_at)]


@given(st.integers(0, 14 * 24 * 60), st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]))
def test_it_begins_at_the_first_of_its_times_that_is_not_over(minutes: int, zone: str) -> None:
    from refflow.workflows.language.calendar import Calendar
    from refflow.workflows.language.definition import Definition, Schedule, Trigger
    from refflow.workspace.simulating import looks_around

    at = WEDNESDAY + timedelta(minutes=minutes)
    every = Schedule(days=(0, 3), at=540)
    trigger = Trigger(every=every, each="contact")
    definition: Any = Definition(
        name="w", title="", triggers=(trigger,), subject={}, key=(), program=(), outcomes={}, templates={}
    )
    (look,) = looks_around(definition, [trigger], Calendar(zone), at)

    assert isinstance(look, ScheduleFired)
    assert at <= look.due < at + timedelta(days=7)
    assert look.due == Calendar(zone).next_time(at - timedelta(microseconds=1), every)
    (again,) = looks_around(definition, [trigger], Calendar(zone), look.due)
    assert again.due == look.due


TESTED = """\
- test: silence
  start: {at: 2026-03-02T09:00 UTC, contact: {warmth: dormant}}
  expect:
    - {at: 0d, send: hello}
    - {at: 14d, outcome: quiet}

- test: an answer, with the story begun in the middle of the week
  start: {at: 2026-03-04T12:00 UTC, contact: {warmth: dormant}}
  events:
    - {after: 2d, event: reply.received, intent: agreed}
  expect:
    - {at: 0d, send: hello}
    - {at: 2d, outcome: alive}

- test: a warm tie is left alone
  start: {contact: {warmth: warm}}
  expect:
    - {never: hello}
"""


def test_tests_of_it_run(workspace: api.Workspace) -> None:
    path = workspace.folder.path / "workflows" / "grow-a-tie.test.yaml"
    path.write_text(TESTED, "utf-8")
    found = api.try_workflows(workspace, [path])

    assert found.problems == []
    assert [each.unmet for each in found.tests] == [[], [], []]
    assert [each.missing for each in found.coverage] == [[]]


@pytest.mark.parametrize("name", ["grow-a-tie", "tidy"])
def test_tests_made_for_it_pass_and_take_every_way(workspace: api.Workspace, name: str) -> None:
    path = workspace.folder.path / "workflows" / f"{name}.yaml"
    made = api.generate_tests(workspace, path)
    tests = path.with_name(f"{name}.test.yaml")
    tests.write_text(made, "utf-8")
    found = api.try_workflows(workspace, [tests])

    assert made.count("- test:") > 1
    assert found.passed, [each.unmet for each in found.tests]
    assert found.coverage[0].missing == []


def test_a_course_came_by_the_time_of_the_week(workspace: api.Workspace) -> None:
    simulator = api.Simulator(workspace, "grow-a-tie", at=WEDNESDAY)
    course = next(iter(simulator.courses()))

    assert ("on", "every mon 09:00") in ways_taken(simulator.accepted, course.run, course.world.events)
    assert course.world.events[0].recorded_at == micros(datetime(2026, 3, 9, 9, tzinfo=UTC))


def test_the_command_plays_it(terminal: Terminal) -> None:
    (terminal.folder / "workflows" / "grow-a-tie.yaml").write_text(GROW, "utf-8")
    said = terminal.does("simulate", str(terminal.folder / "workflows" / "grow-a-tie.yaml"))

    assert "Mon 2026-11-30 09:00" not in said.out, "that is half an hour ago"
    assert "Mon 2026-12-07 09:00  grow-a-tie starts" in said.out
    assert "over after 14 days: quiet" in said.out
