"""What a message or a packet lacks: in plain words, with the command that adds it."""

from __future__ import annotations

from collections.abc import Iterable

from refflow import api
from refflow.views.messages import Message

_EDIT = "refflow opening edit {opening}"
_LACKS = {
    "title": ("the title of the job", f"{_EDIT} --title TITLE"),
    "link": ("the link to the posting", f"{_EDIT} --url LINK"),
    "how to submit": ("how a referral is handed in", f"{_EDIT} --submit TEXT"),
    "personal line": ("why you ask just them", "refflow packet {opening} --for {contact} --line TEXT"),
}
_PLACEHOLDERS = {
    "opening.title": "title",
    "opening.url": "link",
    "opening.submit": "how to submit",
    "ask.line": "personal line",
}


def lacking(names: Iterable[str], opening: str | None, contact: str | None) -> list[str]:
    """A line for each of `names`, which are parts of a packet or fields that a template wants."""
    return [_line(name, opening, contact) for name in names]


def lacking_from(workspace: api.Workspace, message: Message) -> list[str]:
    """A line for each thing that keeps a message back because it is not there."""
    names: Iterable[str] = message.missing
    if message.rule == "packet" and message.opening is not None:
        contact = api.find_contact(workspace, message.contact)
        names = api.packet(workspace, api.find_opening(workspace, message.opening), contact).missing
    return lacking(names, message.opening, message.contact)


def in_words(names: Iterable[str]) -> str:
    """What is lacking, in a phrase."""
    return ", ".join(_entry(name)[0] for name in names)


def _entry(name: str) -> tuple[str, str]:
    return _LACKS.get(_PLACEHOLDERS.get(name, name), (name, ""))


def _line(name: str, opening: str | None, contact: str | None) -> str:
    words, command = _entry(name)
    if not command or opening is None or ("{contact}" in command and contact is None):
        return words
    return f"{words}: {command.format(opening=opening, contact=contact)}"
