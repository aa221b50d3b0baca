"""What every channel must do, as a class of test cases that the author of one subclasses."""

from __future__ import annotations

import logging
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest

from ..contacts.records import Interaction
from ..errors import RefflowError
from ..plugins.channel import (
    NOT_SENT,
    UNKNOWN,
    Channel,
    ChannelContext,
    Delivery,
    Outgoing,
    Permanent,
    Receiver,
    Retryable,
)
from ..plugins.config import Secret
from ..plugins.factories import resolve
from ..plugins.specs import ChannelSpec

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def outgoing(**changes: Any) -> Outgoing:
    """A message that any channel can deliver, with `changes`."""
    message = Outgoing(
        message="m-1",
        key="m-1/1",
        contact_name="Ana Pérez",
        address="ana@example.com",
        profile_url="https://www.linkedin.com/in/ana-perez",
        sender_name="Sam Seeker",
        sender_address="sam@example.org",
        subject="A question about Acme",
        body="Hello Ana,\n\nhow are you?\n",
        message_id="<m-1@example.org>",
        at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    )
    return msgspec.structs.replace(message, **changes)


def attempt(channel: Channel, message: Outgoing) -> Delivery | RefflowError:
    """What delivering the message comes to."""
    try:
        return channel.deliver(message)
    except RefflowError as error:
        return error


