"""The run rules of the language, each over random workflows and random orders of events."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from refflow.events.event import StoredEvent, instant, micros
from refflow.events.messages import MessageFailed
from refflow.events.openings import ReplyReceived
from refflow.events.people import ContactOptedOut, MeetingHeld
from refflow.events.runs import (
    InboxChecked,
    OutreachPaused,
    OutreachResumed,
    RunCancelled,
    RunWanted,
    SettingsChanged,
    TaskClosed,
)
from refflow.testing.bench import MONDAY, Bench, sent
from refflow.views.messages import Message
from refflow.views.runs.pauses import Pause
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.workflows.durations import Duration
from refflow.workflows.language.calendar import Calendar
from refflow.workflows.language.definition import Cap, Late, Retry
from refflow.workflows.language.settings import Settings, plain_fields
from refflow.workflows.proofs.promise import promise_of
from refflow.workflows.runs.pauses import pause_at

PEOPLE = 3
ZONES = (None, "America/New_York", "Asia/Tokyo")
GAP = Duration(2, "d")
MOST, ROW = 2, 3
FRIEND = "c6"
"""The second of the people, to whom some messages go whoever a run is about."""

LAWS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

durations = st.sampled_from(["4h", "1d", "3d", "1bd", "1w", "vars.pause"])
awaited = st.sampled_from([["reply.received"], ["meeting.held"], ["reply.received", "meeting.held"]])
ends = st.sampled_from([{"exit": "done"}, {"exit": "over"}])


@st.composite
def workflows(draw: st.DrawFn, name: str = "w", other: str = "v") -> str:
    """A workflow with every construct of the language."""
    count = iter(range(1000))

    def named(**step: Any) -> dict[str, Any]:
        return {"id": f"s{next(count)}", **step}

    def body(depth: int) -> list[dict[str, Any]]:
        return [step(depth - 1) for _ in range(draw(st.integers(0, 2)))] if depth > 0 else []

    def step(depth: int) -> dict[str, Any]:
        others = ["wait", "until", "for", "for", "for", "task", "set", "emit", "start", "choose", "repeat"]
        match draw(st.sampled_from([*["send"] * 4, *others])):
            case "send":
                made = named(send={"template": "hi", "urgent": draw(st.booleans())})
                if draw(st.integers(0, 3)) == 0:
                    made["send"]["to"] = draw(st.sampled_from(["vars.friend", "vars.friend", "contact"]))
                return {**made, "failed": body(depth)} if draw(st.integers(0, 3)) == 0 else made
            case "until":
                return named(wait={"until": "vars.moment else now + 2d"})
            case "for":
                events = draw(awaited)
                wait: dict[str, Any] = {"for": events, "within": draw(durations)}
                if draw(st.integers(0, 3)):
                    wait["settle"] = draw(st.sampled_from(["4h", "2d"]))
                got: Any = {each: body(depth) for each in events} if draw(st.booleans()) else body(depth)
                return named(wait=wait, got=got, timeout=body(depth))
            case "task":
                branches = {each: body(depth) for each in ("done", "skipped", "expired")}
                return named(task={"title": "Do it", "within": draw(durations)}, **branches)
            case "set":
                return {"set": {"tries": "vars.tries + 1", "moment": "now + 1d"}}
            case "emit":
                return {"emit": {"event": "contact.warmed"}}
            case "start" if other:
                if draw(st.booleans()):
                    return named(start={"workflow": other, "subject": {"contact": "contact"}})
                start = {"workflow": other, "subject": {"contact": "contact"}, "wait": True}
                got = {"done": body(depth), "else": body(depth)} if draw(st.booleans()) else body(depth)
                return named(start=start, got=got, refused=body(depth))
            case "choose" if depth > 0:
                case = {"if": "vars.tries > 0", "do": body(depth)}
                return named(choose=[case], **{"else": body(depth)})
            case "repeat" if depth > 0:
                return named(repeat={"max": 2, "do": [*body(depth), named(wait="1d")]})
        return named(wait=draw(durations))

    side = [
        {"set": {"tries": "vars.tries + 1"}},
        {"emit": {"event": "contact.warmed"}, "if": "vars.tries == 1"},
    ]
    interrupts = [
        {"event": "meeting.held", "do": side},
        {"event": "reply.received", "if": 'event.intent == "declined"', "exit": "over"},
        {"event": "reply.received", "go": "answered"},
    ]
    policy: dict[str, Any] = {
        "priority": draw(st.integers(0, 2)),
        "on_cap": draw(st.sampled_from(["defer", "skip", "exit"])),
        "approval": draw(st.sampled_from(["none", "none", "first", "every"])),
        "gap": str(GAP),
        "late": {"after": "3d", "do": draw(st.sampled_from(["ask", "ask", "skip", "send"]))},
        "retry": {"attempts": 3, "after": "1h"},
    }
    if draw(st.booleans()):
        policy["exclusive"] = "contact"
    with_block = draw(st.booleans())
    # An eager one writes again and again by itself, so that the rules have much to hold back.
    eager = draw(st.sampled_from([False, True, False]))
    begin = []
    if eager:
        policy |= {"approval": "none", "on_cap": "defer"}
        urgent = {"template": "hi", "urgent": draw(st.booleans())}
        begin = [named(repeat={"max": 6, "do": [named(send=urgent), named(wait="1d")]})]
    return json.dumps(
        {
            "refflow": 1,
            "workflow": name,
            "on": [{"manual": True}],
            "subject": {"contact": "event.contact"},
            "mode": draw(st.sampled_from(["single", "restart", "queue", "parallel"])),
            "again": draw(st.sampled_from(["never", "always", {"after": "2d", "max": 3}])),
            "vars": {
                "tries": {"type": "number", "default": 0},
                "pause": {"type": "duration", "default": "2d"},
                "moment": {"type": "time"},
                "friend": {"type": "text", "default": FRIEND},
            },
            "policy": policy,
            "anytime": interrupts if with_block else interrupts[:2],
            "steps": [
                *begin,
                *(step(3) for _ in range(0 if eager else draw(st.integers(2, 5)))),
                {"exit": "done"},
            ],
            **({"blocks": {"answered": [*body(2), {"exit": "done"}]}} if with_block else {}),
            "outcomes": {"good": ["done"], "bad": ["over"]},
        }
    )


who = st.integers(0, PEOPLE - 1)
actions = st.one_of(
    st.tuples(st.just("want"), who, st.sampled_from(["w", "w", "v"])),
    st.tuples(st.just("reply"), who, st.sampled_from(["agreed", "declined", "later"])),
    st.tuples(st.just("meet"), who),
    st.tuples(st.just("approve"), st.booleans()),
    st.tuples(st.just("approve"), st.booleans()),
    st.tuples(st.just("task"), st.sampled_from(["done", "skipped"])),
    st.tuples(st.just("pause"), st.sampled_from(["run", "contact", "workflow", "all"]), who),
    st.tuples(st.just("away"), st.integers(1, 200)),
    st.tuples(st.just("resume")),
    st.tuples(st.just("look")),
    st.tuples(st.just("fail"), st.sampled_from(["retry", "permanent", "never", "never"])),
    st.tuples(st.just("cancel"), who),
    st.tuples(st.just("opt out"), st.sampled_from([2, 2, 0])),
    st.tuples(st.just("wait"), st.sampled_from([24, 24, 48, 120, 168, 1, 3, 20])),
    st.tuples(st.just("wait"), st.sampled_from([24, 24, 48, 120, 168, 1, 3, 20])),
    st.tuples(st.just("sleep"), st.sampled_from([24, 96, 240, 7])),
)
histories = st.lists(actions, min_size=12, max_size=30)
USUAL: list[tuple[Any, ...]] = [
    *(("want", person, workflow) for person in (0, 1) for workflow in ("w", "v")),
    *(("pause", scope, 0) for scope in ("contact", "all")),
    *(("wait", hours) for hours in (1, 24, 24, 24, 72)),
    *(("approve", newest) for newest in (True, False)),
    *(("reply", person, intent) for person in (0, 1) for intent in ("agreed", "later")),
    ("meet", 0), ("meet", 1), ("opt out", 0), ("opt out", 1), ("resume",), ("look",),
    ("sleep", 96), ("sleep", 168), ("fail", "retry"), ("fail", "never"),
]  # fmt: skip


class Story:
    """A bench with a few people, on which actions are tried. A new one begins with a wish for each person."""

    def __init__(self, first: str, second: str) -> None:
        limits = (Cap(per="contact", most=MOST, within=Duration(14, "d")), Cap(per="contact", unanswered=ROW))
        self.bench = Bench(
            first,
            second,
            settings=Settings(
                name="Maya", email="m@example.org", zone="Europe/Berlin", approval="none", gap=GAP, caps=limits,
                holidays=(MONDAY.date() + timedelta(days=3),), late=Late(), retry=Retry(),
            ),
        )  # fmt: skip
        self.people = [self.bench.contact(f"P{n} Q", zone=ZONES[n]) for n in range(PEOPLE)]
        self.begins = len(self.bench.log)
        assert self.people[1] == FRIEND

    def do(self, *steps: tuple[Any, ...]) -> Bench:
        for step in steps:
            self.bench.now += timedelta(minutes=1)
            self._do(step)
        return self.bench

    def _do(self, step: tuple[Any, ...]) -> None:
        bench = self.bench
        match step:
            case ("want", person, workflow):
                bench.record(RunWanted(workflow=workflow, contact=self.people[person]))
            case ("reply", person, intent):
                bench.record(ReplyReceived(contact=self.people[person], intent=intent, channel="mail"))
            case ("meet", person):
                bench.record(MeetingHeld(contact=self.people[person]))
            case ("approve", newest):
                waiting = [
                    each
                    for each in bench.rows.find(Message)
                    if each.status in ("drafted", "held", "failed") and self._stands_at(each)
                ]
                if waiting:
                    bench.approve(waiting[-1 if newest else 0])
            case ("task", outcome):
                for task in bench.rows.find(Task, status="open")[:1]:
                    bench.record(TaskClosed(task=task.id, run=task.run, outcome=outcome, contact=task.contact))
            case ("pause", scope, person):
                run = next(iter(bench.rows.find(Run, status="live", contact=self.people[person])), None)
                fields: dict[str, Any] = {
                    "run": {"run": run.id if run else "r0"},
                    "contact": {"contact": self.people[person]},
                    "workflow": {"workflow": "w"},
                }.get(scope, {})
                bench.record(OutreachPaused(pause=f"p{len(bench.log) + 1}", **fields))
            case ("away", hours):
                starts, until = (bench.now + timedelta(hours=each) for each in (hours / 2, hours))
                bench.record(OutreachPaused(pause=f"p{len(bench.log) + 1}", starts=starts, until=until))
            case ("resume",):
                for pause in bench.rows.find(Pause):
                    if pause.until is None or pause.until > micros(bench.now):
                        bench.record(OutreachResumed(pause=pause.id))
            case ("look",):
                bench.record(InboxChecked(channel="mail"))
            case ("fail", severity):
                bench.deliver = sent if severity == "never" else failing(severity)
            case ("cancel", person):
                for run in bench.rows.find(Run, status="live", contact=self.people[person])[:1]:
                    bench.record(RunCancelled(run=run.id, contact=run.contact))
            case ("opt out", person):
                bench.record(ContactOptedOut(contact=self.people[person]))
            case ("wait", hours):
                bench.wait(hours=hours)
            case ("sleep", hours):
                bench.sleep(hours=hours)
                bench.catch_up()

    def _stands_at(self, message: Message) -> bool:
        run = self.bench.rows.get(Run, message.run)
        return run is not None and run.status == "live" and run.message == message.id


def failing(severity: Any) -> Any:
    def deliver(message: Message) -> MessageFailed:
        return MessageFailed(message=message.id, run=message.run, contact=message.contact, severity=severity)

    return deliver


@st.composite
def stories(draw: st.DrawFn, *often: str) -> Bench:
    """A search in which things have happened, some of them often."""
    story = Story(draw(workflows()), draw(workflows("v", "")))
    usual = [step for step in USUAL if step[0] in often]
    pick = st.one_of(actions, st.sampled_from(usual), st.sampled_from(usual)) if usual else actions
    steps = draw(st.lists(pick, min_size=12, max_size=30))
    return story.do(("want", 0, "w"), ("want", 1, "w"), *steps)


def rows_of(bench: Bench) -> dict[str, Any]:
    tables = {row for projection in bench.fold.projections for row in projection.tables if not row.grows}
    return {row.table: msgspec.to_builtins(bench.rows.all(row)) for row in tables}


def after(bench: Bench, kinds: tuple[str, ...]) -> list[StoredEvent]:
    return [each for each in bench.log if each.kind in kinds]


def test_the_stories_go_somewhere() -> None:
    """The laws below would hold of nothing: over a fixed set of stories everything happens."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=250,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(stories())
    def tell(bench: Bench) -> None:
        seen.update(each.kind for each in bench.log)
        seen.update(f"held {each.rule}" for each in bench.of("message.held"))
        about = {each.run: each.contact for each in bench.of("run.started")}
        seen.update("to a friend" for each in bench.of("message.sent") if each.contact != about[each.run])
        seen.update(f"ignored {each.reason}" for each in bench.of("trigger.ignored"))
        seen.update(f"exit {each.outcome}" for each in bench.of("run.exited"))

    tell()
    assert {
        *(
            "run.started",
            "step.entered",
            "event.matched",
            "timer.fired",
            "task.closed",
            "vars.set",
            "side.taken",
        ),
        *(
            "wait.settling",
            "child.started",
            "trigger.queued",
            "trigger.dequeued",
            "message.sent",
            "message.failed",
        ),
        *("held gap", "held window", "held cap", "held paused", "held late", "held inbox_stale", "held retry"),
        *("ignored running", "ignored again", "exit done", "exit over", "exit restarted", "exit cancelled"),
        *("exit do_not_contact", "message.skipped", "held exclusive", "to a friend"),
    } <= set(seen)
    assert "run.stuck" not in seen or seen["run.stuck"] < seen["run.started"]


