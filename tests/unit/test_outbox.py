"""Requested messages: each is handed over once, and whatever becomes of it is in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from refflow import api
from refflow.api import (
    NOT_SENT,
    UNKNOWN,
    Delivery,
    Outgoing,
    Permanent,
    RefflowError,
    Retryable,
    Unauthorised,
    Unfound,
)
from refflow.effects.outbox import attempt, locked
from refflow.errors import Held, UsageError
from refflow.events.event import instant
from refflow.events.messages import MessageFailed, MessageInDoubt, MessagePrepared, MessageSent
from refflow.events.runs import ChannelPaused
from refflow.plugins.specs import ChannelSpec
from refflow.views.messages import Message

if TYPE_CHECKING:
    from tests.conftest import Search, Searching

MODES: list[Literal["auto", "draft", "assist"]] = ["auto", "draft", "assist"]
MESSAGE = Message(
    id="m7", run="r5", step="ask", contact="c1", opening="o2", channel="wire", template="t", status="requested",
    digest="", drafted_at=0,
)  # fmt: skip
OUTGOING = Outgoing(
    message="m7", key="<m7@x>", contact_name="Ana Lima", sender_name="Maya", body="Hi", message_id="<m7@x>",
    at=datetime(2026, 11, 23, tzinfo=UTC),
)  # fmt: skip
LEFT = Delivery(reference="ref", note="")


class Wire:
    """A channel that does as it is told: what it is given it returns, or raises."""

    def __init__(
        self, *, delivers: Delivery | Exception = LEFT, says: Delivery | Unfound | Exception = UNKNOWN
    ):
        self.delivers = delivers
        self.says = says
        self.deliveries = 0

    def deliver(self, outgoing: Outgoing) -> Delivery:
        self.deliveries += 1
        if isinstance(self.delivers, Exception):
            raise self.delivers
        return self.delivers

    def was_sent(self, outgoing: Outgoing) -> Delivery | Unfound:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def handed_over(wire: Wire | Callable[[], Wire], mode: Any = "auto", *, recovering: bool = False) -> Any:
    """What becomes of the message."""
    can = frozenset({"send"}) if mode == "auto" else frozenset({"draft"})
    spec = ChannelSpec(name="wire", summary="A wire", factory="none:None", mode=mode, can=can)  # type: ignore[arg-type]
    make = wire if callable(wire) else lambda: wire
    (outcome,) = attempt(MESSAGE, OUTGOING, {"wire": (spec, make)}, recovering=recovering)
    return outcome


def broken() -> Wire:
    raise RefflowError("The wire is cut.")


# One delivery.


def test_a_channel_that_sends_has_sent_and_one_that_does_not_has_prepared() -> None:
    about = {"message": "m7", "run": "r5", "contact": "c1"}

    assert handed_over(Wire(), "auto") == MessageSent(**about, opening="o2")
    assert handed_over(Wire(), "draft") == MessagePrepared(**about, reference="ref", mode="draft")
    assert handed_over(Wire(), "assist") == MessagePrepared(**about, reference="ref", mode="assist")


@pytest.mark.parametrize(
    ("error", "severity"), [(Permanent("no such address"), "permanent"), (Retryable("busy"), "retry")]
)
def test_what_a_channel_says_did_not_leave_has_failed(error: Exception, severity: str) -> None:
    failed = handed_over(Wire(delivers=error))

    assert (type(failed), failed.severity, failed.reason) == (MessageFailed, severity, str(error))


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        (LEFT, MessageSent),
        (NOT_SENT, MessageFailed),
        (UNKNOWN, MessageInDoubt),
        (OSError("no answer"), MessageInDoubt),
    ],
)
def test_after_any_other_error_the_channel_is_asked_whether_it_left(says: Any, outcome: type) -> None:
    wire = Wire(delivers=OSError("connection reset"), says=says)

    assert type(handed_over(wire)) is outcome
    assert wire.deliveries == 1


@pytest.mark.parametrize("make", [None, broken], ids=["there is none", "it cannot be made"])
def test_without_its_channel_a_message_has_failed_or_after_a_crash_is_in_doubt(make: Any) -> None:
    """A process that died may have handed it over, when the channel was still there."""

    def outcome(recovering: bool) -> Any:
        if make is None:
            return attempt(MESSAGE, OUTGOING, {}, recovering=recovering)[0]
        return handed_over(make, recovering=recovering)

    assert type(outcome(False)) is MessageFailed
    assert type(outcome(True)) is MessageInDoubt
    assert outcome(True).reason in (
        "There is no channel `wire`. Is its plugin installed and enabled?",
        "The wire is cut.",
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("says", [LEFT, NOT_SENT, UNKNOWN, OSError("gone")], ids=str)
def test_after_a_crash_the_channel_is_asked_and_nothing_is_sent(mode: str, says: Any) -> None:
    """What did not leave is tried again when the rules have been asked again."""
    wire = Wire(says=says)

    outcome = handed_over(wire, mode, recovering=True)

    assert wire.deliveries == 0
    if says is LEFT:
        assert isinstance(outcome, MessageSent if mode == "auto" else MessagePrepared)
    elif says is NOT_SENT:
        assert (type(outcome), outcome.severity) == (MessageFailed, "retry")
    else:
        assert isinstance(outcome, MessageInDoubt)


def test_a_channel_that_lets_nobody_in_stops_and_after_a_crash_nothing_is_sent_blindly() -> None:
    locked_out = Wire(delivers=Unauthorised("the password has changed"))
    spec = ChannelSpec(name="wire", summary="A wire", factory="none:None", mode="auto", can=frozenset({"send"}))
    channels = {"wire": (spec, lambda: locked_out)}

    paused, failed = attempt(MESSAGE, OUTGOING, channels, recovering=False)
    assert (paused.channel, failed.severity) == ("wire", "retry")

    locked_out.says = Unauthorised("the password has changed")
    (in_doubt,) = attempt(MESSAGE, OUTGOING, channels, recovering=True)
    assert isinstance(in_doubt, MessageInDoubt)


# In a workspace.


@pytest.fixture
def posting(searching: Searching) -> Iterator[Search]:
    """A search whose messages go by `post`, each after the owner's word."""
    with searching(unattended=True) as search:
        search.configure(approval="every")
        search.ask("Ana Lima")
        yield search


