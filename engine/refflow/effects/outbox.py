"""The outbox: carries out requested sends, each at most once, and records what became of them.

A send is requested in the log before it is made. Whoever holds the outbox's lock makes it and records the
outcome; if that process dies, the next one finds a request without outcome and asks the channel whether the
message left. If it did not, the request has failed and is made anew: the rules are asked again, since much may
have happened meanwhile. When nobody can tell, a person decides: a request sent twice is worse than one sent late.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from refflow.errors import RefflowError, in_words
from refflow.events.event import instant
from refflow.events.messages import MessageFailed, MessageInDoubt, MessagePrepared, MessageSent
from refflow.events.runs import ChannelPaused
from refflow.plugins.channel import (
    NOT_SENT,
    UNKNOWN,
    Channel,
    Delivery,
    Outgoing,
    Permanent,
    Retryable,
    Unauthorised,
    Unfound,
)
from refflow.plugins.specs import ChannelSpec
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.rows import Source
from refflow.workflows.language.settings import Settings

Channels = Mapping[str, tuple[ChannelSpec, Callable[[], Channel]]]
MOST_REFERENCES = 50
STOPPED = "refflow was stopped before it left."


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold the lock of the outbox, as long as this process lives; false when another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        if not _lock(file.fileno()):
            yield False
            return
        yield True


def attempt(message: Message, outgoing: Outgoing, channels: Channels, *, recovering: bool) -> tuple[Any, ...]:
    """Deliver one requested message and return the events that say what became of it, and of its channel.

    `recovering`: an earlier process requested it and may have delivered it before it died. Then nothing is
    delivered here.
    """
    if recovering:
        return (_recovered(message, outgoing, channels),)
    try:
        spec, make = channels[message.channel]
    except KeyError:
        return (_failed(message, _no_channel(message)),)
    try:
        channel = make()
    except Unauthorised as error:
        return _locked_out(message, error)
    except Exception as error:
        return (_failed(message, in_words(error)),)
    try:
        return (_delivered(message, spec, channel.deliver(outgoing)),)
    except Permanent as error:
        return (_failed(message, str(error)),)
    except Unauthorised as error:
        return _locked_out(message, error)
    except Retryable as error:
        return (_not_now(message, str(error), error.after),)
    except Exception as error:  # What else a channel raises leaves open whether the message left.
        return (_after_fault(channel, message, spec, outgoing, error),)


def _recovered(message: Message, outgoing: Outgoing, channels: Channels) -> Any:
    try:
        spec, make = channels[message.channel]
    except KeyError:
        return _in_doubt(message, RefflowError(_no_channel(message)))
    try:
        found = make().was_sent(outgoing)
    except Exception as error:
        return _in_doubt(message, error)
    if isinstance(found, Delivery):
        return _delivered(message, spec, found)
    return _not_now(message, STOPPED) if found is NOT_SENT else _in_doubt(message, None)


def outgoing_of(message: Message, rows: Source, settings: Settings) -> Outgoing:
    """The message as its channel takes it."""
    contact = rows.get(Contact, message.contact) or Contact(id=message.contact)
    thread = list(_thread(message, rows))
    return Outgoing(
        message=message.id,
        key=message.message_id or message.id,
        contact_name=contact.name,
        address=contact.email,
        profile_url=contact.url,
        sender_name=settings.name,
        sender_address=settings.email,
        subject=message.subject,
        body=message.body or "",
        message_id=message.message_id or "",
        in_reply_to=thread[-1] if thread else None,
        references=tuple(thread),
        at=instant(message.approved_at or message.drafted_at),
    )


def _thread(message: Message, rows: Source) -> list[str]:
    """The Message-IDs of the messages that `message` follows, oldest first."""
    ids: list[str] = []
    parent = message.thread
    while parent is not None and len(ids) < MOST_REFERENCES:
        earlier = rows.get(Message, parent)
        if earlier is None:
            break
        if earlier.message_id:
            ids.append(earlier.message_id)
        parent = earlier.thread
    return ids[::-1]


def _locked_out(message: Message, error: Unauthorised) -> tuple[Any, ...]:
    # Nothing of it left, and nothing else would: the channel stops, the runs wait.
    return ChannelPaused(channel=message.channel, reason=str(error)), _not_now(message, str(error))


def _after_fault(
    channel: Channel, message: Message, spec: ChannelSpec, outgoing: Outgoing, error: Exception
) -> Any:
    try:
        found: Delivery | Unfound = channel.was_sent(outgoing)
    except Exception:
        found = UNKNOWN
    if isinstance(found, Delivery):
        return _delivered(message, spec, found)
    return _failed(message, in_words(error)) if found is NOT_SENT else _in_doubt(message, error)


def _delivered(message: Message, spec: ChannelSpec, delivery: Delivery) -> MessageSent | MessagePrepared:
    if spec.mode == "auto":
        return MessageSent(
            message=message.id, run=message.run, contact=message.contact, opening=message.opening
        )
    return MessagePrepared(
        message=message.id,
        run=message.run,
        contact=message.contact,
        reference=delivery.reference,
        mode=spec.mode,
    )


def _failed(message: Message, reason: str) -> MessageFailed:
    return MessageFailed(message=message.id, run=message.run, contact=message.contact, reason=reason)


def _not_now(message: Message, reason: str, after: timedelta | None = None) -> MessageFailed:
    return MessageFailed(
        message=message.id,
        run=message.run,
        contact=message.contact,
        reason=reason,
        severity="retry",
        wait=None if after is None else max(0, math.ceil(after.total_seconds())),
    )


def _in_doubt(message: Message, error: Exception | None) -> MessageInDoubt:
    reason = "The channel cannot tell whether it left." if error is None else in_words(error)
    return MessageInDoubt(message=message.id, run=message.run, contact=message.contact, reason=reason)


def _no_channel(message: Message) -> str:
    return f"There is no channel `{message.channel}`. Is its plugin installed and enabled?"


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
