"""What each construct of the language does when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from textwrap import dedent, indent
from typing import Any

import msgspec
import pytest

from refflow.errors import RefflowError
from refflow.events.event import instant
from refflow.events.kinds import EventKind
from refflow.events.openings import (
    InterviewScheduled,
    OfferReceived,
    OpeningClosed,
    ReferralWanted,
    ReplyReceived,
)
from refflow.events.people import ContactOptedOut, MeetingHeld
from refflow.events.runs import RunCancelled, RunWanted, WorkflowRetired
from refflow.testing.bench import MONDAY, Bench
from refflow.views.runs.queue import Queued
from refflow.views.runs.run import Run
from refflow.workflows.language.extensions import NONE, Action, Extensions
from refflow.workflows.language.facts import Facts
from refflow.workflows.language.settings_file import load_settings

HEAD = {
    "refflow": "1",
    "workflow": "w",
    "on": "[{manual: true}]",
    "subject": "{contact: event.contact}",
    "again": "always",
    "outcomes": "{good: [yes], open: [maybe], bad: [no]}",
}


def workflow(**fields: str) -> str:
    """A workflow started by hand, about a contact; `fields` are its other top keys, as YAML text."""
    lines = []
    for key, value in {**HEAD, **fields}.items():
        value = dedent(value).strip("\n")
        lines.append(f"{key}: {value}" if "\n" not in value else f"{key}:\n{indent(value, '  ')}")
    return "\n".join(lines) + "\n"


def wanted(contact: str, workflow: str = "w", opening: str | None = None) -> RunWanted:
    return RunWanted(workflow=workflow, contact=contact, opening=opening)


def reply(contact: str, intent: str = "agreed") -> ReplyReceived:
    return ReplyReceived(contact=contact, intent=intent, channel="mail")  # type: ignore[arg-type]


def started(bench: Bench, contact: str | None = None) -> Run:
    bench.record(wanted(contact or bench.contact()))
    return bench.run("w")


def ended(bench: Bench, run: Run) -> str | None:
    found = bench.rows.get(Run, run.id)
    assert found is not None
    assert found.status != "stuck", found.reason
    return found.outcome


# -- vars, set


COUNTING = workflow(
    vars="""
        tries: {type: number, default: 0}
        pause: {type: duration, default: 2d}
        last: {type: time}
        """,
    steps="""
        - id: rounds
          repeat:
            max: 5
            until: vars.tries >= 3
            do:
              - set: {tries: vars.tries + 1, last: now, pause: 3d}
              - id: silence
                wait: vars.pause
        - exit: no
          if: not has(vars.last)
        - exit: yes
        """,
)


def test_variables_are_set_and_remembered() -> None:
    bench = Bench(COUNTING)
    run = started(bench)
    bench.wait(days=30)

    assert ended(bench, run) == "yes"
    assert [each.values["tries"] for each in bench.of("vars.set")] == [1, 2, 3]
    assert bench.run("w").vars["pause"] == "3d"
    due = [each.due for each in bench.of("timer.set")]
    assert due == [MONDAY + timedelta(days=3 * n) for n in (1, 2, 3)]


def test_the_values_of_one_set_are_those_before_it() -> None:
    bench = Bench(
        workflow(
            vars="{a: {type: number, default: 1}, b: {type: number, default: 2}}",
            steps="[{set: {a: vars.b, b: vars.a}}, {exit: yes}]",
        )
    )
    started(bench)

    assert bench.of("vars.set")[0].values == {"a": 2, "b": 1}


# -- wait: settle, since


NEWS = workflow(
    subject="{contact: event.contact, opening: event.opening}",
    steps="""
        - id: news
          wait:
            for: [interview.scheduled, offer.received]
            within: 10d
            settle: 1d
          got:
            interview.scheduled: [{exit: yes}]
            offer.received: [{exit: maybe}]
          timeout: [{exit: no}]
        """,
)


def interview(opening: str) -> InterviewScheduled:
    return InterviewScheduled(opening=opening)


def test_what_comes_in_short_order_is_one_piece_of_news() -> None:
    bench = Bench(NEWS)
    contact, opening = bench.contact(), bench.opening()
    bench.record(wanted(contact, opening=opening))
    run = bench.run("w")
    for _ in range(3):
        bench.record(interview(opening))
        bench.wait(hours=20)
    assert ended(bench, run) is None
    bench.wait(hours=4)

    assert ended(bench, run) == "yes"
    assert len(bench.of("event.matched")) == 3


def test_the_last_of_the_news_says_where_it_goes_on() -> None:
    bench = Bench(NEWS)
    contact, opening = bench.contact(), bench.opening()
    bench.record(wanted(contact, opening=opening))
    bench.record(interview(opening))
    bench.record(OfferReceived(opening=opening))
    bench.wait(days=2)

    assert bench.run("w").outcome == "maybe"


def test_settling_ends_with_the_wait_however_much_comes() -> None:
    bench = Bench(NEWS)
    contact, opening = bench.contact(), bench.opening()
    bench.record(wanted(contact, opening=opening))
    for _ in range(20):
        bench.record(interview(opening))
        bench.wait(hours=20)

    assert bench.run("w").ended_at == int((MONDAY + timedelta(days=10)).timestamp() * 1e6)


SINCE = workflow(
    steps="""
        - id: hello
          send: {template: hi}
        - id: first
          wait: {for: [meeting.held], within: 5d}
          got: []
          timeout: []
        - id: second
          wait: {for: [reply.received], within: 5d, since: SINCE}
          got: [{exit: yes}]
          timeout: [{exit: no}]
        """,
)


@pytest.mark.parametrize(("since", "outcome"), [("hello", "yes"), ("second", "no")])
def test_a_wait_looks_back_to_the_step_it_names(since: str, outcome: str) -> None:
    bench = Bench(SINCE.replace("SINCE", since))
    contact = bench.contact()
    run = started(bench, contact)
    bench.wait(days=1)
    bench.record(reply(contact))
    bench.record(MeetingHeld(contact=contact))
    bench.wait(days=6)

    assert ended(bench, run) == outcome


# -- mode


def one(mode: str, again: str = "always", **fields: str) -> Bench:
    return Bench(workflow(mode=mode, again=again, steps="[{id: a, wait: 5d}, {exit: yes}]", **fields))


def test_single_ignores_what_comes_while_it_runs() -> None:
    bench = one("single")
    contact = bench.contact()
    bench.record(wanted(contact))
    bench.record(wanted(contact))

    assert [each.reason for each in bench.of("trigger.ignored")] == ["running"]
    assert len(bench.rows.find(Run)) == 1


def test_restart_ends_the_old_run_and_starts_anew() -> None:
    bench = one("restart", again="never")
    contact = bench.contact()
    for _ in range(3):
        bench.record(wanted(contact))
        bench.wait(days=1)

    assert [run.outcome for run in sorted(bench.rows.find(Run), key=lambda run: run.started_at)] == [
        *("restarted", "restarted", None)
    ]


def test_queue_runs_one_after_the_other_in_order() -> None:
    bench = one("queue")
    contact = bench.contact()
    for _ in range(3):
        bench.record(wanted(contact))
    assert len(bench.rows.find(Run, status="live")) == 1
    assert len(bench.rows.find(Queued)) == 2
    bench.wait(days=16)

    assert [run.outcome for run in bench.rows.find(Run)] == ["yes"] * 3
    assert [each.trigger for each in bench.of("run.started")] == sorted(
        each.trigger for each in bench.of("run.started")
    )
    assert bench.rows.find(Queued) == []


def test_parallel_runs_side_by_side() -> None:
    bench = one("parallel")
    contact = bench.contact()
    for _ in range(3):
        bench.record(wanted(contact))

    assert len(bench.rows.find(Run, status="live")) == 3


# -- again


def test_again_counts_from_the_end_and_only_so_often() -> None:
    bench = one("single", again="{after: 10d, max: 2}")
    contact = bench.contact()
    bench.record(wanted(contact))
    bench.wait(days=6)
    bench.record(wanted(contact))
    bench.wait(days=10)
    bench.record(wanted(contact))
    bench.wait(days=100)
    bench.record(wanted(contact))

    assert [each.reason for each in bench.of("trigger.ignored")] == ["again", "again"]
    assert "2 times" in bench.of("trigger.ignored")[1].detail
    assert len(bench.rows.find(Run)) == 2


# -- anytime do


SIDE = workflow(
    vars="{met: {type: number, default: 0}}",
    anytime="""
        - event: meeting.held
          do:
            - set: {met: vars.met + 1}
            - emit: {event: contact.warmed}
              if: vars.met == 2
        - {event: contact.opted_out, exit: no}
        """,
    steps="""
        - id: a
          wait: {for: [meeting.held], within: 5d}
          got: []
          timeout: []
        - id: b
          wait: 5d
        - exit: yes
        """,
)


def test_a_side_list_runs_and_the_flow_goes_on() -> None:
    bench = Bench(SIDE)
    contact = bench.contact()
    run = started(bench, contact)
    for _ in range(3):
        bench.record(MeetingHeld(contact=contact))
        bench.wait(days=1)

    assert run.id == bench.run("w").id
    assert bench.run("w").step == "b"
    assert bench.run("w").vars["met"] == 3
    assert len(bench.of("contact.warmed")) == 1
    bench.wait(days=3)
    assert ended(bench, run) == "yes"


def test_side_lists_that_set_each_other_off_stick_instead_of_running_for_ever() -> None:
    bench = Bench(
        workflow(
            anytime="[{event: contact.warmed, do: [{emit: {event: contact.warmed}}]}]",
            steps="[{emit: {event: contact.warmed}}, {id: a, wait: 5d}, {exit: yes}]",
        )
    )
    started(bench)

    assert "without end" in (bench.run("w").reason or "")


# -- start


CHILD = workflow(
    workflow="child",
    policy="{exclusive: contact}",
    steps="[{id: hello, send: {template: hi}}, {id: c, wait: 5d}, {exit: yes}]",
)


def parent(start: str, *after: str) -> str:
    """A workflow that starts another one, with further steps."""
    steps = [f"- id: s\n{indent(dedent(start), '  ')}", *(f"- {each}" for each in after)]
    return workflow(policy="{exclusive: contact}", steps="\n".join(steps))


def test_a_child_inherits_the_lock_and_its_outcome_decides() -> None:
    waiting = """\
        start: {workflow: child, subject: {contact: contact}, wait: true}
        got: {yes: [{exit: maybe}], else: [{exit: no}]}
        refused: [{exit: no}]
        """
    bench = Bench(CHILD, parent(waiting))
    contact = bench.contact()
    run = started(bench, contact)
    child = bench.run("child")
    assert (child.parent, child.status) == (run.id, "live")
    bench.record(wanted(contact, "child"))
    assert bench.of("trigger.ignored")[0].reason == "running"
    bench.wait(days=6)

    assert ended(bench, run) == "maybe"


def test_without_wait_both_go_on() -> None:
    start = "start: {workflow: child, subject: {contact: contact}}"
    bench = Bench(CHILD, parent(start, "{id: z, wait: 1d}", "{exit: yes}"))
    run = started(bench)
    bench.wait(days=2)

    assert ended(bench, run) == "yes"
    assert bench.run("child").status == "live"


@pytest.mark.parametrize(
    ("child", "reason"),
    [
        (CHILD.replace("workflow: child", "workflow: other"), "no_workflow"),
        (CHILD.replace("policy:", "guard: [contact.do_not_contact]\npolicy:"), "not_eligible"),
        (CHILD.replace("[{manual: true}]", "[{event: reply.received}]"), "not_startable"),
    ],
)
def test_a_child_that_does_not_start_is_a_branch(child: str, reason: str) -> None:
    bench = Bench(
        child,
        workflow(
            steps="""
                - id: s
                  start: {workflow: child, subject: {contact: contact}, wait: true}
                  got: [{exit: yes}]
                  refused: [{exit: no}]
                """,
        ),
    )
    run = started(bench)

    assert ended(bench, run) == "no"
    assert [each.reason for each in bench.of("trigger.ignored")] == [reason]


def test_workflows_that_start_each_other_end() -> None:
    def calling(name: str, other: str) -> str:
        steps = f"[{{id: s, start: {{workflow: {other}, subject: {{contact: contact}}}}}}, {{exit: yes}}]"
        return workflow(workflow=name, mode="parallel", steps=steps)

    bench = Bench(calling("w", "v"), calling("v", "w"))
    started(bench)

    assert [each.reason for each in bench.of("trigger.ignored")] == ["cycle"]


# -- the queue of `exclusive: contact`


def exclusive(name: str, priority: int = 0, days: int = 5) -> str:
    return workflow(
        workflow=name,
        policy=f"{{exclusive: contact, priority: {priority}}}",
        steps=f"[{{id: a, wait: {days}d}}, {{exit: yes}}]",
    )


def test_the_most_urgent_is_next_and_then_who_came_first() -> None:
    bench = Bench(exclusive("w"), exclusive("low"), exclusive("high", 5), exclusive("later"))
    contact = bench.contact()
    for name in ("w", "low", "later", "high"):
        bench.record(wanted(contact, name))
    assert {each.workflow for each in bench.rows.find(Queued)} == {"low", "later", "high"}
    assert {each.reason for each in bench.rows.find(Queued)} == {"exclusive"}
    for _ in range(20):
        bench.wait(days=1)
        assert len(bench.rows.find(Run, status="live")) <= 1

    begun = sorted(bench.rows.find(Run), key=lambda run: int(run.id[1:]))
    assert [run.workflow for run in begun] == ["w", "high", "low", "later"]


def test_who_no_longer_may_start_when_the_turn_comes_is_refused() -> None:
    guarded = exclusive("v").replace("policy:", "guard: [contact.messages == 0]\npolicy:")
    bench = Bench(
        workflow(
            policy="{exclusive: contact}",
            steps="[{id: a, send: {template: hi}}, {id: b, wait: 1d}, {exit: yes}]",
        ),
        guarded,
    )
    contact = bench.contact()
    bench.record(wanted(contact), wanted(contact, "v"))
    bench.wait(days=2)

    assert [each.outcome for each in bench.of("trigger.dequeued")] == ["refused"]
    assert len(bench.rows.find(Run)) == 1


def test_a_cancelled_run_makes_room() -> None:
    bench = Bench(exclusive("w"), exclusive("v"))
    contact = bench.contact()
    bench.record(wanted(contact))
    bench.record(wanted(contact, "v"))
    bench.record(RunCancelled(run=bench.run("w").id, contact=contact))

    assert bench.run("v").status == "live"


def test_nobody_who_opted_out_comes_up_from_the_queue() -> None:
    bench = Bench(exclusive("w"), exclusive("v"))
    contact = bench.contact()
    bench.record(wanted(contact))
    bench.record(wanted(contact, "v"))
    bench.record(ContactOptedOut(contact=contact))

    assert [run.outcome for run in bench.rows.find(Run)] == ["do_not_contact"]
    assert bench.rows.find(Queued) == []
    assert bench.of("trigger.ignored")[-1].reason == "do_not_contact"


def test_interrupts_end_a_run_about_a_closed_opening() -> None:
    bench = Bench(
        workflow(
            on="[{event: referral.wanted}]",
            subject="{contact: event.contact, opening: event.opening}",
            anytime="[{event: opening.closed, exit: no}]",
            steps="[{id: a, wait: 5d}, {exit: yes}]",
        )
    )
    contact, opening = bench.contact(), bench.opening()
    bench.record(ReferralWanted(contact=contact, opening=opening))
    bench.record(OpeningClosed(opening=opening))

    assert bench.run("w").outcome == "no"


# -- every, each


WEEKLY = workflow(
    on='[{every: "mon 09:00", each: contact, if: contact.messages == 0}]',
    again="{after: 10d, max: 2}",
    steps="[{id: a, wait: 1d}, {exit: yes}]",
)


def test_a_time_of_the_week_starts_a_run_for_each_who_meets_the_condition() -> None:
    bench = Bench(WEEKLY)
    people = [bench.contact("Ana Lima"), bench.contact("Bo Berg")]
    bench.record(ContactOptedOut(contact=people[1]))
    bench.wait(days=6)
    assert bench.rows.find(Run) == []
    bench.wait(days=40)

    begun = [each.contact for each in bench.of("run.started")]
    assert begun == [people[0]] * 2
    assert bench.of("trigger.ignored") == []
    assert {
        instant(each.recorded_at).strftime("%a %H:%M") for each in bench.log if each.kind == "run.started"
    } == {"Mon 09:00"}


def test_what_was_missed_while_the_machine_was_off_is_looked_at_once() -> None:
    bench = Bench(WEEKLY.replace("{after: 10d, max: 2}", "always"))
    bench.contact()
    bench.sleep(days=30)
    bench.catch_up()

    assert len(bench.of("run.started")) == 1
    assert len(bench.of("schedule.fired")) == 1
    assert bench.decided_again() == []


def test_a_workflow_taken_out_looks_no_more() -> None:
    bench = Bench(WEEKLY)
    bench.contact()
    bench.record(WorkflowRetired(workflow="w"))
    bench.wait(days=30)

    assert bench.of("run.started") == []


# -- use


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin's event: an hour was held in a calendar."""

    contact: str
    hours: float


