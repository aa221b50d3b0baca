"""Looking back: which events there are, and why things are as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.errors import Held, NotFound
from refflow.events import kinds_with
from refflow.events.event import Opaque, StoredEvent
from refflow.views.messages import Message
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task

if TYPE_CHECKING:
    from tests.conftest import Histories, Search, Searching


def kinds(search: Search, subject: str) -> list[str]:
    return [event.kind for event in api.events(search.workspace, subject=subject)]


def told(search: Search, subject: str) -> list[str]:
    return [reason.text for reason in api.why(search.workspace, subject).reasons]


@pytest.fixture
def asked(search: Search) -> Search:
    """Ana and Bo are asked, each about one opening; Ana's ask was sent."""
    search.ask("Ana Lima")
    search.ask("Bo Berg", "Designer")
    search.send("Ana Lima")
    return search


# Events.


def test_events_come_in_order_after_a_position_and_of_some_kinds(asked: Search) -> None:
    everything = [event.position for event in api.events(asked.workspace)]
    assert everything == list(range(1, asked.workspace.log.head() + 1))

    half = len(everything) // 2
    assert [event.position for event in api.events(asked.workspace, after=half)] == everything[half:]
    assert [event.kind for event in api.events(asked.workspace, kinds=["ask.opened", "message.sent"])] == [
        "ask.opened",
        "ask.opened",
        "message.sent",
    ]


def test_events_about_a_subject_are_those_that_name_it(asked: Search) -> None:
    ana, bo = asked.contact("Ana Lima").id, asked.contact("Bo Berg").id
    of_ana = list(api.events(asked.workspace, subject=ana))

    assert {event.payload.contact for event in of_ana if hasattr(event.payload, "contact")} == {ana}
    assert "message.sent" in kinds(asked, ana)
    assert "message.sent" not in kinds(asked, bo)
    opening = asked.opening("Designer").id
    assert kinds(asked, opening)[0] == "opening.added"
    assert "ask.opened" in kinds(asked, opening)


def test_events_of_a_message_a_task_a_run_and_an_ask_are_told_apart(asked: Search) -> None:
    run = asked.run("referral-ask", "Ana Lima")
    (message,) = asked.workspace.views.find(Message, run=run.id)

    assert kinds(asked, message.id) == [
        "message.drafted",
        "message.approved",
        "message.send.requested",
        "message.prepared",
        "message.sent",
    ]
    assert {event.payload.run for event in api.events(asked.workspace, subject=run.id)} == {run.id}
    assert kinds(asked, asked.ask_of("Ana Lima").id)[-1] == "message.sent"
    assert kinds(asked, run.id)[-1] == "timer.set"
    asked.start("reconnect", "Chi Cho")
    asked.reply("Chi Cho", "unclear")
    assert kinds(asked, asked.task().id) == ["task.opened"]


def test_a_filter_by_subject_goes_with_the_others(asked: Search) -> None:
    ana = asked.contact("Ana Lima").id
    head = asked.workspace.log.head()

    found = list(api.events(asked.workspace, subject=ana, kinds=["message.sent"], after=head - 5))

    assert [event.kind for event in found] == ["message.sent"]
    assert list(api.events(asked.workspace, subject=ana, after=head)) == []


def test_what_was_taken_back_is_left_out_of_what_is_effective(search: Search) -> None:
    search.ask("Ana Lima")
    api.undo(search.workspace, None, search.now)

    def seen(effective: bool) -> list[str]:
        return [event.kind for event in api.events(search.workspace, after=search.set_up, effective=effective)]

    assert "run.started" in seen(effective=False)
    assert seen(effective=True) == ["events.voided"]
    assert "run.started" not in kinds(search, search.contact("Ana Lima").id)


def test_what_has_no_such_id_is_not_found(asked: Search) -> None:
    for text in ("c4711", "m4711", "r4711", "x", ""):
        with pytest.raises(NotFound, match="is the id of nothing here"):
            list(api.events(asked.workspace, subject=text))
        with pytest.raises(NotFound):
            api.why(asked.workspace, text)


# Why.


def test_a_held_message_tells_the_rule_that_holds_it(search: Search) -> None:
    search.at("2026-11-23 19:00")
    search.ask("Ana Lima")
    with pytest.raises(Held):
        search.approve("Ana Lima")
    message = search.message("Ana Lima").id

    why = api.why(search.workspace, message)

    assert why.now == f"{message} to Ana Lima is held: Outside the hours for messages."
    last = why.reasons[-1]
    assert last.kind == "message.held"
    assert last.text == (
        f"{message} is held until 2026-11-24 09:00 by the rule window: Outside the hours for messages."
    )
    assert last.by.startswith("workflow:referral-ask@")
    approved = next(reason for reason in why.reasons if reason.kind == "message.approved")
    assert (approved.by, last.cause) == ("user", approved.position)