@LAWS
@given(stories("want", "wait"))
def test_rule_1_every_trigger_is_answered_and_no_two_runs_have_one_identity(bench: Bench) -> None:
    answered = {each.payload.trigger for each in after(bench, ("run.started", "trigger.queued"))}
    answered |= {each.cause for each in after(bench, ("trigger.ignored",))}
    assert {each.position for each in after(bench, ("run.wanted",))} <= answered
    unended: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    modes = {
        each.workflow: json.loads(each.definition).get("mode", "single")
        for each in bench.of("workflow.defined")
    }
    for event in after(bench, ("run.started", "run.exited")):
        mine = unended[event.payload.workflow, event.payload.contact]
        if event.kind == "run.exited":
            mine.discard(event.payload.run)
        else:
            mine.add(event.payload.run)
            assert len(mine) == 1 or modes[event.payload.workflow] == "parallel"


@LAWS
@given(stories())
def test_rule_2_state_is_a_fold_live_and_replayed_and_after_a_crash_at_every_event(bench: Bench) -> None:
    assert rows_of(bench.replayed()) == rows_of(bench)
    folded = bench.replayed(0)
    for position, event in enumerate(bench.log, 1):
        folded.fold.apply(folded.rows, event)
        if position in bench.commits[-12:]:
            assert rows_of(bench.replayed(position)) == rows_of(folded)


