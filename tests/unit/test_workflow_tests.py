"""The tests of workflows in YAML: those that ship hold, and a test that is not met says what happened instead."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from refflow import api, resources
from refflow.cli import run
from refflow.events.openings import ReplyReceived
from refflow.events.people import MeetingHeld
from refflow.events.runs import RunWanted
from refflow.testing.bench import Bench
from refflow.workflows.stories.ways import ways_of, ways_taken

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SHIPPED = sorted(path for path in resources.workflows().glob("*.yaml") if not path.name.endswith(".test.yaml"))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[api.Workspace]:
    # Another zone, other habits: a test must not depend on whose workspace it is run in.
    folder = tmp_path_factory.mktemp("tests") / "w"
    with api.init(folder, NOW, name="Maya Okafor", zone="Asia/Tokyo") as made:
        yield made


def beside(folder: Path, name: str, tests: str, *, replacing: tuple[str, str] | None = None) -> Path:
    """A copy of a shipped workflow with these tests beside it."""
    text = (resources.workflows() / f"{name}.yaml").read_text()
    if replacing is not None:
        assert text.count(replacing[0]) == 1
        text = text.replace(*replacing)
    (folder / f"{name}.yaml").write_text(text)
    (folder / f"{name}.test.yaml").write_text(tests)
    return folder / f"{name}.test.yaml"


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_tests_that_ship_pass_and_take_every_way(workspace: api.Workspace, file: Path) -> None:
    tried = api.try_workflows(workspace, [file])

    assert tried.problems == []
    assert [(each.name, each.unmet) for each in tried.tests if each.unmet] == []
    assert [each.missing for each in tried.coverage] == [[]]


CHANGES = {
    "referral-ask": ("default: 7bd", "default: 6bd"),
    "reconnect": ("wait: 3bd", "wait: 4bd"),
    "thank": ("skipped: [{exit: owed}]", "skipped: [{exit: thanked}]"),
    "declined": ('if: opening.status == "open"', 'if: opening.status == "closed"'),
    "keep-referrer-updated": ("max: 6 ", "max: 5 "),
    "explore": ("default: 3bd, min", "default: 4bd, min"),
    "give-back": ("default: 30d", "default: 20d"),
    "grow": ("default: 5bd", "default: 6bd"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_tests_that_ship_notice_a_change(workspace: api.Workspace, tmp_path: Path, name: str) -> None:
    tests = (resources.workflows() / f"{name}.test.yaml").read_text()
    tried = api.try_workflows(workspace, [beside(tmp_path, name, tests, replacing=CHANGES[name])])

    assert tried.problems == []
    assert not tried.passed


def test_what_is_not_met_is_told_with_its_place_and_what_happened_instead(
    workspace: api.Workspace, tmp_path: Path
) -> None:
    tests = """\
- test: a day too late
  expect:
    - {at: 8bd, send: nudge}
    - {outcome: referred}
    - {never: graceful-exit}
