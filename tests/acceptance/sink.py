"""A channel that really sends, into a file, and can be killed at any point of doing so. Run as a program it
approves the message that waits in a workspace.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from refflow import api

ASKED = "REFFLOW_TEST_DIE"
KNOWS = "REFFLOW_TEST_KNOWS"


class Sink:
    """Appends each message's key to `sent.txt`. Dies where the environment says."""

    def __init__(self, context: api.ChannelContext) -> None:
        self.path = context.folder.parent / "sent.txt"

    def deliver(self, outgoing: api.Outgoing) -> api.Delivery:
        _die("before")
        with self.path.open("a") as file:
            file.write(outgoing.key + "\n")
            file.flush()
            os.fsync(file.fileno())
        _die("after")
        return api.Delivery(reference=outgoing.message, note="")

    def was_sent(self, outgoing: api.Outgoing) -> api.Delivery | api.Unfound:
        if not os.environ.get(KNOWS):
            return api.UNKNOWN
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        if outgoing.key in lines:
            return api.Delivery(reference=outgoing.message, note="")
        return api.NOT_SENT


class Plugin:
    """Brings the channel `sink`."""

    @api.hookimpl
    def refflow_channels(self) -> Iterator[api.ChannelSpec]:
        """The one channel."""
        yield api.ChannelSpec(
            name="sink",
            summary="Sends into a file",
            factory=f"{__name__}:Sink",
            mode="auto",
            can=frozenset({"send", "reconcile"}),
        )


def _die(where: str) -> None:
    if os.environ.get(ASKED) == where:
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder: str, now: str) -> None:
    """Approve what waits, or when nothing does, just settle what is open."""
    from refflow.views.messages import Message

    moment = datetime.fromisoformat(now)
    with api.open_workspace(Path(folder), in_process=[Plugin()]) as workspace:
        waiting = workspace.views.find(Message, status="drafted")
        if waiting:
            api.approve(workspace, waiting[0], moment)
        else:
            workspace.catch_up(moment)


if __name__ == "__main__":
    main(*sys.argv[1:])
