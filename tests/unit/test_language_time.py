"""Time: pauses, holidays, late messages, inboxes, failures of channels, and catching up after downtime."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import pytest

from refflow import api
from refflow.errors import Held, UsageError
from refflow.events.messages import MessageFailed
from refflow.events.openings import ReplyReceived
from refflow.events.runs import (
    ChannelPaused,
    ChannelResumed,
    InboxChecked,
    OutreachPaused,
    OutreachResumed,
    RunWanted,
    SettingsChanged,
    TaskClosed,
)
from refflow.testing.bench import MONDAY, Bench, sent
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.runs.pauses import Pause
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.workflows.durations import Duration
from refflow.workflows.language.definition import Late, Retry
from refflow.workflows.language.settings import Settings, plain_fields
from refflow.workspace.inboxes import Incoming

HEAD = {
    "refflow": "1",
    "workflow": "w",
    "on": "[{manual: true}]",
    "subject": "{contact: event.contact}",
    "again": "always",
    "anytime": "[{event: reply.received, exit: maybe}]",
    "steps": """
        - id: pause
          wait: 2d
        - id: hello
          send: {template: hi}
        - exit: yes
        """,
    "outcomes": "{good: [yes], open: [maybe], bad: [no]}",
}
NO_LIMITS: dict[str, Any] = {"name": "Maya", "email": "maya@example.org", "approval": "none", "caps": ()}


def workflow(**fields: str) -> str:
    lines = []
    for key, value in {**HEAD, **fields}.items():
        value = dedent(value).strip("\n")
        lines.append(f"{key}: {value}" if "\n" not in value else f"{key}:\n{indent(value, '  ')}")
    return "\n".join(lines) + "\n"


def going(text: str | None = None, people: int = 1, **settings: Any) -> Bench:
    """A bench on which the workflow has been started with so many people."""
    bench = Bench(text or workflow(), settings=Settings(**{**NO_LIMITS, **settings}))
    for number in range(people):
        bench.record(RunWanted(workflow="w", contact=bench.contact(f"P{number} Q")))
    return bench


def paused(bench: Bench, **fields: Any) -> str:
    key = f"p{len(bench.log) + 1}"
    bench.record(OutreachPaused(pause=key, **fields))
    return key


def held(bench: Bench) -> list[str | None]:
    return [each.rule for each in bench.rows.find(Message, status="held")]


# -- pauses


def test_a_paused_timer_keeps_when_it_is_due_and_fires_late() -> None:
    bench = going(late=Late(do="send"))
    key = paused(bench, run=bench.run("w").id)
    bench.wait(days=3)
    assert bench.run("w").due == int((MONDAY + timedelta(days=2)).timestamp() * 1e6)
    bench.record(OutreachResumed(pause=key))

    assert [step for step, _ in bench.sends()] == ["hello"]


@pytest.mark.parametrize("scope", ["run", "contact", "workflow", "everything"])
def test_what_is_paused_stands_still_and_nothing_else_does(scope: str) -> None:
    bench = going(people=2)
    runs = sorted(bench.rows.find(Run), key=lambda run: int(run.id[1:]))
    fields = {"run": runs[0].id, "contact": runs[0].contact, "workflow": "w"}
    paused(bench, **({scope: fields[scope]} if scope in fields else {}))
    bench.wait(days=3)

    assert len(bench.sends()) == (1 if scope in ("run", "contact") else 0)


def test_what_comes_in_during_a_pause_is_heard() -> None:
    bench = going()
    contact = bench.run("w").contact
    key = paused(bench)
    bench.wait(days=1)
    bench.record(ReplyReceived(contact=contact or "", intent="agreed", channel="mail"))
    bench.record(OutreachResumed(pause=key))
    bench.wait(days=5)

    assert (bench.run("w").outcome, bench.sends()) == ("maybe", [])


def test_approving_during_a_pause_holds_the_message_until_it_is_over() -> None:
    bench = going(approval="every")
    bench.wait(days=2)
    until = bench.now + timedelta(days=7)
    paused(bench, until=until)
    bench.approve(bench.message())
    assert held(bench) == ["paused"]
    bench.wait(days=8)

    assert [at for _, at in bench.sends()] == [until]


def test_a_task_gets_the_time_back_that_was_lost() -> None:
    task = """
        - id: t
          task: {title: Do it, within: 5d}
          done: [{exit: yes}]
          skipped: [{exit: no}]
          expired: [{exit: no}]
        """
    bench = going(workflow(steps=task))
    bench.wait(days=3)
    paused(bench, until=bench.now + timedelta(days=14))
    bench.wait(days=15)
    (open_task,) = bench.rows.find(Task, status="open")
    assert bench.run("w").due == int((MONDAY + timedelta(days=5 + 14)).timestamp() * 1e6)
    bench.record(TaskClosed(task=open_task.id, run=open_task.run, outcome="done"))

    assert bench.run("w").outcome == "yes"


def test_after_a_holiday_messages_do_not_leave_in_a_burst() -> None:
    bench = going(people=8, late=Late(do="send"))
    paused(bench, starts=MONDAY + timedelta(days=1), until=MONDAY + timedelta(days=15))
    bench.wait(days=20)
    times = [at for _, at in bench.sends()]

    assert len(times) == 8
    assert times[0] >= MONDAY + timedelta(days=15)
    assert all(b - a >= timedelta(minutes=30) for a, b in pairwise(times))


def test_after_a_long_holiday_each_message_is_asked_about() -> None:
    bench = going(people=3)
    paused(bench, starts=MONDAY + timedelta(days=1), until=MONDAY + timedelta(days=15))
    bench.wait(days=21)
    assert (bench.sends(), held(bench)) == ([], ["late"] * 3)
    bench.approve(bench.rows.find(Message)[0])

    assert len(bench.sends()) == 1


# -- late


@pytest.mark.parametrize(
    ("do", "rules", "outcome"), [("ask", ["late"], None), ("skip", [], "yes"), ("send", [], "yes")]
)
def test_what_is_too_late_is_asked_about_skipped_or_sent(
    do: Any, rules: list[str], outcome: str | None
) -> None:
    bench = going(late=Late(after=Duration(3, "d"), do=do))
    bench.sleep(days=7)
    bench.catch_up()

    assert held(bench) == rules
    assert bench.run("w").outcome == outcome
    assert len(bench.sends()) == (1 if do == "send" else 0)


def test_what_is_a_little_late_is_sent() -> None:
    bench = going()
    bench.sleep(days=3)
    bench.catch_up()

    assert len(bench.sends()) == 1


def test_a_workflow_can_say_it_otherwise() -> None:
    bench = going(workflow(policy="{late: {after: 1d, do: skip}}"))
    bench.sleep(days=4)
    bench.catch_up()

    assert [message.status for message in bench.rows.find(Message)] == ["skipped"]


# -- inboxes


def test_nothing_leaves_by_itself_before_the_inbox_was_looked_at() -> None:
    bench = going()
    bench.record(InboxChecked(channel="mail"))
    bench.wait(days=2)
    assert held(bench) == ["inbox_stale"]
    bench.record(InboxChecked(channel="mail"))

    assert len(bench.sends()) == 1


def test_whoever_approves_has_looked() -> None:
    bench = going(approval="every")
    bench.record(InboxChecked(channel="mail"))
    bench.wait(days=2)
    bench.approve(bench.message())

    assert len(bench.sends()) == 1


def test_what_the_look_brings_comes_before_the_message() -> None:
    bench = going()
    contact = bench.run("w").contact or ""
    bench.record(InboxChecked(channel="mail"))
    bench.wait(days=2)
    bench.record(ReplyReceived(contact=contact, intent="agreed", channel="mail"))
    bench.record(InboxChecked(channel="mail"))

    assert bench.sends() == []
    assert bench.run("w").outcome == "maybe"


# -- channels


def failing(times: int, severity: Any = "retry") -> Any:
    left = [times]

    def deliver(message: Message) -> Any:
        left[0] -= 1
        if left[0] >= 0:
            return MessageFailed(
                message=message.id, run=message.run, contact=message.contact, severity=severity
            )
        return sent(message)

    return deliver


def test_a_failure_that_may_pass_is_tried_again_longer_each_time() -> None:
    bench = going(retry=Retry(attempts=5, after=Duration(1, "h"), most=Duration(3, "h")))
    bench.deliver = failing(4)
    bench.wait(days=3)

    due = [each.due for each in bench.of("timer.set") if each.rule == "retry"]
    asked = [datetime.fromtimestamp(e.recorded_at / 1e6, UTC) for e in bench.log if e.kind == "message.failed"]
    hours = [(b - a) / timedelta(hours=1) for a, b in zip(asked, due, strict=True)]
    assert [int(each) for each in hours] == [1, 2, 3, 3]
    assert len(set(hours)) == 4  # each with something of its own added
    assert len(bench.sends()) == 1


def test_after_the_last_attempt_the_branch_for_it_is_taken() -> None:
    failed = """
        - id: hello
          send: {template: hi}
          failed: [{exit: no}]
        - exit: yes
        """
    bench = going(workflow(steps=failed, policy="{retry: {attempts: 2, after: 1h}}"), people=0)
    bench.deliver = failing(9)
    bench.record(RunWanted(workflow="w", contact=bench.contact()))
    bench.wait(days=1)

    assert bench.run("w").outcome == "no"
    assert len(bench.of("message.send.requested")) == 2


def test_a_channel_that_lets_nobody_in_stops_and_the_runs_wait() -> None:
    bench = going(people=2)
    bench.deliver = failing(1)
    bench.record(ChannelPaused(channel="eml", reason="The password is wrong."))
    bench.wait(days=3)
    assert held(bench) == ["channel", "channel"]
    bench.deliver = sent
    bench.record(ChannelResumed(channel="eml"))
    bench.wait(days=2)

    assert len(bench.sends()) == 2


# -- nothing leaves while it is not live


def test_nothing_leaves_before_it_is_live() -> None:
    bench = going(live=False)
    bench.wait(days=2)
    assert held(bench) == ["not_live"]
    bench.record(SettingsChanged(digest="t", settings=plain_fields(Settings(**NO_LIMITS))))

    assert len(bench.sends()) == 1


# -- a real workspace

WORKFLOW = workflow(
    workflow="check-in",
    steps="""
        - id: quiet
          wait: {for: [reply.received], within: 5d}
          got: [{exit: maybe}]
          timeout: [{exit: no}]
        """,
    anytime="[]",
)


@pytest.fixture
def workspace(tmp_path: Path) -> api.Workspace:
    made = api.init(tmp_path / "w", MONDAY, name="Maya Okafor", email="maya@example.org")
    (tmp_path / "w" / "workflows" / "check-in.yaml").write_text(WORKFLOW.replace(", good", ", good"))
    api.synchronise(made, MONDAY)
    return made


def person(workspace: api.Workspace) -> Contact:
    key = api.add_person(
        workspace, api.PersonDetails(name="Ana Lima", company="Acme", relation="friend"), MONDAY
    )
    found = workspace.views.get(Contact, key)
    assert found is not None
    return found


@pytest.mark.parametrize(("day", "outcome"), [(4, "maybe"), (5, "maybe"), (6, "no")])
def test_after_downtime_facts_and_timers_happen_in_their_order(
    workspace: api.Workspace, day: int, outcome: str
) -> None:
    with workspace:
        ana = person(workspace)
        run = api.start(workspace, "check-in", ana, None, MONDAY).runs[0]
        answer = ReplyReceived(contact=ana.id, intent="agreed", channel="mail")
        came = Incoming(payload=answer, occurred_at=MONDAY + timedelta(days=day))
        workspace.receive({"mail": [came]}, MONDAY + timedelta(days=8))

        found = workspace.views.get(Run, run.id)
        assert found is not None
        assert found.outcome == outcome
        assert api.redecide(workspace).differing == []


def test_pausing_by_hand(workspace: api.Workspace) -> None:
    with workspace:
        ana = person(workspace)
        run = api.start(workspace, "check-in", ana, None, MONDAY).runs[0]
        paused = api.pause(workspace, MONDAY, contact=ana, reason="holiday")
        late = MONDAY + timedelta(days=9)
        workspace.catch_up(late)
        assert not workspace.due(late)
        assert [each.id for each in api.pauses(workspace, late)] == [paused.id]
        api.resume(workspace, paused, late)

        found = workspace.views.get(Run, run.id)
        assert found is not None
        assert found.outcome == "no"
        assert api.pauses(workspace, late) == []
        assert [each for each in api.replay_check(workspace) if each.differing] == []
        with pytest.raises(UsageError, match="over already"):
            api.resume(workspace, workspace.views.get(Pause, paused.id) or paused, late)


def test_an_away_that_ends_before_it_begins_is_refused(workspace: api.Workspace) -> None:
    with workspace, pytest.raises(UsageError, match="before you leave"):
        api.away(workspace, MONDAY + timedelta(days=5), MONDAY + timedelta(days=2), MONDAY)


def test_who_waits_for_a_run_is_told_and_can_be_withdrawn(workspace: api.Workspace) -> None:
    with workspace:
        folder = workspace.folder.path / "workflows"
        for name in ("one", "two"):
            text = workflow(
                workflow=name, policy="{exclusive: contact}", steps="[{id: a, wait: 5d}, {exit: yes}]"
            )
            (folder / f"{name}.yaml").write_text(text.replace("open: [maybe], bad: [no]", "open: [maybe]"))
        api.synchronise(workspace, MONDAY)
        ana = person(workspace)
        api.start(workspace, "one", ana, None, MONDAY)
        with pytest.raises(Held, match="waits for its turn"):
            api.start(workspace, "two", ana, None, MONDAY)
        (waiting,) = api.queue(workspace)
        api.withdraw(workspace, waiting, MONDAY)

        assert api.queue(workspace, ana) == []


# -- what a message can be given


def test_a_message_can_have_data_and_hours_of_its_own() -> None:
    steps = """
        - id: hello
          send: {template: data, data: {days: contact.messages + 3}, window: {days: sat, hours: 10:00-11:00}}
        - exit: yes
        """
    bench = Bench(settings=Settings(**NO_LIMITS), templates={"data": "In {{ data.days }} days"})
    bench.define(workflow(steps=steps))
    bench.record(RunWanted(workflow="w", contact=bench.contact(zone="UTC")))
    bench.wait(days=7)

    assert bench.message().body == "In 3 days"
    assert [f"{at:%a %H:%M}" for _, at in bench.sends()] == ["Sat 10:00"]


def test_a_template_that_speaks_of_other_data_is_refused() -> None:
    steps = "[{id: a, send: {template: data, data: {day: 1}}}, {exit: yes}]"
    bench = Bench(templates={"data": "In {{ data.days }} days"})
    with pytest.raises(AssertionError, match="E141"):
        bench.define(workflow(steps=steps))


def test_the_holidays_of_a_contact_are_those_of_their_zone() -> None:
    zone = "America/New_York"
    calendars: dict[str, tuple[date, ...]] = {zone: (MONDAY.date() + timedelta(days=2),)}
    for whose, day in (("workspace", "Wed"), ("contact", "Thu")):
        policy = f"{{window: {{days: mon-fri, hours: 09:00-17:00, holidays: {whose}}}}}"
        bench = Bench(workflow(policy=policy), settings=Settings(**NO_LIMITS, calendars=calendars))
        bench.record(RunWanted(workflow="w", contact=bench.contact(zone=zone)))
        bench.wait(days=5)

        assert [f"{at:%a}" for _, at in bench.sends()] == [day]


def test_a_batch_is_approved_like_every_message() -> None:
    bench = going(approval="batch")
    bench.wait(days=2)

    assert [each.status for each in bench.rows.find(Message)] == ["drafted"]
