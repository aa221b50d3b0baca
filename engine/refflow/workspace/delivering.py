"""Delivering: what becomes of each message whose sending is requested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from refflow.effects.outbox import attempt, outgoing_of
from refflow.events.messages import MessageFailed
from refflow.events.runs import ChannelPaused
from refflow.views.messages import Message
from refflow.views.runs.channels import PausedChannel

from .absence import lacking
from .contents import Contents


def deliveries(workspace: Contents, *, recovering: bool) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Deliver each requested message: the payloads that say what became of it, and who says so. They are to be
    recorded before the next is asked for. When `recovering`, an earlier process may have delivered it.
    """
    for message in workspace.views.find(Message, status="requested"):
        outcomes = None if recovering else _for_want_of_its_plugin(workspace, message)
        if outcomes is None:
            outgoing = outgoing_of(message, workspace.views, workspace.settings)
            outcomes = attempt(message, outgoing, workspace.channels(), recovering=recovering)
        yield outcomes, f"channel:{message.channel}"


def _for_want_of_its_plugin(workspace: Contents, message: Message) -> tuple[Any, ...] | None:
    """What becomes of a message whose channel cannot be used now: it waits, and whatever else is for it."""
    lack = lacking(workspace, message.channel)
    if lack is None:
        return None
    failed = MessageFailed(
        message=message.id,
        run=message.run,
        contact=message.contact,
        reason=lack.reason,
        severity="retry",
    )
    if workspace.views.get(PausedChannel, message.channel) is not None:
        return (failed,)
    workspace.warn(f"blocked: {lack.reason}: {lack.detail}")
    return ChannelPaused(channel=message.channel, plugin=lack.plugin, reason=lack.reason), failed
