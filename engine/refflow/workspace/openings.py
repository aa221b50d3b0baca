"""Openings: the postings the owner tracks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from refflow.contacts.companies import company_key, company_of_url
from refflow.contacts.names import fold
from refflow.errors import NotFound, UsageError
from refflow.events.event import StoredEvent
from refflow.events.openings import (
    OpeningAdded,
    OpeningChanged,
    OpeningClosed,
)
from refflow.views.openings import Opening
from refflow.workflows.runs.turn import Turn

from .workspace import Workspace

SHOWN = 8


class OpeningDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of an opening. What is None is left as it is."""

    company: str | None = None
    title: str | None = None
    url: str | None = None
    requisition: str | None = None
    location: str | None = None
    submit: str | None = None
    programme: str | None = None
    deadline: date | None = None


def find_opening(workspace: Workspace, text: str) -> Opening:
    """The one opening that `text` means: an id (`o12`), its link, or words of its title and company."""
    views = workspace.views
    exact = views.get(Opening, text)
    if exact is not None:
        return exact
    linked = views.find(Opening, url=text)
    if linked:
        return linked[0]
    words = fold(text).split()
    if not words:
        raise UsageError("Which opening is meant? Give its id, its link, or words of its title and company.")
    found = [
        each
        for each in views.find(Opening)
        if all(word in fold(f"{each.title} {each.company_name}") for word in words)
    ]
    alive = [each for each in found if each.status == "open" and each.interest == "pursued"] or found
    if len(alive) == 1:
        return alive[0]
    if alive:
        shown = "; ".join(f"{each.id} {each.title}, {each.company_name}" for each in alive[:SHOWN])
        raise UsageError(f"`{text}` may be {shown}. Use the id.")
    raise NotFound(f"No opening matches `{text}`. Add it with `refflow opening add`.")


def add_opening(workspace: Workspace, details: OpeningDetails, now: datetime) -> str:
    """Track an opening and return its id. The company is guessed from the link when it is not given."""
    company = details.company or (company_of_url(details.url) if details.url else None)
    if not company or not company_key(company):
        raise UsageError("Which company is it? Say `--company NAME`.")
    if not details.title or not details.title.strip():
        raise UsageError("What is the job called? Say `--title TITLE`: the referrer needs it word for word.")
    known = workspace.views.find(Opening, url=details.url) if details.url else []
    if known and known[0].interest == "pursued":
        raise UsageError(f"{known[0].id} is this opening already. Change it with `refflow opening edit`.")

    def decide(turn: Turn) -> str:
        if known:
            turn.record(OpeningChanged(opening=known[0].id, interest="pursued", **_fields(details)), by="user")
            return known[0].id
        opening = f"o{turn.next_position}"
        fields = _fields(details) | {"company": " ".join(company.split())}
        turn.record(OpeningAdded(opening=opening, source="user", **fields), by="user")
        return opening

    return workspace.act(decide, now)[0]


def edit_opening(
    workspace: Workspace, opening: Opening, details: OpeningDetails, now: datetime
) -> list[StoredEvent]:
    """Change what is known of an opening. Drafts that speak of it are written anew."""
    if details.company is not None and not company_key(details.company):
        raise UsageError("A company's name needs a letter or a digit.")
    fields = _fields(details)
    if not fields:
        raise UsageError("Nothing to change was given.")
    changed = OpeningChanged(opening=opening.id, interest="pursued", **fields)
    return workspace.act(lambda turn: turn.record(changed, by="user"), now)[1]


def close_opening(
    workspace: Workspace, opening: Opening, reason: str | None, now: datetime
) -> list[StoredEvent]:
    """The posting is gone, or no longer wanted: runs about it end."""
    if opening.status == "closed":
        raise UsageError(f"{opening.id} is closed already.")
    closed = OpeningClosed(opening=opening.id, reason=reason)
    return workspace.act(lambda turn: turn.record(closed, by="user"), now)[1]


def _fields(details: OpeningDetails) -> dict[str, Any]:
    fields = {name: getattr(details, name) for name in details.__struct_fields__}
    given = {name: value for name, value in fields.items() if value is not None}
    # They stand in the subject of a message, which is one line.
    return given | {name: " ".join(given[name].split()) for name in ("title", "company") if name in given}
