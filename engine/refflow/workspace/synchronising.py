"""Bringing what lies in the workspace's files into the log, whenever they have changed.

Decisions depend on the log alone. So a change of a file takes effect when it is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from refflow.views.runs import Settings as SettingsRow
from refflow.views.runs import Workflow

from .folder import WorkflowFile, digest_of
from .workspace import Workspace


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What the log has not heard of: the new text of the settings, if it is new; workflow files that are new or
    changed; workflows whose files are gone or changed. `templates` are all that workflows may use.
    """

    settings: str | None
    files: list[WorkflowFile]
    gone: list[Workflow]
    templates: Mapping[str, str]


def synchronise(workspace: Workspace, now: datetime) -> None:
    """Record what changed in the files since the log last heard of them. Problems go to `workspace.warn`."""
    found = changes(workspace)
    if found is not None:
        # Reading definitions takes long to import, and most commands find nothing new.
        from .definitions import record

        record(workspace, found, now)


def changes(workspace: Workspace) -> Changes | None:
    """What changed in the files since the log last heard of them; None when nothing did."""
    templates = workspace.folder.templates()
    files = workspace.folder.workflows(templates)
    text = workspace.folder.settings_text()
    known = workspace.views.get(SettingsRow, "settings")
    kept = {row.digest: row for row in workspace.views.find(Workflow, retired=False)}
    present = {file.digest for file in files}
    found = Changes(
        settings=None if known is not None and known.digest == digest_of(text) else text,
        files=[file for file in files if file.digest not in kept],
        gone=[row for digest, row in kept.items() if digest not in present],
        templates=templates,
    )
    return found if found.settings is not None or found.files or found.gone else None
