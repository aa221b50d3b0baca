"""Watching files: every save has its verdict, and a bad one never replaces a good one. The watcher is the real one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from refflow import api, resources
from refflow.views.runs.definitions import Workflow
from refflow.views.runs.run import Run

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ASK = "referral-ask"
SHIPPED = (resources.workflows() / f"{ASK}.yaml").read_text()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[api.Workspace]:
    with api.init(tmp_path / "w", NOW, name="Maya Okafor", email="maya@example.org") as made:
        yield made


@pytest.fixture
def verdicts(workspace: api.Workspace) -> Iterator[Iterator[api.Saved]]:
    """The verdicts, the first of which says that the files are watched from now on."""
    stop = Event()
    watching = api.watch(workspace, lambda: NOW, stop)
    assert next(watching).good
    yield watching
    stop.set()


def save(workspace: api.Workspace, text: str, name: str = f"{ASK}.yaml", folder: str = "workflows") -> None:
    """Save as editors do: a new file takes the place of the old one at once."""
    path = workspace.folder.path / folder / name
    beside = path.with_name(f".{name}.swp")
    beside.write_text(text)
    os.replace(beside, path)


def in_force(workspace: api.Workspace, name: str = ASK) -> str | None:
    row = workspace.views.get(Workflow, name)
    return None if row is None or row.retired else row.hash


def waiting_run(workspace: api.Workspace) -> str:
    details = api.PersonDetails(name="Ana Lima", company="Acme", relation="friend")
    contact = api.find_contact(workspace, api.add_person(workspace, details, NOW))
    job = api.add_opening(workspace, api.OpeningDetails(company="Acme", title="Engineer"), NOW)
    return api.start(workspace, ASK, contact, api.find_opening(workspace, job), NOW).runs[0].id


def test_a_good_save_comes_into_force_and_live_runs_keep_their_version(
    workspace: api.Workspace, verdicts: Iterator[api.Saved]
) -> None:
    run = waiting_run(workspace)
    before = in_force(workspace)
    save(workspace, SHIPPED.replace("default: 7bd", "default: 6bd"))

    verdict = next(verdicts)

    assert verdict.good
    assert list(verdict.accepted) == [ASK]
    assert in_force(workspace) == verdict.accepted[ASK] != before
    assert [(each.run, each.kind, each.moves) for each in verdict.live] == [(run, "forward", True)]
    row = workspace.views.get(Run, run)
    assert row is not None
    assert row.hash == before


@pytest.mark.parametrize(
    "text",
    ["", "refflow: 1\n", SHIPPED.replace("exit: no_answer", "exit: nowhere"), SHIPPED[:900], "\ufffd"],
    ids=["empty", "stub", "an error", "half", "no text"],
)
def test_a_bad_save_never_replaces_a_good_version(
    workspace: api.Workspace, verdicts: Iterator[api.Saved], text: str
) -> None:
    before = in_force(workspace)
    save(workspace, text)

    verdict = next(verdicts)

    assert not verdict.good
    assert verdict.problems[0].line >= 1
    assert (verdict.accepted, verdict.retired) == ({}, [])
    assert in_force(workspace) == before


def test_a_mended_save_is_taken(workspace: api.Workspace, verdicts: Iterator[api.Saved]) -> None:
    save(workspace, SHIPPED.replace("exit: no_answer", "exit: nowhere"))
    assert not next(verdicts).good
    save(workspace, SHIPPED.replace("default: 7bd", "default: 9bd"))

    assert list(next(verdicts).accepted) == [ASK]


def test_a_template_changes_the_workflows_that_send_it(
    workspace: api.Workspace, verdicts: Iterator[api.Saved]
) -> None:
    save(workspace, "Subject: Hello\n\nHi {{ contact.first_name }}!\n", "nudge.txt", "templates")

    assert list(next(verdicts).accepted) == [ASK]


def test_tests_beside_a_saved_workflow_are_run(workspace: api.Workspace, verdicts: Iterator[api.Saved]) -> None:
    save(workspace, SHIPPED.replace("default: 7bd", "default: 6bd"))
    next(verdicts)
    save(workspace, "test: in a week\nexpect: [{at: 7bd, send: nudge}]\n", f"{ASK}.test.yaml")

    assert [each.name for each in next(verdicts).failed] == ["in a week"]


def test_a_workflow_whose_file_is_gone_starts_no_more_runs(
    workspace: api.Workspace, verdicts: Iterator[api.Saved]
) -> None:
    save(workspace, SHIPPED.replace("workflow: referral-ask", "workflow: my-own"), "my-own.yaml")
    assert list(next(verdicts).accepted) == ["my-own"]
    (workspace.folder.path / "workflows" / "my-own.yaml").unlink()

    assert next(verdicts).retired == ["my-own"]
    assert in_force(workspace, "my-own") is None


def test_a_workflow_whose_file_is_gone_while_runs_live_is_named_with_them(
    workspace: api.Workspace, verdicts: Iterator[api.Saved]
) -> None:
    save(
        workspace,
        "{refflow: 1, workflow: my-own, on: [{manual: true}], subject: {contact: event.contact},"
        " steps: [{id: rest, wait: 5bd}, {exit: done}], outcomes: {good: [done]}}\n",
        "my-own.yaml",
    )
    next(verdicts)
    contact = api.find_contact(workspace, api.add_person(workspace, api.PersonDetails(name="Ana Lima"), NOW))
    api.start(workspace, "my-own", contact, None, NOW)
    (workspace.folder.path / "workflows" / "my-own.yaml").unlink()

    verdict = next(verdicts)

    assert (verdict.good, verdict.retired) == (True, ["my-own"])
    assert [(each.code, Path(each.file).name) for each in verdict.problems] == [("W331", "my-own.yaml")]


def test_what_editors_leave_about_is_no_save(workspace: api.Workspace, verdicts: Iterator[api.Saved]) -> None:
    for name in (".referral-ask.yaml.swp", "referral-ask.yaml~", "4913"):
        (workspace.folder.path / "workflows" / name).write_text("x")
    save(workspace, SHIPPED.replace("default: 7bd", "default: 6bd"))

    assert [Path(path).name for path in next(verdicts).files] == [f"{ASK}.yaml"]


def test_watching_goes_on_when_the_settings_are_gone_for_a_moment(
    workspace: api.Workspace, verdicts: Iterator[api.Saved]
) -> None:
    text = workspace.folder.settings.read_text()
    workspace.folder.settings.unlink()
    assert "is missing" in next(verdicts).problems[0].message
    workspace.folder.settings.write_text(text.replace("3bd", "4bd"))

    assert next(verdicts).good
