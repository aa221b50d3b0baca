"""What users of other engines were hurt by: none of it may happen here. The numbers are those of the table in
the description of the language.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refflow import api
from refflow.events import kinds_with
from refflow.events.event import instant, micros
from refflow.events.openings import OpeningClosed, ReferralGiven, ReplyReceived
from refflow.events.people import ContactOptedOut, MeetingHeld
from refflow.events.runs import InboxChecked, RunWanted
from refflow.testing.bench import MONDAY, Bench
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.runs.definitions import Workflow
from refflow.views.runs.run import Run
from refflow.workflows.durations import Duration
from refflow.workflows.language.calendar import Calendar
from refflow.workflows.language.definition import Window
from refflow.workflows.language.loader import load_workflow
from refflow.workflows.language.settings import Settings
from refflow.workflows.language.templates import TemplateTexts


def workflow(*steps: dict[str, Any], name: str = "w", **fields: Any) -> str:
    """A workflow that is started by hand and about a contact, with these steps before `exit: done`."""
    return json.dumps(
        {
            "refflow": 1,
            "workflow": name,
            "on": [{"manual": True}],
            "subject": {"contact": "event.contact"},
            "again": "always",
            "steps": [*steps, {"exit": "done"}],
            "outcomes": {"good": ["done"], "bad": ["over"]},
            **fields,
        }
    )


WAIT: dict[str, Any] = {"id": "silence", "wait": "5d"}
SEND: dict[str, Any] = {"id": "hello", "send": {"template": "hi"}}
FREE = Settings(name="Maya", email="maya@example.org", approval="none", caps=())
OVER = [{"event": "reply.received", "exit": "over"}]


def live(*workflows: str, settings: Settings = FREE) -> Bench:
    """A bench with a live run of the first of these workflows."""
    bench = Bench(*workflows, settings=settings)
    bench.record(RunWanted(workflow="w", contact=bench.contact()))
    return bench


def reply(bench: Bench, intent: Any = "agreed") -> ReplyReceived:
    return ReplyReceived(contact=bench.run("w").contact or "", intent=intent, channel="mail")


def problems(text: str) -> list[str]:
    loaded = load_workflow(text, "w.yaml", TemplateTexts({"hi": "Hi"}), kinds_with(), ("mail",))
    return [f"{each.line}:{each.column} {each.code}" for each in loaded.problems if each.severity == "error"]


# -- 1, 17: a restart drops every wait


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    with api.init(folder, MONDAY, name="Maya Okafor", email="maya@example.org") as made:
        write(folder, "w", workflow(WAIT))
        api.synchronise(made, MONDAY)
        api.add_person(made, api.PersonDetails(name="Ana Lima", company="Acme", relation="friend"), MONDAY)
    return folder


def write(folder: Path, name: str, text: str) -> None:
    (folder / "workflows" / f"{name}.yaml").write_text(text, encoding="utf-8")


def opened(folder: Path) -> api.Workspace:
    return api.open_workspace(folder)


def begin(workspace: api.Workspace, name: str = "w", now: datetime = MONDAY) -> Run:
    (ana,) = workspace.views.find(Contact)
    return api.start(workspace, name, ana, None, now).runs[0]


def test_01_a_wait_outlives_the_process_and_what_fell_due_meanwhile_is_made_up_for(workspace: Path) -> None:
    with opened(workspace) as first:
        run = begin(first)
    with opened(workspace) as second:
        found = second.views.get(Run, run.id)
        assert found is not None
        assert found.due == micros(MONDAY + timedelta(days=5))
    with opened(workspace) as third:
        third.catch_up(MONDAY + timedelta(days=9))
        ended = third.views.get(Run, run.id)
        assert ended is not None
        assert ended.outcome == "done"


def test_17_a_rebuild_of_the_state_keeps_the_instant_of_every_wait() -> None:
    bench = live(workflow(WAIT))
    again = bench.replayed()
    again.until(MONDAY + timedelta(days=5))

    assert again.run("w").ended_at == micros(MONDAY + timedelta(days=5))


# -- 2, 3, 4, 5: a change kills, strands or mixes what is running


def test_02_a_change_of_one_workflow_leaves_the_runs_of_all_alone() -> None:
    other = workflow(WAIT, name="v")
    bench = live(workflow(WAIT), other)
    bench.record(RunWanted(workflow="v", contact=bench.contact("Bo Berg")))
    bench.define(workflow({"id": "silence", "wait": "30d"}))
    bench.wait(days=5)

    assert {run.workflow: run.outcome for run in bench.rows.find(Run)} == {"w": "done", "v": "done"}


def test_03_a_run_finishes_on_the_steps_it_began_with_although_they_are_gone() -> None:
    bench = live(workflow(WAIT, SEND))
    bench.define(workflow({"id": "other", "wait": "1d"}))
    bench.wait(days=8)

    assert [step for step, _ in bench.sends()] == ["hello"]
    assert bench.run("w").outcome == "done"
    assert bench.decided_again() == []


def test_04_after_a_change_all_of_many_parked_runs_come_back(workspace: Path) -> None:
    with opened(workspace) as first:
        write(workspace, "w", workflow(WAIT, mode="parallel"))
        api.synchronise(first, MONDAY)
        runs = [begin(first) for _ in range(20)]
    write(workspace, "w", workflow({"id": "silence", "wait": "6d"}, mode="parallel"))
    with opened(workspace) as second:
        api.synchronise(second, MONDAY)
        second.catch_up(MONDAY + timedelta(days=5))
        outcomes = [getattr(second.views.get(Run, run.id), "outcome", None) for run in runs]

        assert outcomes == ["done"] * 20


def test_05_from_one_event_on_every_new_run_follows_the_new_version_and_says_so() -> None:
    bench = live(workflow(WAIT, mode="parallel"))
    contact = bench.run("w").contact
    old = bench.run("w").hash
    new = bench.define(workflow(SEND, WAIT, mode="parallel"))
    for _ in range(3):
        bench.record(RunWanted(workflow="w", contact=contact))

    by_start = sorted(bench.rows.find(Run), key=lambda run: int(run.id[1:]))
    assert [run.hash for run in by_start] == [old, new, new, new]
    assert bench.rows.get(Workflow, "w").hash == new  # type: ignore[union-attr]


def test_05_a_file_with_a_mistake_changes_nothing(workspace: Path) -> None:
    write(workspace, "w", workflow({"id": "silence", "wiat": "5d"}))
    with opened(workspace) as second:
        before = second.views.get(Workflow, "w")
        api.synchronise(second, MONDAY)

        assert second.views.get(Workflow, "w") == before
        assert begin(second).workflow == "w"


# -- 6: the answer came between the action and the wait


def test_06_an_answer_before_the_wait_begins_counts() -> None:
    await_reply: dict[str, Any] = {"id": "answer", "wait": {"for": ["reply.received"], "within": "10d"}}
    bench = live(workflow(SEND, WAIT, {**await_reply, "got": [{"exit": "over"}], "timeout": []}))
    bench.wait(days=1)
    bench.record(reply(bench))
    bench.wait(days=4)

    assert bench.run("w").outcome == "over"
    assert bench.replayed().run("w").outcome == "over"


# -- 7: a follow-up although the person acted


def test_07_after_downtime_the_inbox_is_looked_at_before_the_follow_up_leaves() -> None:
    bench = live(workflow(WAIT, SEND, anytime=OVER))
    bench.record(InboxChecked(channel="mail"))
    bench.sleep(days=6)
    bench.catch_up()
    assert bench.sends() == []
    bench.record(reply(bench), at=MONDAY + timedelta(days=2))
    bench.record(InboxChecked(channel="mail"))
    bench.wait(days=30)

    assert bench.sends() == []
    assert bench.run("w").outcome == "over"


# -- 8: do-not-contact does not stop what is scheduled


@pytest.mark.parametrize("parked", [WAIT, SEND, {"id": "t", "task": {"title": "T", "within": "5d"}, "done": [],
                                                 "skipped": [], "expired": []}])  # fmt: skip
def test_08_an_opt_out_stops_whatever_is_scheduled(parked: dict[str, Any]) -> None:
    every = Settings(name="Maya", email="maya@example.org", approval="every")
    bench = live(workflow(parked, {**SEND, "id": "second"}), settings=every)
    bench.record(ContactOptedOut(contact=bench.run("w").contact or ""))
    for _ in range(30):
        bench.wait(days=1)

    assert bench.sends() == []
    assert bench.run("w").outcome == "do_not_contact"
    assert {each.status for each in bench.rows.find(Message)} <= {"skipped"}


# -- 9: re-entry


@pytest.mark.parametrize("again", ["never", "always", {"after": "10d"}])
@pytest.mark.parametrize("mode", ["single", "restart", "queue", "parallel"])
def test_09_every_trigger_starts_at_the_beginning_waits_or_is_refused_with_a_reason(
    mode: str, again: Any
) -> None:
    bench = live(workflow(WAIT, mode=mode, again=again))
    contact = bench.run("w").contact
    for days in (1, 6, 3, 20):
        bench.wait(days=days)
        bench.record(RunWanted(workflow="w", contact=contact))

    answered = {each.trigger for each in bench.of("run.started", "trigger.queued")}
    answered |= {each.cause for each in bench.log if each.kind == "trigger.ignored"}
    assert {each.position for each in bench.log if each.kind == "run.wanted"} == answered
    for started in bench.of("run.started"):
        entered = [each for each in bench.of("step.entered") if each.run == started.run]
        assert entered[0].at == 0
    if mode != "parallel":
        assert len([run for run in bench.rows.find(Run) if run.status != "exited"]) <= 1


# -- 10: editing or deleting steps re-runs or loses people


def test_10_deleting_steps_neither_repeats_nor_loses_anybody() -> None:
    bench = live(workflow(SEND, WAIT, {**SEND, "id": "second"}))
    bench.define(workflow({**SEND, "id": "second"}))
    bench.define(workflow(WAIT))
    bench.wait(days=9)

    assert [step for step, _ in bench.sends()] == ["hello", "second"]


# -- 11: the wrong hour


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Auckland", "UTC", "Asia/Kathmandu"]),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 22),
    st.sets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=5),
)
def test_11_day_hour_and_holiday_hold_together_at_the_first_instant_that_has_them_all(
    start: datetime, zone: str, days: set[int], opens: int, holidays: set[date]
) -> None:
    window = Window(days=tuple(sorted(days)), opens=opens * 60, closes=opens * 60 + 90)
    moment = start.replace(tzinfo=ZoneInfo("UTC"))
    calendar = Calendar(zone, frozenset(holidays))
    found = calendar.open_at(moment, window)
    local = found.astimezone(ZoneInfo(zone))

    assert local.weekday() in days
    assert local.date() not in holidays
    assert opens * 60 <= local.hour * 60 + local.minute < opens * 60 + 90
    step = (found - moment) / 50
    assert not any(calendar.is_open(moment + n * step, window) for n in range(50) if found > moment)


# -- 12, 13: conditions that are silently always true; errors without place


@pytest.mark.parametrize(
    "condition",
    ["contact.name", '{{ contact.warmth }} == "warm"', 'contact.warmth = "warm"', '"warm"', "contact.messages",
     'contact.warmth == "hot"', "contact.days_quiet > 3", "contact.warmht == \"warm\"", "1"],
)  # fmt: skip
def test_12_what_is_no_condition_is_refused_at_its_place(condition: str) -> None:
    text = (
        "refflow: 1\nworkflow: w\non: [{manual: true}]\nsubject: {contact: event.contact}\nsteps:\n"
        f"  - id: a\n    if: '{condition}'\n    wait: 1d\n  - exit: done\noutcomes: {{good: [done]}}\n"
    )
    found = problems(text)

    assert found
    assert all(each.startswith("7:") for each in found)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("wait: 1d", "wiat: 1d"), "7:5 E004"),
        (("wait: 1d", "wait: 1 day"), "7:11 E130"),
        (("exit: done", "exit: dnoe"), "8:11 E230"),
        (("manual: true", "manual: maybe"), "3:15 E011"),
    ],
)
def test_13_a_mistake_is_told_with_line_and_column(change: tuple[str, str], place: str) -> None:
    text = (
        "refflow: 1\nworkflow: w\non: [{manual: true}]\nsubject: {contact: event.contact}\nsteps:\n"
        "  - id: a\n    wait: 1d\n  - exit: done\noutcomes: {good: [done]}\n"
    )
    assert problems(text.replace(*change))[0] == place


# -- 15: testing is doing it for real


def test_15_while_it_is_not_live_everything_happens_but_nothing_leaves() -> None:
    settings = Settings(name="Maya", email="maya@example.org", approval="none", live=False)
    bench = live(workflow(WAIT, SEND), settings=settings)
    bench.wait(days=30)

    assert [each.rule for each in bench.rows.find(Message)] == ["not_live"]
    assert bench.of("message.send.requested") == []


# -- 16: a timeout is no branch; events reach the wrong run


def test_16_timeouts_are_branches_and_events_reach_the_run_they_are_about() -> None:
    await_meeting: dict[str, Any] = {"id": "m", "wait": {"for": ["meeting.held"], "within": "5d"}}
    bench = live(workflow({**await_meeting, "got": [], "timeout": [{"exit": "over"}]}))
    bo = bench.contact("Bo Berg")
    bench.record(RunWanted(workflow="w", contact=bo))
    bench.record(MeetingHeld(contact=bo))
    bench.wait(days=6)

    outcomes = {run.contact == bo: run.outcome for run in bench.rows.find(Run)}
    assert outcomes == {True: "done", False: "over"}
    missing = workflow({**await_meeting, "got": []})
    assert [each.split()[1] for each in problems(missing)] == ["E211"]


def test_16_an_event_about_another_opening_is_not_matched() -> None:
    text = workflow(
        WAIT,
        subject={"contact": "event.contact", "opening": "event.opening"},
        anytime=[{"event": "referral.given", "exit": "over"}, {"event": "opening.closed", "exit": "over"}],
    )
    bench = Bench(text, settings=FREE)
    contact, mine, other = bench.contact(), bench.opening(), bench.opening("Designer")
    bench.record(RunWanted(workflow="w", contact=contact, opening=mine))
    bench.record(ReferralGiven(contact=contact, opening=other))
    bench.record(OpeningClosed(opening=other))
    assert bench.run("w").status == "live"
    bench.record(ReferralGiven(contact=contact, opening=mine))

    assert bench.run("w").outcome == "over"


# -- 18: users of a blueprint cannot update: see test_language_from.py


def test_the_clocks_of_a_run_are_those_of_its_events() -> None:
    bench = live(workflow(WAIT))
    (due,) = [each.due for each in bench.of("timer.set")]
    assert due == Calendar("UTC").add(instant(bench.log[-1].recorded_at), Duration(5, "d"))
