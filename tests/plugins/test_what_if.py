"""What a workflow would have asked for over the history of a search: planned, and neither recorded nor done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.plugins.test_workflow_parts import MONDAY, WORKFLOW, Search, plugin

from refflow import api
from refflow.views.runs.tasks import Task

if TYPE_CHECKING:
    from tests.plugins.conftest import Site


@pytest.fixture
def starred(tmp_path: Path) -> Search:
    """A search in which a workflow asked for a task and then gave stars."""
    search = Search(tmp_path / "search")
    search.begin(plugin())
    search.start()
    (task,) = search.workspace.views.find(Task)
    api.close_task(search.workspace, task, "done", None, MONDAY)
    return search


def written(search: Search, condition: str, tmp_path: Path) -> Path:
    text = WORKFLOW.replace("CONDITION", condition).replace("TITLE", "Call").replace("WITH", "{stars: 1}")
    file = tmp_path / "other.yaml"
    file.write_text(text)
    return file


def test_the_workflow_in_force_would_have_asked_for_what_it_did(starred: Search) -> None:
    definition = api.read_definition(starred.workspace, starred.folder / "workflows" / "starring.yaml")
    head = starred.workspace.log.head()

    plans = api.what_if(starred.workspace, definition)

    assert [each.what for each in plans] == ["asks for `tell`", "records star.contact.starred"]
    assert plans[0].contact == starred.starred()[0].contact
    assert starred.workspace.log.head() == head


def test_another_one_asks_for_something_else_with_the_functions_and_actions_of_plugins(
    starred: Search, tmp_path: Path
) -> None:
    definition = api.read_definition(starred.workspace, written(starred, "star_quiet(99)", tmp_path))

    (plan,) = api.what_if(starred.workspace, definition)

    assert plan.what == "records star.contact.starred"
    assert len(starred.starred()) == 1, "nothing is recorded"


def test_whoever_decides_again_has_what_plugins_add(starred: Search) -> None:
    """A backtest, a simulation and the question why not, as the workspace itself."""
    workspace = starred.workspace
    definition = api.read_definition(workspace, starred.folder / "workflows" / "starring.yaml")

    tested = api.backtest(workspace, definition)
    assert (tested.runs, tested.differences) == (1, [])
    played = api.Simulator(workspace, "starring", at=MONDAY).play()
    assert played.lines
    assert "stuck" not in {line.what for line in played.lines}
    greeting = NEW.replace("contact.added\n", 'contact.added\n    if: star_initials(contact.name) == "XX"\n')
    (starred.folder / "workflows" / "greet.yaml").write_text(greeting)
    api.synchronise(workspace, MONDAY)
    ana = api.find_contact(workspace, "Ana Lima")
    asked = str(api.why_not(workspace, "greet", ana, None, MONDAY))
    assert "star_initials" in asked
    assert "no longer be read" not in asked


NEW = """
refflow: 1
workflow: greet
title: Greet whoever comes
on:
  - event: contact.added
subject: {contact: event.contact}
steps:
  - id: greet
    task: {title: "Greet {{ contact.first_name }}", within: 2bd}
    done: []
    skipped: []
    expired: []
  - exit: done
outcomes:
  good: [done]
"""


def test_a_command_tells_it_and_leaves_the_search_as_it_is(site: Site, tmp_path: Path) -> None:
    folder, file = tmp_path / "search", tmp_path / "greet.yaml"
    file.write_text(NEW)
    where = ("--workspace", str(folder))
    site.refflow("init", str(folder), "--name", "Sam")
    site.refflow("person", "add", "Ana Lima", "--relation", "friend", *where)
    before = (folder / "refflow.db").read_bytes()

    told = site.refflow("replay", "--what-if", str(file), *where)

    assert told.returncode == 0, told.stderr
    assert "Ana Lima" in told.stdout
    assert "asks for `greet`" in told.stdout
    assert (folder / "refflow.db").read_bytes() == before
    both = site.refflow("replay", "--what-if", str(file), "--check", *where)
    assert (both.returncode, "five things" in both.stderr) == (2, True)
