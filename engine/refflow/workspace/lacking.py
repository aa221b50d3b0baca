"""What a draft lacks, in words."""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = {
    "opening.title": "title",
    "opening.url": "link",
    "opening.submit": "how to submit",
    "ask.line": "personal line",
}


def in_words(fields: Iterable[str]) -> list[str]:
    """The parts of a packet that give the fields a template lacks; a field that is no part of it stays."""
    return [_WORDS.get(field, field) for field in fields]