def dies(search: Search, *, sending: bool) -> None:
    """Approve the message, and let the process die while it hands it over: before it left, or after."""
    search.post.troubles = [KeyboardInterrupt()]
    message = search.message("Ana Lima")
    with pytest.raises(KeyboardInterrupt):
        search.approve("Ana Lima")
    assert search.messages("Ana Lima") == ["ask requested"]
    if sending:
        sent = search.workspace.views.get(Message, message.id)
        assert sent is not None
        assert sent.message_id is not None
        search.post.sent.append(
            Outgoing(
                message=sent.id, key=sent.message_id, contact_name="", sender_name="", body="", message_id="",
                at=search.now,
            )
        )  # fmt: skip


def test_a_request_is_in_the_log_before_its_outcome_in_a_commit_of_its_own(posting: Search) -> None:
    posting.approve("Ana Lima")

    requested, sent = posting.events("message.send.requested", "message.sent")
    assert requested.commit != sent.commit
    assert sent.by == "channel:post"
    assert requested.payload.message_id == f"<{requested.payload.message}.{posting.workspace.id}@example.org>"
    assert [each.key for each in posting.post.sent] == [requested.payload.message_id]


@pytest.mark.parametrize("sending", [False, True])
def test_after_a_crash_a_channel_that_knows_settles_it_with_one_send(posting: Search, sending: bool) -> None:
    dies(posting, sending=sending)

    for _ in range(3):
        posting.wait("1h")

    assert posting.messages("Ana Lima") == ["ask sent"]
    assert len(posting.post.sent) == 1


AFTER_A_CRASH: dict[str, Callable[[Search], object]] = {
    "they are blocked": lambda search: api.block(
        search.workspace, search.contact("Ana Lima"), None, search.now
    ),
    "they opted out": lambda search: api.opt_out(search.workspace, search.contact("Ana Lima"), search.now),
    "they answered": lambda search: search.reply("Ana Lima", "declined"),
    "the opening is closed": lambda search: api.close_opening(
        search.workspace, search.opening("Engineer"), None, search.now
    ),
    "the run is ended": lambda search: api.cancel_run(
        search.workspace, search.run("referral-ask"), None, search.now
    ),
    "the message is left out": lambda search: search.skip("Ana Lima"),
}


@pytest.mark.parametrize("fact", AFTER_A_CRASH)
def test_what_the_owner_says_after_a_crash_comes_before_what_it_left(posting: Search, fact: str) -> None:
    """The message did not leave; now it must not, and the next process hears of both at once."""
    dies(posting, sending=False)
    posting.now += timedelta(minutes=1)

    # Whoever types this sees the message as the crash left it, so one that is held then has changed.
    with suppress(api.UsageError):
        AFTER_A_CRASH[fact](posting)
    if posting.messages("Ana Lima") == ["ask held"]:
        AFTER_A_CRASH[fact](posting)
    for _ in range(3):
        posting.wait("17m")

    assert posting.post.sent == []
    assert posting.messages("Ana Lima")[0] == "ask skipped"