@LAWS
@given(workflows(), workflows("v", ""), histories, st.data())
def test_rule_2_whoever_goes_on_after_a_crash_decides_as_if_there_had_been_none(
    first: str, second: str, history: list[Any], data: st.DataObject
) -> None:
    crash = data.draw(st.integers(0, len(history)))
    whole, broken = Story(first, second), Story(first, second)
    whole.do(("want", 0, "w"), *history)
    broken.do(("want", 0, "w"), *history[:crash])
    again, deliver = broken.bench.replayed(), broken.bench.deliver
    again.now, again.deliver = broken.bench.now, deliver
    broken.bench = again
    broken.do(*history[crash:])

    assert [each.payload for each in broken.bench.log] == [each.payload for each in whole.bench.log]


@LAWS
@given(stories())
def test_rule_3_decisions_follow_from_the_facts_and_the_time_they_are_handled_at(bench: Bench) -> None:
    assert bench.decided_again() == []


@LAWS
@given(stories(), st.sampled_from(["Pacific/Auckland", "America/Los_Angeles"]))
def test_rule_4_a_timer_keeps_its_instant_whatever_changes(bench: Bench, zone: str) -> None:
    before = {run.id: run.due for run in bench.rows.find(Run, status="live")}
    changed = Settings(zone=zone, approval="none", holidays=(bench.now.date() + timedelta(days=1),), live=False)
    bench.record(SettingsChanged(digest="t", settings=plain_fields(changed)))
    assert {run.id: run.due for run in bench.rows.find(Run, status="live")} == before
    pending: dict[str, datetime] = {}
    for event in after(bench, ("timer.set", "timer.fired")):
        if event.kind == "timer.set":
            pending[event.payload.run] = event.payload.due
        else:
            assert pending.pop(event.payload.run) == event.payload.due
            assert instant(event.recorded_at) >= event.payload.due


