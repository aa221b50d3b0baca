"""Laws of the engine over random searches: whatever people do in whatever order, these hold."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.errors import Held, NotFound, UsageError
from refflow.events.event import StoredEvent, instant
from refflow.views.contacts import Contact
from refflow.views.messages import OPEN, Message
from refflow.views.openings import Opening
from refflow.views.pipeline import TAKEN, Ask
from refflow.views.runs import Run, Task

START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PEOPLE = ("Ana Lima", "Bo Berg", "Chi Cho")

who = st.integers(0, len(PEOPLE) - 1)
actions = st.one_of(
    st.tuples(st.just("ask"), who, st.integers(0, 1)),
    st.tuples(st.just("send"), who),
    st.tuples(st.just("start"), st.sampled_from(["referral-ask", "reconnect"]), who, st.integers(0, 1)),
    st.tuples(st.just("approve"), who),
    st.tuples(st.just("sent"), who),
    st.tuples(st.just("skip"), who),
    st.tuples(st.just("edit"), who),
    st.tuples(st.just("reply"), who, st.sampled_from(["agreed", "declined", "later", "refer_on", "unclear"])),
    st.tuples(st.just("referred"), who, st.integers(0, 1)),
    st.tuples(
        st.just("news"), st.integers(0, 1),
        st.sampled_from(["applied", "interview", "offer", "rejected", "withdrawn"]),
    ),
    st.tuples(st.just("task"), st.sampled_from(["done", "skipped"])),
    st.tuples(st.just("line"), who, st.integers(0, 1)),
    st.tuples(st.just("log"), who, st.sampled_from(["in", "out"])),
    st.tuples(st.just("met"), who),
    st.tuples(st.just("block"), who),
    st.tuples(st.just("unblock"), who),
    st.tuples(st.just("opt-out"), who),
    st.tuples(st.just("close"), st.integers(0, 1)),
    st.tuples(st.just("cancel"), who),
    st.tuples(st.just("wait"), st.integers(1, 24 * 20)),
    st.tuples(st.just("undo")),
)  # fmt: skip


class Search:
    """A small search that actions are tried on. What a rule or a person's sense forbids is passed over."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.workspace = api.init(folder, START, name="Maya Okafor", email="maya@example.org")
        self.people = [
            api.add_person(
                self.workspace,
                api.PersonDetails(name=name, company="Acme", relation="friend" if index < 2 else None),
                START,
            )
            for index, name in enumerate(PEOPLE)
        ]
        self.openings = [
            api.add_opening(
                self.workspace,
                api.OpeningDetails(
                    company="Acme", title=title, url=f"https://acme.example/{title}", submit="form"
                ),
                START,
            )
            for title in ("Engineer", "Designer")
        ]

        self.set_up = self.workspace.log.head()

    def contact(self, index: int) -> Contact:
        found = self.workspace.views.get(Contact, self.people[index])
        assert found is not None
        return found

    def opening(self, index: int) -> Opening:
        found = self.workspace.views.get(Opening, self.openings[index])
        assert found is not None
        return found

    def message(self, index: int) -> Message:
        return api.find_message(self.workspace, self.people[index])

    def do(self, action: tuple[Any, ...]) -> None:
        """Take one action; the clock moves a minute, so that no two happen at once."""
        self.now += timedelta(minutes=1)
        with suppress(Held, NotFound, UsageError):
            self._do(action)

    def _do(self, action: tuple[Any, ...]) -> None:
        workspace, now = self.workspace, self.now
        match action:
            case ("start", workflow, person, opening):
                api.start(workspace, workflow, self.contact(person), self.opening(opening), now)
            case ("ask", person, opening):
                for step in (
                    ("line", person, opening),
                    ("start", "referral-ask", person, opening),
                    ("send", person),
                ):
                    self.do(step)
            case ("send", person):
                self.do(("approve", person))
                self.do(("sent", person))
            case ("approve", person):
                api.approve(workspace, self.message(person), now)
            case ("sent", person):
                api.confirm_sent(workspace, self.message(person), now)
            case ("skip", person):
                api.skip_message(workspace, self.message(person), None, now)
            case ("edit", person):
                api.edit(workspace, self.message(person), subject=None, body=f"In my words, {now}", now=now)
            case ("reply", person, intent):
                api.reply(workspace, self.contact(person), intent, now)
            case ("referred", person, opening):
                api.referred(workspace, self.contact(person), self.opening(opening), now)
            case ("news", opening, news):
                api.application(workspace, self.opening(opening), news, now)
            case ("task", outcome):
                for task in workspace.views.find(Task, status="open")[:1]:
                    api.close_task(workspace, task, outcome, None, now)
            case ("line", person, opening):
                api.personalise(workspace, self.opening(opening), self.contact(person), "Because.", now)
            case ("log", person, direction):
                api.log_contact(workspace, self.contact(person), "phone", "", now, direction=direction)
            case ("met", person):
                api.log_contact(workspace, self.contact(person), "met", "", now)
            case ("block", person):
                api.block(workspace, self.contact(person), None, now)
            case ("unblock", person):
                api.unblock(workspace, self.contact(person), now)
            case ("opt-out", person):
                api.opt_out(workspace, self.contact(person), now)
            case ("close", opening):
                api.close_opening(workspace, self.opening(opening), None, now)
            case ("cancel", person):
                for run in workspace.views.find(Run, contact=self.people[person], status="live")[:1]:
                    api.cancel_run(workspace, run, None, now)
            case ("wait", hours):
                self.now += timedelta(hours=hours)
                workspace.catch_up(self.now)
            case ("undo",):
                if api.undo(workspace, None, now, apply=False).events[0].position > self.set_up:
                    api.undo(workspace, None, now)


