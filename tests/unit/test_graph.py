"""The picture of a workflow has every step once, leads where the program leads, and is drawn alike each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refflow import api, resources
from refflow.workflows.definition import Definition, Exit, Go, Jump
from refflow.workflows.flow import onward
from refflow.workflows.graph import as_mermaid, as_text, graph_of

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SHIPPED = ("declined", "keep-referrer-updated", "reconnect", "referral-ask", "thank")


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


def test_what_a_file_says_cannot_break_the_drawing(workspace: api.Workspace, tmp_path: Path) -> None:
    text = (resources.workflows() / "thank.yaml").read_text()
    file = tmp_path / "thank.yaml"
    file.write_text(text.replace("Thank {{ contact.first_name }}", "]] --> <b>&quot; | x"))
    drawn = as_mermaid(graph_of(api.read_definition(workspace, file)))

    assert "]] --&gt; &lt;b&gt;&amp;quot; | x" in drawn