@LAWS
@given(st.integers(0, 48), st.integers(0, 72))
def test_rule_5_the_event_wins_over_a_timer_that_is_not_earlier(hours: int, handled_after: int) -> None:
    wait = {"id": "a", "wait": {"for": ["reply.received"], "within": "1d"}}
    steps = [{**wait, "got": [{"exit": "done"}], "timeout": [{"exit": "over"}]}]
    bench = Bench(
        json.dumps(
            {
                "refflow": 1, "workflow": "w", "on": [{"manual": True}], "steps": steps,
                "subject": {"contact": "event.contact"}, "outcomes": {"good": ["done"], "bad": ["over"]},
            }
        )
    )  # fmt: skip
    contact = bench.contact()
    bench.record(RunWanted(workflow="w", contact=contact))
    happened = MONDAY + timedelta(hours=hours)
    bench.sleep(hours=hours + handled_after)
    bench.record(ReplyReceived(contact=contact, intent="agreed", channel="mail"), at=happened)

    assert bench.run("w").outcome == ("done" if hours <= 24 else "over")


@LAWS
@given(stories("look", "sleep", "wait"))
def test_rule_6_nothing_leaves_by_itself_with_an_inbox_nobody_has_looked_into(bench: Bench) -> None:
    looked: int | None = None
    approved: dict[str, int] = {}
    late: dict[str, int] = {}
    for event in bench.log:
        match event.kind:
            case "inbox.checked":
                looked = event.recorded_at
            case "message.approved":
                approved[event.payload.message] = event.recorded_at
            case "timer.fired":
                late[event.payload.run] = event.recorded_at - micros(event.payload.due)
            case "message.send.requested":
                stale = event.recorded_at - 15 * 60 * 1_000_000
                by_hand = approved.get(event.payload.message, 0) >= stale
                assert looked is None or looked >= stale or by_hand


