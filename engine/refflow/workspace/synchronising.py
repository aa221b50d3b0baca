"""Bringing what lies in the workspace's files into the log, whenever they have changed.

Decisions depend on the log alone. So a change of a file takes effect when it is recorded.
"""

from __future__ import annotations

from datetime import datetime

from refflow.views.runs.definitions import Workflow
from refflow.views.runs.settings import Settings as SettingsRow

from .workspace import Workspace


def synchronise(workspace: Workspace, now: datetime) -> None:
    """Record what changed in the files since the log last heard of them. Problems go to `workspace.warn`."""
    known = workspace.views.get(SettingsRow, "settings")
    changes = workspace.folder.changes(
        settings=known.digest if known is not None else None,
        workflows={row.digest: row.name for row in workspace.views.find(Workflow, retired=False)},
        brought=workspace.brought(),
    )
    if changes is not None:
        # Reading definitions takes long to import, and most commands find nothing new.
        from .definitions import record

        record(workspace, changes, now)