"""
    tried = api.try_workflows(workspace, [beside(tmp_path, "referral-ask", tests)])

    assert [(each.line, each.message) for each in tried.tests[0].unmet] == [
        (3, "`send: nudge` at 8bd: it happened: Wed 2026-03-11 10:00 (at 9d)"),
        (4, "`outcome: referred`: it did not happen, but no_answer Mon 2026-03-23 10:00 (at 21d)"),
        (5, "`never: graceful-exit`: it happened: Mon 2026-03-23 10:00 (at 21d)"),
    ]
    assert "nudge to Ana Sample (eml)" in "\n".join(tried.tests[0].happened)


def test_the_command_says_what_is_not_met(
    workspace: api.Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = "- test: a day too late\n  expect:\n    - {at: 8bd, send: nudge}\n"
    file = str(beside(tmp_path, "referral-ask", tests))

    code = run(["--workspace", str(workspace.folder.path), "workflow", "test", file])

    said = capsys.readouterr().out
    assert code == 5
    assert f"{file}:3:7: T100 `send: nudge` at 8bd: it happened" in said
    assert said.endswith("1 test: 1 failed.\n")


def test_the_order_of_what_is_expected_counts(workspace: api.Workspace, tmp_path: Path) -> None:
    tests = "test: backwards\nexpect: [{send: nudge}, {send: ask}]\n"
    tried = api.try_workflows(workspace, [beside(tmp_path, "referral-ask", tests)])

    assert [each.message.partition(",")[2] for each in tried.tests[0].unmet] == [" not in this order"]


MISTAKES = {
    "a misspelt step, which would never happen anyway": (
        "test: x\nexpect: [{never: gracefull-exit}]\n", "2:18 E161", "did you mean `graceful-exit`?",
    ),
    "a misspelt key": ("test: x\nexpekt: []\nexpect: [{outcome: referred}]\n", "2:1 E003", "did you mean `expect`?"),
    "nothing expected": ("test: x\nexpect: []\n", "2:9 E006", "outcome"),
    "no such event": (
        "test: x\nevents: [{after: 1d, event: reply.recieved}]\nexpect: [{outcome: referred}]\n", "2:29 E161",
        "did you mean `reply.received`?",
    ),
    "no such field": (
        "test: x\nevents: [{after: 1d, event: reply.received, intend: no}]\nexpect: [{outcome: referred}]\n",
        "2:45 E003", "did you mean `intent`?",
    ),
    "no such warmth": (
        "test: x\nstart: {contact: {warmth: hot}}\nexpect: [{outcome: referred}]\n", "2:27 E011", None,
    ),
    "no such zone": (
        "test: x\nstart: {at: 2026-03-02T10:00 Berlin}\nexpect: [{outcome: referred}]\n", "2:13 E011", "Europe/Berlin",
    ),
    "no duration": ("test: x\nexpect: [{at: soon, outcome: referred}]\n", "2:15 E130", "5bd"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_test_is_told_with_its_place(
    workspace: api.Workspace, tmp_path: Path, mistake: str
) -> None:
    text, where, hint = MISTAKES[mistake]
    tried = api.try_workflows(workspace, [beside(tmp_path, "referral-ask", text)])

    assert [f"{each.line}:{each.column} {each.code}" for each in tried.problems] == [where]
    assert hint is None or hint in (tried.problems[0].help or "")
    assert not tried.passed


def test_a_workflow_with_errors_is_told_and_not_tested(workspace: api.Workspace, tmp_path: Path) -> None:
    tests = "test: x\nexpect: [{outcome: thanked}]\n"
    broken = ("expired: [{exit: owed}]", "expired: [{exit: owned}]")
    tried = api.try_workflows(workspace, [beside(tmp_path, "thank", tests, replacing=broken)])

    assert [each.code for each in tried.problems] == ["E230"]
    assert tried.tests == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_generated_tests_pass_and_reach_what_events_can_lead_to(
    workspace: api.Workspace, tmp_path: Path, file: Path
) -> None:
    shutil.copy(file, tmp_path)
    generated = tmp_path / f"{file.stem}.test.yaml"
    generated.write_text(api.generate_tests(workspace, file))

    tried = api.try_workflows(workspace, [generated])

    assert tried.problems == []
    assert [each.unmet for each in tried.tests if each.unmet] == []
    # What only another opening, or another tie to begin with, would lead to is left to whoever writes tests.
    other = ("on:", "opening.status", "opening.applied", "contact.warmth", "outcome: warmed")
    assert [way for way in tried.coverage[0].missing if not any(each in way for each in other)] == []


def test_tests_are_no_workflows(workspace: api.Workspace) -> None:
    templates = workspace.folder.templates()

    assert [each.path.name for each in workspace.folder.workflows(templates) if "test" in each.path.name] == []


HEAD = """\
refflow: 1
workflow: w
on: [{manual: true}]
subject: {contact: event.contact}
again: always
vars: {met: {type: number, default: 0}}
outcomes: {good: [yes], open: [maybe], bad: [no]}
"""
OTHER = HEAD.replace("workflow: w", "workflow: other") + "steps: [{id: a, wait: 2d}, {exit: yes}]\n"
STARTING = """\
steps:
  - id: s
    start: {workflow: other, subject: {contact: contact}, wait: true}
    got: GOT
    refused: []
  - exit: yes