class ChannelContract:
    """Subclass it as `TestMyChannel` and supply `spec` and `delivered`; `config` if the channel has one.

    `channel` makes one as a workspace would, over an outbox folder that does not exist yet.
    """

    def spec(self) -> ChannelSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def sends(self) -> None:
        """Skip the case of a channel that sends nothing."""
        if self.spec().mode != "auto":
            pytest.skip("this channel does not send")

    def delivered(self, outbox: Path) -> list[str]:
        """The texts that have arrived, wherever this channel delivers to."""
        raise NotImplementedError

    def config(self) -> msgspec.Struct | None:
        """The configuration to test with."""
        return None

    def receives(self) -> None:
        """Skip the case of a channel by which nothing comes in."""
        if "receive" not in self.spec().can:
            pytest.skip("nothing comes in by this channel")

    def arrive(self, outbox: Path, text: str) -> None:
        """Let a message of Ana's, `ana@example.com`, come in at the far end, now. Asked of one that receives."""
        raise NotImplementedError

    def receiver(self, outbox: Path) -> Receiver:
        """The channel as one that receives."""
        channel: Any = self.channel(outbox)
        assert hasattr(channel, "receive"), "a channel that can receive has a method `receive`"
        made: Receiver = channel
        return made

    def unreachable(self, outbox: Path) -> Channel:
        """The channel with nothing at its far end. Asked of one that sends or receives."""
        raise NotImplementedError

    def silent(self, outbox: Path) -> Channel:
        """The channel with a far end that takes the message and never answers. Asked of one that sends."""
        raise NotImplementedError

    def refusing(self, outbox: Path) -> Channel:
        """The channel with a far end that refuses the message for good. Asked of one that sends."""
        raise NotImplementedError

    def channel(self, outbox: Path) -> Channel:
        """The channel over that outbox."""
        made: Channel = resolve(self.spec().factory)(ChannelContext(folder=outbox, config=self.config()))
        return made

    @pytest.fixture
    def outbox(self, tmp_path: Path) -> Path:
        return tmp_path / "outbox"

    def test_a_delivery_says_where_it_is_and_names_nobody_in_its_reference(self, outbox: Path) -> None:
        delivery = self.channel(outbox).deliver(outgoing())

        assert isinstance(delivery, Delivery)
        assert delivery.reference
        assert delivery.note
        assert "Ana" not in delivery.reference, "a reference is kept for ever, so it must name nobody"
        assert len(self.delivered(outbox)) == 1

    def test_the_same_key_twice_is_one_delivery(self, outbox: Path) -> None:
        first = self.channel(outbox).deliver(outgoing())
        second = self.channel(outbox).deliver(outgoing())

        assert first == second
        assert len(self.delivered(outbox)) == 1

    def test_two_messages_to_one_contact_are_two_deliveries(self, outbox: Path) -> None:
        channel = self.channel(outbox)
        channel.deliver(outgoing())
        channel.deliver(outgoing(message="m-12", key="m-12/1", message_id="<m-12@example.org>"))

        assert len(self.delivered(outbox)) == 2

    def test_what_was_delivered_is_found_again(self, outbox: Path) -> None:
        """By another process, after a crash, and although the contact was renamed meanwhile."""
        if "reconcile" not in self.spec().can:
            pytest.skip("this channel does not claim to find what it delivered")
        delivery = self.channel(outbox).deliver(outgoing())
        found = self.channel(outbox).was_sent(outgoing(contact_name="Ana Pérez-Gómez"))

        assert isinstance(found, Delivery)
        assert found.reference == delivery.reference

    def test_what_was_not_delivered_is_not_found(self, outbox: Path) -> None:
        channel = self.channel(outbox)
        channel.deliver(outgoing())
        other = outgoing(message="m-2", key="m-2/1", message_id="<m-2@example.org>")

        assert channel.was_sent(other) in (NOT_SENT, UNKNOWN)
        assert self.channel(outbox / "new").was_sent(other) in (NOT_SENT, UNKNOWN)

    @pytest.mark.parametrize("text", ["Grüße aus Łódź", "お元気ですか", "שלום", "👋🏽 naïve"])
    def test_text_in_any_script_arrives_as_written(self, outbox: Path, text: str) -> None:
        self.channel(outbox).deliver(outgoing(contact_name=text, sender_name=text, subject=text, body=text))

        (arrived,) = self.delivered(outbox)
        assert text in arrived

    def test_a_long_text_arrives_whole(self, outbox: Path) -> None:
        text = "A sentence of the usual length, neither short nor long.\n" * 200
        self.channel(outbox).deliver(outgoing(body=text))

        (arrived,) = self.delivered(outbox)
        assert text.strip() in arrived

    @pytest.mark.parametrize("field", ["contact_name", "sender_name", "subject"])
    @pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\u2028"])
    def test_a_line_break_smuggles_no_header_in(self, outbox: Path, field: str, line_break: str) -> None:
        """Refused, or of no consequence because the channel does not use the field."""
        smuggling = outgoing(**{field: f"Ana{line_break}Bcc: everybody@example.com"})
        outcome = attempt(self.channel(outbox), smuggling)

        assert not any("everybody" in arrived for arrived in self.delivered(outbox))
        if not isinstance(outcome, Delivery):
            assert isinstance(outcome, Permanent), "no later attempt could succeed"
            assert "line break" in outcome.reason, "the reason should say what is wrong"

    def test_a_draft_never_leaves_the_machine(self, outbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        if self.spec().mode == "auto":
            pytest.skip("this channel is meant to send")

        def refuse(*_: object) -> NoReturn:
            raise AssertionError("a channel that does not send has opened a connection")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        self.channel(outbox).deliver(outgoing())

        assert "send" not in self.spec().can

    def test_an_outbox_that_is_no_folder_is_said_so(self, outbox: Path) -> None:
        """A channel that does not use the outbox delivers all the same."""
        outbox.write_text("I am a file")
        channel = self.channel(outbox)
        outcome = attempt(channel, outgoing())

        if not isinstance(outcome, Delivery):
            assert str(outbox) in str(outcome), "the error should name the folder"
            assert channel.was_sent(outgoing()) is UNKNOWN, "nobody can tell"

    def test_nothing_at_the_far_end_is_tried_again(self, outbox: Path) -> None:
        """The message certainly did not leave."""
        self.sends()

        assert isinstance(_raised(self.unreachable(outbox)), Retryable)

    def test_no_answer_leaves_it_open(self, outbox: Path) -> None:
        """It may have left, so it is neither failed nor to be tried again."""
        self.sends()

        error = _raised(self.silent(outbox))
        assert error is not None, "a channel that got no answer must not say that it delivered"
        assert not isinstance(error, Retryable | Permanent), "nobody knows whether the message left"

    def test_a_refusal_is_final_and_says_why(self, outbox: Path) -> None:
        self.sends()

        error = _raised(self.refusing(outbox))
        assert isinstance(error, Permanent)
        assert error.reason.strip()

    def test_what_came_in_is_told_with_who_wrote_it_and_without_its_text(self, outbox: Path) -> None:
        self.receives()
        self.arrive(outbox, "I would rather not say this twice.")

        (came,) = self.receiver(outbox).receive(LONG_AGO)
        assert isinstance(came, Interaction)
        assert (came.direction, came.medium) == ("in", "message")
        assert "email:ana@example.com" in came.counterpart.keys or came.counterpart.name, "who wrote it?"
        assert "rather not" not in repr(came), "the text of a message is nobody's but the reader's"

    def test_a_look_changes_nothing_so_the_next_one_tells_the_same(self, outbox: Path) -> None:
        """By another process too: what is told twice counts once, what is told never is lost."""
        self.receives()
        self.arrive(outbox, "Hello")
        receiver = self.receiver(outbox)
        first, again = (list(receiver.receive(LONG_AGO)) for _ in range(2))

        assert first == again == list(self.receiver(outbox).receive(LONG_AGO)) != []

    def test_every_message_has_an_identity_of_its_own(self, outbox: Path) -> None:
        self.receives()
        self.arrive(outbox, "Hello")
        before = {each.identity for each in self.receiver(outbox).receive(LONG_AGO)}
        self.arrive(outbox, "Hello")
        after = {each.identity for each in self.receiver(outbox).receive(LONG_AGO)}

        assert before < after
        assert len(after) == 2

    def test_an_inbox_that_cannot_be_looked_into_is_not_an_empty_one(self, outbox: Path) -> None:
        """Or a follow-up would leave although the answer is there."""
        self.receives()
        closed: Any = self.unreachable(outbox)

        with pytest.raises(Exception):  # noqa: B017, PT011  (any error will do, silence will not)
            list(closed.receive(LONG_AGO))

    def test_a_secret_is_shown_nowhere(self, outbox: Path, caplog: pytest.LogCaptureFixture) -> None:
        secrets = _secrets(self.config())
        caplog.set_level(logging.DEBUG)
        channel = self.channel(outbox)
        delivery = channel.deliver(outgoing())

        for shown in (repr(channel), repr(delivery), caplog.text):
            assert not any(secret in shown for secret in secrets), "a secret is shown"

    def test_what_it_says_it_can_it_does(self, outbox: Path) -> None:
        """One that claims to reconcile finds what it delivered; any other says that it cannot tell."""
        channel = self.channel(outbox)
        channel.deliver(outgoing())
        found = channel.was_sent(outgoing())

        if "reconcile" in self.spec().can:
            assert isinstance(found, Delivery)
        else:
            assert found is UNKNOWN


def _raised(channel: Channel) -> Exception | None:
    try:
        channel.deliver(outgoing())
    except Exception as error:
        return error
    return None


def _secrets(config: msgspec.Struct | None) -> list[str]:
    fields = () if config is None else config.__struct_fields__
    values = [getattr(config, name) for name in fields]
    return [value.reveal() for value in values if isinstance(value, Secret)]