def test_a_rule_that_came_into_force_after_a_crash_holds_what_it_left(posting: Search) -> None:
    dies(posting, sending=False)
    posting.now += timedelta(minutes=1)
    api.pause(posting.workspace, posting.now, contact=posting.contact("Ana Lima"))
    posting.wait("1h")
    assert posting.post.sent == []
    assert posting.messages("Ana Lima") == ["ask held"]

    api.resume(posting.workspace, api.pauses(posting.workspace, posting.now)[0], posting.now)
    posting.wait("1h")
    assert len(posting.post.sent) == 1


@pytest.mark.parametrize("sending", [False, True])
def test_what_is_in_doubt_is_never_sent_again_by_itself(posting: Search, sending: bool) -> None:
    posting.post.knows = False
    dies(posting, sending=sending)

    posting.wait("60d")
    posting.reply("Bo Berg", "unclear")

    assert posting.messages("Ana Lima") == ["ask in_doubt"]
    assert len(posting.post.sent) == sending
    (step,) = [each for each in api.agenda(posting.workspace, posting.now).steps if each.do == "doubt"]
    assert step.text == "Did it leave? Look, and say: The channel cannot tell whether it left."


def test_the_owner_settles_a_doubt_either_way(posting: Search) -> None:
    posting.post.knows = False
    dies(posting, sending=True)
    posting.wait("1h")
    posting.confirm("Ana Lima")
    assert posting.messages("Ana Lima") == ["ask sent"]
    assert posting.run("referral-ask").step == "silence"
    assert len(posting.post.sent) == 1


def test_the_owner_may_have_a_doubtful_message_sent_again(posting: Search) -> None:
    posting.post.knows = False
    dies(posting, sending=False)
    posting.wait("1h")

    posting.approve("Ana Lima")

    assert posting.messages("Ana Lima") == ["ask sent"]
    assert len(posting.post.sent) == 1


def test_a_channel_that_asks_for_time_is_given_it(posting: Search) -> None:
    posting.post.troubles = [Retryable("busy", after=timedelta(hours=7))]
    with pytest.raises(api.Held, match="it is tried again"):
        posting.approve("Ana Lima")

    until = instant(posting.message("Ana Lima").until or 0)
    assert timedelta(hours=7) <= until - posting.now <= timedelta(hours=8)


def test_a_busy_channel_is_tried_again_later_and_later_and_then_left_to_the_owner(posting: Search) -> None:
    posting.post.troubles = [Retryable("busy") for _ in range(5)]
    waits = []
    with pytest.raises(api.Held, match=r"\(retry\): The channel could not take it; it is tried again"):
        posting.approve("Ana Lima")
    while posting.message("Ana Lima").status == "held":
        until = instant(posting.message("Ana Lima").until or 0)
        waits.append(until - posting.now)
        posting.now = until
        posting.workspace.catch_up(until)
        if not posting.post.troubles:
            break

    bounds = [timedelta(minutes=minutes) for minutes in (15, 30, 60, 120)]
    assert len(waits) == len(bounds)
    assert all(least <= wait <= least * 1.1 for least, wait in zip(bounds, waits, strict=True))
    assert posting.messages("Ana Lima") == ["ask failed"]
    assert posting.run("referral-ask").status == "stuck"
    assert posting.post.sent == []


def test_a_busy_channel_that_is_free_again_sends_once(posting: Search) -> None:
    posting.post.troubles = [Retryable("busy")]
    with pytest.raises(api.Held):
        posting.approve("Ana Lima")

    posting.wait("17m")
    posting.wait("1d")

    assert posting.messages("Ana Lima") == ["ask sent"]
    assert len(posting.post.sent) == 1


@pytest.fixture
def failed(posting: Search) -> Search:
    """The ask could not be handed over, for good."""
    posting.post.troubles = [Permanent("no such address")]
    posting.approve("Ana Lima")
    assert posting.run("referral-ask").status == "stuck"
    return posting


def the_failed(search: Search) -> Message:
    (message,) = search.workspace.views.find(Message, status="failed")
    return message


def test_what_failed_is_on_the_agenda_until_it_is_settled(failed: Search) -> None:
    def to_do() -> list[str]:
        return [step.do for step in api.agenda(failed.workspace, failed.now).steps]

    assert sorted(to_do()) == ["failed", "stuck"]
    api.approve(failed.workspace, the_failed(failed), failed.now)
    assert to_do() == []
    assert failed.messages("Ana Lima") == ["ask sent"]
    assert failed.run("referral-ask").status == "live"


