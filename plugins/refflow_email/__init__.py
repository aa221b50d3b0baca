"""E-mail: messages as draft files for your own mail program."""

from __future__ import annotations

from collections.abc import Iterator

from refflow.api import ChannelSpec, hookimpl


@hookimpl
def refflow_channels() -> Iterator[ChannelSpec]:
    """The one channel that needs no account: it leaves the sending to you."""
    yield ChannelSpec(
        name="eml",
        summary="Leaves each message in the outbox as a draft that your mail program opens",
        factory="refflow_email.eml:EmlChannel",
        mode="draft",
        can=frozenset({"draft", "reconcile"}),
        idempotent=True,
    )
