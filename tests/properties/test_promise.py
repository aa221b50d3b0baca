"""A promise holds: no order of events makes a run of any workflow exceed it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api, resources
from refflow.errors import Held, UsageError
from refflow.events.event import instant
from refflow.views.contacts import Contact
from refflow.views.messages import OPEN, Message
from refflow.views.rows import Rows
from refflow.views.runs.definitions import Workflow
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.workflows.proofs.lengths import CLOCK_CHANGE
from refflow.workflows.proofs.promise import Promise, promise_of

FAST_FOLDER = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

durations = st.sampled_from(["0bd", "30m", "5h", "1d", "6d", "1w", "1bd", "3bd", "8bd", "params.pause"])
events = st.sampled_from([["reply.received"], ["meeting.held"], ["reply.received", "meeting.held"]])
ends = st.sampled_from([{"exit": "over"}, {"exit": "done"}])


FRIEND = "the id of the friend"

OTHER = json.dumps(
    {
        "refflow": 1,
        "workflow": "other",
        "on": [{"manual": True}],
        "subject": {"contact": "event.contact"},
        "again": "always",
        "steps": [{"exit": "done"}],
        "outcomes": {"good": ["done"]},
    }
)
"""What the workflows below start: it takes no time."""


@st.composite
def workflows(draw: st.DrawFn) -> str:
    """A workflow with every construct that sends, waits, repeats or jumps."""
    count = iter(range(1000))
    sends: list[str] = []

    def named(**step: Any) -> dict[str, Any]:
        return {"id": f"s{next(count)}", **step}

    def branch(go: list[str], depth: int, *, leaves: bool = True) -> list[dict[str, Any]]:
        """What one answer leads to. Each step has a branch that comes out behind it."""
        body = steps(go, depth) if depth > 0 and draw(st.booleans()) else []
        leaving = [*({"go": block} for block in go), {"exit": "done"}]
        return [*body, draw(st.sampled_from(leaving))] if leaves and draw(st.integers(0, 3)) == 0 else body

    def step(go: list[str], depth: int) -> dict[str, Any]:
        kind = draw(
            st.sampled_from(["send", "send", "silence", "until", "for", "task", "choose", "repeat", "start"])
        )
        match kind:
            case "send":
                made = named(send={"template": "hi", "urgent": draw(st.booleans())})
                sends.append(made["id"])
                if draw(st.integers(0, 3)) == 0:
                    made["send"]["to"] = draw(st.sampled_from(["vars.friend", "vars.friend", "contact"]))
                if draw(st.integers(0, 5)) == 0:
                    made["send"]["window"] = {"days": "mon-thu", "holidays": "contact"}
                if draw(st.integers(0, 3)) == 0:
                    made["if"] = 'contact.warmth == "warm"'
                if draw(st.integers(0, 5)) == 0:
                    made["failed"] = []
                return made
            case "start":
                waits = draw(st.booleans())
                start = {"workflow": "other", "subject": {"contact": "contact"}, "wait": waits}
                if not waits:
                    return named(start=start)
                return named(start=start, got={"done": branch(go, depth), "else": []}, refused=[])
            case "silence":
                return named(wait=draw(durations))
            case "until":
                return named(wait={"until": draw(st.sampled_from(["now + 3bd", "now - 1d", "now + 30h"]))})
            case "for":
                awaited = draw(events)
                got: Any = (
                    {event: branch(go, depth) for event in awaited}
                    if draw(st.booleans())
                    else branch(go, depth)
                )
                waited: dict[str, Any] = {"for": awaited, "within": draw(durations)}
                if draw(st.integers(0, 2)) == 0:
                    waited["settle"] = draw(durations)
                if len(sends) > 0 and draw(st.booleans()):
                    waited["since"] = draw(st.sampled_from(sends))
                return named(wait=waited, got=got, timeout=branch(go, depth, leaves=False))
            case "task":
                closed = {
                    name: branch(go, depth, leaves=name == "done") for name in ("done", "skipped", "expired")
                }
                return named(task={"title": "T", "within": draw(durations)}, **closed)
            case "choose" if depth > 0:
                cases = [{"if": 'contact.warmth == "warm"', "do": branch(go, depth - 1)}]
                return named(choose=cases, **{"else": branch(go, depth - 1, leaves=False)})
            case "repeat" if depth > 0:
                rounds = draw(st.sampled_from([1, 2, 3, "params.rounds"]))
                body = steps(go, depth - 1)
                made = named(repeat={"max": rounds, "do": body})
                if draw(st.booleans()):
                    made["repeat"]["until"] = 'contact.warmth == "close"'
                return made
        return named(wait=draw(durations))

    def steps(go: list[str], depth: int) -> list[dict[str, Any]]:
        return [step(go, depth - 1) for _ in range(draw(st.integers(1, 3)))]

    interrupts: list[dict[str, Any]] = [
        {"event": "interaction.logged", "do": [{"emit": {"event": "contact.warmed"}}]},
        {"event": "meeting.held", "go": "second"},
    ]
    last = draw(ends)
    match draw(st.sampled_from(["always", "sometimes", "never"])):
        case "always":
            interrupts.append({"event": "reply.received", "go": "first"})
        case "sometimes":
            interrupts.append({"event": "reply.received", "if": 'event.intent != "later"', "go": "first"})
        case _:
            last = {"go": "first"}
    return json.dumps(
        {
            "refflow": 1,
            "workflow": "w",
            "on": [{"manual": True}],
            "subject": {"contact": "event.contact"},
            "params": {
                "pause": {"type": "duration", "default": draw(st.sampled_from(["2bd", "3d"]))},
                "rounds": {"type": "number", "default": draw(st.sampled_from([0, 1, 2.5]))},
            },
            "vars": {"friend": {"type": "text", "default": FRIEND}},
            "policy": {
                "approval": "none",
                "timezone": draw(st.sampled_from(["contact", "workspace"])),
                "gap": draw(st.sampled_from(["1h", "4d", "2bd"])),
            },
            "anytime": interrupts,
            "steps": [*steps(["first"], 3), last],
            "blocks": {"first": [*steps(["second"], 2), draw(ends)], "second": [*steps([], 2), draw(ends)]},
            "outcomes": {"good": ["done"], "bad": ["over"]},
        }
    )  # fmt: skip


@st.composite
def settings_files(draw: st.DrawFn) -> dict[str, Any]:
    """Settings under which a message waits for nobody: no caps, no approval."""
    holidays = draw(st.sets(st.dates(date(2026, 3, 1), date(2026, 5, 1)), max_size=4))
    theirs = draw(st.sets(st.dates(date(2026, 3, 1), date(2026, 5, 1)), max_size=4))
    window = draw(
        st.sampled_from(
            [
                {"days": "mon-fri", "hours": "09:00-17:30"},
                {"days": "mon-sun", "hours": "00:00-24:00"},
                {"days": ["tue", "thu"], "hours": "10:00-12:00"},
            ]
        )
    )
    return {
        "zone": draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])),
        "holidays": [str(day) for day in sorted(holidays)],
        "calendars": {"Asia/Tokyo": [str(day) for day in sorted(theirs)]},
        "window": window,
        "gap": draw(st.sampled_from(["1h", "2d", "3bd"])),
        "caps": [],
        "approval": "none",
    }


actions = st.one_of(
    st.tuples(st.just("reply"), st.sampled_from(["agreed", "later", "unclear"])),
    st.tuples(st.just("friend"), st.sampled_from(["agreed", "unclear"])),
    st.tuples(st.just("meet")),
    st.tuples(st.just("call")),
    st.tuples(st.just("task"), st.sampled_from(["done", "skipped"])),
    st.tuples(st.just("skip")),
    st.tuples(st.just("pass"), st.integers(1, 300)),
    st.tuples(st.just("due"), st.integers(1, 3)),
    st.tuples(st.just("hurry")),
    st.tuples(st.just("hurry")),
)


class Search:
    """A search with a person, a friend of theirs and one run. When `prompt`, no message waits for its owner."""

    def __init__(
        self,
        folder: Path,
        workflow: str,
        given: dict[str, Any],
        start: datetime,
        zone: str | None,
        prompt: bool,
    ) -> None:
        for name, text in (
            ("workflows/other.yaml", OTHER),
            ("templates/hi.txt", "Hi"),
            ("refflow.yaml", json.dumps(given)),
        ):
            (folder / name).parent.mkdir(exist_ok=True, parents=True)
            (folder / name).write_text(text)
        self.now, self.prompt = start, prompt
        self.workspace = api.init(folder, start, zone=given["zone"])
        self.person = api.add_person(self.workspace, api.PersonDetails(name="Ana Lima", zone=zone), start)
        self.friend = api.add_person(self.workspace, api.PersonDetails(name="Bo Berg"), start)
        (folder / "workflows/w.yaml").write_text(workflow.replace(FRIEND, self.friend))
        api.synchronise(self.workspace, start)
        self.run = api.start(self.workspace, "w", self.contact(), None, start).runs[0].id
        if prompt:
            self.hurry()

    def contact(self) -> Contact:
        found = self.workspace.views.get(Contact, self.person)
        assert found is not None
        return found

    def state(self) -> Run:
        found = self.workspace.views.get(Run, self.run)
        assert found is not None
        return found

    def promise(self) -> Promise:
        row = self.workspace.views.get(Workflow, "w")
        assert row is not None
        definition = self.workspace.library.definition(Rows(self.workspace.views), row.hash).definition
        found = promise_of(definition, self.workspace.settings)
        assert found is not None
        return found

    def do(self, action: tuple[Any, ...]) -> None:
        with suppress(Held, UsageError):
            self._do(action)
        if self.prompt:
            self.hurry()

    def _do(self, action: tuple[Any, ...]) -> None:
        match action:
            case ("reply", intent):
                api.reply(self.workspace, self.contact(), intent, self.now)
            case ("friend", intent):
                friend = api.find_contact(self.workspace, self.friend)
                api.reply(self.workspace, friend, intent, self.now)
            case ("meet",):
                api.log_contact(self.workspace, self.contact(), "met", "", self.now)
            case ("call",):
                api.log_contact(self.workspace, self.contact(), "phone", "", self.now, direction="in")
            case ("task", outcome):
                for task in self.workspace.views.find(Task, status="open"):
                    api.close_task(self.workspace, task, outcome, None, self.now)
            case ("skip",):
                for message in self.open_messages():
                    api.skip_message(self.workspace, message, None, self.now)
            case ("hurry",):
                self.hurry()
            case ("pass", hours):
                self.pass_time(self.now + timedelta(hours=hours))
            case ("due", times):
                for _ in range(times):
                    if (due := self.state().due) is not None:
                        self.pass_time(instant(due))

    def pass_time(self, until: datetime) -> None:
        """Let the clock go on, with every timer fired when it is due."""
        while (due := self.state().due) is not None and instant(due) <= until:
            self.now = max(self.now, instant(due))
            self.workspace.catch_up(self.now)
            if self.prompt:
                self.hurry()
        self.now = max(self.now, until)

    def open_messages(self) -> list[Message]:
        return [each for each in self.workspace.views.find(Message, run=self.run) if each.status in OPEN]

    def hurry(self) -> None:
        """Approve what waits for a person and send what was handed over, until nothing is left of it."""
        for _ in range(200):
            before = self.workspace.log.head()
            for message in self.open_messages():
                with suppress(Held, UsageError):
                    if message.status in ("prepared", "requested"):
                        api.confirm_sent(self.workspace, message, self.now)
                    elif message.rule not in ("gap", "window"):
                        api.approve(self.workspace, message, self.now)
            if self.workspace.log.head() == before:
                return

    def counted(self) -> tuple[int, int]:
        """The messages handed over to one person, and those in a row without an answer of theirs: the most."""
        found = [self._counted(person) for person in (self.person, self.friend)]
        return max(messages for messages, _ in found), max(row for _, row in found)

    def _counted(self, person: str) -> tuple[int, int]:
        sent: set[str] = set()
        row = longest = 0
        for event in api.events(self.workspace):
            if getattr(event.payload, "contact", None) != person:
                continue
            if event.kind == "message.send.requested" and event.payload.message not in sent:
                sent.add(event.payload.message)
                row += 1
                longest = max(longest, row)
            elif event.kind == "reply.received":
                row = 0
        return len(sent), longest

    def lasted(self) -> float:
        """The days of the run so far, on the wall clock of the workspace."""
        run, calendar = self.state(), self.workspace.settings.calendar
        ended = self.now if run.ended_at is None else instant(run.ended_at)
        wall = calendar.local(ended).replace(tzinfo=None)
        return (wall - calendar.local(instant(run.started_at)).replace(tzinfo=None)) / timedelta(days=1)


@contextmanager
def searching(*given: Any) -> Iterator[Search]:
    with tempfile.TemporaryDirectory(dir=FAST_FOLDER) as folder:
        empty = Path(folder) / "standard"
        with mock.patch.object(resources, "workflows", return_value=empty):
            search = Search(Path(folder) / "w", *given)
            with search.workspace:
                yield search


LAWS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
zones = st.sampled_from([None, "Asia/Tokyo", "America/New_York"])
starts = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 30)).map(lambda at: at.replace(tzinfo=UTC))


@LAWS
@given(workflows(), settings_files(), starts, zones, st.lists(actions, max_size=25), st.booleans())
def test_no_run_hands_over_more_messages_than_promised(
    workflow: str,
    given: dict[str, Any],
    start: datetime,
    zone: str | None,
    steps: list[tuple[Any, ...]],
    prompt: bool,
) -> None:
    with searching(workflow, given, start, zone, prompt) as search:
        for step in steps:
            search.do(step)
        if prompt:
            search.pass_time(search.now + timedelta(days=2000))

        promise = search.promise()
        messages, row = search.counted()
        assert messages <= promise.messages.amount
        assert row <= promise.unanswered.amount


@LAWS
@given(workflows(), settings_files(), starts, zones, st.lists(actions, max_size=25))
def test_no_run_lasts_longer_than_promised_when_nobody_is_waited_for(
    workflow: str, given: dict[str, Any], start: datetime, zone: str | None, steps: list[tuple[Any, ...]]
) -> None:
    with searching(workflow, given, start, zone, True) as search:
        for step in steps:
            search.do(step)
        search.pass_time(search.now + timedelta(days=2000))

        assert search.state().status == "exited"
        assert search.lasted() <= search.promise().days.amount + 2 * CLOCK_CHANGE


def test_a_row_goes_on_past_an_answer_that_came_before_the_message_left() -> None:
    """Why a wait ends no row: it may take up what was written before the last message."""
    workflow = json.dumps(
        {
            "refflow": 1,
            "workflow": "w",
            "on": [{"manual": True}],
            "subject": {"contact": "event.contact"},
            "steps": [
                {"id": "ask", "send": {"template": "hi"}},
                {
                    "id": "answer",
                    "wait": {"for": ["reply.received"], "within": "5d"},
                    "got": [{"id": "more", "send": {"template": "hi", "urgent": True}}],
                    "timeout": [],
                },
                {"exit": "done"},
            ],
            "outcomes": {"good": ["done"]},
        }
    )
    given = {"zone": "UTC", "caps": [], "approval": "none"}
    sunday = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with searching(workflow, given, sunday, None, False) as search:
        for step in (("reply", "unclear"), ("pass", 24), ("hurry",), ("hurry",)):
            search.do(step)

        assert search.state().status == "exited"
        assert search.counted() == (2, 2)
        assert search.promise().unanswered.amount == 2