@LAWS
@given(stories("sleep", "want", "wait"))
def test_rule_6_what_is_more_than_three_days_late_leaves_only_when_that_is_wanted(bench: Bench) -> None:
    wanted = {
        each.workflow: json.loads(each.definition)["policy"].get("late", {}).get("do", "ask")
        for each in bench.of("workflow.defined")
    }
    workflow = {each.run: each.workflow for each in bench.of("run.started")}
    fell: dict[str, int] = {}
    approved: dict[str, int] = {}
    for event in bench.log:
        run = getattr(event.payload, "run", None) or ""
        match event.kind:
            case "timer.fired":
                fell[run] = micros(event.payload.due)
            case "event.matched" | "message.sent":
                fell.pop(run, None)
            case "message.approved":
                approved[event.payload.message] = event.recorded_at
            case "message.send.requested" if run in fell and wanted[workflow[run]] != "send":
                due = max(fell[run], approved.get(event.payload.message, 0))
                assert event.recorded_at - due <= 3 * 25 * 3600 * 1_000_000


@LAWS
@given(stories("reply", "meet", "wait"))
def test_rule_7_a_run_takes_up_only_what_is_about_its_contact(bench: Bench) -> None:
    contact = {each.run: each.contact for each in bench.of("run.started")}
    taken: Counter[tuple[str, int]] = Counter()
    for event in after(bench, ("event.matched", "side.taken")):
        fact = bench.log[event.payload.position - 1]
        assert fact.payload.contact == contact[event.payload.run]
        if event.kind == "event.matched":
            taken[event.payload.run, event.payload.position] += 1
    assert all(times == 1 for times in taken.values())