class HoldParams(msgspec.Struct, frozen=True, kw_only=True):
    hours: float
    title: str = "Talk"


def hold(values: Mapping[str, Any], facts: Facts) -> list[Held]:
    if values["hours"] < 0:
        raise RefflowError("an hour cannot be negative")
    assert facts.contact is not None
    return [Held(contact=facts.contact.id, hours=values["hours"])]


HELD = EventKind(name="calendar.hour.held", payload=Held)
HOLD = Action(name="calendar.hold", params=HoldParams, plan=hold, prefix="calendar.")
EXTENSIONS = Extensions(actions={HOLD.name: HOLD})


def using(step: str, **more: str) -> Bench:
    return Bench(workflow(steps=f"[{step}, {{exit: yes}}]", **more), kinds=[HELD], extensions=EXTENSIONS)


def test_an_action_of_a_plugin_records_what_it_plans() -> None:
    bench = using("{use: calendar.hold, with: {hours: contact.messages + 2}}")
    run = started(bench)

    assert [each.hours for each in bench.of("calendar.hour.held")] == [2.0]
    assert ended(bench, run) == "yes"
    assert bench.decided_again() == []


def test_what_an_action_is_given_is_checked() -> None:
    for step, said in {
        "{use: calendar.hodl}": "did you mean `calendar.hold`",
        "{use: calendar.hold}": "E006 `calendar.hold` needs `hours`",
        "{use: calendar.hold, with: {hours: 1, hour: 2}}": "did you mean `hours`",
        "{use: calendar.hold, with: {hours: contact.name}}": "E122",
    }.items():
        with pytest.raises(AssertionError) as refused:
            using(step)
        assert said in str(refused.value)