@contextmanager
def searching() -> Iterator[Search]:
    with tempfile.TemporaryDirectory() as folder:
        search = Search(Path(folder) / "w")
        with search.workspace:
            yield search


def effective(search: Search) -> list[StoredEvent]:
    return list(api.events(search.workspace, effective=True))


LAWS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@LAWS
@given(st.lists(actions, max_size=25))
def test_rebuilt_views_are_the_live_ones_and_decisions_follow_from_the_facts(
    steps: list[tuple[Any, ...]],
) -> None:
    with searching() as search:
        for step in steps:
            search.do(step)

        assert [each for each in api.replay_check(search.workspace) if each.differing] == []
        assert api.redecide(search.workspace).differing == []
        assert api.verify_chain(search.workspace).damage is None


@LAWS
@given(st.lists(actions, max_size=25))
def test_no_run_is_ever_stuck_and_every_run_that_ended_declared_how(steps: list[tuple[Any, ...]]) -> None:
    with searching() as search:
        for step in steps:
            search.do(step)

        assert search.workspace.views.find(Run, status="stuck") == []
        assert all(run.outcome for run in search.workspace.views.find(Run, status="exited"))


@LAWS
@given(st.lists(actions, max_size=30))
def test_no_message_is_requested_twice_or_to_somebody_who_must_not_be_written_to(
    steps: list[tuple[Any, ...]],
) -> None:
    with searching() as search:
        for step in steps:
            search.do(step)

        blocked: set[str] = set()
        requested: Counter[str] = Counter()
        for event in effective(search):
            match event.kind:
                case "contact.blocked" | "contact.opted_out":
                    blocked.add(event.payload.contact)
                case "contact.unblocked":
                    blocked.discard(event.payload.contact)
                case "message.send.requested":
                    requested[event.payload.message] += 1
                    assert event.payload.contact not in blocked
        assert all(times == 1 for times in requested.values())


