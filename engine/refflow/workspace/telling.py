"""An event as a sentence, for people who ask why. What it speaks of is named as it is called now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from refflow.contacts.names import display_name
from refflow.events.event import StoredEvent
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.workflows.runs.packet import in_words

from .workspace import Workspace


class Teller:
    """Tells the events of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._views = workspace.views
        self._calendar = workspace.settings.calendar

    def tell(self, event: StoredEvent) -> str | None:
        """The sentence for `event`; None for kinds that have none."""
        payload = event.payload
        match event.kind:
            case "referral.wanted":
                return f"You want to ask {self.who(payload)} about {self.job(payload)}"
            case "run.wanted":
                return f"You start {payload.workflow} with {self.who(payload)}"
            case "run.started":
                return f"{payload.workflow} starts with {self.who(payload)} ({payload.run})"
            case "run.exited":
                return f"{payload.workflow} ends: {_words(payload.outcome)}"
            case "run.stuck":
                return f"{payload.run} cannot go on: {payload.reason}"
            case "run.migrated":
                until = f", and waits until {self._moment(payload.due)}" if payload.due else ""
                return f"{payload.run} goes on by version {payload.after[:12]} of {payload.workflow}{until}"
            case "run.cancelled":
                return f"You end {payload.run}{_because(payload.reason)}"
            case "trigger.ignored":
                return f"{payload.workflow} does not start ({payload.reason}): {payload.detail}"
            case "step.entered":
                return f"Step `{payload.step}` begins"
            case "branch.taken":
                values = ", ".join(f"{term} = {value}" for term, value in payload.values.items())
                return f"At `{payload.step}`, `{payload.clause}` decides{f' ({values})' if values else ''}"
            case "event.matched":
                return f"`{payload.step}` takes up {payload.kind} (event {payload.position})"
            case "timer.set":
                return f"`{payload.step}` waits until {self._moment(payload.due)} ({payload.rule})"
            case "timer.fired":
                return f"The wait until {self._moment(payload.due)} is over"
            case "task.opened":
                return f"To do by {self._moment(payload.due)}: {payload.in_words} ({payload.task})"
            case "task.closed":
                return f"{payload.task} is {payload.outcome}"
            case "ask.opened":
                return (
                    f"An ask of {self.who(payload)} opens{', to be warmed up first' if payload.warming else ''}"
                )
            case "ask.personalised":
                return f"You say why you ask {self.who(payload)}"
            case "ask.closed":
                return f"The ask of {self.who(payload)} is closed: {_words(payload.outcome)}"
            case "reply.received":
                return f"{self.who(payload)} answers: {_words(payload.intent)}"
            case "referral.given":
                return f"{self.who(payload)} refers you to {self.job(payload)}"
            case "referral.thanked":
                return f"{self.who(payload)} is thanked"
            case "helper.updated":
                return f"{self.who(payload)} knows how it stands"
            case "application.submitted":
                return f"You apply: {self.job(payload)}"
            case "interview.scheduled":
                on = f" on {self._moment(payload.when)}" if payload.when else ""
                return f"An interview is set{on}: {self.job(payload)}"
            case "offer.received":
                return f"An offer: {self.job(payload)}"
            case "application.rejected":
                return f"They turn you down: {self.job(payload)}"
            case "application.withdrawn":
                return f"You withdraw: {self.job(payload)}"
            case "opening.added":
                return f"You track {self.job(payload)}"
            case "opening.changed":
                return f"{self.job(payload)}: {_changed(payload, 'opening')}"
            case "company.aliased":
                return f"{payload.alias} and {payload.company} are one company"
            case "opening.closed":
                return f"{self.job(payload)} is closed{_because(payload.reason)}"
            case "debt.settled":
                return f"What you owe {self.who(payload)} is settled{_because(payload.how)}"
            case "vars.set":
                values = ", ".join(f"{name} = {_plain(value)}" for name, value in payload.values.items())
                return f"`{payload.step}` notes {values}" if values else None
            case "outreach.paused":
                what = payload.run or payload.workflow or self._at_all(payload)
                starts = f" from {self._moment(payload.starts)}" if payload.starts else ""
                until = f" until {self._moment(payload.until)}" if payload.until else ""
                return f"You let {what} rest{starts}{until} ({payload.pause}){_because(payload.reason)}"
            case "outreach.resumed":
                return f"You end the pause {payload.pause}"
            case "channel.paused":
                return f"Nothing leaves by the channel {payload.channel}{_because(payload.reason)}"
            case "channel.resumed":
                return f"The channel {payload.channel} is used again"
        return self._message(event) if event.kind.startswith("message.") else self._contact(event)

    def _message(self, event: StoredEvent) -> str | None:
        payload = event.payload
        key = getattr(payload, "message", "")
        match event.kind:
            case "message.drafted":
                lacking = f", which lacks: {', '.join(in_words(payload.missing))}" if payload.missing else ""
                return f"`{payload.template}` to {self.who(payload)} is drafted as {key}{lacking}"
            case "message.edited":
                return f"You change {key}"
            case "message.approved":
                return f"You approve {key}"
            case "message.held":
                until = f" until {self._moment(payload.until)}" if payload.until else ""
                return f"{key} is held{until} by the rule {payload.rule}: {payload.detail}"
            case "message.skipped":
                return f"{key} is left out: {in_other_words(payload.reason)}"
            case "message.send.requested":
                return f"{key} goes to the channel {payload.channel}"
            case "message.prepared":
                how = "its text is ready to be pasted" if payload.mode == "assist" else "a draft of it is ready"
                return f"{key}: {how}"
            case "message.sent":
                return f"{key} to {self.who(payload)} is sent"
            case "message.failed":
                return f"{key} could not be handed over: {payload.reason}"
            case "message.in_doubt":
                return f"Nobody knows whether {key} left: {payload.reason}"
        return None

    def _contact(self, event: StoredEvent) -> str | None:
        payload = event.payload
        match event.kind:
            case "contact.added":
                return f"{self.who(payload)} becomes known, from {payload.source}"
            case "contact.changed":
                return f"{self.who(payload)}: {_changed(payload, 'contact')}"
            case "contact.noted":
                return f"You note something about {self.who(payload)}"
            case "contact.blocked":
                return f"You block {self.who(payload)}{_because(payload.reason)}"
            case "contact.unblocked":
                return f"You lift the block of {self.who(payload)}"
            case "contact.opted_out":
                return f"{self.who(payload)} asks not to be written to"
            case "contact.warmed":
                return f"The tie to {self.who(payload)} is warm"
            case "contact.disconnected":
                return f"{self.who(payload)} is no longer among your connections"
            case "position.observed":
                where = " at ".join(part for part in (payload.title, payload.company) if part)
                return (
                    f"{self.who(payload)} works as {where}"
                    if payload.title
                    else f"{self.who(payload)}: {where}"
                )
            case "relation.stated":
                return f"You say that {self.who(payload)} is: {payload.relation}"
            case "meeting.held":
                return f"You meet {self.who(payload)}"
            case "interaction.observed" | "interaction.logged":
                way = "from" if payload.direction == "in" else "to"
                return f"A {getattr(payload, 'medium', None) or payload.channel} {way} {self.who(payload)}"
        return None

    def who(self, payload: Any) -> str:
        """What the contact is called that an event's payload, or a row, is about."""
        return self.person(getattr(payload, "contact", None))

    def person(self, key: str | None) -> str:
        """What the contact with that id is called."""
        found = self._views.get(Contact, key) if key else None
        return display_name(found.name) if found is not None and found.name else key or "somebody"

    def job(self, payload: Any) -> str:
        """What the opening is called that an event's payload, or a row, is about."""
        key = getattr(payload, "opening", None)
        found = self._views.get(Opening, key) if key else None
        return f"{found.title}, {found.company_name}" if found is not None else key or "an opening"

    def _at_all(self, payload: Any) -> str:
        return "everything" if payload.contact is None else self.who(payload)

    def _moment(self, at: datetime) -> str:
        return f"{self._calendar.local(at):%Y-%m-%d %H:%M}"


_MEANINGS = {
    "reply.received": "they answered",
    "referral.given": "they referred you",
    "opening.closed": "the opening is closed",
    "application.rejected": "they turned you down",
    "application.withdrawn": "you withdrew",
    "contact.opted_out": "they asked not to be written to",
    "contact.blocked": "you blocked them",
}


def in_other_words(reason: str) -> str:
    """A reason as a person would give it: the engine gives the kind of event that made a message pointless."""
    return _MEANINGS.get(reason, reason)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


_BESIDE = ("keys", "first_name", "last_name", "interest")
"""Fields that come with others."""


def _changed(payload: Any, subject: str) -> str:
    """Which fields an event gives, by name: their values may be personal."""
    fields = [
        name for name in payload.__struct_fields__ if name not in (subject, *_BESIDE) and getattr(payload, name)
    ]
    named = ", ".join(map(_words, fields)) or "nothing"
    return f"{named} {'is' if len(fields) < 2 else 'are'} new"


def _because(reason: str | None) -> str:
    return f": {reason}" if reason else ""
