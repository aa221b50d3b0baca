"""The packet of a referral: what somebody who is asked for one is given."""

from __future__ import annotations

from collections.abc import Iterable

from refflow.views.openings import Opening
from refflow.views.pipeline import Ask

_WORDS = {
    "opening.title": "title",
    "opening.url": "link",
    "opening.submit": "how to submit",
    "ask.line": "personal line",
}
"""The parts of a packet, by the fields of a template that they give."""


def in_words(fields: Iterable[str]) -> list[str]:
    """The parts of a packet that give the fields a template lacks; a field that is no part of it stays."""
    return [_WORDS.get(field, field) for field in fields]


def missing_from_packet(opening: Opening, ask: Ask | None) -> list[str]:
    """What an ask still lacks before it can go out, in the words of the commands that give it."""
    given = {
        "opening.title": opening.title,
        "opening.url": opening.url,
        "opening.submit": opening.submit,
        "ask.line": ask.line if ask is not None else None,
    }
    return in_words(field for field, value in given.items() if not value)
