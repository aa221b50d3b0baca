"""What now: the agenda with names, what is owed, and openings that nobody has been asked about."""

from __future__ import annotations

from datetime import datetime

import msgspec

from refflow.contacts.tie import DAY
from refflow.events.event import micros
from refflow.views.agenda import Item
from refflow.views.contacts import Contact
from refflow.views.debts import Debt
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import TAKEN, Ask
from refflow.views.runs.channels import Inbox
from refflow.views.runs.pauses import Pause
from refflow.views.runs.run import Run
from refflow.workflows.runs.packet import in_words
from refflow.workflows.runs.pauses import goes_on, pause_at

from .who import Candidate, best_for
from .workspace import Workspace


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do. `command` does it. Instants are microseconds since 1970 UTC; `urgency` is the sum of
    the terms in `because`, and the order of the list. `assignee` is who does it, when that is not the owner.
    """

    id: str
    do: str
    text: str
    command: str
    due: int
    urgency: float
    because: list[str]
    contact: str | None = None
    contact_name: str | None = None
    opening: str | None = None
    opening_title: str | None = None
    reference: str | None = None
    assignee: str | None = None


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A run that waits for somebody else, or for time to pass. `due` is when it goes on, after every pause that is
    known of; `rests` is the pause that holds it now.
    """

    run: str
    workflow: str
    step: str
    contact_name: str | None
    due: int | None
    rests: str | None = None


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """An opening nobody is being asked about, and the best person to ask."""

    opening: str
    title: str
    company: str
    candidate: Candidate | None


class Agenda(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `refflow next` tells."""

    steps: list[Step]
    owed: list[Debt]
    held: list[Step]
    waiting: list[Waiting]
    suggestions: list[Suggestion]
    missed: list[Inbox]
    """Inboxes that could not be looked into: nothing leaves by itself until they can."""


_WEIGHT = {
    "read": 8.0,
    "stuck": 7.0,
    "doubt": 7.0,
    "failed": 6.0,
    "send": 5.0,
    "approve": 4.0,
    "task": 3.0,
    "held": 0.0,
}
_COMMANDS = {
    "read": "refflow reply {contact} agreed|declined|later|refer-on",
    "approve": "refflow draft {id}",
    "send": "refflow do {id} sent",
    "doubt": "refflow do {id} sent",
    "failed": "refflow draft {id}",
    "task": "refflow do {id} done",
    "held": "refflow draft {id}",
    "stuck": "refflow why {id}",
}


def agenda(workspace: Workspace, now: datetime) -> Agenda:
    """What the owner can do now, most urgent first, and why."""
    views, moment = workspace.views, micros(now)
    names = _Names(workspace)
    owed = views.query(Debt, "settled_at IS NULL ORDER BY due")
    steps = [_step(names, item, owed, moment) for item in views.find(Item)]
    steps.sort(key=lambda step: (-step.urgency, step.due, step.id))
    return Agenda(
        steps=[step for step in steps if step.do != "held"],
        held=[step for step in steps if step.do == "held"],
        owed=owed,
        waiting=_waiting(workspace, names, moment),
        suggestions=_suggestions(workspace, now),
        missed=views.query(Inbox, "missed_at IS NOT NULL ORDER BY channel"),
    )


class _Names:
    def __init__(self, workspace: Workspace) -> None:
        self.views = workspace.views

    def contact(self, key: str | None) -> str | None:
        found = self.views.get(Contact, key) if key else None
        return found.name or found.id if found else None

    def opening(self, key: str | None) -> str | None:
        found = self.views.get(Opening, key) if key else None
        return f"{found.title}, {found.company_name}" if found else None

    def message(self, key: str) -> Message | None:
        return self.views.get(Message, key)

    def waits_for(self, item: Item) -> bool:
        """Whether the run of an item waits for it, and has not gone on."""
        run = self.views.get(Run, item.run)
        return run is not None and run.message == item.id


def _step(names: _Names, item: Item, owed: list[Debt], now: int) -> Step:
    terms = [(f"{item.do}", _WEIGHT[item.do])]
    late = (now - item.due) / DAY
    terms.append(
        (f"{abs(late):.1f} days {'late' if late > 0 else 'left'}", round(max(-2.0, min(4.0, late)), 2))
    )
    for debt in owed:
        if debt.contact == item.contact and debt.opening == item.opening:
            terms.append((f"{debt.what} owed", 3.0))
    message = names.message(item.id) if item.id.startswith("m") else None
    return Step(
        id=item.id,
        do=item.do,
        text=_text(item, message, names.waits_for(item)),
        command=_command(item, message),
        due=item.due,
        urgency=round(sum(value for _, value in terms), 2),
        because=[f"{name}: {value:+.2f}" for name, value in terms],
        contact=item.contact,
        contact_name=names.contact(item.contact),
        opening=item.opening,
        opening_title=names.opening(item.opening),
        reference=item.reference,
        assignee=item.assignee,
    )


def _command(item: Item, message: Message | None) -> str:
    if item.do == "held" and message is not None and message.rule == "channel":
        return f"refflow resume {message.channel}"
    return _COMMANDS[item.do].format(id=item.id, contact=item.contact)


def _text(item: Item, message: Message | None, awaited: bool) -> str:
    match item.do:
        case "read":
            return "They answered: read it, then say what it means"
        case "approve":
            lacking = f" (lacks: {', '.join(in_words(message.missing))})" if message and message.missing else ""
            held = message is not None and message.status == "held"
            return f"{item.why if held else f'Read and approve `{item.why}`'}{lacking}"
        case "send" if not awaited:
            return f"No longer wanted. Did you send it? Then confirm; if not: `refflow skip {item.id}`"
        case "send" if item.why == "assist":
            return "Paste the text and send it, then confirm"
        case "send":
            return "Send the draft, then confirm"
        case "doubt":
            return f"Did it leave? Look, and say: {item.why}"
        case "failed":
            return f"Could not be handed over: {item.why}"
        case "stuck":
            return f"Stuck: {item.why}"
        case "task" if item.assignee:
            return f"{item.assignee}: {item.why}"
    return item.why


def _waiting(workspace: Workspace, names: _Names, now: int) -> list[Waiting]:
    runs = workspace.views.query(
        Run, "status = 'live' AND message IS NULL AND task IS NULL ORDER BY due IS NULL, due, id"
    )
    ever = bool(workspace.views.query(Pause, "true LIMIT 1"))
    found = []
    for run in runs:
        holding = pause_at(workspace.views, run, now) if ever else None
        found.append(
            Waiting(
                run=run.id,
                workflow=run.workflow,
                step=run.step,
                contact_name=names.contact(run.contact),
                due=goes_on(workspace.views, run) if ever else run.due,
                rests=None if holding is None else holding.id,
            )
        )
    return found


def _suggestions(workspace: Workspace, now: datetime) -> list[Suggestion]:
    """Openings that are pursued and open, without anybody being asked, or warmed up for it."""
    unasked: list[tuple[Opening, set[str]]] = []
    for opening in workspace.views.query(
        Opening, "status = 'open' AND interest = 'pursued' AND applied IS NULL"
    ):
        asks = workspace.views.find(Ask, opening=opening.id)
        if not any(ask.stage in TAKEN or ask.stage == "warming" for ask in asks):
            unasked.append((opening, {ask.contact for ask in asks if ask.asked_at is not None}))
    return [
        Suggestion(opening=opening.id, title=opening.title, company=opening.company_name, candidate=candidate)
        for (opening, _), candidate in zip(unasked, best_for(workspace, unasked, now), strict=True)
    ]
