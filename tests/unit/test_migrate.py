"""Versions: live runs keep theirs whatever happens to files, and go over to another only when told, unmoved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refflow import api, resources
from refflow.errors import NotFound
from refflow.events.event import micros
from refflow.views.messages import Message
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task as TaskRow

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ASK = "referral-ask"
SHIPPED = (resources.workflows() / f"{ASK}.yaml").read_text()


class Search:
    """A search with one ask that has been sent and waits in `silence`, seven business days long."""

    def __init__(self, folder: Path, text: str | None = None) -> None:
        self.workspace = api.init(folder, NOW, name="Maya Okafor", email="maya@example.org")
        self.now = NOW
        if text is not None:
            self.edit(text=text)
        person = api.add_person(
            self.workspace, api.PersonDetails(name="Ana Lima", company="Acme", relation="friend"), NOW
        )
        details = api.OpeningDetails(
            company="Acme", title="Engineer", url="https://acme.example/1", submit="form"
        )
        job = api.add_opening(self.workspace, details, NOW)
        contact, opening = api.find_contact(self.workspace, person), api.find_opening(self.workspace, job)
        self.run = api.start(self.workspace, ASK, contact, opening, NOW, line="Because.").runs[0].id
        self.send()

    @property
    def row(self) -> Run:
        found = self.workspace.views.get(Run, self.run)
        assert found is not None
        return found

    def send(self) -> None:
        """Release and send whatever waits for the owner."""
        for message in self.workspace.views.find(Message, run=self.run):
            if message.status in ("drafted", "held"):
                message = api.approve(self.workspace, message, self.now)
            if message.status == "prepared":
                api.confirm_sent(self.workspace, message, self.now)

    def edit(self, *changes: tuple[str, str], text: str = SHIPPED) -> None:
        """Save another version of the workflow."""
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (self.workspace.folder.path / "workflows" / f"{ASK}.yaml").write_text(text)
        api.synchronise(self.workspace, self.now)

    def to_the_end(self) -> list[tuple[str, str]]:
        """Let time pass until the run has ended: the day and template of every message, and the outcome."""
        for _ in range(200):
            if self.row.status == "exited":
                break
            self.now += timedelta(days=1)
            api.synchronise(self.workspace, self.now)
            self.workspace.catch_up(self.now)
            self.send()
        sent = [
            (f"{(message.sent_at or 0) // 86_400_000_000}", message.template)
            for message in self.workspace.views.find(Message, run=self.run)
            if message.sent_at
        ]
        return [*sent, ("", self.row.outcome or "")]


@pytest.fixture
def search(tmp_path: Path) -> Iterator[Search]:
    made = Search(tmp_path / "w")
    with made.workspace:
        yield made


SHORTER = ("last_wait: {type: duration, default: 8bd", "last_wait: {type: duration, default: 6bd")
FAREWELL = ("  - id: goodbye\n    send: {template: graceful-exit, thread: ask}\n", "")
OWN_STEP = ("wait: params.patience\n  - id: nudge", "wait: 9bd\n  - id: nudge")
RENAMED = ("id: silence", "id: quiet")
WAITING = """wait: {for: [meeting.held], within: 7bd}
    got: []
    timeout: []
  - id: nudge"""
COSMETIC = ("bad: [no_answer, declined", "bad: [declined"), ("open: [promised", "open: [no_answer, promised")


@pytest.mark.parametrize(
    ("edits", "kind", "moves"),
    [
        (COSMETIC, "cosmetic", True),
        ([FAREWELL], "forward", True),
        ([OWN_STEP], "breaking", True),
        ([RENAMED], "breaking", False),
    ],
    ids=["cosmetic", "forward", "breaking", "gone"],
)
def test_a_change_is_judged_for_each_run_by_where_it_is(
    search: Search, edits: list[tuple[str, str]], kind: str, moves: bool
) -> None:
    search.edit(*edits)
    planned = api.migrate(search.workspace, ASK, search.now, apply=False)

    assert [(each.run, each.kind, each.moves) for each in planned] == [(search.run, kind, moves)]


def test_a_dry_run_changes_nothing(search: Search) -> None:
    search.edit(FAREWELL)
    head = search.workspace.log.head()
    api.migrate(search.workspace, ASK, search.now, apply=False)

    assert search.workspace.log.head() == head


def test_without_a_migration_a_run_keeps_its_version(search: Search) -> None:
    search.edit(FAREWELL)

    assert search.to_the_end()[-2:] == [("20535", "graceful-exit"), ("", "no_answer")]


def test_a_migrated_run_goes_on_by_the_new_version(search: Search) -> None:
    search.edit(FAREWELL)
    api.migrate(search.workspace, ASK, search.now)

    assert [what for _, what in search.to_the_end()] == ["ask-referral", "nudge", "no_answer"]
    assert api.redecide(search.workspace).differing == []
    assert [each for each in api.replay_check(search.workspace) if each.differing] == []


def test_only_forward_leaves_a_run_whose_own_step_has_changed(search: Search) -> None:
    search.edit(OWN_STEP)
    before = search.row.hash
    api.migrate(search.workspace, ASK, search.now, only_forward=True)

    assert search.row.hash == before


def test_a_migration_can_be_taken_back_and_reversed(search: Search) -> None:
    before = search.row.hash
    search.edit(FAREWELL)
    api.migrate(search.workspace, ASK, search.now)
    after = search.row.hash
    api.undo(search.workspace, None, search.now)
    assert search.row.hash == before

    api.migrate(search.workspace, ASK, search.now)
    assert search.row.hash == after
    api.migrate(search.workspace, f"{ASK}@{before[:8]}", search.now)
    assert search.row.hash == before


def test_a_version_that_speaks_of_another_event_there_does_not_take_a_run_over(search: Search) -> None:
    trigger = (
        "  - event: referral.wanted\n",
        "  - event: application.submitted\n    if: has(event.referrer)\n",
    )
    search.edit(trigger, ("contact: event.contact", "contact: event.referrer"))
    planned = api.migrate(search.workspace, ASK, search.now, apply=False)

    assert [each.moves for each in planned] == [False]
    assert "referral.wanted" in planned[0].reason


def test_a_diff_names_what_differs_and_what_it_is_to_each_run(search: Search) -> None:
    before = search.row.hash
    search.edit(FAREWELL, SHORTER)
    found = api.diff(search.workspace, f"{ASK}@{before[:8]}", ASK)

    assert [each.where for each in found.changes] == ["params", "step goodbye"]
    gone = next(each for each in found.changes if each.where == "step goodbye")
    assert (gone.was is not None, gone.now) == (True, None)
    assert [each.run for each in found.runs] == [search.run]


TOLD = [
    (("again: never", "again: {after: 180d, max: 2}"), ["again", "never -> 180d", "rounds", "not set -> 2"]),
    (
        ("default: 8bd, min: 5bd", "default: 9bd, min: 4bd"),
        [
            "params",
            "last_wait: {type: duration, default: 8bd, min: 5bd} -> {type: duration, default: 9bd, min: 4bd}",
        ],
    ),
    (("{type: bool, default: false", "{type: bool, default: true"), [
        "vars", "settled: {type: bool, default: false} -> {type: bool, default: true}"
    ]),
    (
        ("  timezone: contact\n", "  window: {days: [tue, thu], hours: 10:00-16:00}\n"),
        ["policy", "- timezone: contact", "+ window: {days: [tue, thu], hours: 10:00-16:00}"],
    ),
    (("guard:\n", "guard:\n  - contact.referrals == 0\n"), ["guard", "+ contact.referrals == 0"]),
    (
        ("  - {event: opening.closed, exit", "  - {event: opening.closed, if: has(event.reason), exit"),
        [
            "anytime",
            "- {event: opening.closed, exit: opening_closed}",
            "+ {event: opening.closed, if: has(event.reason), exit: opening_closed}",
        ],
    ),
    (
        ("good: [referred]\n  open: [promised, ", "good: [referred, promised]\n  open: ["),
        ["outcomes", "promised: open -> good"],
    ),
    (
        ("template: nudge, thread: ask", "template: nudge, urgent: true"),
        ["step nudge", "- thread: ask", "+ urgent: true"],
    ),
    (("wait: params.last_wait", "wait: 9bd"), ["step last-silence", "wait: params.last_wait -> 9bd"]),
    (
        ("refer_on: [{go: pointed-on}]\n        later:\n", "refer_on: [{exit: declined}]\n        later:\n"),
        ["step intent", "refer_on leads to: go:pointed-on -> exit:declined"],
    ),
    (("if: has(event.when)\n", "if: false\n"), ["step named-a-day", "if: has(event.when) -> false"]),
    (
        (
            "  - id: silence\n    wait: params.patience\n  - id: nudge\n    send: {template: nudge, thread: ask}\n",
            "  - id: nudge\n    send: {template: nudge, thread: ask}\n  - id: silence\n    wait: params.patience\n",
        ),
        None,
    ),
    (
        (
            "  - exit: no_answer\n",
            "  - id: call\n    task: {title: Call, within: 2d}\n    done: []\n    skipped: []\n    expired: []\n"
            "  - exit: no_answer\n",
        ),
        [
            "step call", "+ task: Call", "+ within: 2d", "+ done leads to: exit:no_answer",
            "+ expired leads to: exit:no_answer", "+ skipped leads to: exit:no_answer",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "told"), TOLD, ids=lambda each: str(each)[:40])
def test_a_diff_is_told_as_it_is_written(edit: tuple[str, str], told: list[str] | None, search: Search) -> None:
    before = search.row.hash
    search.edit(edit)
    found = api.diff(search.workspace, f"{ASK}@{before[:8]}", ASK)

    if told is None:  # which is too long to be said here
        assert all(each.lines for each in found.changes)
        assert found.changes
    else:
        assert [line for each in found.changes for line in (each.where, *each.lines)] == told


def test_a_diff_shows_texts_line_by_line(search: Search) -> None:
    templates = search.workspace.folder.path / "templates"
    (templates / "nudge.txt").write_text("Subject: Again\n\nHello,\nonce more.\n")
    search.edit()
    before = api.find_version(search.workspace, ASK).hash
    (templates / "nudge.txt").write_text("Subject: Again\n\nHello there,\nonce more.\n")
    search.edit()
    (change,) = api.diff(search.workspace, f"{ASK}@{before[:8]}", ASK).changes

    assert (change.where, change.lines) == ("template nudge", ["- Hello,", "+ Hello there,"])


def test_another_title_of_a_task_is_a_difference(search: Search) -> None:
    task = (
        "task: {{title: {}, within: 2d}}\n    done: []\n    skipped: []\n    expired: []\n  - exit: no_answer\n"
    )
    search.edit(("  - exit: no_answer\n", f"  - id: call\n    {task.format('Call')}"))
    before = api.find_version(search.workspace, ASK).hash
    search.edit(("  - exit: no_answer\n", f"  - id: call\n    {task.format('Write')}"))
    (change,) = api.diff(search.workspace, f"{ASK}@{before[:8]}", ASK).changes

    assert (change.where, change.lines) == ("step call", ["task: Call -> Write"])


def test_another_event_to_wait_for_is_a_change_of_the_step(search: Search) -> None:
    text = SHIPPED.replace("wait: params.patience\n  - id: nudge", WAITING)
    search.edit(text=text)
    before = api.find_version(search.workspace, ASK).hash
    search.edit(("[meeting.held]", "[contact.warmed]"), text=text)
    found = api.diff(search.workspace, f"{ASK}@{before[:8]}", ASK)

    assert [each.where for each in found.changes] == ["step silence"]


def test_the_same_version_has_no_differences(search: Search) -> None:
    assert api.diff(search.workspace, ASK, ASK).changes == []
    assert api.migrate(search.workspace, ASK, search.now) == []


def test_the_list_tells_which_version_live_runs_follow(search: Search) -> None:
    search.edit(FAREWELL)
    found = [each for each in api.versions(search.workspace) if each.workflow == ASK]

    assert [(each.current, each.live) for each in found] == [(True, 0), (False, 1)]


def test_a_version_that_there_is_not_leads_to_those_that_there_are(search: Search) -> None:
    search.edit(FAREWELL)
    now = api.find_version(search.workspace, ASK).hash[:12]
    for wrong in ("zz", "ffffffffffff", ""):
        with pytest.raises(NotFound) as said:
            api.find_version(search.workspace, f"{ASK}@{wrong}")
        assert str(said.value) == (
            f"There is no version `{wrong}` of {ASK}."
            f" There are {ASK}@{now} (in force), {ASK}@{search.row.hash[:12]}."
        )
    with pytest.raises(NotFound, match="There is no workflow `zz@ffffffffffff`"):
        api.find_version(search.workspace, "zz@ffffffffffff")


CALLED_ANEW = ("id: silence", "id: quiet\n    was: silence")


def called_otherwise(text: str = SHIPPED) -> str:
    """The workflow with another id for the message that was sent first."""
    return text.replace("- id: ask\n", "- id: first-ask\n    was: ask\n").replace(
        "thread: ask", "thread: first-ask"
    )


def test_a_run_finds_its_step_by_the_id_that_it_had(search: Search) -> None:
    search.edit(CALLED_ANEW)
    planned = api.migrate(search.workspace, ASK, search.now)

    assert [(each.kind, each.moves) for each in planned] == [("cosmetic", True)]
    assert search.row.step == "quiet"
    assert [what for _, what in search.to_the_end()] == ["ask-referral", "nudge", "graceful-exit", "no_answer"]
    assert api.redecide(search.workspace).differing == []
    assert [each for each in api.replay_check(search.workspace) if each.differing] == []


def test_a_message_of_a_step_that_is_called_otherwise_keeps_its_thread(search: Search) -> None:
    asked = search.row.sends["ask"]
    search.edit(text=called_otherwise())
    api.migrate(search.workspace, ASK, search.now)
    search.to_the_end()
    found = search.workspace.views.find(Message, run=search.run)

    assert {each.template: each.thread for each in found}["nudge"] == asked


def test_a_step_that_is_called_otherwise_is_found_on_the_way_back(search: Search) -> None:
    before = search.row.hash
    search.edit(CALLED_ANEW, text=called_otherwise())
    api.migrate(search.workspace, ASK, search.now)
    api.migrate(search.workspace, f"{ASK}@{before[:8]}", search.now)

    assert (search.row.hash, search.row.step) == (before, "silence")
    assert set(search.row.sends) == {"ask"}


def test_a_step_takes_no_run_over_from_one_that_is_not_what_it_was(search: Search) -> None:
    """The earlier version has both steps, so which of them is meant nobody can tell."""
    search.edit(
        ("id: silence", "id: quiet"), ("id: goodbye", "id: silent"), ("wait: params.last_wait", "wait: 9bd")
    )
    text = SHIPPED.replace("id: silence", "id: other").replace("id: goodbye", "id: goodbye\n    was: silence")
    search.edit(text=text)
    planned = api.migrate(search.workspace, ASK, search.now, apply=False)

    assert [each.moves for each in planned] == [False]


def test_a_diff_shows_a_step_that_is_called_otherwise_as_one(search: Search) -> None:
    before = search.row.hash
    search.edit(CALLED_ANEW)
    found = api.diff(search.workspace, f"{ASK}@{before[:8]}", ASK)

    assert [(each.where, each.was, each.now) for each in found.changes] == [
        ("step quiet", "id: silence", "id: quiet")
    ]


edits = st.lists(
    st.sampled_from([SHORTER, FAREWELL, OWN_STEP, RENAMED, CALLED_ANEW, *COSMETIC]), unique=True, max_size=4
)


@settings(max_examples=12, deadline=None)
@given(edits, st.booleans())
def test_no_migration_ever_moves_a_due_instant(
    tmp_path_factory: pytest.TempPathFactory, changed: list[tuple[str, str]], only_forward: bool
) -> None:
    search = Search(tmp_path_factory.mktemp("due") / "w")
    with search.workspace:
        due = search.row.due
        try:
            search.edit(*changed)
        except AssertionError:  # two of the edits touch one place
            return
        planned = api.migrate(search.workspace, ASK, search.now, only_forward=only_forward)

        assert due is not None
        assert search.row.due == due
        assert all(each.due == due for each in planned)
        assert search.to_the_end()[-1][1]
        assert api.redecide(search.workspace).differing == []


LONGER = ("patience: {type: duration, default: 7bd", "patience: {type: duration, default: 12bd")
QUICKER = ("patience: {type: duration, default: 7bd", "patience: {type: duration, default: 5bd")
UNTIL = ("wait: params.patience\n  - id: nudge", "wait: {until: now + 9d}\n  - id: nudge")


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([LONGER, QUICKER, OWN_STEP, UNTIL, FAREWELL, CALLED_ANEW]), st.integers(0, 6))
def test_a_timer_that_is_set_anew_is_due_as_if_the_run_had_come_to_it_by_the_new_version(
    tmp_path_factory: pytest.TempPathFactory, change: tuple[str, str], days: int
) -> None:
    """But not before now."""
    new = Search(tmp_path_factory.mktemp("new") / "w", SHIPPED.replace(*change))
    with new.workspace:
        expected = new.row.due
    search = Search(tmp_path_factory.mktemp("old") / "w")
    with search.workspace:
        search.edit(change)
        search.now += timedelta(days=days)
        planned = api.migrate(search.workspace, ASK, search.now, retime=True)

        assert expected is not None
        assert search.row.due == max(expected, micros(search.now))
        assert [each.due_after for each in planned] == [search.row.due]
        assert search.to_the_end()[-1][1]
        assert api.redecide(search.workspace).differing == []
        assert [each for each in api.replay_check(search.workspace) if each.differing] == []


def test_a_plan_with_other_timers_changes_nothing(search: Search) -> None:
    search.edit(LONGER)
    due, head = search.row.due, search.workspace.log.head()
    (planned,) = api.migrate(search.workspace, ASK, search.now, retime=True, apply=False)

    assert (planned.due, planned.due_after != due, planned.rule) == (due, True, "params.patience")
    assert (search.row.due, search.workspace.log.head()) == (due, head)


def test_a_task_whose_timer_is_set_anew_is_to_be_done_by_then(search: Search) -> None:
    task = "task: {title: Wait, within: %s}\n    done: []\n    skipped: []\n    expired: []\n  - id: nudge"
    wait = "wait: params.patience\n  - id: nudge"
    early, late = (SHIPPED.replace(wait, task % within) for within in ("3bd", "9bd"))
    other = Search(search.workspace.folder.path.parent / "other", early)
    with other.workspace:
        other.edit(text=late)
        api.migrate(other.workspace, ASK, other.now, retime=True)
        (row,) = other.workspace.views.find(TaskRow, status="open")
        (step,) = [each for each in api.agenda(other.workspace, other.now).steps if each.do == "task"]

        assert row.due == step.due == other.row.due == micros(NOW + timedelta(days=11))  # nine business days
        api.undo(other.workspace, None, other.now)
        (row,) = other.workspace.views.find(TaskRow, status="open")
        assert row.due == other.row.due == micros(NOW + timedelta(days=3))


SAVED: list[Any] = [
    lambda text: "",
    lambda text: "refflow: 1\n",
    lambda text: text[: len(text) // 2],
    lambda text: text.replace("silence", "quiet"),
    lambda text: text.replace("wait: params.patience", "wait: 1bd"),
    lambda text: text.replace("exit: no_answer", "exit: declined"),
    lambda text: "\0\0",
    None,
]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(range(len(SAVED))), max_size=3), st.booleans(), st.integers(0, 8))
def test_no_edit_of_any_file_stops_or_changes_a_live_run(
    tmp_path_factory: pytest.TempPathFactory, saves: list[int], templates: bool, days: int
) -> None:
    undisturbed = Search(tmp_path_factory.mktemp("undisturbed") / "w")
    with undisturbed.workspace:
        expected = undisturbed.to_the_end()
    search = Search(tmp_path_factory.mktemp("edited") / "w")
    with search.workspace:
        search.now += timedelta(days=days)
        folder = search.workspace.folder.path
        for save in saves:
            file = folder / "workflows" / f"{ASK}.yaml"
            if SAVED[save] is None:
                file.unlink(missing_ok=True)
            else:
                file.write_text(SAVED[save](SHIPPED))
            if templates:
                (folder / "templates" / "nudge.txt").write_text("Subject: {{ no_such }}\n\n{% broken")
            api.synchronise(search.workspace, search.now)

        assert search.to_the_end() == expected
        assert search.workspace.views.find(Run, status="stuck") == []
