"""The picture of a workflow has every step once, leads where the program leads, and is drawn alike each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api, resources
from refflow.views.runs.run import Run
from refflow.workflows.language.definition import Definition, Exit, Go, Jump, Schedule
from refflow.workflows.language.flow import onward
from refflow.workflows.language.policy_file import DAYS, read_schedule, schedule_text
from refflow.workflows.language.reading import Reader
from refflow.workflows.language.yaml_source import read_yaml
from refflow.workflows.stories.graph import as_mermaid, as_text, graph_of
from refflow.workspace.passages import stays

if TYPE_CHECKING:
    from tests.conftest import Histories, Searching
    from tests.unit.conftest import Terminal

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SHIPPED = (
    "declined", "explore", "give-back", "grow", "keep-referrer-updated", "reconnect", "referral-ask", "thank",
)  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[api.Workspace]:
    with api.init(tmp_path_factory.mktemp("graph") / "w", NOW, name="Maya Okafor") as made:
        yield made


def definition(workspace: api.Workspace, name: str) -> Definition:
    return api.read_definition(workspace, resources.workflows() / f"{name}.yaml")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_place_is_reached_and_leads_on_until_an_outcome(workspace: api.Workspace, name: str) -> None:
    graph = graph_of(definition(workspace, name))
    ends = {way.end for way in graph.ways} | {entry.end for entry in graph.entries if entry.end is not None}

    assert {place.at for place in graph.places} == ends
    assert {place.at for place in graph.places if place.kind is not Exit} == {way.start for way in graph.ways}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_ways_are_those_of_the_program(workspace: api.Workspace, name: str) -> None:
    """Following jumps by hand, each address leads where the picture says, and nowhere else."""
    made = definition(workspace, name)

    def landing(at: int) -> int:
        step = made.program[at]
        if isinstance(step, Jump):
            return landing(step.to)
        return landing(made.blocks[step.block]) if isinstance(step, Go) else at

    graph = graph_of(made)
    for place in graph.places:
        expected = {landing(to) for to, _ in onward(made.program, made.blocks, place.at)}
        assert {way.end for way in graph.ways if way.start == place.at} == expected


@pytest.mark.parametrize("name", SHIPPED)
def test_mermaid_names_only_nodes_that_it_draws(workspace: api.Workspace, name: str) -> None:
    drawn = as_mermaid(graph_of(definition(workspace, name)))
    declared = set(re.findall(r"^\s*(n\d+)\W", drawn, re.MULTILINE))
    used = set(re.findall(r"(?:^\s*|[ |>])(n\d+)\b", drawn, re.MULTILINE))

    assert used == declared
    assert drawn.count("subgraph") == drawn.count("\n    end\n")
    assert all(line.count('"') % 2 == 0 for line in drawn.splitlines())


def test_the_text_tells_the_flow_in_the_order_of_the_file(workspace: api.Workspace) -> None:
    assert (
        as_text(graph_of(definition(workspace, "thank")), {"thanks": 2})
        == """\
thank
  on referral.given -> thanks
  anytime referral.thanked -> ends: thanked
steps:
  thanks: send thank-referrer  [2 live]
  was-sent: if sent("thanks")
    yes -> say referral.thanked
    no -> another-way
  say referral.thanked
  end: thanked
  another-way: to do within 2bd: Thank {{ contact.first_name }} in another way: a call, a card, a coffee
    done -> say referral.thanked
    skipped -> end: owed
    expired -> end: owed
  say referral.thanked
  end: thanked
  end: owed
  end: owed
