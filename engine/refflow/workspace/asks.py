"""Asking: starting a workflow, and a message from draft to sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from refflow.errors import Held, NotFound, UsageError
from refflow.events.event import StoredEvent, instant, micros
from refflow.events.messages import MessageApproved, MessageEdited, MessageSent, MessageSkipped
from refflow.events.openings import (
    AskClosed,
    AskPersonalised,
    Intent,
    ReferralGiven,
    ReferralWanted,
    ReplyReceived,
)
from refflow.events.people import ContactOptedOut
from refflow.events.runs import RunCancelled, RunStarted, RunWanted, TaskClosed, TriggerIgnored, TriggerQueued
from refflow.views.contacts import Contact
from refflow.views.messages import OPEN, Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask
from refflow.views.rows import Rows
from refflow.views.runs import Run, Task, Workflow
from refflow.views.timeline import Happening
from refflow.workflows.language.definition import Definition
from refflow.workflows.language.facts import contact_facts
from refflow.workflows.language.library import Accepted
from refflow.workflows.language.templates import placeholders_in
from refflow.workflows.language.wording import Acquaintance, Remark, remarks, unfilled
from refflow.workflows.runs.environment import environment
from refflow.workflows.runs.sending import text_digest
from refflow.workflows.runs.turn import Turn

from .when import say_when
from .workspace import Workspace


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What starting a workflow led to: runs that began, those that wait for another to end, and workflows
    that did not start, with the reason.
    """

    runs: list[Run]
    queued: list[TriggerQueued]
    refused: list[TriggerIgnored]
    events: list[StoredEvent]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message with who it goes to, what it is about and what there is to say of its wording."""

    message: Message
    contact: Contact
    opening: Opening | None
    remarks: list[Remark] = []


def start(
    workspace: Workspace,
    workflow: str,
    contact: Contact,
    opening: Opening | None,
    now: datetime,
    *,
    line: str | None = None,
) -> Started:
    """Start a workflow for a contact (and an opening). `line` is the personal line of an ask.

    Starting a workflow that a wish for a referral triggers records that wish: when the tie has gone cold,
    the workflow that warms it answers instead. Raises `Held` when no run began.
    """
    accepted = _accepted(workspace, workflow)
    _check_startable(accepted.definition, opening)

    def decide(turn: Turn) -> None:
        if line and opening is not None:
            turn.record(AskPersonalised(contact=contact.id, opening=opening.id, line=line.strip()), by="user")
        turn.record(_wish(turn, accepted, contact, opening), by="user")

    _, events = workspace.act(decide, now)
    runs = [
        workspace.views.get(Run, each.payload.run) for each in events if isinstance(each.payload, RunStarted)
    ]
    refused = [each.payload for each in events if isinstance(each.payload, TriggerIgnored)]
    queued = [each.payload for each in events if isinstance(each.payload, TriggerQueued)]
    found = [run for run in runs if run is not None]
    started = Started(runs=found, queued=queued, refused=refused, events=events)
    if not started.runs:
        for waiting in queued:
            raise Held(
                f"{waiting.workflow} waits for its turn ({waiting.reason}): it starts by itself when"
                f" {waiting.behind} has ended."
            )
        said = next((each for each in refused if each.workflow == workflow), refused[0] if refused else None)
        if said is None:
            raise Held(f"{workflow} did not start: none of its conditions hold for {contact.id}.")
        raise Held(f"{said.workflow} did not start ({said.reason}): {said.detail}")
    return started


def _accepted(workspace: Workspace, name: str) -> Accepted:
    row = workspace.views.get(Workflow, name)
    if row is None or row.retired:
        known = ", ".join(each.name for each in workspace.views.find(Workflow, retired=False))
        raise NotFound(f"There is no workflow `{name}`. The workflows are: {known}.")
    return workspace.library.definition(Rows(workspace.views), row.hash)


def _check_startable(definition: Definition, opening: Opening | None) -> None:
    if not definition.manual and not any(each.event == "referral.wanted" for each in definition.triggers):
        events = ", ".join(trigger.event for trigger in definition.triggers if trigger.event)
        raise UsageError(f"{definition.name} starts by itself, on {events}.")
    if opening is None and not (definition.manual and "opening" not in definition.key):
        raise UsageError(f"{definition.name} is about an opening: say which with `--for OPENING`.")


def _wish(
    turn: Turn, accepted: Accepted, contact: Contact, opening: Opening | None
) -> ReferralWanted | RunWanted:
    """What sets the workflow off: the wish for a referral, unless only starting it by hand would."""
    definition = accepted.definition
    if opening is not None and (not definition.manual or _follows_a_wish(turn, accepted, contact, opening)):
        return ReferralWanted(contact=contact.id, opening=opening.id)
    return RunWanted(workflow=definition.name, contact=contact.id, opening=opening.id if opening else None)


def _follows_a_wish(turn: Turn, accepted: Accepted, contact: Contact, opening: Opening) -> bool:
    about = {"contact": contact.id, "opening": opening.id}
    env = environment(
        turn,
        accepted.definition,
        contact=contact.id,
        opening=opening.id,
        kind="referral.wanted",
        event=about,
    )
    conditions = [each.condition for each in accepted.definition.triggers if each.event == "referral.wanted"]
    return any(each is None or turn.library.evaluate(accepted, each, env) is True for each in conditions)


def find_message(workspace: Workspace, text: str) -> Message:
    """The message that `text` means: its id (`m12`), or the id of a run or contact with one open message."""
    views = workspace.views
    exact = views.get(Message, text)
    if exact is not None:
        return exact
    for field in ("run", "contact"):
        of_it = [each for each in views.find(Message, **{field: text}) if each.status in OPEN]
        if len(of_it) == 1:
            return of_it[0]
        if of_it:
            raise UsageError(f"{text} has several open messages: {', '.join(each.id for each in of_it)}.")
    raise NotFound(f"No message waits for `{text}`. `refflow next` lists those that do.")


def draft(workspace: Workspace, message: Message, now: datetime) -> Draft:
    """A message to be read."""
    contact = workspace.views.get(Contact, message.contact) or Contact(id=message.contact)
    opening = workspace.views.get(Opening, message.opening) if message.opening else None
    found = _remarks(workspace, message, contact, now) if message.status in OPEN else []
    return Draft(message=message, contact=contact, opening=opening, remarks=found)


def _remarks(workspace: Workspace, message: Message, contact: Contact, now: datetime) -> list[Remark]:
    talked = contact.met_at is not None or contact.last_in is not None
    to = Acquaintance(
        contact=contact_facts(contact, micros(now)),
        talked=talked,
        linked=message.channel != "paste" or contact.connected or talked,
    )
    asks = workspace.views.query(Ask, "line IS NOT NULL")
    lines: dict[str, str] = {}
    own = next(
        (each.line for each in asks if (each.contact, each.opening) == (contact.id, message.opening)), None
    )
    for each in asks:
        other = workspace.views.get(Contact, each.contact) if each.contact != contact.id else None
        if other is not None and each.line is not None:
            lines[other.name or other.id] = each.line
    return remarks(
        message.subject,
        message.body or "",
        to,
        line=own,
        lines=lines,
        shared=(workspace.settings.email, contact.email),
        notes=_notes_about(workspace, contact.id),
    )


def _notes_about(workspace: Workspace, contact: str) -> list[str]:
    noted = workspace.views.find(Happening, contact=contact, kind="contact.noted") if contact else []
    events = (workspace.event(each.position) for each in noted)
    return [event.payload.text for event in events if event is not None and event.payload.text]


def edit(
    workspace: Workspace, message: Message, *, subject: str | None, body: str | None, now: datetime
) -> list[StoredEvent]:
    """Change a message that has not left. It waits for approval again."""
    if message.status not in ("drafted", "held", "approved"):
        raise UsageError(f"{message.id} is {message.status}: it can no longer be changed.")
    new_subject = message.subject if subject is None else subject.strip()
    new_body = message.body or "" if body is None else body.strip() + "\n"
    if not new_body.strip():
        raise UsageError("The message is empty. To drop it, use `refflow skip`.")
    if "\n" in (new_subject or "") or "\r" in (new_subject or ""):
        raise UsageError("A subject is one line.")
    edited = MessageEdited(
        message=message.id,
        run=message.run,
        contact=message.contact,
        missing=_missing_in(f"{new_subject or ''}\n{new_body}"),
        digest=text_digest(new_subject, new_body),
        subject=new_subject,
        body=new_body,
    )
    if edited.digest == message.digest:
        raise UsageError("That is the text as it was. Nothing was changed.")
    return _record_about(workspace, message, edited, now)


def _missing_in(text: str) -> tuple[str, ...]:
    return (*placeholders_in(text), *unfilled(text))


def approve(workspace: Workspace, message: Message, now: datetime) -> Message:
    """Release the text of a message as it stands. Raises `Held` when a rule keeps it back, and `UsageError`
    when its run has gone on without it.
    """
    if message.status not in ("drafted", "held", "failed", "in_doubt"):
        raise UsageError(f"{message.id} is {message.status}: there is nothing to approve.")
    run = workspace.views.get(Run, message.run)
    if run is None or run.message != message.id:
        raise UsageError(
            f"{message.run} went on without {message.id}: nothing would send it. If it left, say so with"
            f" `refflow do {message.id} sent`; if not, `refflow skip {message.id}`."
        )
    approved = MessageApproved(
        message=message.id, run=message.run, contact=message.contact, digest=message.digest
    )

    _record_about(workspace, message, approved, now)
    after = workspace.views.get(Message, message.id)
    if after is None or after.status in ("held", "skipped"):
        raise Held(_kept_back(workspace, after or message, now))
    return after


def _kept_back(workspace: Workspace, message: Message, now: datetime) -> str:
    if message.status == "skipped":
        return f"{message.id} was left out: {message.detail}"
    until = ""
    if message.until is not None:
        until = f" until {say_when(instant(message.until), now, workspace.settings.calendar)}"
    return f"{message.id} is held{until} ({message.rule}): {message.detail}"


def confirm_sent(
    workspace: Workspace, message: Message, now: datetime, at: datetime | None = None
) -> list[StoredEvent]:
    """Record that the owner sent a message."""
    if message.status not in OPEN:
        raise UsageError(f"{message.id} is {message.status} already.")
    if message.status in ("drafted", "held", "approved"):
        raise UsageError(
            f"{message.id} was not handed over yet. Approve it first: `refflow approve {message.id}`."
        )
    sent = MessageSent(message=message.id, run=message.run, contact=message.contact, opening=message.opening)
    return _record_about(workspace, message, sent, now, at)


def skip_message(
    workspace: Workspace, message: Message, reason: str | None, now: datetime
) -> list[StoredEvent]:
    """Do not send a message. The run goes on after it; its waits are kept."""
    if message.status not in OPEN | {"failed"}:
        raise UsageError(f"{message.id} is {message.status}: there is nothing to skip.")
    skipped = MessageSkipped(
        message=message.id, run=message.run, contact=message.contact, reason=reason or "by hand"
    )
    return _record_about(workspace, message, skipped, now)


def close_task(
    workspace: Workspace, task: Task, outcome: Any, note: str | None, now: datetime
) -> list[StoredEvent]:
    """Finish a task: `done` or `skipped`."""
    if task.status != "open":
        raise UsageError(f"{task.id} is {task.status} already.")
    closed = TaskClosed(task=task.id, run=task.run, outcome=outcome, contact=task.contact, note=note)
    return _record_about(workspace, task, closed, now)


def cancel_run(workspace: Workspace, run: Run, reason: str | None, now: datetime) -> list[StoredEvent]:
    """End a run. The ask it was about is closed, if it came to nothing."""
    if run.status == "exited":
        raise UsageError(f"{run.id} has ended already ({run.outcome}).")
    cancelled = RunCancelled(run=run.id, contact=run.contact, opening=run.opening, reason=reason)
    return _record_about(workspace, run, cancelled, now)


def close_ask(workspace: Workspace, ask: Ask, reason: str | None, now: datetime) -> list[StoredEvent]:
    """Give an ask up: its run ends, and the opening is free for the next person."""
    run = workspace.views.get(Run, ask.run) if ask.run else None
    if run is not None and run.status != "exited":
        return cancel_run(workspace, run, reason, now)
    if ask.stage == "closed":
        raise UsageError(f"{ask.id} is closed already.")
    closed = AskClosed(contact=ask.contact, opening=ask.opening, outcome="given_up")
    return workspace.act(lambda turn: turn.record(closed, by="user"), now)[1]


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


def asked_about(workspace: Workspace, contact: Contact) -> str | None:
    """The opening a contact is being asked about, when it is one."""
    asks = [
        ask for ask in workspace.views.find(Ask, contact=contact.id) if ask.stage not in ("closed", "warming")
    ]
    return asks[0].opening if len(asks) == 1 else None


def find_ask(workspace: Workspace, text: str) -> Ask | None:
    """The ask with the id `text` (`c5:o12`)."""
    return workspace.views.get(Ask, text)


def approve_all(
    workspace: Workspace, messages: Sequence[Message], now: datetime
) -> tuple[list[Message], list[str]]:
    """Approve several messages; those that left, and why each of the others did not."""
    left, kept = [], []
    for message in messages:
        try:
            left.append(approve(workspace, message, now))
        except Held as held:
            kept.append(str(held))
    return left, kept


def _record_about(
    workspace: Workspace, seen: Message | Task | Run, payload: Any, now: datetime, at: datetime | None = None
) -> list[StoredEvent]:
    """Record what the owner did to a thing as they saw it. Raises `UsageError` when it has changed since."""

    def decide(turn: Turn) -> None:
        present = turn.rows.get(type(seen), seen.id)
        if present is None or present.status != seen.status or _text(present) != _text(seen):
            raise UsageError(f"{seen.id} has changed meanwhile. Look again: `refflow why {seen.id}`.")
        turn.record(payload, by="user", occurred_at=micros(at or now))

    return workspace.act(decide, now, at)[1]


def _text(thing: Message | Task | Run) -> str:
    return thing.digest if isinstance(thing, Message) else ""


def _last_channel(workspace: Workspace, contact: Contact) -> str:
    sent = [each for each in workspace.views.find(Message, contact=contact.id) if each.sent_at is not None]
    return max(sent, key=lambda each: each.sent_at or 0).channel if sent else "other"
