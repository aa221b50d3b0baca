"""The guard rails: what no workflow can switch off. Each fails closed, and says why to a person."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter

from refflow.errors import RefflowError
from refflow.events.event import instant, micros
from refflow.views.contacts import Contact
from refflow.views.messages import Message, SendingDay
from refflow.views.openings import Opening
from refflow.views.pipeline import TAKEN, Ask, ask_id
from refflow.views.runs.channels import Inbox, PausedChannel
from refflow.views.runs.run import Run
from refflow.views.timeline import Happening

from ..language.calendar import Calendar, both
from ..language.definition import Policy, Send, Window
from ..language.library import Accepted
from ..language.settings import gaps
from .caps import over_a_cap
from .conversations import ancestors, lets_no_other_in, pursuing
from .environment import run_environment
from .holds import Hold
from .packet import missing_from_packet
from .pauses import pause_at
from .turn import Turn

_PASSED = ("interaction.logged", "interaction.observed")


def may_leave(turn: Turn, accepted: Accepted, run: Run, step: Send, message: Message) -> Hold | None:
    """Whether `message` may leave now. The order is fixed: what no waiting can mend comes first."""
    contact = turn.rows.get(Contact, message.contact)
    if contact is None or contact.blocked or contact.opted_out:
        # The run ends with its own contact; without somebody else it goes on.
        other = message.contact != run.contact
        return Hold(rule="do_not_contact", detail="This person is not to be contacted.", skip=other)
    policy = accepted.definition.policy
    return (
        _guard_still_holds(turn, accepted, run)
        or _packet_is_complete(turn, run, message)
        or _opening_is_free(turn, run, message)
        or _in_conversation(turn, run, message)
        or something_came_in(turn, run, message)
        or _paused(turn, run, message)
        or _late(turn, policy, run, message)
        or _inbox_is_stale(turn, message)
        or over_a_cap(turn, policy, contact, message)
        or (None if step.urgent else _gap(turn, policy, contact))
        or _window(turn, step.window or policy.window or turn.settings.window, policy, contact)
        or (None if step.urgent else _pace(turn, run, message))
    )


def _guard_still_holds(turn: Turn, accepted: Accepted, run: Run) -> Hold | None:
    env = run_environment(turn, run, accepted.definition)
    for line in accepted.definition.guard:
        try:
            holds = turn.library.evaluate(accepted, line, env) is True
        except RefflowError as error:
            return Hold(rule="guard", detail=f"blocked: {error}")
        if not holds:
            return Hold(rule="guard", detail=f"`{line.text}` no longer holds.")
    return None


def _packet_is_complete(turn: Turn, run: Run, message: Message) -> Hold | None:
    ask = _asking(turn, run, message)
    opening = turn.rows.get(Opening, run.opening) if run.opening else None
    lacking = missing_from_packet(opening, ask) if ask is not None and opening is not None else []
    if lacking:
        return Hold(rule="packet", detail=f"The referral packet lacks: {', '.join(lacking)}.")
    if message.missing:
        return Hold(rule="unfilled", detail=f"The text still lacks: {', '.join(message.missing)}.")
    return None


def _asking(turn: Turn, run: Run, message: Message) -> Ask | None:
    """The ask that this run is about to make with this message: taken up, not yet sent."""
    if run.contact is None or run.opening is None or message.contact != run.contact:
        return None
    ask = turn.rows.get(Ask, ask_id(run.contact, run.opening))
    return ask if ask is not None and ask.run == run.id and ask.stage == "ready" else None


def _opening_is_free(turn: Turn, run: Run, message: Message) -> Hold | None:
    if _asking(turn, run, message) is None or run.opening is None:
        return None
    for ask in turn.rows.find(Ask, opening=run.opening):
        if ask.stage in TAKEN and ask.contact != run.contact:
            return Hold(rule="one_open_ask", detail=f"{ask.id} is {ask.stage}: one person at a time.")
    return None


def _in_conversation(turn: Turn, run: Run, message: Message) -> Hold | None:
    """Whether an exclusive run would write to somebody with whom another one is in conversation."""
    if message.contact == run.contact or not lets_no_other_in(turn, run):
        return None
    family = {each.id for each in ancestors(turn, run)}
    for other in pursuing(turn, message.contact):
        if other.id not in family and run.id not in {each.id for each in ancestors(turn, other)}:
            return Hold(rule="exclusive", detail=f"{other.id} is in conversation with them: it comes first.")
    return None


def something_came_in(turn: Turn, run: Run, message: Message) -> Hold | None:
    """Whether the contact wrote something, since the run began, of which the log heard only after what the run
    last took up and after the owner's last word on the message. What somebody else writes, no run about the contact
    ever takes up.
    """
    contact = turn.rows.get(Contact, message.contact)
    if contact is None or contact.last_in is None or contact.last_in < run.started_at:
        return None
    taken_up = run.since if message.contact == run.contact else run.trigger
    known = max(taken_up, _last_approval(turn, run, message))
    for each in turn.rows.find(Happening, contact=contact.id):
        if each.position > known and each.at >= run.started_at and _is_from_them(turn, each):
            return Hold(
                rule="answered", detail="They wrote in the meantime: read it, then approve if it still fits."
            )
    return None


def _last_approval(turn: Turn, run: Run, message: Message) -> int:
    """The position at which the owner last approved the message; 0 when they never did."""
    approvals = (
        turn.recall(each.position)
        for each in turn.rows.find(Happening, run=run.id)
        if each.kind == "message.approved"
    )
    return max((each.position for each in approvals if each and each.payload.message == message.id), default=0)


def _is_from_them(turn: Turn, happening: Happening) -> bool:
    if happening.kind == "reply.received":
        return True
    event = turn.recall(happening.position) if happening.kind in _PASSED else None
    return event is not None and event.payload.direction == "in"


def _paused(turn: Turn, run: Run, message: Message) -> Hold | None:
    """Whether the owner, or a channel that lets nothing through, has stopped what leaves."""
    if not turn.settings.live:
        return Hold(rule="not_live", detail="Nothing leaves before `live: true` is in the settings.")
    pause = pause_at(turn.rows, run, turn.now, message.contact)
    if pause is not None:
        until = None if pause.until is None else instant(pause.until)
        return Hold(rule="paused", detail=f"Paused{_until(until)} ({pause.id}).", until=until)
    return channel_paused(turn, message)


def channel_paused(turn: Turn, message: Message) -> Hold | None:
    """Whether nothing can leave by the channel of the message until somebody has put that right."""
    paused = turn.rows.get(PausedChannel, message.channel)
    if paused is None:
        return None
    if paused.plugin is not None:
        return Hold(rule="plugin", detail=f"blocked: {paused.reason or f'plugin {paused.plugin}'}")
    return Hold(rule="channel", detail=f"The channel {message.channel} does not let refflow in.")


def _until(until: datetime | None) -> str:
    return "" if until is None else f" until {until:%Y-%m-%d %H:%M} UTC"


def _late(turn: Turn, policy: Policy, run: Run, message: Message) -> Hold | None:
    """Whether the message comes so late that it may no longer fit. Approving it says that it does."""
    late, due = policy.late or turn.settings.late, _was_due(run, message)
    if late.do == "send" or instant(turn.now) <= due:
        return None
    if instant(turn.now) <= turn.settings.calendar.add(due, late.after):
        return None
    detail = f"It was due on {due:%Y-%m-%d}: read it, then approve if it still fits."
    return Hold(rule="late", detail=detail, skip=late.do == "skip")


def _was_due(run: Run, message: Message) -> datetime:
    """When the message should have left: when the timer before it was due, or a person approved it."""
    fell_due = message.drafted_at if run.fell_due is None else run.fell_due
    return instant(max(fell_due, message.approved_at or 0))


def _inbox_is_stale(turn: Turn, message: Message) -> Hold | None:
    """Whether an answer may lie in an inbox that nobody has looked into. Whoever approves a message now, has."""
    earliest = micros(turn.settings.calendar.subtract(instant(turn.now), turn.settings.max_stale))
    if (message.approved_at or 0) >= earliest:
        return None
    for inbox in turn.rows.find(Inbox):
        if inbox.checked_at < earliest:
            return Hold(rule="inbox_stale", detail=f"The inbox of {inbox.channel} has to be looked at first.")
    return None


def _pace(turn: Turn, run: Run, message: Message) -> Hold | None:
    """What comes late, after a holiday or a week with the machine switched off, does not all leave at once."""
    settings, now = turn.settings, instant(turn.now)
    if not run.paced and settings.calendar.add(_was_due(run, message), settings.pace) > now:
        return None
    others = [turn.now for each in turn.rows.find(Message, status="requested") if each.id != message.id]
    earliest = micros(settings.calendar.subtract(now, settings.pace))
    for day in {instant(moment).date().isoformat() for moment in (earliest, turn.now)}:
        sent = turn.rows.get(SendingDay, day)
        others += sent.sent if sent is not None else []
    recent = [at for at in others if at > earliest]
    if not recent:
        return None
    until = settings.calendar.add(instant(max(recent)), settings.pace)
    return Hold(rule="pace", detail="Late messages leave one after the other.", until=until)


def _gap(turn: Turn, policy: Policy, contact: Contact) -> Hold | None:
    if contact.last_out is None or (contact.last_in or 0) > contact.last_out:
        return None  # To answer is not to nag.
    last, calendar = instant(contact.last_out), turn.settings.calendar
    # A workflow can keep a longer distance than the workspace does, never a shorter one.
    until, gap = max(
        ((calendar.add(last, each), each) for each in gaps(policy, turn.settings)), key=itemgetter(0)
    )
    if micros(until) <= turn.now:
        return None
    return Hold(rule="gap", detail=f"Less than {gap.in_words()} after the last message.", until=until)


def _window(turn: Turn, window: Window, policy: Policy, contact: Contact) -> Hold | None:
    settings = turn.settings
    own = settings.calendar
    now = instant(turn.now)
    if contact.zone is not None and policy.timezone != "workspace":
        theirs = settings.calendars.get(contact.zone) if window.holidays == "contact" else None
        holidays = own.holidays if theirs is None else frozenset(theirs)
        until = Calendar(contact.zone, holidays).open_at(now, window)
    else:
        until = both(own, window, own, settings.window, now)
    if until <= now:
        return None
    return Hold(rule="window", detail="Outside the hours for messages.", until=until)
