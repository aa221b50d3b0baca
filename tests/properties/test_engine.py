"""Laws of the engine over random searches: whatever people do in whatever order, these hold."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.errors import UsageError
from refflow.events.event import instant
from refflow.views.messages import OPEN, Message
from refflow.views.pipeline import TAKEN, Ask
from refflow.views.runs.run import Run

if TYPE_CHECKING:
    from tests.conftest import Histories, Search, Searching

LAWS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@LAWS
@given(data=st.data())
def test_rebuilt_views_are_the_live_ones_and_decisions_follow_from_the_facts(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        search.live(data.draw(histories(25)))

        assert [each for each in api.replay_check(search.workspace) if each.differing] == []
        assert api.redecide(search.workspace).differing == []
        assert api.verify_chain(search.workspace).damage is None


@LAWS
@given(data=st.data())
def test_no_run_is_ever_stuck_and_every_run_that_ended_declared_how(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        search.live(data.draw(histories(25)))

        assert search.runs("stuck") == []
        assert all(run.outcome for run in search.workspace.views.find(Run, status="exited"))


@LAWS
@given(data=st.data())
def test_no_message_is_requested_twice_or_to_somebody_who_must_not_be_written_to(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        search.live(data.draw(histories(30)))

        blocked: set[str] = set()
        requested: Counter[str] = Counter()
        for event in search.events():
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
@given(data=st.data())
def test_one_person_at_a_time_is_asked_about_an_opening_and_talked_to_by_one_workflow(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        find = search.workspace.views.find
        for action in data.draw(histories(30)):
            search.do(action)
            for what in ("Engineer", "Designer"):
                asks = find(Ask, opening=search.opening(what).id)
                asked = [ask for ask in asks if ask.stage in ("ready", "asked", "agreed")]
                assert len(asked) <= 1 or not any(ask.stage in TAKEN for ask in asked[1:])
            for who in ("Ana Lima", "Bo Berg", "Chi Cho"):
                live = find(Run, contact=search.contact(who).id, status="live")
                assert len([run for run in live if run.workflow in ("referral-ask", "reconnect")]) <= 1


@LAWS
@given(data=st.data())
def test_nobody_gets_more_unanswered_messages_in_a_row_than_the_cap(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        search.live(data.draw(histories(40)))

        row: Counter[str] = Counter()
        templates = {each.id: each.template for each in search.workspace.views.find(Message)}
        for event in search.events():
            if event.kind == "reply.received" or (
                event.kind == "interaction.logged" and event.payload.direction == "in"
            ):
                row[event.payload.contact] = 0
            elif event.kind == "message.send.requested":
                row[event.payload.contact] += 1
                # What is owed asks for nothing, so nobody has to answer it first.
                template = templates[event.payload.message]
                assert row[event.payload.contact] <= 3 or template.startswith(("thank-", "update-"))


@LAWS
@given(data=st.data())
def test_messages_leave_only_inside_the_window(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        search.live(data.draw(histories(25)))

        for event in search.events("message.send.requested"):
            at = instant(event.recorded_at)
            assert at.weekday() < 5
            assert (9, 0) <= (at.hour, at.minute) < (17, 30)


@LAWS
@given(data=st.data())
def test_an_undo_leaves_the_views_as_they_were_before(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    with searching() as search:
        for action in data.draw(histories(25)):
            before = _fingerprint(search)
            head = search.workspace.log.head()
            search.do(action)
            if action[0] in ("start", "line", "log", "block") and search.workspace.log.head() > head:
                mine = next(search.workspace.log.read(after=head))[0].position
                try:
                    api.undo(search.workspace, mine, search.now)
                except UsageError:  # Something later built on it, such as a message handed over.
                    continue
                assert _fingerprint(search) == before


def _fingerprint(search: Search) -> list[str]:
    return [each.digest for each in api.replay_check(search.workspace)]


def test_the_search_can_go_somewhere_at_all(search: Search) -> None:
    """The laws above would hold of nothing: this walks a whole ask through the same actions."""
    ana = "Ana Lima"
    search.live([
        ("line", ana, "Engineer"), ("start", "referral-ask", ana, "Engineer"), ("approve", ana), ("sent", ana),
        ("reply", ana, "agreed"), ("approve", ana), ("sent", ana), ("referred", ana, "Engineer"),
        ("approve", ana), ("sent", ana), ("news", "Engineer", "applied"),
    ])  # fmt: skip

    messages = search.workspace.views.find(Message)
    sent = [message for message in messages if message.sent_at]
    assert [message.template for message in sent] == ["ask-referral", "send-details", "thank-referrer"]
    assert [message.status for message in messages if message.status in OPEN] == ["drafted"]
    assert search.ask_of(ana).stage == "applied"


@pytest.mark.parametrize("intent", ["declined", "refer_on"])
def test_after_a_no_the_next_person_can_be_asked(search: Search, intent: Any) -> None:
    search.live([
        ("ask", "Ana Lima", "Engineer"), ("reply", "Ana Lima", intent), ("send", "Ana Lima"),
        ("line", "Bo Berg", "Engineer"), ("start", "referral-ask", "Bo Berg", "Engineer"),
    ])  # fmt: skip

    assert search.ask_of("Ana Lima").stage == "closed"
    assert search.ask_of("Bo Berg").stage == "ready"
