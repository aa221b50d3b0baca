"""The packet of a referral: what somebody who refers the owner is given, ready to paste."""

from __future__ import annotations

from datetime import datetime

import msgspec

from refflow.errors import UsageError
from refflow.events.event import StoredEvent, instant
from refflow.events.openings import AskPersonalised
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask, ask_id
from refflow.workflows.runs.packet import missing_from_packet

from .workspace import Workspace


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


def personalise(
    workspace: Workspace, opening: Opening, contact: Contact, line: str, now: datetime
) -> list[StoredEvent]:
    """Say in a sentence why the owner asks just this person about this opening."""
    if not line.strip():
        raise UsageError("The personal line is empty. One honest sentence will do.")
    said = AskPersonalised(contact=contact.id, opening=opening.id, line=line.strip())
    return workspace.act(lambda turn: turn.record(said, by="user"), now)[1]