def test_a_draft_tells_what_led_to_it(search: Search) -> None:
    search.ask("Ana Lima")
    search.send("Ana Lima")
    search.wait("7bd")

    story = told(search, search.message("Ana Lima").id)

    assert story[0] == "You want to ask Ana Lima about Engineer, Acme"
    assert "The wait until 2026-12-02 09:30 is over" in story
    assert story[-1].startswith("`nudge` to Ana Lima is drafted as")


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        ([], "with message m"),
        ([("approve", "Ana Lima"), ("sent", "Ana Lima")], "waiting for params.patience"),
        ([("reply", "Ana Lima", "declined")], "ended: declined"),
    ],
)
def test_a_run_tells_where_it_stands(search: Search, happens: list[tuple[str, ...]], words: str) -> None:
    search.ask("Ana Lima")
    search.live(happens)

    assert words in api.why(search.workspace, search.run("referral-ask").id).now


def test_a_refusal_is_told_with_its_reason(search: Search) -> None:
    search.ask("Ana Lima")
    with pytest.raises(Held):
        search.ask("Bo Berg")

    refused = [text for text in told(search, search.contact("Bo Berg").id) if "does not start" in text]
    ask = search.ask_of("Ana Lima").id
    assert refused == [
        f"referral-ask does not start (one_open_ask): {ask} is ready: one person at a time for one opening."
    ]


def test_a_branch_is_told_with_the_values_that_decided(search: Search) -> None:
    search.ask("Ana Lima")
    search.reply("Ana Lima", "declined")
    search.send("Ana Lima")

    assert any("event.intent = declined" in text for text in told(search, search.run("referral-ask").id))
    assert any('opening.status == "open"' in text for text in told(search, search.run("declined").id))


def test_everything_else_tells_how_it_stands(search: Search) -> None:
    search.ask("Ana Lima")
    search.refer("Ana Lima")
    search.news("applied")
    for message in search.workspace.views.find(Message, status="drafted"):
        api.skip_message(search.workspace, message, None, search.now)

    def now(subject: str) -> str:
        return api.why(search.workspace, subject).now

    assert now(search.ask_of("Ana Lima").id) == "The ask of Ana Lima about Engineer, Acme is applied"
    assert now(search.opening("Engineer").id).endswith("is open, applied")
    assert now(search.task().id).endswith("is open")
    updating, thanking = search.run("keep-referrer-updated").id, search.run("thank").id
    assert f"keep-referrer-updated ({updating}) is going on" in now(search.contact("Ana Lima").id)
    assert f"thank ({thanking}) is going on" in now(search.contact("Ana Lima").id)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_happened_everything_can_tell_why(
    searching: Searching, histories: Histories, data: st.DataObject
) -> None:
    """In order, from events of the log that were not taken back, and with a sentence for each."""
    with searching() as search:
        search.live(data.draw(histories(20)))
        find = search.workspace.views.find
        subjects = [each.id for each in find(Message)] + [each.id for each in find(Run)]
        subjects += [each.id for each in find(Task)]
        effective = {event.position for event in search.events()}

        for subject in subjects:
            why = api.why(search.workspace, subject)
            positions = [reason.position for reason in why.reasons]
            assert subject in why.now
            assert positions == sorted(positions)
            assert set(positions) <= effective
            assert all(reason.text for reason in why.reasons)


def test_what_nobody_here_can_read_is_shown_as_it_is_stored() -> None:
    event = StoredEvent(1, "fax.sent", 0, 0, "plugin:fax", None, "", Opaque('{"pages":2}', None))

    assert api.describe(event, kinds_with()) == '(unknown kind) {"pages":2}'


def test_a_description_shows_nothing_personal(search: Search) -> None:
    search.add_person("Eva Nilsson", email="eva@example.org")
    api.note(search.workspace, search.contact("Eva Nilsson"), "Secret", search.now)
    search.ask("Ana Lima", line="Very private")

    shown = "\n".join(api.describe(event, search.workspace.kinds) for event in api.events(search.workspace))

    for personal in ("Eva", "eva@example.org", "Secret", "Very private", "Maya", "Would you be willing"):
        assert personal not in shown
