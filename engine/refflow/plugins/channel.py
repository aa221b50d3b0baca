"""What a channel is: it delivers one message, and can say later whether it did.

An effect is run from a stored request, so after a crash the same `Outgoing` may come again. The channel
is asked `was_sent` first, and never sends blindly a second time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Final, Protocol

import msgspec

from ..contacts.records import Interaction
from ..errors import RefflowError


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way to one contact.

    message     the message's id in the log
    key         the idempotency key: the same on every attempt to deliver the message
    message_id  the RFC 5322 Message-ID, in angle brackets, made before the first attempt
    in_reply_to, references  Message-IDs of the thread, oldest first
    at          when the message was requested; aware
    """

    message: str
    key: str
    contact_name: str
    sender_name: str
    body: str
    message_id: str
    at: datetime
    subject: str | None = None
    address: str | None = None
    profile_url: str | None = None
    sender_address: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was delivered: sent, left as a draft or laid out for pasting, after the channel's mode.

    `reference` finds it again at the far end and holds nothing personal, since it is kept for ever;
    `note` is for the reader and may name people and files.
    """

    reference: str
    note: str


class Unfound(Enum):
    """A delivery that a channel did not find: certainly none took place, or it cannot tell."""

    NOT_SENT = "not sent"
    UNKNOWN = "unknown"


NOT_SENT: Final = Unfound.NOT_SENT
UNKNOWN: Final = Unfound.UNKNOWN


class Retryable(RefflowError):
    """The message was certainly not delivered; a later attempt may succeed."""

    def __init__(self, reason: str | None = None, *, after: timedelta | None = None) -> None:
        super().__init__(*(() if reason is None else (reason,)))
        self.after = after


class Unauthorised(RefflowError):
    """The channel does not let refflow in: the message was certainly not delivered, and no other would be."""


class Permanent(RefflowError):
    """The message was not delivered and never will be as it is."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Channel(Protocol):
    """Delivers messages. Made by the factory of a `ChannelSpec` from a `ChannelContext`."""

    def deliver(self, outgoing: Outgoing) -> Delivery:
        """Deliver the message once, however often the same key is given.

        Raises `Retryable` or `Permanent` when it was certainly not delivered. Any other error leaves the
        outcome open: `was_sent` is asked, and failing that a person.
        """
        ...

    def was_sent(self, outgoing: Outgoing) -> Delivery | Unfound:
        """The earlier delivery of the message, `NOT_SENT` when there certainly was none, else `UNKNOWN`."""
        ...


class Receiver(Protocol):
    """What a channel that can `receive` does besides: it tells what came in."""

    def receive(self, since: datetime) -> Iterable[Interaction]:
        """What came in since `since` (aware), or earlier: what is given again counts once, by its `identity`.

        It changes nothing at the far end, where nothing becomes read by it. What no person wrote, such as a note
        that somebody is out of office, is left out. What it raises leaves open what came in: nothing leaves by
        itself until a look succeeds. It ends by itself when nobody answers; a command waits some seconds for it.
        """
        ...


def single_line(what: str, text: str) -> str:
    """`text`, fit for a header or a heading: it could otherwise smuggle in more of them.

    Raises `Permanent`, naming `what`, when it holds a line break or another control character.
    """
    if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text):
        raise Permanent(f"{what} has a line break or control character in it; it must be one plain line")
    return text


class ChannelContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel works with: `folder` is the workspace's outbox (it may not exist yet), `config` an
    instance of the spec's `config` struct."""

    folder: Path
    config: msgspec.Struct | None = None
