"""Settings and workflows: what lies in the files takes effect once, and a mistake in one changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from refflow import api, resources
from refflow.errors import Held, NotFound, UsageError
from refflow.events.event import instant
from refflow.views.runs.definitions import Workflow

if TYPE_CHECKING:
    from tests.conftest import Search

HELLO = """\
refflow: 1
workflow: hello
title: Say hello
on: [{manual: true}]
subject: {contact: event.contact}
again: always
steps:
  - id: hello
    send: {template: reconnect-hello}
  - id: silence
    wait: 5bd
  - exit: greeted
outcomes: {good: [greeted], open: [], bad: []}
"""
STANDARD = {
    "declined", "explore", "give-back", "grow", "keep-referrer-updated", "reconnect", "referral-ask", "thank",
}  # fmt: skip


def workflow(search: Search, name: str) -> Workflow:
    found = search.workspace.views.get(Workflow, name)
    assert found is not None
    return found


def new_events(search: Search) -> list[str]:
    """The kinds of the events that the next look at the files brings."""
    head = search.workspace.log.head()
    api.synchronise(search.workspace, search.now)
    return [event.kind for event in search.events() if event.position > head]


def own(search: Search, name: str) -> Path:
    return search.folder.path / "workflows" / f"{name}.yaml"


def test_a_new_workspace_has_the_standard_workflows_in_force(search: Search) -> None:
    in_force = {each.name for each in search.workspace.views.find(Workflow, retired=False)}

    assert in_force >= STANDARD
    assert new_events(search) == []
    assert api.check(search.workspace).problems == ()


def test_a_changed_file_is_recorded_once(search: Search) -> None:
    search.define(HELLO)
    assert new_events(search) == []

    own(search, "hello").write_text(HELLO.replace("5bd", "6bd"))

    assert new_events(search) == ["workflow.defined"]
    assert new_events(search) == []


def test_a_comment_changes_the_file_but_not_the_definition(search: Search) -> None:
    search.define(HELLO)
    before = workflow(search, "hello")

    own(search, "hello").write_text("# My own.\n" + HELLO.replace("Say hello", "Greet them"))
    api.synchronise(search.workspace, search.now)

    after = workflow(search, "hello")
    assert (after.hash, after.digest == before.digest) == (before.hash, False)


def test_a_changed_template_takes_effect_in_the_workflows_that_use_it(search: Search) -> None:
    before = {each.name: each.hash for each in search.workspace.views.find(Workflow)}
    (search.folder.path / "templates" / "nudge.txt").write_text(
        "Subject: Hello\n\nHi {{ contact.first_name }}\n"
    )
    api.synchronise(search.workspace, search.now)

    after = {each.name: each.hash for each in search.workspace.views.find(Workflow)}
    assert [name for name in after if after[name] != before[name]] == ["referral-ask"]


def test_a_workflow_of_ones_own_replaces_the_standard_one_of_its_name_whatever_its_file_is_called(
    search: Search,
) -> None:
    theirs = (resources.workflows() / "thank.yaml").read_text(encoding="utf-8")
    standard = workflow(search, "thank").hash
    own(search, "my-thanks").write_text(theirs.replace("within: 2bd", "within: 3bd"))

    assert new_events(search) == ["workflow.defined"]
    assert workflow(search, "thank").hash != standard
    assert new_events(search) == []  # The two do not take turns.

    own(search, "my-thanks").unlink()
    assert new_events(search) == ["workflow.defined"]
    assert workflow(search, "thank").hash == standard


def test_two_workflows_of_ones_own_with_one_name_are_a_problem(search: Search) -> None:
    search.define(HELLO)
    own(search, "other").write_text(HELLO)

    (problem,) = api.check(search.workspace).problems

    assert (problem.code, Path(problem.file).name, problem.line) == ("E008", "other.yaml", 2)
    assert problem.message == "a second workflow `hello`"
    assert "hello.yaml" in (problem.help or "")


# Mistakes.


def test_a_broken_file_leaves_the_last_good_version_in_force(search: Search) -> None:
    search.define(HELLO)
    good = workflow(search, "hello")
    own(search, "hello").write_text(HELLO.replace("5bd", "soon"))

    assert new_events(search) == []

    assert workflow(search, "hello") == good
    assert search.warnings == [
        f"{own(search, 'hello')} has a problem: the last good version stays in force. See `refflow check`."
    ]
    assert [problem.line for problem in api.check(search.workspace).problems] == [11]
    search.start("hello", "Ana Lima")


def test_a_file_that_was_never_right_defines_nothing(search: Search) -> None:
    search.define("workflow: hello\nnonsense: [\n")

    assert search.workspace.views.get(Workflow, "hello") is None
    assert len(search.warnings) == 1
    with pytest.raises(NotFound, match="There is no workflow `hello`"):
        search.start("hello", "Ana Lima")


def test_a_broken_file_keeps_no_other_from_taking_effect(search: Search) -> None:
    own(search, "broken").write_text("workflow: broken\n")
    own(search, "hello").write_text(HELLO)

    assert new_events(search) == ["workflow.defined"]
    assert workflow(search, "hello").name == "hello"


def test_while_a_file_is_broken_none_is_retired(search: Search) -> None:
    """Nobody knows which workflow it was."""
    search.define(HELLO)
    own(search, "hello").rename(own(search, "renamed"))
    own(search, "renamed").write_text("workflow: [")

    assert new_events(search) == []
    assert not workflow(search, "hello").retired


def test_broken_settings_leave_the_last_good_ones_in_force(search: Search) -> None:
    search.configure(gap="4bd")
    search.configure(gap="soon")

    assert str(search.workspace.settings.gap) == "4bd"
    assert search.warnings == [
        f"{search.folder.settings} has a problem: the last good version stays in force. See `refflow check`."
    ]
    assert [problem.code for problem in api.check(search.workspace).problems] == ["E130"]


def test_without_its_settings_file_nothing_is_written_until_it_is_back(search: Search) -> None:
    text = search.folder.settings.read_text()
    search.folder.settings.unlink()
    head = search.workspace.log.head()

    with pytest.raises(UsageError, match=r"refflow\.yaml is missing\. Put it back, or make it anew"):
        api.synchronise(search.workspace, search.now)
    assert search.workspace.log.head() == head
    assert search.workspace.settings.name == "Maya Okafor"

    search.folder.settings.write_text(text)
    assert new_events(search) == []


def test_settings_take_effect_when_they_are_recorded_and_only_then(search: Search) -> None:
    search.folder.settings.write_text("name: Maya O.\nemail: m@example.org\n")
    assert search.workspace.settings.name == "Maya Okafor"

    assert new_events(search) == ["settings.changed"]
    assert (search.workspace.settings.name, search.workspace.settings.email) == ("Maya O.", "m@example.org")


# Retired, and pinned.


def test_a_workflow_whose_file_is_gone_starts_no_more_but_its_runs_go_on(search: Search) -> None:
    search.define(HELLO)
    search.start("hello", "Ana Lima")
    own(search, "hello").unlink()

    assert new_events(search) == ["workflow.retired"]
    with pytest.raises(NotFound, match="There is no workflow `hello`"):
        search.start("hello", "Bo Berg")
    search.send("Ana Lima")
    search.wait("5bd")
    assert search.run("hello").outcome == "greeted"


def findings(search: Search) -> list[str]:
    return [f"{each.code} {Path(each.file).name}" for each in api.check(search.workspace).problems]


def test_whoever_takes_a_file_away_hears_of_the_runs_that_go_on(search: Search) -> None:
    search.define(HELLO)
    search.start("hello", "Ana Lima")
    search.start("hello", "Bo Berg")
    first, second = search.run("hello", "Ana Lima").id, search.run("hello", "Bo Berg").id
    own(search, "hello").unlink()
    assert findings(search) == ["W331 hello.yaml"]  # Before it is recorded.

    api.synchronise(search.workspace, search.now)

    (problem,) = api.check(search.workspace).problems
    assert problem.message == (
        "`hello` has no file: no new run starts, and 2 live runs go on by the version in the log"
    )
    assert f"end each with `refflow skip`: {first}, {second}" in (problem.help or "")
    assert search.warnings == [
        "`hello` has no file: no new run starts, and 2 live runs go on by the version in the log. "
        f"Put the file back, let them finish, or end each with `refflow skip`: {first}, {second}."
    ]
    for who in ("Ana Lima", "Bo Berg"):
        api.cancel_run(search.workspace, search.run("hello", who), None, search.now)
    assert findings(search) == []


def test_a_file_that_is_back_has_no_orphans(search: Search) -> None:
    search.define(HELLO)
    search.start("hello", "Ana Lima")
    own(search, "hello").unlink()
    api.synchronise(search.workspace, search.now)
    own(search, "hello").write_text(HELLO)

    assert findings(search) == []


def test_while_a_file_is_broken_no_workflow_is_said_to_have_none(search: Search) -> None:
    search.define(HELLO)
    search.start("hello", "Ana Lima")
    own(search, "hello").write_text(HELLO.replace("5bd", "soon"))

    assert findings(search) == ["E120 hello.yaml"]


def test_a_template_that_is_gone_leaves_the_last_good_version_in_force(search: Search) -> None:
    template = search.folder.path / "templates" / "greet.txt"
    template.write_text("Subject: Hi\n\nHi {{ contact.first_name }}\n")
    search.define(HELLO.replace("reconnect-hello", "greet"))
    good = workflow(search, "hello")
    template.unlink()

    assert findings(search) == ["E140 hello.yaml"]
    api.synchronise(search.workspace, search.now)
    assert workflow(search, "hello") == good
    search.start("hello", "Ana Lima")
    assert "Hi Ana" in (search.message("Ana Lima").body or "")


def test_a_retired_workflow_comes_back_with_its_file(search: Search) -> None:
    search.define(HELLO)
    own(search, "hello").unlink()
    api.synchronise(search.workspace, search.now)

    search.define(HELLO)

    search.start("hello", "Ana Lima")


def test_a_workflow_that_changes_its_name_is_another(search: Search) -> None:
    search.define(HELLO)
    own(search, "hello").write_text(HELLO.replace("workflow: hello", "workflow: greet"))

    assert new_events(search) == ["workflow.defined", "workflow.retired"]
    assert workflow(search, "hello").retired
    assert not workflow(search, "greet").retired


def test_a_run_keeps_the_definition_it_began_with(search: Search) -> None:
    search.define(HELLO)
    search.start("hello", "Ana Lima")
    began_with = search.run("hello").hash
    search.define(
        HELLO.replace("5bd", "9bd").replace("exit: greeted", "exit: done").replace("[greeted]", "[done]")
    )
    search.send("Ana Lima")
    search.start("hello", "Bo Berg")
    search.send("Bo Berg")

    assert search.run("hello", "Ana Lima").hash == began_with != search.run("hello", "Bo Berg").hash
    assert instant(search.run("hello", "Ana Lima").due or 0) == datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
    assert instant(search.run("hello", "Bo Berg").due or 0) == datetime(2026, 12, 4, 9, 30, tzinfo=UTC)
    search.wait("9bd")
    assert search.run("hello", "Ana Lima").outcome == "greeted"
    assert search.run("hello", "Bo Berg").outcome == "done"


def test_a_draft_of_a_running_workflow_is_written_by_the_template_it_began_with(search: Search) -> None:
    search.ask("Ana Lima")
    search.send("Ana Lima")
    (search.folder.path / "templates" / "nudge.txt").write_text("Subject: New\n\nNew words\n")
    api.synchronise(search.workspace, search.now)
    search.wait("7bd")

    assert "New words" not in (search.message("Ana Lima").body or "")


def test_a_broken_template_is_told_where_it_is_used(search: Search) -> None:
    (search.folder.path / "templates" / "nudge.txt").write_text("Subject: Hi\n\n{{ contact.frist_name }}\n")
    api.synchronise(search.workspace, search.now)

    (problem,) = api.check(search.workspace).problems
    assert (problem.file, problem.line) == ("templates/nudge.txt", 3)
    assert "frist_name" in problem.message
    assert len(search.warnings) == 1
    search.ask("Ana Lima")  # By the last good version.
    search.send("Ana Lima")


# What can be started.


def test_a_workflow_that_starts_by_itself_is_not_started_by_hand(search: Search) -> None:
    with pytest.raises(UsageError, match=r"thank starts by itself, on referral\.given"):
        search.start("thank", "Ana Lima", "Engineer")


def test_a_workflow_about_an_opening_needs_one(search: Search) -> None:
    with pytest.raises(UsageError, match="referral-ask is about an opening: say which"):
        search.start("referral-ask", "Ana Lima")


def test_a_workflow_may_be_in_the_way_of_itself(search: Search) -> None:
    search.define(HELLO)
    search.start("hello", "Ana Lima")

    with pytest.raises(Held, match=r"hello did not start \(running\): r\d+ is already at it"):
        search.start("hello", "Ana Lima")


# What every workflow inherits.


def test_an_interrupt_of_the_settings_is_taken_into_every_workflow_but_not_into_its_runs(
    search: Search,
) -> None:
    search.define(HELLO)
    search.start("hello", "Ana Lima")
    pinned = search.run("hello").hash

    search.configure(anytime="[{event: meeting.held, exit: met}]")

    assert search.run("hello").hash == pinned != workflow(search, "hello").hash
    search.start("hello", "Bo Berg")
    for who in ("Ana Lima", "Bo Berg"):
        api.log_contact(search.workspace, search.contact(who), "met", "", search.now)
    assert search.run("hello", "Ana Lima").outcome is None
    assert search.run("hello", "Bo Berg").outcome == "met"
    assert api.redecide(search.workspace).differing == []


def test_settings_that_workflows_inherit_nothing_of_define_none_anew(search: Search) -> None:
    search.define(HELLO)
    search.folder.settings.write_text("name: Maya O.\nemail: m@example.org\ngap: 5bd\n")

    assert new_events(search) == ["settings.changed"]


def test_a_wrong_interrupt_of_the_settings_changes_nothing(search: Search) -> None:
    search.configure(anytime="[{event: meeting.held, exit: met}]")
    search.define(HELLO)
    good = workflow(search, "hello")

    search.configure(anytime="[{event: meeting.helt, exit: met}]")

    assert workflow(search, "hello") == good
    assert [problem.code for problem in api.check(search.workspace).problems] == ["E150"]
