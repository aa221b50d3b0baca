"""Companies: their names, as the owner knows them to belong together."""

from __future__ import annotations

from datetime import datetime

from refflow.contacts.companies import company_key
from refflow.errors import NotFound, UsageError
from refflow.events.event import StoredEvent
from refflow.events.people import CompanyAliased
from refflow.views.companies import Company, resolve
from refflow.views.rows import Rows

from .workspace import Workspace


def alias_company(workspace: Workspace, alias: str, company: str, now: datetime) -> list[StoredEvent]:
    """Read the name `alias` as `company` from now on, for contacts and openings alike."""
    other, main = company_key(alias), resolve(Rows(workspace.views), company_key(company))
    if not other or not main:
        raise UsageError("A company's name needs a letter or a digit.")
    if other == main:
        raise UsageError(f"`{alias}` and `{company}` are one company already.")
    if workspace.views.get(Company, main) is None:
        raise NotFound(f"No contact or opening is at `{company}`. Give the name that is in use second.")
    aliased = CompanyAliased(alias=other, company=main)
    return workspace.act(lambda turn: turn.record(aliased, by="user"), now)[1]
