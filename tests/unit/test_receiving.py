"""Answers that come in by a channel: looked for before anything leaves by itself, and taken in in their order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow import api
from refflow.events.event import instant, micros
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.runs.channels import Inbox
from refflow.workspace import inboxes, receiving

if TYPE_CHECKING:
    from tests.conftest import Search, Searching

ANA = "ana@acme.example"


class Mailbox:
    """The channel `mail`, by which messages only come in. `down` is what keeps it from being looked into."""

    def __init__(self) -> None:
        self.held: list[api.Interaction] = []
        self.down: Exception | None = None
        self.looks: list[datetime] = []
        self.silent: threading.Event | None = None

    def receive(self, since: datetime) -> list[api.Interaction]:
        self.looks.append(since)
        if self.silent is not None:
            self.silent.wait(60)
        if self.down is not None:
            raise self.down
        return [each for each in self.held if instant(each.at) >= since]

    def comes(self, at: datetime, sender: str = f"email:{ANA}", **more: object) -> None:
        """A message comes in."""
        identity = f"<{len(self.held)}@acme.example>"
        record = api.Interaction(
            identity=identity,
            counterpart=api.Counterpart(keys=(sender,)),
            at=micros(at),
            direction="in",
            medium="message",
        )
        self.held.append(msgspec.structs.replace(record, **more))


_MAILBOXES: dict[Path, Mailbox] = {}


def mailbox_of(context: api.ChannelContext) -> Mailbox:
    """The mailbox of a workspace."""
    return _MAILBOXES[context.folder]


class Mail:
    """Brings the channel `mail`."""

    @api.hookimpl
    def refflow_channels(self) -> Iterator[api.ChannelSpec]:
        yield api.ChannelSpec(
            name="mail",
            summary="Brings answers",
            factory=f"{__name__}:mailbox_of",
            mode="draft",
            can=frozenset({"receive"}),
        )


def with_mail(search: Search, mail: bool = True) -> Mailbox:
    """Open the workspace of a search anew, with the channel `mail` or without."""
    plugins = [each for each in search.workspace._in_process if not isinstance(each, Mail)]
    search.workspace.connection.close()
    search.workspace = api.open_workspace(
        search.folder.path, in_process=[*plugins, *([Mail()] if mail else [])], warn=search.warnings.append
    )
    return _MAILBOXES.setdefault(search.folder.outbox, Mailbox())


@pytest.fixture
def mailed(searching: Searching) -> Iterator[Search]:
    """A search whose messages leave by themselves, and whose answers come in by `mail`. Ana is being asked."""
    with searching(unattended=True) as search:
        with_mail(search)
        api.edit_person(
            search.workspace,
            search.contact("Ana Lima"),
            api.PersonDetails(name="Ana Lima", email=ANA),
            search.now,
        )
        search.ask("Ana Lima")
        yield search
        _MAILBOXES.pop(search.folder.outbox)


def mailbox(search: Search) -> Mailbox:
    return _MAILBOXES[search.folder.outbox]


def inbox(search: Search) -> Inbox:
    found = search.workspace.views.get(Inbox, "mail")
    assert found is not None
    return found


def test_whoever_may_send_looks_first_and_then_it_leaves_at_once(mailed: Search) -> None:
    kinds = [each.kind for each in mailed.events() if each.kind.startswith(("inbox.", "message."))]

    assert kinds == [
        "inbox.missed", "message.drafted", "message.held", "inbox.checked", "message.send.requested",
        "message.sent",
    ]  # fmt: skip
    assert inbox(mailed).checked_at == micros(mailed.now)
    assert mailed.messages("Ana Lima") == ["ask sent"]


def test_an_answer_that_came_in_while_nothing_ran_stops_the_follow_up(mailed: Search) -> None:
    mailbox(mailed).comes(mailed.now + timedelta(days=2))
    mailed.wait("10d")

    assert mailed.messages("Ana Lima") == ["ask sent"]
    (reply,) = mailed.events("reply.received")
    assert (reply.payload.channel, reply.payload.intent, reply.by) == ("mail", "unclear", "channel:mail")
    assert reply.occurred_at == mailbox(mailed).held[0].at
    assert [each.do for each in api.agenda(mailed.workspace, mailed.now).steps] == ["read"]


def test_without_an_answer_the_follow_up_leaves_after_the_look(mailed: Search) -> None:
    mailed.wait("10d")

    assert mailed.messages("Ana Lima") == ["ask sent", "nudge sent"]
    assert len(mailbox(mailed).looks) == 2


def test_nothing_is_looked_into_when_nothing_is_due(mailed: Search) -> None:
    later = mailed.now + timedelta(days=1)

    assert not mailed.workspace.due(later)
    assert len(mailbox(mailed).looks) == 1


def test_a_look_goes_back_behind_the_last_and_what_is_given_again_counts_once(mailed: Search) -> None:
    first = mailed.now
    mailbox(mailed).comes(mailed.now + timedelta(days=2))
    mailed.wait("3d")
    before = mailed.workspace.log.head()
    again = api.receive(mailed.workspace, mailed.now + timedelta(minutes=1))

    since = mailbox(mailed).looks
    assert since[0] <= first - timedelta(days=1)
    assert since[-1] == instant(inbox(mailed).checked_at) - timedelta(days=1, minutes=1)
    assert again == [api.Received(channel="mail")]
    assert mailed.workspace.log.head() == before + 1, "that it was looked into"
    assert mailed.contact("Ana Lima").received == 1


def test_an_inbox_that_cannot_be_looked_into_holds_what_would_leave_and_is_shown(mailed: Search) -> None:
    mailbox(mailed).down = ConnectionRefusedError("nobody there")
    mailed.wait("10d")

    assert mailed.messages("Ana Lima") == ["ask sent", "nudge held"]
    assert mailed.message("Ana Lima").rule == "inbox_stale"
    (missed,) = api.agenda(mailed.workspace, mailed.now).missed
    assert (missed.channel, missed.reason) == ("mail", "ConnectionRefusedError: nobody there")
    assert mailed.warnings[-1].startswith("the inbox of mail could not be looked into")

    for _ in range(5):
        mailed.wait("5m")
    assert len(mailed.events("inbox.missed")) == 2, "the log hears of one failure once"
    assert len(mailbox(mailed).looks) < 7, "and the pauses between looks become longer"

    mailbox(mailed).down = None
    mailbox(mailed).comes(mailed.now - timedelta(days=5))
    mailed.wait("1d")
    assert api.agenda(mailed.workspace, mailed.now).missed == []
    assert mailed.messages("Ana Lima") == ["ask sent", "nudge skipped"]


def test_what_a_failed_look_held_leaves_after_one_that_succeeds(mailed: Search) -> None:
    mailbox(mailed).down = OSError("no route")
    mailed.wait("10d")
    mailbox(mailed).down = None

    (found,) = api.receive(mailed.workspace, mailed.now + timedelta(minutes=1))

    assert found.failed is None
    assert mailed.messages("Ana Lima") == ["ask sent", "nudge sent"]


def test_a_channel_that_never_answers_is_not_waited_for(
    mailed: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("refflow.workspace.workspace.PATIENCE", 0.01)
    mailbox(mailed).silent = never = threading.Event()
    mailed.wait("10d")

    assert mailed.messages("Ana Lima") == ["ask sent", "nudge held"]
    assert inbox(mailed).reason == "TimeoutError: no answer within 0.01 seconds"
    never.set()


@pytest.mark.parametrize("given", [["a letter"], None, [api.Counterpart()]])
def test_what_is_no_record_is_a_failure_of_the_channel(mailed: Search, given: object) -> None:
    mailbox(mailed).held = given  # type: ignore[assignment]
    mailbox(mailed).receive = lambda since: given  # type: ignore[method-assign,assignment,return-value]

    (found,) = api.receive(mailed.workspace, mailed.now + timedelta(days=1))

    assert found.failed is not None
    assert found.failed.startswith("TypeError")


def test_of_strangers_nothing_is_kept(mailed: Search) -> None:
    mailbox(mailed).comes(mailed.now, "email:stranger@example.net")
    head = mailed.workspace.log.head()

    (found,) = api.receive(mailed.workspace, mailed.now + timedelta(minutes=1))

    assert (found.new, found.answers, found.strangers) == (0, 0, 1)
    assert [each.kind for page in mailed.workspace.log.read(after=head) for each in page] == ["inbox.checked"]


def test_an_answer_from_an_address_nobody_knows_is_known_by_what_it_answers(mailed: Search) -> None:
    (ask,) = mailed.workspace.views.find(Message)
    mailbox(mailed).comes(
        mailed.now + timedelta(days=1), "email:private@example.net", answers=(ask.message_id or "",)
    )

    (found,) = api.receive(mailed.workspace, mailed.now + timedelta(days=2))

    assert (found.new, found.answers, found.strangers) == (1, 1, 0)
    (reply,) = mailed.events("reply.received")
    assert (reply.payload.contact, reply.payload.opening) == (ask.contact, ask.opening)


def test_a_copy_of_what_refflow_sent_is_no_message_of_its_own(mailed: Search) -> None:
    (ask,) = mailed.workspace.views.find(Message)
    mailbox(mailed).comes(mailed.now, identity=ask.message_id, direction="out")

    (found,) = api.receive(mailed.workspace, mailed.now + timedelta(minutes=1))

    assert found.new == 0
    assert mailed.contact("Ana Lima").sent == 1


def test_an_inbox_of_a_channel_that_is_gone_holds_until_it_is_closed(mailed: Search) -> None:
    with pytest.raises(api.UsageError, match="still receives"):
        api.close_inbox(mailed.workspace, "mail", mailed.now)
    with_mail(mailed, mail=False)
    mailed.wait("10d")
    assert mailed.messages("Ana Lima") == ["ask sent", "nudge held"]
    with pytest.raises(api.NotFound, match="refflow receive mail --close"):
        api.receive(mailed.workspace, mailed.now, ["mail"])

    api.close_inbox(mailed.workspace, "mail", mailed.now)
    mailed.approve("Ana Lima")
    assert mailed.messages("Ana Lima") == ["ask sent", "nudge sent"]
    with pytest.raises(api.UsageError, match="has no inbox"):
        api.close_inbox(mailed.workspace, "mail", mailed.now)


def test_a_search_without_such_a_channel_hears_nothing_of_it(search: Search) -> None:
    assert api.receive(search.workspace, search.now) == []
    assert search.events("inbox.missed", "inbox.checked") == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(data=st.data())
def test_whenever_it_is_looked_into_nothing_leaves_after_an_answer(
    searching: Searching, data: st.DataObject
) -> None:
    """However long the machine was off, and however often the far end was down."""
    answer = data.draw(st.integers(1, 30 * 24), "answered after hours")
    with searching(unattended=True) as search:
        box = with_mail(search)
        ana = search.contact("Ana Lima")
        api.edit_person(search.workspace, ana, api.PersonDetails(name="Ana Lima", email=ANA), search.now)
        search.ask("Ana Lima")
        at = search.now + timedelta(hours=answer)
        box.comes(at)
        for hours, down in data.draw(st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=8)):
            box.down = OSError("down") if down else None
            if search.now < at <= search.now + timedelta(hours=hours) and data.draw(st.booleans()):
                search.do(("ask", "Bo Berg", "Designer"))
            search.wait(f"{hours}h")
            api.receive(search.workspace, search.now)
        box.down = None
        search.wait("60d")

        sent = [each.sent_at for each in search.workspace.views.find(Message, contact=ana.id) if each.sent_at]
        assert all(each <= micros(at) for each in sent)
        assert len(search.events("reply.received")) == 1
        assert search.workspace.views.get(Contact, ana.id).received == 1  # type: ignore[union-attr]
        assert api.redecide(search.workspace).differing == []
        _MAILBOXES.pop(search.folder.outbox)


def test_the_time_a_command_waits_is_short_and_the_one_for_it_longer() -> None:
    assert inboxes.PATIENCE < receiving.LONG_PATIENCE
