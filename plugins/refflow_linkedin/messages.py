"""What was said, as history: who wrote to whom and when. The text goes into a digest and nowhere else.

Messages have no id, and their columns come, go and move between exports, so rows are read by the names of
columns and told apart by all that they hold. The direction follows from the owner's slug, or, in exports
that leave profiles out, from names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Literal

import msgspec

from refflow.api import Counterpart, Interaction

from .dates import day_of
from .identity import Identities
from .owner import Identity, Sightings
from .profiles import counterpart, folded, is_unknown, slug_of
from .table import Table

_COLUMNS = (
    "conversationid",
    "conversationtitle",
    "from",
    "senderprofileurl",
    "to",
    "recipientprofileurls",
    "date",
    "content",
    "folder",
    "direction",
    "ismessagedraft",
    "isconversationdraft",
)
_Direction = Literal["in", "out"]
_YES = frozenset(("yes", "true", "1"))
# Names contain commas, addresses of profiles do not.
_BETWEEN_URLS = re.compile(r"[,;\s]+")


class _Skipped(Exception):
    """The row is left out, with the reason."""


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `recipients` are slugs, `to` the names of all recipients in one text."""

    conversation: str
    title: str
    sender: str
    sender_slug: str | None
    to: str
    recipients: tuple[str, ...]
    sent: str
    content: str
    folder: str
    direction: str
    marked_draft: bool


def sight(table: Table, sightings: Sightings) -> date | None:
    """Note who is met in the messages. Returns the day of the newest."""
    newest: int | None = None
    columns = ("from", "senderprofileurl", "to", "recipientprofileurls", "date", "direction")
    for line, (sender, url, to, urls, sent, direction) in table.rows(*columns):
        sightings.saw_message(sender, slug_of(url), to, _slugs(urls))
        if direction.lower() == "outgoing":
            sightings.saw_owner(sender, slug_of(url))
        elif direction.lower() == "incoming":
            sightings.saw_owner(to, None)
        at = table.instant(line, sent)
        newest = at if newest is None or (at is not None and at > newest) else newest
    return None if newest is None else day_of(newest)


def interactions(tables: Iterable[Table], owner: Identity) -> Iterator[Interaction]:
    """One interaction a message and person: a message to a group is one with each of them."""
    identities = Identities()
    for table in tables:
        for line, message in _messages(table):
            try:
                direction, others = _sides(table, message, owner)
            except _Skipped as skipped:
                table.skip(str(skipped))
                continue
            at = table.instant(line, message.sent)
            if at is None:
                table.skip("without a date")
                continue
            table.report.imported += 1
            for other in others:
                yield Interaction(
                    line=line,
                    identity=identities.of("message", str(at), direction, *_marks(message, others, other)),
                    counterpart=other,
                    at=at,
                    direction=direction,
                    medium="message",
                    conversation=message.conversation or None,
                )


def _messages(table: Table) -> Iterator[tuple[int, _Message]]:
    for line, cells in table.rows(*_COLUMNS):
        conversation, title, sender, url, to, urls, sent, content, folder, direction, *drafts = cells
        yield (
            line,
            _Message(
                conversation=conversation,
                title=title,
                sender=sender,
                sender_slug=slug_of(url),
                to=to,
                recipients=_slugs(urls),
                sent=sent,
                content=content,
                folder=folder.lower(),
                direction=direction.lower(),
                marked_draft=not _YES.isdisjoint(map(str.lower, drafts)),
            ),
        )


@lru_cache(maxsize=1 << 16)
def _slugs(urls: str) -> tuple[str, ...]:
    slugs = map(slug_of, _BETWEEN_URLS.split(urls))
    return tuple(dict.fromkeys(slug for slug in slugs if slug))


def _sides(table: Table, message: _Message, owner: Identity) -> tuple[_Direction, list[Counterpart]]:
    """Which way the message went, and who is on the other side. Raises _Skipped."""
    if _is_draft(table, message):
        raise _Skipped("draft")
    if message.folder in ("spam", "junk"):
        raise _Skipped("spam")
    if _is_outgoing(message, owner):
        return "out", _recipients(message, owner)
    return "in", [_sender(table, message)]


def _is_draft(table: Table, message: _Message) -> bool:
    if message.marked_draft or message.folder in ("draft", "drafts"):
        return True
    if message.folder or not table.has("folder"):
        return False
    return not table.has("ismessagedraft", "isconversationdraft")


def _is_outgoing(message: _Message, owner: Identity) -> bool:
    if message.direction in ("outgoing", "incoming"):
        return message.direction == "outgoing"
    if not owner.is_known:
        raise _Skipped("unclear whose message it is")
    if message.sender_slug and owner.slug:
        return message.sender_slug == owner.slug
    return owner.is_called(message.sender)


def _recipients(message: _Message, owner: Identity) -> list[Counterpart]:
    others = [slug for slug in message.recipients if slug != owner.slug]
    if others:
        name = message.to if len(message.recipients) == 1 else ""
        return [counterpart(slug, name) for slug in others]
    if message.recipients or owner.is_called(message.to):
        raise _Skipped("to oneself")
    if not message.to or is_unknown(message.to):
        raise _Skipped("unknown person")
    return [counterpart(None, message.to)]


def _sender(table: Table, message: _Message) -> Counterpart:
    if message.sender_slug:
        return counterpart(message.sender_slug, message.sender)
    if not message.sender or is_unknown(message.sender):
        raise _Skipped("unknown person")
    if message.title and table.has("senderprofileurl"):
        raise _Skipped("sponsored")
    return counterpart(None, message.sender)


def _marks(message: _Message, others: list[Counterpart], other: Counterpart) -> tuple[str, ...]:
    """What tells the message from others of its instant and direction.

    People rename themselves and their profiles, so they count only where the conversation alone does not
    say who is meant. Line ends differ between copies of one export, so they do not count.
    """
    who = "" if message.conversation and len(others) == 1 else (*other.keys, folded(other.name or ""))[0]
    return message.conversation, who, "\n".join(message.content.splitlines())
