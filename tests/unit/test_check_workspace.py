"""The check of a workspace: its settings, its files, the standard workflows, and the runs that live."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refflow import api
from refflow.views.contacts import Contact

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOTE = """\
refflow: 1
workflow: note
on: [{manual: true}]
subject: {contact: event.contact}
steps:
  - {id: think, wait: 3d}
  - {id: hello, send: {template: reconnect-hello}}
  - exit: done
outcomes: {good: [done]}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[api.Workspace]:
    with api.init(tmp_path, NOW, name="Ada Example") as workspace:
        yield workspace


def codes(workspace: api.Workspace) -> list[str]:
    return [each.code for each in api.check(workspace).problems]


def write(workspace: api.Workspace, text: str, name: str = "workflows/note.yaml") -> None:
    (workspace.folder.path / name).write_text(text, encoding="utf-8")


def test_the_standard_workflows_are_clean_and_promise_something(workspace: api.Workspace) -> None:
    found = api.check(workspace)

    assert found.problems == ()
    assert {each.workflow for each in found.promises.values()} >= {"referral-ask", "reconnect", "thank"}


def test_settings_and_files_of_ones_own_are_checked_together(workspace: api.Workspace) -> None:
    write(workspace, "zone: Berlin\n", "refflow.yaml")
    write(workspace, NOTE.replace("think, wait: 3d", "think, wait: 3 days"))
    write(workspace, "Hi {{ contact.nam }}", "templates/reconnect-hello.txt")

    found = api.check(workspace)
    assert [each.code for each in found.problems if "note" in each.file or "refflow.yaml" in each.file] == [
        "E155",
        "E130",
    ]
    assert "E141" in [each.code for each in found.problems]
    assert "    zone: Berlin\n          ^^^^^^\n" in api.report(found)
    assert "    Hi {{ contact.nam }}\n                  ^^^\n" in api.report(found)


def test_a_cap_of_the_settings_counts(workspace: api.Workspace) -> None:
    twice = NOTE.replace("  - exit: done", "  - {id: again, send: {template: reconnect-hello}}\n  - exit: done")
    write(workspace, twice + "ok: {W310: an example}\n")
    assert codes(workspace) == []

    settings = workspace.folder.settings
    write(workspace, settings.read_text() + "caps: [{per: contact, unanswered: 1}]\n", settings.name)
    assert "E302" in codes(workspace)


def test_runs_that_keep_to_the_version_before_are_told(workspace: api.Workspace) -> None:
    write(workspace, NOTE)
    api.synchronise(workspace, NOW)
    person = api.add_person(workspace, api.PersonDetails(name="Ana Lima"), NOW)
    contact = workspace.views.get(Contact, person)
    assert contact is not None
    api.start(workspace, "note", contact, None, NOW)
    assert codes(workspace) == []

    write(workspace, NOTE.replace("  - exit", "  - {id: rest, wait: 1d}\n  - exit"))
    (later,) = api.check(workspace).problems
    assert (later.code, later.line, later.column) == ("I330", 2, 11)
    assert later.message == "1 live run keeps to the version before; 0 of them stand where this one differs"

    write(workspace, NOTE.replace("wait: 3d", "wait: 4d"))
    (here,) = api.check(workspace).problems
    assert here.message == "1 live run keeps to the version before; 1 of them stand where this one differs"
