"""A message in a run: drafted, released when the guard rails allow it, and requested to be sent once."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Literal, get_args

from refflow.events.event import instant
from refflow.events.messages import MessageDrafted, MessageHeld, MessageSkipped, SendRequested
from refflow.events.runs import TimerSet
from refflow.views.contacts import Contact
from refflow.views.messages import Message
from refflow.views.runs import Run

from .definition import Approval, Send
from .environment import run_environment
from .guards import Hold, channel_paused, may_leave
from .library import Accepted
from .templates import render
from .turn import Turn

_CARE: tuple[Approval, ...] = get_args(Approval)

Released = Literal["requested", "held", "skipped", "capped"]


def text_digest(subject: str | None, body: str) -> str:
    """What identifies a text: approval is bound to it."""
    return sha256(f"{subject or ''}\0{body}".encode()).hexdigest()[:16]


def channel_for(turn: Turn, run: Run, step: Send, contact: Contact) -> str:
    """How a message leaves: as the thread it belongs to, as the step says, as the contact prefers, else by
    e-mail when there is an address.
    """
    parent = _parent(turn, run, step)
    if parent is not None:
        return parent.channel
    return step.channel or contact.channel or ("eml" if contact.email else "paste")


def draft(turn: Turn, accepted: Accepted, run: Run, step: Send, *, again: Message | None = None) -> Message:
    """Write the message of `step`; `again` is a draft to write anew, since what it is made of has changed."""
    contact = turn.rows.get(Contact, run.contact or "")
    assert contact is not None, "a workflow that sends has a contact"
    parent = _parent(turn, run, step)
    env = run_environment(turn, run, accepted.definition)
    data = {name: turn.library.evaluate(accepted, source, env) for name, source in step.data.items()}
    rendered = render(
        accepted.definition.templates[step.template], {**env, "data": data}, turn.library.extensions.filters
    )
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
            approval=_needs_approval(turn, accepted, run, step),
            urgent=step.urgent,
            missing=rendered.missing,
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


def hold(turn: Turn, accepted: Accepted, run: Run, message: Message, why: Hold) -> None:
    """Keep a message back, and wake when the rule could let it go."""
    turn.record(
        MessageHeld(
            message=message.id,
            run=run.id,
            contact=message.contact,
            rule=why.rule,
            detail=why.detail,
            until=why.until,
        ),
        by=accepted.by,
    )
    if why.until is not None:
        turn.record(TimerSet(run=run.id, step=run.step, due=why.until, rule=why.rule), by=accepted.by)


def _parent(turn: Turn, run: Run, step: Send) -> Message | None:
    """The message that `step` follows in its thread, when that one was sent. Without it a new thread begins."""
    if step.thread is None or step.thread not in run.sends:
        return None
    parent = turn.rows.get(Message, run.sends[step.thread])
    return parent if parent is not None and parent.sent_at is not None else None


def _needs_approval(turn: Turn, accepted: Accepted, run: Run, step: Send) -> bool:
    asked: Approval = step.approval or accepted.definition.policy.approval or turn.settings.approval
    # A workflow can ask for more care than the workspace does, never for less.
    approval = min(asked, turn.settings.approval, key=_CARE.index)
    return approval in ("every", "batch") or (approval == "first" and not run.released)
