"""A message as RFC 5322 text.

Headers are written here rather than by `email.message.EmailMessage`, which encodes a long References header
as words (RFC 2047), after which no mail program finds the thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from email.header import Header
from email.utils import format_datetime
from quopri import encodestring

from refflow.api import Outgoing, Permanent, single_line

from .addresses import ascii_address

_WIDTH = 78
_LONGEST_WORD = 900
_MOST_REFERENCES = 20
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_PLAIN_PHRASE = re.compile("[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


def compose(outgoing: Outgoing, extra: Sequence[tuple[str, str]] = ()) -> bytes:
    """The message with CRLF line ends, `extra` headers last.

    Raises `Permanent`, which says what to mend, when no correct message can be made of it.
    """
    headers = [*_headers(outgoing), *(f"{name}: {value}" for name, value in extra)]
    return "\r\n".join(headers).encode("ascii") + b"\r\n\r\n" + _body(outgoing.body)


def _headers(outgoing: Outgoing) -> Iterator[str]:
    if not outgoing.sender_address:
        raise Permanent("Your own mail address is not known: add it to your settings")
    if not outgoing.address:
        raise Permanent(f"No mail address of {outgoing.contact_name} is known: add one, or use another channel")
    if not _MESSAGE_ID.fullmatch(outgoing.message_id):
        raise Permanent(f"{outgoing.message_id!r} is not a Message-ID such as <id@example.com>")
    yield f"Date: {format_datetime(outgoing.at)}"
    yield _mailbox("From", "Your name", outgoing.sender_name, outgoing.sender_address)
    yield _mailbox("To", "The name of the contact", outgoing.contact_name, outgoing.address)
    if outgoing.subject is not None:
        yield _unstructured("Subject", single_line("The subject", outgoing.subject))
    yield f"Message-ID: {outgoing.message_id}"
    yield from _thread(outgoing)
    yield "MIME-Version: 1.0"
    yield 'Content-Type: text/plain; charset="utf-8"'
    yield "Content-Transfer-Encoding: quoted-printable"


def _thread(outgoing: Outgoing) -> Iterator[str]:
    """RFC 5322, 3.6.4. Ids that no mail program could have meant are left out: they come from others' mail."""
    parent = outgoing.in_reply_to
    given = (*outgoing.references, *([parent] if parent else []))
    for each in given:
        single_line("A Message-ID of the thread", each)
    ids = list(dict.fromkeys(each for each in given if _MESSAGE_ID.fullmatch(each)))
    if parent in ids:
        ids.remove(parent)
        ids.append(parent)
        yield f"In-Reply-To: {parent}"
    if len(ids) > _MOST_REFERENCES:
        ids = [ids[0], *ids[1 - _MOST_REFERENCES :]]
    if ids:
        yield _folded("References", ids)


def _mailbox(header: str, what: str, name: str, address: str) -> str:
    addr_spec = ascii_address(single_line("A mail address", address))
    phrase = _phrase(header, " ".join(single_line(what, name).split()))
    if not phrase:
        return f"{header}: {addr_spec}"
    one_line = f"{header}: {phrase} <{addr_spec}>"
    return one_line if len(one_line) <= _WIDTH else f"{header}: {phrase}\r\n <{addr_spec}>"


def _phrase(header: str, name: str) -> str:
    if not name.isascii() or "=?" in name or len(name) > 60:
        return _encoded(header, name)
    if not name or _PLAIN_PHRASE.fullmatch(name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _unstructured(header: str, text: str) -> str:
    words = text.split(" ")
    plain = text.isascii() and "=?" not in text and all(0 < len(word) <= _LONGEST_WORD for word in words)
    return _folded(header, words) if plain else f"{header}: {_encoded(header, text)}"


def _encoded(header: str, text: str) -> str:
    return Header(text, "utf-8", header_name=header).encode(linesep="\r\n")


def _folded(header: str, words: Iterable[str]) -> str:
    lines = [f"{header}:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _WIDTH and lines[-1] != f"{header}:":
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines)


def _body(text: str) -> bytes:
    unix = re.sub("\r\n?", "\n", text)
    try:
        content = (unix if unix.endswith("\n") else f"{unix}\n").encode("utf-8")
    except UnicodeEncodeError:
        raise Permanent("The text has half a character in it that cannot be written: type it anew") from None
    return encodestring(content).replace(b"\n", b"\r\n")