@LAWS
@given(stories("want", "opt out", "approve"))
def test_rule_8_interrupts_stop_what_is_not_sent_and_a_block_is_entered_once(bench: Bench) -> None:
    runs = {each.run: each for each in bench.of("run.started")}
    ended: set[str] = set()
    out: set[str] = set()
    for event in bench.log:
        run = getattr(event.payload, "run", None)
        match event.kind:
            case "contact.opted_out":
                out.add(event.payload.contact)
            case "run.exited":
                ended.add(event.payload.run)
            case "step.entered" | "timer.set" | "message.drafted" | "message.send.requested":
                assert run not in ended
                assert runs[run].contact not in out
                assert event.kind != "message.send.requested" or event.payload.contact not in out
    for run in bench.rows.find(Run, status="live"):
        assert run.contact not in out
    for message in bench.rows.find(Message):
        if message.run in ended:
            assert message.status not in ("drafted", "held", "approved")


@LAWS
@given(stories("approve", "wait", "want"))
def test_rule_9_every_message_passes_the_rules_at_the_moment_it_leaves(bench: Bench) -> None:
    urgent = {each.message for each in bench.of("message.drafted") if each.urgent}
    left: defaultdict[str, list[int]] = defaultdict(list)
    heard: defaultdict[str, int] = defaultdict(int)
    approved: dict[str, int] = {}
    requested: Counter[str] = Counter()
    calendar = Calendar("Europe/Berlin", frozenset({MONDAY.date() + timedelta(days=3)}))
    for event in bench.log:
        payload, at = event.payload, event.recorded_at
        match event.kind:
            case "reply.received":
                heard[payload.contact] = at
            case "message.approved":
                approved[payload.message] = at
            case "message.failed":
                requested[payload.message] -= 1
            case "message.send.requested":
                requested[payload.message] += 1
                assert requested[payload.message] == 1
                mine = left[payload.contact]
                earliest = micros(calendar.subtract(instant(at), Duration(14, "d")))
                assert len([each for each in mine if each > earliest]) < MOST
                assert len([each for each in mine if each > heard[payload.contact]]) < ROW
                if mine and payload.message not in urgent and heard[payload.contact] <= mine[-1]:
                    assert micros(calendar.add(instant(mine[-1]), GAP)) <= at
            case "message.sent":
                left[payload.contact].append(at)


@LAWS
@given(stories("approve", "wait", "want"))
def test_rule_10_messages_leave_when_day_hour_and_holiday_allow_it_where_the_person_is(bench: Bench) -> None:
    zones = {each.contact: each.zone for each in bench.of("contact.changed")}
    holiday = MONDAY.date() + timedelta(days=3)
    for event in after(bench, ("message.send.requested",)):
        local = instant(event.recorded_at).astimezone(
            ZoneInfo(zones.get(event.payload.contact) or "Europe/Berlin")
        )
        assert local.weekday() < 5
        assert local.date() != holiday
        assert (9, 0) <= (local.hour, local.minute) < (17, 30)


