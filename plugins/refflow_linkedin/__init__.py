"""LinkedIn: reads the data export of your own account, and lays out messages for you to paste."""

from __future__ import annotations

from collections.abc import Iterator

from refflow.api import ChannelSpec, ImporterSpec, hookimpl

from .recognition import sniff


@hookimpl
def refflow_importers() -> Iterator[ImporterSpec]:
    """The one importer: a zip, a folder or a single table of an export."""
    yield ImporterSpec(
        name="linkedin",
        summary="Reads your LinkedIn data export: the zip, its folder, or one table of it",
        accepts=("*.zip", "*.csv", "folder"),
        sniff=sniff,
        factory="refflow_linkedin.reader:LinkedInExport",
    )


@hookimpl
def refflow_channels() -> Iterator[ChannelSpec]:
    """LinkedIn lets no program send, so the text is laid out for you to paste."""
    yield ChannelSpec(
        name="paste",
        summary="Lays out each message in the outbox, with the profile's link, for you to paste",
        factory="refflow_linkedin.paste:PasteChannel",
        mode="assist",
        can=frozenset({"draft", "reconcile"}),
        idempotent=True,
        subject=False,
    )
