"""The channel `eml`: one draft file a message, which a double click opens in your mail program."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from pathlib import Path

from refflow.api import NOT_SENT, UNKNOWN, ChannelContext, Delivery, Outbox, Outgoing, Unfound

from .message import compose


class EmlChannel:
    """Writes drafts into the workspace's outbox. It sends nothing: that is for you to do."""

    def __init__(self, context: ChannelContext) -> None:
        self._outbox = Outbox(context.folder, ".eml")

    def deliver(self, outgoing: Outgoing) -> Delivery:
        """Write the draft, unless it is there already."""
        # Outlook opens a file with this header for writing rather than as mail that was received.
        content = compose(outgoing, extra=[("X-Unsent", "1")])
        earlier = self.was_sent(outgoing)
        if isinstance(earlier, Delivery):
            return earlier
        return _delivery(outgoing, self._outbox.write(outgoing.message, outgoing.contact_name, content))

    def was_sent(self, outgoing: Outgoing) -> Delivery | Unfound:
        """Whether the draft is in the outbox.

        Nothing leaves by itself, so a message without a file was not sent, or you took its file and know.
        """
        try:
            path = self._outbox.find(outgoing.message)
            if path is None:
                return NOT_SENT
            return _delivery(outgoing, path) if _message_id(path) == outgoing.message_id else UNKNOWN
        except OSError:
            return UNKNOWN


def _message_id(path: Path) -> str:
    with path.open("rb") as file:
        return str(BytesHeaderParser().parse(file)["Message-ID"]).strip()


def _delivery(outgoing: Outgoing, path: Path) -> Delivery:
    return Delivery(
        reference=outgoing.message_id,
        note=f"Draft {path.name} is in the outbox: open it in your mail program, read it over and send it",
    )
