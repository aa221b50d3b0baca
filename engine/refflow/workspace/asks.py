"""Asks: what a contact answers, what they give, and giving one up."""

from __future__ import annotations

from datetime import datetime

from refflow.errors import UsageError
from refflow.events.event import StoredEvent, micros
from refflow.events.openings import AskClosed, Intent, ReferralGiven, ReplyReceived
from refflow.events.people import ContactOptedOut
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask
from refflow.views.runs.run import Run
from refflow.workflows.runs.turn import Turn

from .runs import cancel_run
from .workspace import Workspace


def find_ask(workspace: Workspace, text: str) -> Ask | None:
    """The ask with the id `text` (`c5:o12`)."""
    return workspace.views.get(Ask, text)


def asked_about(workspace: Workspace, contact: Contact) -> str | None:
    """The opening a contact is being asked about, when it is one."""
    asks = [
        ask for ask in workspace.views.find(Ask, contact=contact.id) if ask.stage not in ("closed", "warming")
    ]
    return asks[0].opening if len(asks) == 1 else None


def reply(
    workspace: Workspace,
    contact: Contact,
    intent: Intent,
    now: datetime,
    *,
    opening: Opening | None = None,
    text: str | None = None,
    when: datetime | None = None,
    channel: str | None = None,
    opted_out: bool = False,
    at: datetime | None = None,
) -> list[StoredEvent]:
    """Record an answer of a contact. It stops what was to follow an unanswered message.

    Without `opening` it is about the one that this contact is being asked about. `opted_out`: they asked
    not to be written to again.
    """
    about = opening.id if opening else asked_about(workspace, contact)
    answer = ReplyReceived(
        contact=contact.id,
        opening=about,
        intent=intent,
        channel=channel or _last_channel(workspace, contact),
        when=when,
        text=text,
    )

    def decide(turn: Turn) -> None:
        turn.record(answer, by="user", occurred_at=micros(at or now))
        if opted_out:
            turn.record(ContactOptedOut(contact=contact.id), by="user", occurred_at=micros(at or now))

    return workspace.act(decide, now, at)[1]


def referred(
    workspace: Workspace, contact: Contact, opening: Opening | None, now: datetime, at: datetime | None = None
) -> list[StoredEvent]:
    """Record that a contact handed in the referral."""
    about = opening.id if opening else asked_about(workspace, contact)
    if about is None:
        raise UsageError("Which opening is it? Say `--for OPENING`.")
    given = ReferralGiven(contact=contact.id, opening=about)
    return workspace.act(lambda turn: turn.record(given, by="user", occurred_at=micros(at or now)), now, at)[1]


def close_ask(workspace: Workspace, ask: Ask, reason: str | None, now: datetime) -> list[StoredEvent]:
    """Give an ask up: its run ends, and the opening is free for the next person."""
    run = workspace.views.get(Run, ask.run) if ask.run else None
    if run is not None and run.status != "exited":
        return cancel_run(workspace, run, reason, now)
    if ask.stage == "closed":
        raise UsageError(f"{ask.id} is closed already.")
    closed = AskClosed(contact=ask.contact, opening=ask.opening, outcome="given_up")
    return workspace.act(lambda turn: turn.record(closed, by="user"), now)[1]


def _last_channel(workspace: Workspace, contact: Contact) -> str:
    sent = [each for each in workspace.views.find(Message, contact=contact.id) if each.sent_at is not None]
    return max(sent, key=lambda each: each.sent_at or 0).channel if sent else "other"
