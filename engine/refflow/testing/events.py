"""Made-up events for tests: a payload of every kind in a word, before and after it is stored.

What is not given is plausible, and the samples of all kinds tell of one ask: message `m1` of run `r1` asks
contact `c1` about opening `o1`.

    told(sample(AskOpened), sample(MessageSent), sample(ReplyReceived, intent="declined"))

`refflow.testing.histories` has whole searches for property tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec

from refflow.events import messages as m
from refflow.events import openings as o
from refflow.events import people as p
from refflow.events import runs as r
from refflow.events.event import Commit, NewEvent, Payload, StoredEvent, commit_id
from refflow.events.kinds import EventKind, Kinds, event_kind

from .commits import AT, CORE_KINDS

P = TypeVar("P", bound=msgspec.Struct)

HOUR = 3_600_000_000
"""In microseconds."""
GONE: list[EventKind] = []
"""What a plugin declared that is there no more: a reader does not know it."""

_DAY = date(2026, 3, 2)
_WHEN = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
_ASK: dict[str, Any] = {"contact": "c1", "opening": "o1"}
_RUN: dict[str, Any] = {"run": "r1", "contact": "c1"}
_MESSAGE: dict[str, Any] = {"message": "m1", **_RUN}


@event_kind(GONE, "gone.badge.given", "text")
class BadgeGiven(Payload, frozen=True, kw_only=True):
    """What that plugin noted about a contact."""

    contact: str
    text: str | None = None


GONE_KINDS = Kinds(GONE)
"""What wrote it knew."""

_SAMPLES: dict[type[Any], Any] = {
    payload.__class__: payload
    for payload in (
        p.OwnerIdentified(name="Sam Seeker", keys=("linkedin:sam-seeker",), emails=("sam@example.org",)),
        p.EmploymentObserved(company="Borealis GmbH", title="Engineer", started=date(2021, 4, 1)),
        p.ContactAdded(
            contact="c1", source="linkedin", name="Ana Pérez", first_name="Ana", last_name="Pérez",
            keys=("linkedin:ana-perez", "email:ana@example.com"), emails=("ana@example.com",),
            url="https://www.linkedin.com/in/ana-perez", connected_on=date(2019, 5, 4),
        ),
        p.ContactChanged(contact="c1", name="Ana Pérez Gómez", zone="Europe/Madrid", channel="eml"),
        p.ContactDisconnected(contact="c1", observed_on=_DAY),
        p.PositionObserved(contact="c1", observed_on=_DAY, company="Acme Inc.", title="Head of Data"),
        p.ContactNoted(contact="c1", text="met in Zürich"),
        p.RelationStated(contact="c1", relation="colleague", months=18),
        p.TieObserved(contact="c1", evidence="recommended_me", count=2, last=date(2024, 11, 5)),
        p.InteractionObserved(contact="c1", identity="linkedin:4be1", direction="in", medium="message"),
        p.InteractionLogged(contact="c1", channel="phone", direction="out", text="called"),
        p.MeetingHeld(contact="c1", text="coffee"),
        p.ContactWarmed(contact="c1"),
        p.ContactBlocked(contact="c1", reason="wants the post herself"),
        p.ContactUnblocked(contact="c1"),
        p.ContactOptedOut(contact="c1"),
        p.CompanyAliased(alias="acme-labs", company="acme"),
        p.ImportFinished(source="linkedin", exported_on=_DAY, added={"contact.added": 3}),
        o.OpeningAdded(
            opening="o1", company="Acme Inc.", title="Data Engineer", source="user", submit="form",
            url="https://jobs.example.com/o1", deadline=date(2026, 4, 30),
        ),
        o.OpeningChanged(opening="o1", title="Senior Data Engineer", location="Madrid"),
        o.OpeningClosed(opening="o1", reason="filled"),
        o.ReferralWanted(**_ASK),
        o.AskOpened(**_ASK, run="r1"),
        o.AskPersonalised(**_ASK, line="You built the team I would join."),
        o.AskClosed(**_ASK, outcome="no_answer"),
        o.ReplyReceived(**_ASK, intent="agreed", channel="eml", text="Gladly."),
        o.ReferralGiven(**_ASK),
        o.ReferralThanked(**_ASK),
        o.HelperUpdated(**_ASK),
        o.ApplicationSubmitted(opening="o1", referrer="c1"),
        o.InterviewScheduled(opening="o1", referrer="c1", when=_WHEN),
        o.OfferReceived(opening="o1", referrer="c1"),
        o.ApplicationRejected(opening="o1", referrer="c1"),
        o.ApplicationWithdrawn(opening="o1", referrer="c1"),
        m.MessageDrafted(
            **_MESSAGE, opening="o1", step="ask", channel="eml", template="ask-referral", digest="9d3e51aa04c7b812",
            subject="A question about Acme", body="Hello Ana,\n\nmay I ask you something?\n",
        ),
        m.MessageEdited(**_MESSAGE, digest="0b7c2f6e91d3a845", subject="Acme", body="Hello Ana, a question.\n"),
        m.MessageApproved(**_MESSAGE, digest="9d3e51aa04c7b812"),
        m.MessageHeld(**_MESSAGE, rule="window", detail="It leaves on Thursday at 9:30.", until=_WHEN),
        m.MessageSkipped(**_MESSAGE, reason="skipped by hand"),
        m.SendRequested(**_MESSAGE, channel="eml", message_id="<m1@example.org>"),
        m.MessagePrepared(**_MESSAGE, reference="outbox/m1.eml"),
        m.MessageSent(**_MESSAGE, opening="o1"),
        m.MessageFailed(**_MESSAGE, reason="no such address"),
        m.MessageInDoubt(**_MESSAGE, reason="the connection was lost"),
        r.SettingsChanged(digest="3f0a", settings={"zone": "Europe/Berlin", "cap": {"per_day": 8}}),
        r.WorkflowDefined(workflow="referral-ask", hash="5f1c9be0a4d27736", digest="77ab", definition="{}"),
        r.WorkflowRetired(workflow="referral-ask"),
        r.RunWanted(workflow="reconnect", contact="c1"),
        r.RunStarted(
            **_RUN, opening="o1", workflow="referral-ask", hash="5f1c9be0a4d27736", trigger=1,
            kind="referral.wanted", event={"contact": "c1", "opening": "o1"},
        ),
        r.TriggerIgnored(
            **_RUN, opening="o1", workflow="referral-ask", reason="running", detail="r1 is already at it."
        ),
        r.StepEntered(run="r1", step="ask", at=2, loops={"rounds": 1}),
        r.BranchTaken(run="r1", step="which", clause="tie.strong", values={"tie.strong": True}),
        r.EventMatched(run="r1", step="answer", position=2, kind="reply.received", event={"intent": "agreed"}),
        r.TimerSet(run="r1", step="answer", due=_WHEN, rule="3bd"),
        r.TimerFired(run="r1", due=_WHEN),
        r.TaskOpened(task="t1", **_RUN, opening="o1", step="pack", due=_WHEN, title="Send your CV", assignee="coach"),
        r.TaskClosed(task="t1", **_RUN, outcome="done", note="sent"),
        r.RunExited(**_RUN, opening="o1", workflow="referral-ask", outcome="referred", ending="good"),
        r.RunStuck(**_RUN, reason="The message could not be handed over."),
        r.RunCancelled(**_RUN, opening="o1", reason="found another way"),
        r.RunMigrated(
            **_RUN, opening="o1", workflow="referral-ask", before="5f1c9be0a4d2", after="9d3e51aa7736",
            step="ask", at=2, due=_WHEN, rule="4bd",
            renamed={"first": "ask"},
        ),
        r.ScheduleSet(workflow="grow", trigger=0, due=_WHEN),
        r.ScheduleFired(workflow="grow", trigger=0, due=_WHEN),
        r.VarsSet(run="r1", step="count", values={"tries": 2}),
        r.WaitSettling(run="r1", step="answer", latest=_WHEN),
        r.SideTaken(run="r1", step="answer", position=2, kind="meeting.held"),
        r.ChildWanted(**_RUN, opening="o1", step="more", workflow="thank", wait=True),
        r.ChildStarted(run="r1", step="more", child="r2", wait=True),
        r.TriggerQueued(**_ASK, queued="q1", workflow="referral-ask", trigger=1, reason="exclusive", behind="r1"),
        r.TriggerDequeued(**_ASK, queued="q1", workflow="referral-ask", outcome="withdrawn"),
        r.OutreachPaused(pause="p1", contact="c1", until=_WHEN, reason="on holiday"),
        r.OutreachResumed(pause="p1", contact="c1"),
        r.InboxChecked(channel="imap"),
        r.InboxMissed(channel="imap", reason="the server does not answer"),
        r.InboxClosed(channel="imap"),
        r.ChannelPaused(channel="imap", reason="the password has changed"),
        r.ChannelResumed(channel="imap"),
        r.DebtSettled(**_ASK, debt="thanks:c1:o1", how="with flowers"),
        r.EventsVoided(positions=(1,)),
        BadgeGiven(contact="c1", text="helpful"),
    )
}  # fmt: skip


def sample(payload: type[P], /, **changes: Any) -> P:
    """A plausible payload of that type, with `changes`."""
    made: P = msgspec.structs.replace(_SAMPLES[payload], **changes)
    return made


def told(
    *payloads: Any, start: int = AT, every: int = HOUR, by: str = "user", kinds: Kinds = CORE_KINDS
) -> list[StoredEvent]:
    """Stored events that say `payloads`, at positions from 1; the first occurred and was recorded at `start`."""
    commits = []
    for index, payload in enumerate(payloads):
        at = start + index * every
        event = NewEvent(payload=payload, occurred_at=at, by=by)
        commits.append(Commit(id=commit_id(at, bytes(10)), recorded_at=at, events=(event,)))
    return stored(commits, kinds)


def stored(history: Iterable[Commit], kinds: Kinds = CORE_KINDS, after: int = 0) -> list[StoredEvent]:
    """The events of `history` as a log gives them back that knows `kinds`; positions go on from `after`."""
    events: list[StoredEvent] = []
    for commit in history:
        for event in commit.events:
            parts = (GONE_KINDS if type(event.payload) is BadgeGiven else kinds).encode(event.payload)
            personal = None if parts.personal is None else parts.personal.decode()
            events.append(
                StoredEvent(
                    after + len(events) + 1, parts.kind, event.occurred_at, commit.recorded_at, event.by,
                    event.cause, commit.id, kinds.decode(parts.kind, parts.version, parts.data.decode(), personal),
                )
            )  # fmt: skip
    return events