"""
SETTLING = """\
anytime:
  - {event: reply.received, if: vars.met > 9, do: [{set: {met: 1}}]}
  - {event: reply.received, do: [{set: {met: 2}, id: second}]}
  - {event: reply.received, if: vars.met == 2, exit: no}
steps:
  - id: news
    wait: {for: [meeting.held, reply.received], within: 9d, settle: 1d}
    got: {meeting.held: [], reply.received: []}
    timeout: []
  - exit: yes
"""


def taken(bench: Bench) -> set[tuple[str, str]]:
    run = bench.run("w")
    return ways_taken(bench.library.definition(bench.rows, run.hash), run.id, bench.log)


def ways(bench: Bench) -> set[tuple[str, str]]:
    return set(ways_of(bench.library.definition(bench.rows, bench.run("w").hash).definition))


@pytest.mark.parametrize(
    ("got", "others", "way"),
    [("[]", [OTHER], "ended"), ("{yes: [], else: []}", [OTHER], "yes"), ("{no: [], else: []}", [OTHER], "else"),
     ("[]", [], "refused"), ("[]", [OTHER + "guard: [contact.do_not_contact]\n"], "refused")],
)  # fmt: skip
def test_what_became_of_another_run_is_a_way(got: str, others: list[str], way: str) -> None:
    bench = Bench(*others, HEAD + STARTING.replace("GOT", got))
    bench.record(RunWanted(workflow="w", contact=bench.contact()))
    bench.wait(days=3)

    assert taken(bench) == {("on", "manual"), ("s", ""), ("s", way), ("outcome", "yes")}
    assert taken(bench) <= ways(bench)


def test_the_end_of_a_run_that_nobody_waits_for_any_more_is_no_way() -> None:
    leaving = "anytime: [{event: meeting.held, exit: maybe}]\n"
    bench = Bench(OTHER, HEAD + leaving + STARTING.replace("GOT", "[]"))
    contact = bench.contact()
    bench.record(RunWanted(workflow="w", contact=contact))
    bench.record(MeetingHeld(contact=contact))
    bench.wait(days=3)

    assert bench.run("other").outcome == "yes"
    assert taken(bench) == {("on", "manual"), ("s", ""), ("anytime", "meeting.held"), ("outcome", "maybe")}


def test_of_gathered_events_the_last_is_the_way() -> None:
    bench = Bench(HEAD + SETTLING)
    contact = bench.contact()
    bench.record(RunWanted(workflow="w", contact=contact))
    bench.record(ReplyReceived(contact=contact, intent="agreed", channel="mail"))
    bench.record(MeetingHeld(contact=contact))
    bench.wait(days=2)

    assert taken(bench) == {
        ("on", "manual"),
        ("anytime", "reply.received, aside"),
        ("news", ""),
        ("news", "meeting.held"),
        ("outcome", "yes"),
    }
    assert taken(bench) <= ways(bench)
    assert ("anytime", "reply.received if vars.met > 9, aside") in ways(bench)


def test_when_nothing_is_gathered_the_timeout_is_the_way() -> None:
    bench = Bench(HEAD + SETTLING)
    bench.record(RunWanted(workflow="w", contact=bench.contact()))
    bench.wait(days=10)

    assert ("news", "timeout") in taken(bench)


def test_a_run_that_a_time_of_the_week_started_came_that_way() -> None:
    every = '[{manual: true}, {every: "tue 09:00", each: contact}]'
    bench = Bench(HEAD.replace("[{manual: true}]", every) + "steps: [{exit: yes}]\n")
    bench.contact()
    bench.wait(days=2)

    assert taken(bench) == {("on", "every tue 09:00"), ("outcome", "yes")}
    assert taken(bench) <= ways(bench)
