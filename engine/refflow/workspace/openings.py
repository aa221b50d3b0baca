"""Openings: the postings the owner tracks, and the packet a referrer needs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from refflow.contacts.companies import company_key, company_of_url
from refflow.contacts.names import fold
from refflow.errors import NotFound, UsageError
from refflow.events.event import StoredEvent, instant
from refflow.events.openings import (
    AskPersonalised,
    OpeningAdded,
    OpeningChanged,
    OpeningClosed,
)
from refflow.events.people import CompanyAliased
from refflow.views.companies import Company, resolve
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask, ask_id
from refflow.views.rows import Rows
from refflow.workflows.runs.packet import missing_from_packet
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


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """What a referrer needs, ready to paste. `missing` keeps an ask from going out; `warnings` do not."""

    opening: str
    title: str
    company: str
    link: str | None
    requisition: str | None
    submit: str | None
    programme: str | None
    deadline: str | None
    candidate: str
    candidate_email: str | None
    contact: str | None
    line: str | None
    missing: list[str]
    warnings: list[str]


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


def personalise(
    workspace: Workspace, opening: Opening, contact: Contact, line: str, now: datetime
) -> list[StoredEvent]:
    """Say in a sentence why the owner asks just this person about this opening."""
    if not line.strip():
        raise UsageError("The personal line is empty. One honest sentence will do.")
    said = AskPersonalised(contact=contact.id, opening=opening.id, line=line.strip())
    return workspace.act(lambda turn: turn.record(said, by="user"), now)[1]


def packet(workspace: Workspace, opening: Opening, contact: Contact | None = None) -> Packet:
    """The referral packet of an opening, for `contact` or for whoever is being asked."""
    settings, views = workspace.settings, workspace.views
    asks = [ask for ask in views.find(Ask, opening=opening.id) if ask.stage != "closed"]
    ask = views.get(Ask, ask_id(contact.id, opening.id)) if contact else (asks[0] if asks else None)
    return Packet(
        opening=opening.id,
        title=opening.title,
        company=opening.company_name,
        link=opening.url,
        requisition=opening.requisition,
        submit=opening.submit,
        programme=opening.programme,
        deadline=opening.deadline,
        candidate=settings.name,
        candidate_email=settings.email,
        contact=contact.id if contact else (ask.contact if ask else None),
        line=ask.line if ask else None,
        missing=missing_from_packet(opening, ask),
        warnings=_warnings(opening, settings.email),
    )


def _warnings(opening: Opening, email: str | None) -> list[str]:
    """What often makes a referral not count: many programmes ignore candidates who applied before."""
    warnings = []
    if opening.applied_at is not None:
        warnings.append(
            f"You applied on {instant(opening.applied_at):%Y-%m-%d}: many programmes count a referral only"
            " when it comes before the application."
        )
    if opening.programme is None:
        warnings.append("The referral programme's rules are not noted: ask, or look, before you apply.")
    if email is None:
        warnings.append("Your e-mail address is not set: most referral forms ask for it.")
    return warnings


def _fields(details: OpeningDetails) -> dict[str, Any]:
    fields = {name: getattr(details, name) for name in details.__struct_fields__}
    given = {name: value for name, value in fields.items() if value is not None}
    # They stand in the subject of a message, which is one line.
    return given | {name: " ".join(given[name].split()) for name in ("title", "company") if name in given}
