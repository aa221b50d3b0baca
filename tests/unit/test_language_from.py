"""A workflow made from a packaged one: other parameters, and a version that somebody has read."""

from __future__ import annotations

from pathlib import Path

import pytest

from refflow import api
from refflow.testing.bench import MONDAY
from refflow.views.contacts import Contact
from refflow.views.runs.definitions import Workflow
from refflow.workflows.durations import Duration
from refflow.workflows.language.definition import Definition, hash_of
from refflow.workflows.language.instances import outdated
from refflow.workspace.definitions import packaged


@pytest.fixture
def workspace(tmp_path: Path) -> api.Workspace:
    return api.init(tmp_path / "w", MONDAY, name="Maya Okafor", email="maya@example.org")


def write(workspace: api.Workspace, text: str, name: str = "mine") -> None:
    (workspace.folder.path / "workflows" / f"{name}.yaml").write_text(text)


def package(workspace: api.Workspace, name: str = "std/referral-ask") -> Definition:
    return packaged(workspace, workspace.folder.templates())[name]


def mine(workspace: api.Workspace) -> Definition | None:
    row = workspace.views.get(Workflow, "mine")
    if row is None:
        return None
    from refflow.views.rows import Rows

    return workspace.library.definition(Rows(workspace.views), row.hash).definition


def instance(hash: str, params: str = "{patience: 9bd}") -> str:
    return f"refflow: 1\nworkflow: mine\nfrom: std/referral-ask@{hash}\nparams: {params}\n"


def codes(workspace: api.Workspace) -> list[str]:
    return [each.code for each in api.check(workspace).problems if each.severity == "error"]


def test_it_is_the_packaged_one_with_other_parameters(workspace: api.Workspace) -> None:
    with workspace:
        base = package(workspace)
        write(workspace, instance(hash_of(base)[:12]))
        api.synchronise(workspace, MONDAY)
        made = mine(workspace)

        assert made is not None
        assert made.params["patience"].default == Duration(9, "bd")
        assert (made.program, made.outcomes) == (base.program, base.outcomes)
        assert made.origin == f"std/referral-ask@{hash_of(base)[:12]}"
        assert hash_of(made) != hash_of(base)
        assert api.outdated(workspace) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (instance("0" * 12), ["E159"]),
        (instance("")[:-1].replace("@", "") + "\n", ["E159"]),
        (instance("HASH", "{patience: 1bd}"), ["E131"]),
        (instance("HASH", "{patience: soon}"), ["E130"]),
        (instance("HASH", "{pateince: 9bd}"), ["E003"]),
        (instance("HASH").replace("referral-ask", "referal-ask"), ["E159"]),
        (instance("HASH") + "steps: [{exit: referred}]\n", ["E003"]),
    ],
)
def test_a_mistake_is_told(workspace: api.Workspace, text: str, said: list[str]) -> None:
    with workspace:
        write(workspace, text.replace("HASH", hash_of(package(workspace))[:12]))

        assert codes(workspace) == said


def test_when_the_package_changes_the_last_good_version_stays_and_is_listed(workspace: api.Workspace) -> None:
    with workspace:
        base = package(workspace)
        write(workspace, instance(hash_of(base)[:12]))
        api.synchronise(workspace, MONDAY)
        write(workspace, instance("0" * 12))
        api.synchronise(workspace, MONDAY)
        made = mine(workspace)

        assert made is not None
        changed = {"std/referral-ask": mine(workspace) or base}
        assert outdated(made, changed) == f"std/referral-ask@{hash_of(made)[:12]}"
        assert outdated(made, {}) == ""
        assert outdated(base, {}) is None
        assert workspace.views.find(Contact) == []


def test_it_inherits_what_every_workflow_does_and_keeps_the_hash_of_its_package(
    workspace: api.Workspace,
) -> None:
    with workspace:
        hash = hash_of(package(workspace))[:12]
        with workspace.folder.settings.open("a") as settings:
            settings.write("anytime: [{event: meeting.held, exit: met}]\n")
        write(workspace, instance(hash))
        api.synchronise(workspace, MONDAY)
        made = mine(workspace)

        assert made is not None
        assert [(each.event, each.exit) for each in made.anytime if each.inherited] == [("meeting.held", "met")]
        assert made.outcomes["met"] == "bad"
        assert codes(workspace) == []
        assert api.outdated(workspace) == []
