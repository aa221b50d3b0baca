"""A message in a run: drafted, released when the guard rails allow it, and requested to be sent once.

A message goes to the contact of the run, or to whom `to` says when the step begins: the referrer that an event
names, somebody whom a variable remembers. From then on that person is the contact of the message, and everything
that protects people protects them:

- Blocked or opted out, they are not written to: the message is left out, and the run goes on.
- Caps, the gap, pauses, the hours in their zone and an answer of theirs that nobody took up hold it as they hold
  one to the contact. The answer is known only once the owner approves the message: the run hears of its own contact.
- A run of an exclusive workflow does not write to somebody with whom another one is in conversation; it waits.
- `approval: first` does not cover them: what the owner read was for the contact.
- The message joins a thread only if that one is with them, and leaves by their own channel.

It makes no ask: the packet and the opening are matters of the contact. A promise counts it for both: as if it went
to the contact, since nobody knows whom `to` will give, and in a row that no answer of the contact ends. Whom nobody
knows, the run does not write to: it stands, for a person to look at.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal, get_args

from refflow.errors import RefflowError
from refflow.events.event import instant
from refflow.events.messages import MessageDrafted, MessageSkipped, SendRequested
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.runs.run import Run

from ..language.definition import Approval, Send
from ..language.facts import contact_facts
from ..language.library import Accepted
from ..language.templates import render
from ..language.wording import unfilled
from .environment import run_environment
from .guards import channel_paused, may_leave
from .holds import Hold, hold
from .turn import Turn

_CARE: tuple[Approval, ...] = get_args(Approval)

Released = Literal["requested", "held", "skipped", "capped"]


def text_digest(subject: str | None, body: str) -> str:
    """What identifies a text: approval is bound to it."""
    return sha256(f"{subject or ''}\0{body}".encode()).hexdigest()[:16]


def addressee(turn: Turn, accepted: Accepted, run: Run, step: Send, env: Mapping[str, Any]) -> Contact:
    """Whom the message of `step` goes to. Raises `RefflowError` when nobody knows them."""
    value: Any = run.contact
    if step.to is not None:
        value = turn.library.evaluate(accepted, step.to, env)
    key = value if value is None or isinstance(value, str) else value.id
    contact = turn.rows.get(Contact, key) if key else None
    if contact is None:
        whom = "the contact of the run" if step.to is None else f"`{step.to.text}`"
        raise RefflowError(f"Step {step.step}: {whom} is nobody that refflow knows.")
    return contact


def channel_for(turn: Turn, run: Run, step: Send, contact: Contact) -> str:
    """How a message leaves: as the thread it belongs to, as the step says, as the contact prefers, else by
    e-mail when there is an address.
    """
    parent = _parent(turn, run, step, contact)
    if parent is not None:
        return parent.channel
    return step.channel or contact.channel or ("eml" if contact.email else "paste")


def draft(turn: Turn, accepted: Accepted, run: Run, step: Send, *, again: Message | None = None) -> Message:
    """Write the message of `step`; `again` is a draft to write anew, since what it is made of has changed."""
    env = run_environment(turn, run, accepted.definition, next(reversed(run.loops.values()), 0))
    before = turn.rows.get(Contact, again.contact) if again else None
    contact = before or addressee(turn, accepted, run, step, env)
    parent = _parent(turn, run, step, contact)
    if step.to is not None:
        env["to"] = contact_facts(contact, turn.now)
    env["data"] = {name: turn.library.evaluate(accepted, source, env) for name, source in step.data.items()}
    rendered = render(accepted.definition.templates[step.template], env, turn.library.extensions.filters)
    subject = rendered.subject
    if parent is not None and parent.subject:
        subject = parent.subject if parent.subject.casefold().startswith("re:") else f"Re: {parent.subject}"
    message = again.id if again else f"m{turn.next_position}"
    turn.record(
        MessageDrafted(
            message=message,
            run=run.id,
            step=step.step,
            contact=contact.id,
            opening=run.opening,
            channel=again.channel if again else channel_for(turn, run, step, contact),
            template=step.template,
            thread=parent.id if parent else None,
            approval=_needs_approval(turn, accepted, run, step, contact),
            urgent=step.urgent,
            missing=(*rendered.missing, *unfilled(f"{subject or ''}\n{rendered.body}")),
            digest=text_digest(subject, rendered.body),
            subject=subject,
            body=rendered.body,
        ),
        by=accepted.by,
    )
    row = turn.rows.get(Message, message)
    assert row is not None
    return row


def release(turn: Turn, accepted: Accepted, run: Run, step: Send, message: Message) -> Released:
    """Request the sending of a message that is approved, or hold it, with the reason in the log."""
    held = may_leave(turn, accepted, run, step, message)
    if held is None:
        turn.record(
            SendRequested(
                message=message.id,
                run=run.id,
                contact=message.contact,
                channel=message.channel,
                message_id=message_id(turn, message.id),
            ),
            by=accepted.by,
        )
        return "requested"
    on_cap = accepted.definition.policy.on_cap or turn.settings.on_cap
    if held.rule != "cap":
        on_cap = "skip" if held.skip else "defer"
    if on_cap != "defer":
        turn.record(
            MessageSkipped(message=message.id, run=run.id, contact=message.contact, reason=held.detail),
            by=accepted.by,
        )
        return "skipped" if on_cap == "skip" else "capped"
    hold(turn, accepted, run, message, held)
    return "held"


def message_id(turn: Turn, message: str) -> str:
    """The identification of a message (RFC 5322, 3.6.4): its own and the workspace's, at the sender's domain."""
    email = turn.settings.email or ""
    domain = email.rpartition("@")[2] or "refflow.invalid"
    return f"<{message}.{turn.workspace}@{domain}>"


def try_again(turn: Turn, accepted: Accepted, message: Message, wait: int | None) -> Hold | None:
    """After a failure that may pass: how long to wait, twice as long each further time. None: no longer.

    It is at least the `wait` (seconds) that the channel asked for.
    Messages that failed together do not come again together: up to a tenth is added, which the message decides.
    """
    if (paused := channel_paused(turn, message)) is not None:
        return paused
    retry, now = accepted.definition.policy.retry or turn.settings.retry, instant(turn.now)
    if message.attempts >= retry.attempts:
        return None
    first, most = (turn.settings.calendar.add(now, each) - now for each in (retry.after, retry.most))
    pause = min(first * 2 ** min(message.attempts - 1, 30), most)
    pause = max(pause, timedelta(seconds=wait or 0))
    share = int(sha256(f"{message.id} {message.attempts}".encode()).hexdigest()[:4], 16) / 0xFFFF
    until = now + pause * (1 + share / 10)
    return Hold(rule="retry", detail="The channel could not take it; it is tried again.", until=until)


def _parent(turn: Turn, run: Run, step: Send, contact: Contact) -> Message | None:
    """The message that `step` follows in its thread, when that one was sent, to the same person. Without it a new
    thread begins.
    """
    if step.thread is None or step.thread not in run.sends:
        return None
    parent = turn.rows.get(Message, run.sends[step.thread])
    if parent is None or parent.sent_at is None or parent.contact != contact.id:
        return None
    return parent


def _needs_approval(turn: Turn, accepted: Accepted, run: Run, step: Send, contact: Contact) -> bool:
    asked: Approval = step.approval or accepted.definition.policy.approval or turn.settings.approval
    # A workflow can ask for more care than the workspace does, never for less.
    approval = min(asked, turn.settings.approval, key=_CARE.index)
    read = run.released and contact.id == run.contact
    return approval in ("every", "batch") or (approval == "first" and not read)