def test_an_action_that_fails_or_has_gone_sticks_the_run_and_nothing_else() -> None:
    bench = using("{use: calendar.hold, with: {hours: 0 - 1}}")
    started(bench)
    assert "cannot be negative" in (bench.run("w").reason or "")

    bench = using("{id: a, wait: 1d}, {use: calendar.hold, with: {hours: 1}}")
    started(bench)
    bench.library.extensions = NONE
    bench.wait(days=2)
    assert "belongs to no plugin" in (bench.run("w").reason or "")


# -- anytime of the workspace


def inheriting(text: str, *workflows: str) -> Bench:
    settings, problems = load_settings(f"{{name: Maya, approval: none, anytime: {text}}}", "refflow.yaml")
    assert settings is not None, problems
    return Bench(*workflows, settings=settings)


WAITING = "[{id: silence, wait: 30d}, {exit: yes}]"
MET = "[{event: meeting.held, exit: met}]"


def test_what_the_workspace_says_ends_every_run() -> None:
    bench = inheriting(MET, workflow(steps=WAITING))
    run = started(bench)
    bench.record(MeetingHeld(contact=run.contact or ""))

    assert ended(bench, run) == "met"
    assert bench.of("run.exited")[0].ending == "bad"  # It is not among the outcomes of the workflow.