@LAWS
@given(stories("approve", "wait"))
def test_rule_11_what_needs_approval_leaves_with_the_text_that_was_approved(bench: Bench) -> None:
    needs: dict[str, bool] = {}
    text: dict[str, str] = {}
    approved: dict[str, str] = {}
    for event in bench.log:
        payload = event.payload
        match event.kind:
            case "message.drafted" | "message.edited":
                needs[payload.message] = getattr(payload, "approval", True)
                text[payload.message] = payload.digest
            case "message.approved":
                approved[payload.message] = payload.digest
            case "message.send.requested" if needs[payload.message]:
                assert approved.get(payload.message) == text[payload.message]


def _root(run: str, parents: Mapping[str, str]) -> str:
    while run in parents:
        run = parents[run]
    return run


@LAWS
@given(stories("want", "wait"))
def test_rule_12_one_exclusive_conversation_with_a_person_and_the_most_urgent_next(bench: Bench) -> None:
    policies = {each.workflow: json.loads(each.definition)["policy"] for each in bench.of("workflow.defined")}
    parents = {each.child: each.run for each in bench.of("child.started")}
    unended: dict[str, str] = {}
    waiting: dict[str, Any] = {}
    for event in bench.log:
        payload = event.payload
        match event.kind:
            case "run.started" if policies[payload.workflow].get("exclusive"):
                unended[payload.run] = payload.contact
            case "run.exited":
                unended.pop(payload.run, None)
            case "trigger.queued":
                waiting[payload.queued] = payload
            case "trigger.dequeued":
                mine = waiting.pop(payload.queued)
                ahead = [
                    each.queued
                    for each in waiting.values()
                    if (each.contact, each.reason, mine.reason) == (mine.contact, "exclusive", "exclusive")
                    and (-each.priority, each.trigger) < (-mine.priority, mine.trigger)
                ]
                assert not ahead
            case "step.entered":
                for contact, times in Counter(unended.values()).items():
                    heads = [
                        run for run, of in unended.items() if of == contact and parents.get(run) not in unended
                    ]
                    # Those that run in parallel, and what one of them started and has left behind.
                    parallel = {bench.rows.get(Run, _root(run, parents)).workflow for run in heads}  # type: ignore[union-attr]
                    assert times == 1 or len(heads) == 1 or len(parallel) == 1


def writing_to_the_friend(name: str) -> str:
    """An exclusive workflow about one person that writes to the friend as well."""
    steps = [
        {"id": "rest", "wait": "1d"},
        {"id": "on", "send": {"template": "hi", "to": "vars.friend"}},
        {"id": "more", "wait": {"for": ["meeting.held"], "within": "1w"}, "got": [], "timeout": []},
        {"id": "hi", "send": {"template": "hi"}},
        {"exit": "done"},
    ]
    return json.dumps(
        {
            "refflow": 1, "workflow": name, "on": [{"manual": True}], "subject": {"contact": "event.contact"},
            "policy": {"exclusive": "contact"}, "again": "always", "steps": steps, "outcomes": {"good": ["done"]},
            "vars": {"friend": {"type": "text", "default": FRIEND}},
        }
    )  # fmt: skip