def test_what_failed_is_no_longer_to_do_when_its_run_has_ended(failed: Search) -> None:
    api.cancel_run(failed.workspace, failed.run("referral-ask"), None, failed.now)

    assert api.agenda(failed.workspace, failed.now).steps == []


def test_a_run_goes_on_when_its_failed_message_is_left_out(failed: Search) -> None:
    api.skip_message(failed.workspace, the_failed(failed), None, failed.now)
    failed.wait("7bd")

    assert failed.run("referral-ask").status == "live"
    assert failed.messages("Ana Lima") == ["ask skipped", "nudge drafted"]
    assert [step.do for step in api.agenda(failed.workspace, failed.now).steps] == ["approve"]


def test_a_workflow_may_say_where_it_goes_on_after_a_failure(posting: Search) -> None:
    posting.define(
        """\
refflow: 1
workflow: hello
title: Say hello, or ring
on: [{manual: true}]
subject: {contact: event.contact}
policy: {approval: none}
steps:
  - id: hello
    send: {template: reconnect-hello}
    failed: [{exit: ring}]
  - exit: greeted
outcomes: {good: [greeted], open: [ring], bad: []}
"""
    )
    posting.configure(approval="none")
    posting.post.troubles = [Permanent("no such address")]

    posting.start("hello", "Bo Berg")

    assert posting.run("hello").outcome == "ring"
    assert posting.messages("Bo Berg") == ["hello skipped"]
    assert [step.do for step in api.agenda(posting.workspace, posting.now).steps] == ["approve"]  # Ana's ask.


def test_a_doubtful_message_is_not_sent_again_once_its_run_has_gone_on(posting: Search) -> None:
    posting.post.knows = False
    dies(posting, sending=True)
    posting.wait("1h")
    doubtful = posting.message("Ana Lima")
    posting.reply("Ana Lima", "agreed")

    with pytest.raises(api.UsageError, match=rf"r\d+ went on without {doubtful.id}: nothing would send it"):
        api.approve(posting.workspace, doubtful, posting.now)

    api.confirm_sent(posting.workspace, doubtful, posting.now)
    assert posting.messages("Ana Lima") == ["ask sent", "details drafted"]
    assert posting.run("referral-ask").step == "details"


def test_messages_of_a_thread_name_those_before_them(posting: Search) -> None:
    posting.approve("Ana Lima")
    posting.wait("7bd")
    posting.approve("Ana Lima")
    posting.wait("8bd")
    posting.approve("Ana Lima")

    ask, nudge, goodbye = posting.post.sent
    assert (ask.in_reply_to, ask.references) == (None, ())
    assert (nudge.in_reply_to, nudge.references) == (ask.message_id, (ask.message_id,))
    assert (goodbye.in_reply_to, goodbye.references) == (ask.message_id, (ask.message_id,))
    assert nudge.subject == f"Re: {ask.subject}"
    assert (ask.contact_name, ask.sender_name, ask.sender_address) == (
        "Ana Lima",
        "Maya Okafor",
        "maya@example.org",
    )


def test_one_process_holds_the_outbox_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path / "outbox" / ".lock") as first, locked(tmp_path / "outbox" / ".lock") as second:
        assert (first, second) == (True, False)
    with locked(tmp_path / "outbox" / ".lock") as third:
        assert third


def test_a_message_waits_for_a_channel_that_lets_nobody_in_and_leaves_when_it_is_used_again(
    posting: Search,
) -> None:
    posting.post.troubles = [Unauthorised("the password has changed")]
    with pytest.raises(Held, match=r"does not let refflow in\. Put that right .*, then: refflow resume post"):
        posting.approve("Ana Lima")
    (closed,) = api.closed_channels(posting.workspace)
    assert (closed.channel, closed.reason, closed.plugin) == ("post", "the password has changed", None)
    posting.wait("2d")
    assert posting.post.sent == []

    api.reopen_channel(posting.workspace, "post", posting.now)

    assert [each.contact_name for each in posting.post.sent] == ["Ana Lima"]
    assert api.closed_channels(posting.workspace) == []
    with pytest.raises(UsageError, match="post is not paused"):
        api.reopen_channel(posting.workspace, "post", posting.now)


def test_a_channel_whose_plugin_is_away_cannot_be_used_by_saying_so(posting: Search) -> None:
    paused = ChannelPaused(channel="pigeon", plugin="pigeon", reason="plugin pigeon failed")
    posting.workspace.act(lambda turn: turn.record(paused, by="channel:pigeon"), posting.now)

    with pytest.raises(Held, match="pigeon cannot be used: no plugin has the channel pigeon"):
        api.reopen_channel(posting.workspace, "pigeon", posting.now)
