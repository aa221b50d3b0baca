"""Text messages through an HTTP gateway. This module says what there is; what acts is imported when it acts."""

from __future__ import annotations

from collections.abc import Iterator

from refflow.api import ChannelSpec, hookimpl

from .config import Config


@hookimpl
def refflow_channels() -> Iterator[ChannelSpec]:
    """The one channel."""
    yield ChannelSpec(
        name="sms",
        summary="Sends each message as a text message",
        factory="refflow_sms.channel:SmsChannel",
        mode="auto",
        can=frozenset({"send", "reconcile"}),
        idempotent=True,
        limits={"per_day": 20},
        subject=False,
        config=Config,
    )
