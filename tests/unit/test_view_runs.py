"""The runs view: what is defined, where each run stands, what it waits for, and its tasks."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from refflow.events.event import micros
from refflow.events.messages import (
    MessageApproved,
    MessageDrafted,
    MessageEdited,
    MessageSent,
    MessageSkipped,
    SendRequested,
)
from refflow.events.runs import (
    EventMatched,
    RunExited,
    RunStarted,
    RunStuck,
    SettingsChanged,
    StepEntered,
    TaskClosed,
    TaskOpened,
    TimerFired,
    TimerSet,
    WorkflowDefined,
    WorkflowRetired,
)
from refflow.testing.commits import AT
from refflow.testing.events import HOUR, sample, told
from refflow.testing.projection import folded
from refflow.views import runs
from refflow.views.rows import Rows
from refflow.views.runs import RUNS
from refflow.views.runs.definitions import Defined, Workflow
from refflow.views.runs.run import Run
from refflow.views.runs.settings import Settings
from refflow.views.runs.tasks import Task

STARTED = sample(RunStarted)
ENTERED = sample(StepEntered)
DRAFTED = sample(MessageDrafted)
TIMER = sample(TimerSet)
STUCK = sample(RunStuck)
EXITED = sample(RunExited)
DUE = micros(TIMER.due)


def rows_after(*payloads: Any) -> Rows:
    return folded([RUNS], told(*payloads))


def run_after(*payloads: Any) -> Run:
    """The run, after it was started and `payloads`, one each hour."""
    run = rows_after(STARTED, *payloads).get(Run, "r1")
    assert run is not None
    return run


def test_a_run_begins_with_what_set_it_off() -> None:
    assert run_after() == Run(
        id="r1", workflow="referral-ask", hash=STARTED.hash, trigger=1, since=1, started_at=AT, heard_at=AT,
        event_kind="referral.wanted", event=STARTED.event, contact="c1", opening="o1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ([ENTERED], {"step": "ask", "at": 2, "loops": {"rounds": 1}}),
        # What it waits for at a step is forgotten at the next.
        ([ENTERED, DRAFTED], {"message": "m1", "sends": {"ask": "m1"}}),
        ([ENTERED, DRAFTED, ENTERED], {"message": None, "sends": {"ask": "m1"}}),
        ([ENTERED, sample(TaskOpened), TIMER], {"task": "t1", "due": DUE}),
        ([ENTERED, sample(TaskOpened), TIMER, ENTERED], {"task": None, "due": None, "rule": None}),
        # A timer.
        ([TIMER], {"due": DUE, "rule": "3bd"}),
        ([TIMER, sample(TimerFired)], {"due": None, "rule": None}),
        ([TIMER, sample(EventMatched)], {"due": None, "rule": None}),
        ([TIMER, sample(MessageSent)], {"due": None}),
        # What it took up last.
        (
            [sample(EventMatched)],
            {"since": 2, "heard_at": AT + HOUR, "event_kind": "reply.received", "event": {"intent": "agreed"}},
        ),
        ([DRAFTED], {"released": False}),
        ([DRAFTED, sample(SendRequested)], {"released": False}),
        ([DRAFTED, sample(MessageApproved)], {"released": True}),
        # How it ends.
        (
            [ENTERED, DRAFTED, TIMER, EXITED],
            {"status": "exited", "outcome": "referred", "ending": "good", "ended_at": AT + 4 * HOUR,
             "message": None, "due": None},
        ),
    ],
)  # fmt: skip
def test_a_run_stands_where_its_events_put_it(payloads: list[Any], expected: dict[str, Any]) -> None:
    run = run_after(*payloads)

    assert {name: getattr(run, name) for name in expected} == expected


@pytest.mark.parametrize("settled", [MessageEdited, MessageApproved, MessageSkipped, SendRequested])
def test_a_stuck_run_lives_again_when_its_message_is_settled(settled: Any) -> None:
    stuck = run_after(ENTERED, DRAFTED, TIMER, STUCK)
    assert (stuck.status, stuck.reason, stuck.due) == ("stuck", STUCK.reason, None)

    run = run_after(ENTERED, DRAFTED, TIMER, STUCK, sample(settled))
    assert (run.status, run.reason, run.message) == ("live", None, "m1")


def test_each_send_step_keeps_its_message() -> None:
    other = sample(MessageDrafted, message="m2", step="nudge")

    assert run_after(DRAFTED, other, sample(MessageDrafted, message="m3")).sends == {"ask": "m3", "nudge": "m2"}


@pytest.mark.parametrize("outcome", ["done", "skipped", "expired", "dropped"])
def test_a_task_is_open_until_it_is_closed(outcome: str) -> None:
    opened = sample(TaskOpened, help="It is in the folder.")
    task = rows_after(STARTED, opened).get(Task, "t1")
    assert task == Task(
        id="t1", run="r1", step="pack", title="Send your CV", opened_at=AT + HOUR, due=micros(opened.due),
        contact="c1", opening="o1", help="It is in the folder.", assignee="coach",
    )  # fmt: skip

    closed = rows_after(STARTED, opened, sample(TaskClosed, outcome=outcome)).get(Task, "t1")
    assert closed is not None
    assert closed.status == outcome


def test_of_a_run_that_was_never_started_nothing_is_kept() -> None:
    kinds = (StepEntered, EventMatched, TimerSet, TimerFired, MessageDrafted, RunExited, RunStuck)

    assert rows_after(*[sample(kind) for kind in kinds]).find(Run) == []


def test_new_runs_follow_the_definition_that_was_recorded_last() -> None:
    first = WorkflowDefined(workflow="thank", hash="h1", digest="d1", definition="{}")
    second = WorkflowDefined(workflow="thank", hash="h2", digest="d2", definition='{"v":2}')
    rows = rows_after(first, second)

    assert rows.find(Workflow) == [Workflow(name="thank", hash="h2", digest="d2")]
    assert [each.definition for each in rows.find(Defined)] == ["{}", '{"v":2}']


def test_a_retired_workflow_keeps_its_definitions_and_may_come_back() -> None:
    defined, retired = sample(WorkflowDefined), sample(WorkflowRetired)
    rows = rows_after(defined, retired)

    assert [each.retired for each in rows.find(Workflow)] == [True]
    assert len(rows.find(Defined)) == 1
    assert [each.retired for each in rows_after(defined, retired, defined).find(Workflow)] == [False]
    assert rows_after(retired).find(Workflow) == []


def test_the_settings_are_those_that_were_recorded_last() -> None:
    changed = SettingsChanged(digest="d2", settings={"zone": "UTC"})

    assert rows_after(sample(SettingsChanged), changed).find(Settings) == [
        Settings(id="settings", digest="d2", settings={"zone": "UTC"})
    ]


def test_each_kind_of_event_is_folded_by_one_noun_of_the_view() -> None:
    nouns = [import_module(f"{runs.__name__}.{each.name}") for each in iter_modules(runs.__path__)]
    kinds = sorted(kind for noun in nouns for kind in noun.HANDLERS)

    assert len(nouns) > 1
    assert kinds == sorted(RUNS.handlers)
