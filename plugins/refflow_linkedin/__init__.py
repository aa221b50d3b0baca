"""LinkedIn: reads the data export that everybody may ask for of their own account."""

from __future__ import annotations

from collections.abc import Iterator

from refflow.api import ImporterSpec, hookimpl

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