def test_an_interrupt_of_ones_own_comes_before_that_of_the_workspace() -> None:
    own = "[{event: meeting.held, go: more}]"
    blocks = "{more: [{id: rest, wait: 30d}, {exit: maybe}]}"
    bench = inheriting(MET, workflow(steps=WAITING, anytime=own, blocks=blocks))
    run = started(bench)
    bench.record(MeetingHeld(contact=run.contact or ""))
    assert bench.run("w").step == "rest"

    bench.record(MeetingHeld(contact=run.contact or ""))  # In a block only ends are armed.

    assert ended(bench, run) == "met"


def test_a_condition_of_the_workspace_speaks_of_the_event() -> None:
    bench = inheriting(
        '[{event: reply.received, if: event.intent == "declined", exit: no}]', workflow(steps=WAITING)
    )
    run = started(bench)
    bench.record(reply(run.contact or "", "agreed"))
    assert ended(bench, run) is None

    bench.record(reply(run.contact or "", "declined"))

    assert ended(bench, run) == "no"


def test_one_that_could_never_act_changes_nothing_of_a_definition() -> None:
    ending = workflow(steps=WAITING, anytime="[{event: meeting.held, exit: maybe}]")

    assert inheriting(MET).define(ending) == Bench().define(ending)
    assert inheriting(MET).define(workflow(steps=WAITING)) != Bench().define(workflow(steps=WAITING))


