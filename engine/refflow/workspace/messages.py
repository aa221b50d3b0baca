"""A message from draft to sent, as the owner handles it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from refflow.errors import Held, NotFound, UsageError
from refflow.events.event import StoredEvent, instant, micros
from refflow.events.messages import MessageApproved, MessageEdited, MessageSent, MessageSkipped
from refflow.views.contacts import Contact
from refflow.views.messages import OPEN, Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask, ask_id
from refflow.views.runs.run import Run
from refflow.views.timeline import Happening
from refflow.workflows.language.facts import contact_facts
from refflow.workflows.language.templates import placeholders_in
from refflow.workflows.language.wording import Acquaintance, Remark, handwritten, remarks, unfilled
from refflow.workflows.runs.sending import text_digest

from .seen import record_about
from .when import say_when
from .workspace import Workspace


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A message with who it goes to, what it is about and what there is to say of its wording."""

    message: Message
    contact: Contact
    opening: Opening | None
    remarks: list[Remark] = []


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
    ask = workspace.views.get(Ask, ask_id(contact.id, message.opening)) if message.opening else None
    return remarks(
        message.subject,
        message.body or "",
        to,
        personal=[*_personal(message), *(_personal(ask) if ask else ())],
        others=_got_by_others(workspace, contact.id),
        shared=(workspace.settings.email, contact.email),
        notes=_notes_about(workspace, contact.id),
    )


def _got_by_others(workspace: Workspace, contact: str) -> dict[str, list[str]]:
    """The personal words that others than `contact` got or are to get, by name."""
    views = workspace.views
    asks = views.query(Ask, "line IS NOT NULL AND contact != ?", (contact,))
    messages = views.query(Message, "edited AND contact != ? AND status != 'skipped'", (contact,))
    found: dict[str, list[str]] = {}
    written: list[Ask | Message] = [*asks, *messages]
    for each in written:
        known = views.get(Contact, each.contact)
        found.setdefault(known.name if known else each.contact, []).extend(_personal(each))
    return found


def _personal(written: Ask | Message) -> list[str]:
    """What was written for just the one it goes to: the line of an ask, what was added to a message by hand."""
    if isinstance(written, Ask):
        text = written.line
    else:
        text = handwritten(written.original or "", written.body or "") if written.edited else None
    return [text] if text else []


def _notes_about(workspace: Workspace, contact: str) -> list[str]:
    noted = workspace.views.find(Happening, contact=contact, kind="contact.noted") if contact else []
    events = (workspace.event(each.position) for each in noted)
    return [event.payload.text for event in events if event is not None and event.payload.text]


def check_changeable(message: Message) -> None:
    """Raise `UsageError` for a message whose text is no longer anybody's to change."""
    if message.status not in ("drafted", "held", "approved"):
        raise UsageError(f"{message.id} is {message.status}: it can no longer be changed.")


def edit(
    workspace: Workspace, message: Message, *, subject: str | None, body: str | None, now: datetime
) -> list[StoredEvent]:
    """Change a message that has not left. It waits for approval again."""
    check_changeable(message)
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
    return record_about(workspace, message, edited, now)


def _missing_in(text: str) -> tuple[str, ...]:
    return (*placeholders_in(text), *unfilled(text))


def approve(workspace: Workspace, message: Message, now: datetime) -> Message:
    """Release the text of a message as it stands. Raises `Held` when a rule keeps it back, and `UsageError`
    when its run has gone on without it.
    """
    if message.status == "prepared":
        raise UsageError(
            f"{message.id} was handed to you: send it, then say so: `refflow do {message.id} sent`."
        )
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

    record_about(workspace, message, approved, now)
    after = workspace.views.get(Message, message.id)
    if after is None or after.status in ("held", "skipped"):
        raise Held(_kept_back(workspace, after or message, now))
    return after


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


def _kept_back(workspace: Workspace, message: Message, now: datetime) -> str:
    if message.status == "skipped":
        return f"{message.id} was left out: {message.detail}"
    until = ""
    if message.until is not None:
        until = f" until {say_when(instant(message.until), now, workspace.settings.calendar)}"
    kept = f"{message.id} is held{until} ({message.rule}): {message.detail}"
    if message.rule == "channel":
        kept += f" Put that right (`refflow doctor` says what), then: refflow resume {message.channel}"
    return kept


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
    return record_about(workspace, message, sent, now, at)


def skip_message(
    workspace: Workspace, message: Message, reason: str | None, now: datetime
) -> list[StoredEvent]:
    """Do not send a message. The run goes on after it; its waits are kept."""
    if message.status not in OPEN | {"failed"}:
        raise UsageError(f"{message.id} is {message.status}: there is nothing to skip.")
    skipped = MessageSkipped(
        message=message.id, run=message.run, contact=message.contact, reason=reason or "by hand"
    )
    return record_about(workspace, message, skipped, now)
