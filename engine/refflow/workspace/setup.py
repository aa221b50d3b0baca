"""Making a workspace."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from refflow.contacts.names import email_key
from refflow.errors import UsageError
from refflow.workflows.language.calendar import Calendar

from .folder import lay_out
from .synchronising import synchronise
from .workspace import Workspace


def init(
    path: Path, now: datetime, *, name: str = "", email: str | None = None, zone: str = "UTC", **options: Any
) -> Workspace:
    """A new workspace in the folder `path`, with the standard workflows in force.

    Raises `UsageError` when there is one already, and for a time zone, a name or an address that is none.
    """
    Calendar(zone)
    if not name.isprintable():
        raise UsageError("A name is one line of letters, without control characters.")
    if email is not None and email_key(email) is None:
        raise UsageError(f"`{email}` is not an e-mail address.")
    folder = lay_out(path, name=name, email=email, zone=zone)
    workspace = Workspace.create(folder, now, **options)
    synchronise(workspace, now)
    return workspace