# -- task: assignee


def test_a_task_says_who_is_to_do_it() -> None:
    task = "{title: 'Call {{ contact.name }}', within: 3d%s}"
    steps = "[{id: a, task: %s, done: [], skipped: [], expired: []}, {exit: yes}]"
    for assignee, said in ((", assignee: coach", "coach: Call Ana Lima"), ("", "Call Ana Lima")):
        bench = Bench(workflow(steps=steps % (task % assignee)))
        started(bench)

        assert bench.of("task.opened")[0].in_words == said
        assert bench.decided_again() == []


# -- repeat


def test_a_step_says_in_which_round_it_was_entered_when_it_takes_no_time() -> None:
    steps = """
        - {id: wake, wait: 2d}
        - id: rounds
          repeat:
            max: 3
            do:
              - id: heard
                wait: {for: [reply.received], within: 5d, since: wake}
                got: []
                timeout: []
        - exit: yes
        """
    bench = Bench(workflow(steps=steps))
    contact = bench.contact()
    started(bench, contact)
    for _ in range(2):
        bench.wait(hours=9)
        bench.record(reply(contact))
    bench.wait(days=2)

    entered = [each.loops for each in bench.of("step.entered") if each.step == "heard"]

    assert entered == [{"rounds": 1}, {"rounds": 2}, {"rounds": 3}]
    assert bench.decided_again() == []


# -- repeat, in a message


def test_a_message_in_a_loop_knows_its_round() -> None:
    body = "[{id: hi, send: {template: round}}, {id: rest, wait: 9d}]"
    steps = f"[{{id: rounds, repeat: {{max: 2, do: {body}}}}}, {{exit: yes}}]"
    bench = Bench(workflow(steps=steps), templates={"round": "Round {{ loop.index }}"})
    started(bench)
    bench.wait(days=30)

    assert [each.body for each in bench.of("message.drafted")] == ["Round 1", "Round 2"]
