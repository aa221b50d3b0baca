"""The wording of a message: what a friend would say of it before it goes out. Pure: a text in, remarks out.

What nothing has filled in is certain, and such a message does not leave. The rest are remarks: whoever writes decides.

Limits are those of 40 million mails (Boomerang 2016, a vendor's figures, correlations): most answers come to 50 to 125
words with one to three questions and a subject of a few words. One ask a message: people say yes to a direct one about
twice as often as askers think (Flynn & Lake 2008), and to which of two is not plain. An invitation on LinkedIn takes a
note of 200 characters, 300 with Premium.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import msgspec

from .facts import ContactFacts

FEWEST_WORDS, MOST_WORDS = 40, 125
MOST_QUESTIONS = 3
MOST_SUBJECT_WORDS = 7
NOTE, PREMIUM_NOTE = 200, 300
TELLING_WORDS = 5
"""Fewer words stand in two texts by chance."""
ALIKE = 90
"""From so many of 100 on (rapidfuzz's ratio) two sentences are the same but for a name or an adjective."""

UNFILLED = re.compile(
    r"\{\{|\{%|\b(?:TODO|FIXME|XXX+)\b|_{4,}|(?i:<(?:\w+ )?name>|\{(?:\w+[ _])?name\})"
    r"|(?i:\[(?:(?:your|their|my|insert)\b[^\[\]\n{}]{0,30}|(?:\w+ ){0,2}name"
    r"|company|title|role|date|link|contact)\](?!\())"
)
"""A place that was to be filled in, in the ways people mark one. `[m/f/d]` and `[Full-time]` are parts of titles."""

_ASKS = re.compile(
    r"\b(?:would|could|can|will) you\b|\bare you (?:willing|able|open)\b|\bmay i ask\b|\bi (?:would|wanted to) ask\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORKED = re.compile(
    r"\b(?:working with you|when we worked|worked together|our time at|as your colleague)\b", re.I
)
_MET = re.compile(
    r"\b(?:when we (?:met|spoke|talked)|our (?:coffee|call|conversation|chat)|meeting you)\b", re.I
)
_REFERRED = re.compile(r"\b(?:thank you for|thanks for) (?:the|your) referral\b|\bfor referring me\b", re.I)

Kind = Literal[
    "unfilled",
    "long",
    "short",
    "subject",
    "questions",
    "asks",
    "note",
    "address",
    "private",
    "relation",
    "copy",
]


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a message. `text` is for people; one that is `certain` keeps the message from leaving."""

    kind: Kind
    text: str
    certain: bool = False


class Acquaintance(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of whom the message goes to. `talked`: they met, or a message of theirs is known; `linked`: they
    are connected where the message is pasted.
    """

    contact: ContactFacts
    talked: bool
    linked: bool = True


def remarks(
    subject: str | None,
    body: str,
    to: Acquaintance,
    *,
    personal: Sequence[str] = (),
    others: Mapping[str, Sequence[str]] = MappingProxyType({}),
    shared: Collection[str | None] = (),
    notes: Iterable[str] = (),
) -> list[Remark]:
    """What there is to say of a message.

    `personal` are the words meant for just this person, `others` those that others got, by their names; `shared`
    are addresses that both know, `notes` what whoever writes has noted for themselves about the person.
    """
    found = [*_unfilled(f"{subject or ''}\n{body}"), *_shape(subject, body), *_claims(body, to)]
    if not to.linked and len(body) > NOTE:
        text = f"An invitation takes {NOTE} characters ({PREMIUM_NOTE} with Premium); these are {len(body)}."
        found.append(Remark(kind="note", text=text))
    for address in dict.fromkeys(_ADDRESS.findall(body)):
        if address not in shared:
            found.append(Remark(kind="address", text=f"It gives away {address}: may they have it?"))
    if any(_repeats(body, note) for note in notes):
        found.append(Remark(kind="private", text=f"It repeats a note of yours about {to.contact.first_name}."))
    return [*found, *_copies(personal, others)]


def unfilled(text: str) -> tuple[str, ...]:
    """The places of a text that nobody has filled in, each once."""
    return tuple(dict.fromkeys(each.group() for each in UNFILLED.finditer(text)))


def handwritten(original: str, body: str) -> str:
    """What of `body` is not in `original`, which a template made of it; empty when that is no more than a few words."""
    from rapidfuzz import fuzz

    given = [_plain(each) for each in _SENTENCE.split(original)]
    own = [
        sentence.strip()
        for sentence in _SENTENCE.split(body)
        if not any(fuzz.ratio(_plain(sentence), each) >= ALIKE for each in given)
    ]
    text = " ".join(own)
    return text if len(text.split()) >= TELLING_WORDS else ""


def _unfilled(text: str) -> list[Remark]:
    return [
        Remark(kind="unfilled", text=f"`{each}` was to be filled in.", certain=True) for each in unfilled(text)
    ]


def _shape(subject: str | None, body: str) -> list[Remark]:
    found = []
    words, questions = len(body.split()), body.count("?")
    asks = sum(1 for sentence in _SENTENCE.split(body) if _ASKS.search(sentence))
    if words > MOST_WORDS:
        found.append(
            Remark(kind="long", text=f"{words} words: {MOST_WORDS} and fewer are answered more often.")
        )
    elif asks and words < FEWEST_WORDS:
        found.append(Remark(kind="short", text=f"{words} words are few for a request: say why you ask them."))
    if len((subject or "").split()) > MOST_SUBJECT_WORDS:
        found.append(
            Remark(kind="subject", text=f"A subject of more than {MOST_SUBJECT_WORDS} words is cut off.")
        )
    if questions > MOST_QUESTIONS:
        found.append(
            Remark(kind="questions", text=f"{questions} questions: one to three are answered more often.")
        )
    if asks > 1:
        found.append(
            Remark(kind="asks", text=f"It asks for {asks} things: one is plainer, and easier to say yes to.")
        )
    return found


def _claims(body: str, to: Acquaintance) -> list[Remark]:
    """What the text says of the two, and the records do not."""
    who, found = to.contact.first_name, []
    if _WORKED.search(body) and to.contact.relation not in (None, "colleague", "manager", "mentor"):
        text = f"It speaks of working together; {who} is down as {to.contact.relation}."
        found.append(Remark(kind="relation", text=text))
    if _MET.search(body) and not to.talked:
        found.append(
            Remark(kind="relation", text=f"It speaks of having talked; nothing is known of that with {who}.")
        )
    if _REFERRED.search(body) and not to.contact.referrals:
        found.append(Remark(kind="relation", text=f"It thanks for a referral; none by {who} is known."))
    return found


def _repeats(body: str, note: str) -> bool:
    """Whether a sentence of the note, of some words at least, stands in the body."""
    told = _plain(body)
    sentences = (_plain(each).rstrip(".!?") for each in _SENTENCE.split(note))
    return any(len(each.split()) >= TELLING_WORDS and each in told for each in sentences)


def _copies(personal: Sequence[str], others: Mapping[str, Sequence[str]]) -> list[Remark]:
    if not personal or not others:
        return []
    from rapidfuzz import fuzz

    return [
        Remark(kind="copy", text=f"{name} got nearly the same personal words: people compare.")
        for name, theirs in others.items()
        if any(fuzz.ratio(_plain(own), _plain(each)) >= ALIKE for own in personal for each in theirs)
    ]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