@LAWS
@given(histories)
def test_rule_12_an_exclusive_run_writes_into_no_other_conversation(history: list[Any]) -> None:
    story = Story(writing_to_the_friend("w"), writing_to_the_friend("v"))
    bench = story.do(("want", 0, "w"), ("want", 1, "v"), *history)
    policies = {each.workflow: json.loads(each.definition)["policy"] for each in bench.of("workflow.defined")}
    parents: dict[str, str] = {}
    runs = {each.run: each for each in bench.of("run.started")}
    unended: set[str] = set()

    def family(run: str) -> list[str]:
        return [run, *family(parents[run])] if run in parents else [run]

    def exclusive(run: str) -> bool:
        return any(policies[runs[each].workflow].get("exclusive") for each in family(run))

    for event in bench.log:
        payload = event.payload
        match event.kind:
            case "run.started":
                unended.add(payload.run)
            case "child.started":
                parents[payload.child] = payload.run
            case "run.exited":
                unended.discard(payload.run)
            case "message.send.requested" if payload.contact != runs[payload.run].contact and exclusive(
                payload.run
            ):
                others = [each for each in unended if runs[each].contact == payload.contact and exclusive(each)]
                assert all(each in family(payload.run) or payload.run in family(each) for each in others)


@LAWS
@given(stories("fail", "wait", "approve"))
def test_rule_13_no_failure_loses_a_message_or_is_tried_without_end(bench: Bench) -> None:
    attempts: Counter[str] = Counter()
    for event in after(bench, ("message.send.requested", "message.approved")):
        attempts[event.payload.message] += 1 if event.kind == "message.send.requested" else -3
    assert all(times <= 3 for times in attempts.values())
    for message in bench.rows.find(Message):
        assert message.status != "requested"
        run = bench.rows.get(Run, message.run)
        assert run is not None
        if run.status == "live" and run.message == message.id:
            # Something will happen to it: a person, a timer, or what the rule waits for.
            assert message.status in ("drafted", "held", "prepared", "failed") or run.due is not None
    for run in bench.rows.find(Run, status="live"):
        assert run.due is not None or run.message is not None or run.child is not None


@LAWS
@given(stories("pause", "approve", "wait", "resume"))
def test_rule_14_nothing_leaves_and_no_timer_fires_during_a_pause(bench: Bench) -> None:
    folded = bench.replayed(0)
    for event in bench.log:
        if event.kind in ("timer.fired", "message.send.requested"):
            run = folded.rows.get(Run, event.payload.run)
            assert run is not None
            to = None if event.kind == "timer.fired" else event.payload.contact
            assert pause_at(folded.rows, run, event.recorded_at, to) is None
        folded.fold.apply(folded.rows, event)


@LAWS
@given(stories("approve", "wait", "look"))
def test_no_run_sends_more_than_was_proved_of_its_workflow(bench: Bench) -> None:
    given_settings = Settings(approval="none", gap=GAP)
    bounds = {}
    for each in bench.of("workflow.defined"):
        definition = bench.library.definition(bench.rows, each.hash).definition
        promise = promise_of(definition, given_settings)
        assume(promise is not None)
        assert promise is not None
        bounds[each.workflow] = promise.messages.amount
    for run in bench.rows.find(Run):
        sent_by_it = [each for each in bench.rows.find(Message, run=run.id) if each.sent_at is not None]
        assert len(sent_by_it) <= bounds[run.workflow]


@pytest.mark.parametrize("approval", ["every", "first", "none"])
def test_approval_is_asked_as_often_as_the_policy_says(approval: str) -> None:
    workflow = {
        "refflow": 1, "workflow": "w", "on": [{"manual": True}], "subject": {"contact": "event.contact"},
        "policy": {"approval": approval, "gap": "1d"}, "outcomes": {"good": ["done"]},
        "steps": [
            *(step for n in range(3) for step in (
                {"id": f"s{n}", "send": {"template": "hi"}}, {"id": f"w{n}", "wait": "1w"}
            )),
            {"exit": "done"},
        ],
    }  # fmt: skip
    settings_file = Settings(name="M", email="m@example.org", approval="none", caps=())
    bench = Bench(json.dumps(workflow), settings=settings_file)
    bench.record(RunWanted(workflow="w", contact=bench.contact()))
    approvals = 0
    for _ in range(60):
        if bench.rows.find(Message, status="drafted"):
            bench.approve(bench.message())
            approvals += 1
        bench.wait(days=1)

    assert len(bench.sends()) == 3
    assert approvals == {"every": 3, "first": 1, "none": 0}[approval]