"""
    )


def test_live_runs_are_counted_at_their_step(tmp_path: Path) -> None:
    with api.init(tmp_path / "w", NOW, name="Maya Okafor") as workspace:
        job = api.add_opening(workspace, api.OpeningDetails(company="Acme", title="Engineer"), NOW)
        for name in ("Ana Lima", "Bo Chen"):
            person = api.add_person(workspace, api.PersonDetails(name=name, company="Acme"), NOW)
            contact, opening = api.find_contact(workspace, person), api.find_opening(workspace, job)
            api.start(workspace, "reconnect", contact, opening, NOW)
        made = api.find_version(workspace, "reconnect").definition

        assert "hello: send reconnect-hello  [2 live]" in api.draw(workspace, made, "text")
        assert "2 live" in api.draw(workspace, made, "mermaid")


HOUR = 3_600_000_000


def test_each_way_says_how_long_runs_took_to_take_it(workspace: api.Workspace) -> None:
    graph = graph_of(definition(workspace, "thank"))
    stays = {
        ("thanks", ""): [3 * HOUR, HOUR, 5 * HOUR],
        ("another-way", "done"): [49 * HOUR],
        ("another-way", "expired"): [0, 30 * HOUR],
        ("was-sent", "yes"): [HOUR],
        ("thanks", "referral.thanked"): [HOUR],
    }
    drawn = as_text(graph, stays=stays)

    assert "  thanks: send thank-referrer  (median 3 h, 3 runs)\n" in drawn
    assert "    done -> say referral.thanked  (2.0 days in 1 run)\n" in drawn
    assert "    expired -> end: owed  (median 30 h, 2 runs)\n" in drawn
    assert "    yes -> say referral.thanked\n" in drawn, "nobody stays at a question"
    assert drawn.count("run") == 3, "an interrupt is no way of a step"
    assert '-->|"done<br/>2.0 days in 1 run"|' in as_mermaid(graph, stays=stays)
    assert '-->|"median 3 h, 3 runs"|' in as_mermaid(graph, stays=stays)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, "at once"),
        (1, "1 min"),
        (119, "119 min"),
        (120, "2 h"),
        (48 * 60, "2.0 days"),
        (75 * 60 * 24, "75.0 days"),
    ],
)
def test_times_are_said_in_units_that_fit(workspace: api.Workspace, minutes: int, said: str) -> None:
    drawn = as_text(graph_of(definition(workspace, "thank")), stays={("thanks", ""): [minutes * 60_000_000]})

    assert f"({said} in 1 run)" in drawn


def test_how_another_run_ended_is_a_way_of_its_own_or_any_other_end(
    workspace: api.Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(WHOLE)
    graph = graph_of(api.read_definition(workspace, file))
    stays = {
        ("other", "thanked"): [HOUR],
        ("other", "owed"): [2 * HOUR, 2 * HOUR],
        ("quiet", "timeout"): [HOUR],
    }
    drawn = as_text(graph, stays=stays)

    assert "    thanked -> quiet  (60 min in 1 run)\n" in drawn
    assert "    else -> end: no  (median 2 h, 2 runs)\n" in drawn
    assert "    meeting.held, timeout -> aside  (60 min in 1 run)\n" in drawn


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_stays_of_runs_are_the_time_between_their_first_step_and_their_last(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        search.live(data.draw(histories(12)))
        for workflow in SHIPPED:
            spent = 0
            for run in search.workspace.views.find(Run, workflow=workflow):
                entered = [e for e in search.events("step.entered") if e.payload.run == run.id]
                last = run.ended_at or (entered[-1].recorded_at if entered else 0)
                spent += last - entered[0].recorded_at if entered else 0
            found = stays(search.workspace, workflow)

            assert sum(sum(each) for each in found.values()) == spent
            assert all(length >= 0 for each in found.values() for length in each)


def test_the_command_draws_the_times_of_the_log(terminal: Terminal) -> None:
    said = terminal.does("workflow", "graph", "referral-ask").out

    assert "ask: send ask-referral  [1 live]  (at once in 1 run)" in said


def test_what_a_file_says_cannot_break_the_drawing(workspace: api.Workspace, tmp_path: Path) -> None:
    text = (resources.workflows() / "thank.yaml").read_text()
    file = tmp_path / "thank.yaml"
    file.write_text(text.replace("Thank {{ contact.first_name }}", "]] --> <b>&quot; | x"))
    drawn = as_mermaid(graph_of(api.read_definition(workspace, file)))

    assert "]] --&gt; &lt;b&gt;&amp;quot; | x" in drawn


WHOLE = """\
refflow: 1
workflow: w
on: [{every: "sat-mon 09:05", each: contact}, {manual: true}]
subject: {contact: event.contact}
vars: {met: {type: number, default: 0}}
anytime:
  - event: meeting.held
    do: [{set: {met: vars.met + 1}}, {emit: {event: contact.warmed}, if: vars.met == 2}]
  - {event: reply.received, go: answered}
steps:
  - id: other
    start: {workflow: thank, subject: {contact: contact}, wait: true}
    got: {thanked: [], else: [{exit: no}]}
    refused: [{exit: no}]
  - id: quiet
    wait: {for: [meeting.held], within: 9d, settle: 1d, since: other}
    got: []
    timeout: []
  - id: aside
    start: {workflow: thank, subject: {contact: contact}}
  - exit: yes
blocks: {answered: [{set: {met: 0}}, {exit: yes}]}
outcomes: {good: [yes], bad: [no]}
"""


def test_the_newer_verbs_and_side_lists_are_in_the_picture(workspace: api.Workspace, tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(WHOLE)
    graph = graph_of(api.read_definition(workspace, file))
    drawn = as_mermaid(graph, {"other": 3})

    assert "3 live" in drawn
    assert 'subgraph b2 ["side list 1"]' in drawn
    assert (
        as_text(graph)
        == """\
w
  on every sat-mon 09:05, for each contact -> other
  on by hand -> other
  anytime meeting.held -> set met to vars.met + 1
  anytime reply.received -> set met to 0
steps:
  other: start thank and wait for its end
    thanked -> quiet
    else -> end: no
    refused -> end: no
  end: no
  end: no
  quiet: wait for meeting.held since other, within 9d, until none has come for 1d
    meeting.held, timeout -> aside
  aside: start thank
  end: yes
answered:
  set met to 0
  end: yes
side list 1:
  set met to vars.met + 1
  emit: if vars.met == 2
    yes -> say contact.warmed
    no -> back to where it was
  say contact.warmed
  back to where it was
"""
    )


@given(st.sampled_from(DAYS), st.sampled_from(DAYS), st.integers(0, 23), st.integers(0, 59))
def test_a_time_of_the_week_is_written_as_it_is_read(first: str, last: str, hour: int, minute: int) -> None:
    def read(text: str) -> Schedule | None:
        node, _ = read_yaml(f"'{text}'", "x.yaml")
        assert node is not None
        return read_schedule(Reader("x.yaml"), node)

    schedule = read(f"{first}-{last} {hour}:{minute:02}")
    assert schedule is not None
    assert read(schedule_text(schedule)) == schedule
