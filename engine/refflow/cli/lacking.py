"""The commands that add what a message or a packet lacks."""

from __future__ import annotations

from collections.abc import Iterable

from refflow import api
from refflow.views.messages import Message

_EDIT = "refflow opening edit {opening}"
_COMMANDS = {
    "title": f"{_EDIT} --title TITLE",
    "link": f"{_EDIT} --url LINK",
    "how to submit": f"{_EDIT} --submit TEXT",
    "personal line": "refflow packet {opening} --for {contact} --line TEXT",
}


def lacking(parts: Iterable[str], opening: str | None, contact: str | None) -> list[str]:
    """A line for each of the `parts` of a packet, or other things that are missing."""
    return [_line(part, opening, contact) for part in parts]


def lacking_from(workspace: api.Workspace, message: Message) -> list[str]:
    """A line for each thing that keeps a message back because it is not there."""
    from refflow.workflows.runs.packet import in_words

    parts = in_words(message.missing)
    if message.rule == "packet" and message.opening is not None:
        contact = api.find_contact(workspace, message.contact)
        parts = api.packet(workspace, api.find_opening(workspace, message.opening), contact).missing
    return lacking(parts, message.opening, message.contact)


def _line(part: str, opening: str | None, contact: str | None) -> str:
    command = _COMMANDS.get(part)
    if command is None or opening is None or ("{contact}" in command and contact is None):
        return part
    return f"{part}: {command.format(opening=opening, contact=contact)}"
