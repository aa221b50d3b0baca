"""Receiving: the owner has inboxes looked into, or says that one is there no more."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from refflow.errors import NotFound, UsageError
from refflow.events.event import StoredEvent
from refflow.events.runs import InboxClosed
from refflow.views.runs.channels import Inbox

from .inboxes import Received, inboxes, look
from .workspace import Workspace

LONG_PATIENCE = 120.0
"""Seconds for which the command waits that is there for it."""


def receive(workspace: Workspace, now: datetime, channels: Collection[str] = ()) -> list[Received]:
    """Look into the inboxes of these channels, by default of all, and catch up.

    Raises `NotFound` when nothing is received by one of them.
    """
    known = inboxes(workspace)
    for name in channels:
        if name not in known:
            raise NotFound(_nothing_by(workspace, name))
    looks = look(workspace, channels or known, now, LONG_PATIENCE)
    return workspace.catch_up(now, looks)


def close_inbox(workspace: Workspace, channel: str, now: datetime) -> list[StoredEvent]:
    """Answers no longer come in by a channel: nothing waits for a look into its inbox any more."""
    if workspace.views.get(Inbox, channel) is None:
        raise UsageError(f"The channel {channel} has no inbox.")
    if channel in inboxes(workspace):
        raise UsageError(
            f"The channel {channel} still receives. Take its plugin out of refflow.yaml, `plugins`, first."
        )
    return workspace.act(lambda turn: turn.record(InboxClosed(channel=channel), by="user"), now)[1]


def _nothing_by(workspace: Workspace, channel: str) -> str:
    names = ", ".join(inboxes(workspace))
    which = f"There are: {names}." if names else "None does: see `refflow plugins`."
    closing = ""
    if workspace.views.get(Inbox, channel) is not None:
        closing = f" If answers no longer come in by it: `refflow receive {channel} --close`."
    return f"No enabled channel `{channel}` receives. {which}{closing}"
