"""The channel `paste`: LinkedIn has no way in for programs, so the text is laid out for you to paste."""

from __future__ import annotations

from pathlib import Path

from refflow.api import (
    NOT_SENT,
    UNKNOWN,
    ChannelContext,
    Delivery,
    Outbox,
    Outgoing,
    Permanent,
    Unfound,
    single_line,
)

_LINE = "-" * 20 + " paste what follows " + "-" * 20


class PasteChannel:
    """Writes each text, with the link to the profile, into the workspace's outbox."""

    def __init__(self, context: ChannelContext) -> None:
        self._outbox = Outbox(context.folder, ".txt")

    def deliver(self, outgoing: Outgoing) -> Delivery:
        """Lay out the text, unless it is there already."""
        content = _compose(outgoing)
        earlier = self.was_sent(outgoing)
        if isinstance(earlier, Delivery):
            return earlier
        return _delivery(outgoing, self._outbox.write(outgoing.message, outgoing.contact_name, content))

    def was_sent(self, outgoing: Outgoing) -> Delivery | Unfound:
        """Whether the text is laid out. Whether you pasted it, you alone know."""
        try:
            path = self._outbox.find(outgoing.message)
            if path is None:
                return NOT_SENT
            return _delivery(outgoing, path) if _is_of(path, outgoing) else UNKNOWN
        except OSError:
            return UNKNOWN


def _compose(outgoing: Outgoing) -> bytes:
    name = single_line("The name of the contact", outgoing.contact_name)
    link = single_line("The link to the profile", outgoing.profile_url or f"not known; look for {name}")
    heading = [f"To:      {name}", f"Profile: {link}", _message_line(outgoing), "", _LINE, ""]
    try:
        return "\n".join([*heading, outgoing.body.rstrip(), ""]).encode("utf-8")
    except UnicodeEncodeError:
        raise Permanent("The text has half a character in it that cannot be written: type it anew") from None


def _message_line(outgoing: Outgoing) -> str:
    return f"Message: {single_line('The id of the message', outgoing.message)}"


def _is_of(path: Path, outgoing: Outgoing) -> bool:
    heading = path.read_bytes().partition(_LINE.encode())[0].decode("utf-8", "replace")
    return _message_line(outgoing) in heading.splitlines()


def _delivery(outgoing: Outgoing, path: Path) -> Delivery:
    return Delivery(
        reference=outgoing.message,
        note=f"The text for {outgoing.contact_name} is in the outbox as {path.name}: paste it, then confirm",
    )