@LAWS
@given(st.lists(actions, max_size=30))
def test_one_person_at_a_time_is_asked_about_an_opening_and_talked_to_by_one_workflow(
    steps: list[tuple[Any, ...]],
) -> None:
    with searching() as search:
        for step in steps:
            search.do(step)
            for opening in search.openings:
                asks = search.workspace.views.find(Ask, opening=opening)
                asked = [ask for ask in asks if ask.stage in ("ready", "asked", "agreed")]
                assert len(asked) <= 1 or not any(ask.stage in TAKEN for ask in asked[1:])
            for person in search.people:
                live = search.workspace.views.find(Run, contact=person, status="live")
                exclusive = [run for run in live if run.workflow in ("referral-ask", "reconnect")]
                assert len(exclusive) <= 1


@LAWS
@given(st.lists(actions, max_size=40))
def test_nobody_gets_more_unanswered_messages_in_a_row_than_the_cap(steps: list[tuple[Any, ...]]) -> None:
    with searching() as search:
        for step in steps:
            search.do(step)

        row: Counter[str] = Counter()
        for event in effective(search):
            if event.kind == "reply.received" or (
                event.kind == "interaction.logged" and event.payload.direction == "in"
            ):
                row[event.payload.contact] = 0
            elif event.kind == "message.send.requested":
                row[event.payload.contact] += 1
                assert row[event.payload.contact] <= 3


@LAWS
@given(st.lists(actions, max_size=25))
def test_messages_leave_only_inside_the_window(steps: list[tuple[Any, ...]]) -> None:
    with searching() as search:
        for step in steps:
            search.do(step)

        for event in effective(search):
            if event.kind == "message.send.requested":
                at = instant(event.recorded_at)
                assert at.weekday() < 5
                assert (9, 0) <= (at.hour, at.minute) < (17, 30)


@LAWS
@given(st.lists(actions, max_size=25))
def test_an_undo_leaves_the_views_as_they_were_before(steps: list[tuple[Any, ...]]) -> None:
    with searching() as search:
        for step in steps:
            before = _fingerprint(search)
            head = search.workspace.log.head()
            search.do(step)
            if step[0] in ("start", "line", "log", "block") and search.workspace.log.head() > head:
                mine = next(search.workspace.log.read(after=head))[0].position
                try:
                    api.undo(search.workspace, mine, search.now)
                except UsageError:  # Something later built on it, such as a message handed over.
                    continue
                assert _fingerprint(search) == before


def _fingerprint(search: Search) -> list[str]:
    return [each.digest for each in api.replay_check(search.workspace)]


def test_the_search_can_go_somewhere_at_all() -> None:
    """The laws above would hold of nothing: this walks a whole ask through the same actions."""
    with searching() as search:
        for step in (
            ("line", 0, 0), ("start", "referral-ask", 0, 0), ("approve", 0), ("sent", 0), ("reply", 0, "agreed"),
            ("approve", 0), ("sent", 0), ("referred", 0, 0), ("approve", 0), ("sent", 0), ("news", 0, "applied"),
        ):  # fmt: skip
            search.do(step)

        sent = [message for message in search.workspace.views.find(Message) if message.sent_at]
        assert [message.template for message in sent] == ["ask-referral", "send-details", "thank-referrer"]
        assert [
            message.status for message in search.workspace.views.find(Message) if message.status in OPEN
        ] == ["drafted"]
        assert search.workspace.views.find(Ask, opening=search.openings[0])[0].stage == "applied"


@pytest.mark.parametrize("intent", ["declined", "refer_on"])
def test_after_a_no_the_next_person_can_be_asked(intent: Any) -> None:
    with searching() as search:
        for step in (
            ("line", 0, 0), ("start", "referral-ask", 0, 0), ("approve", 0), ("sent", 0), ("reply", 0, intent),
            ("approve", 0), ("sent", 0), ("line", 1, 0), ("start", "referral-ask", 1, 0),
        ):  # fmt: skip
            search.do(step)

        stages = {
            ask.contact: ask.stage for ask in search.workspace.views.find(Ask, opening=search.openings[0])
        }
        assert stages == {search.people[0]: "closed", search.people[1]: "ready"}
