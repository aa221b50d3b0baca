"""A made-up search, told step by step as commits: who is met, asked, answers, refers, is thanked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import date, timedelta
from typing import Any

import msgspec

from refflow.events import messages as m
from refflow.events import openings as o
from refflow.events import people as p
from refflow.events import runs as r
from refflow.events.event import Commit, NewEvent, Payload, commit_id, instant

from .commits import AT, CORE_KINDS
from .events import HOUR, BadgeGiven, P, sample

CONTACTS = ("c1", "c2", "c3")
"""The people of a history."""
OPENINGS = ("o1", "o2")
"""The openings of a history."""
WORKFLOW = "workflow:referral-ask@5f1c9be0a4d27736"
"""Who takes the decisions of a history."""

_DAY = date(2026, 3, 2)


class Step(msgspec.Struct, frozen=True):
    """Something that somebody does: to whom, about which opening; `choice` says how it comes out."""

    action: str
    who: int = 0
    which: int = 0
    choice: int = 0


class _Run(msgspec.Struct):
    """A live run. It waits for what `state` says: for what becomes of its message, an answer, or its task."""

    run: str
    contact: str
    opening: str | None
    workflow: str
    state: str = ""
    message: str = ""
    task: str = ""
    rounds: int = 0

    def says(self, kind: type[P], /, **more: Any) -> P:
        """A payload about this run, its people and things."""
        own = ("run", "contact", "opening", "workflow", "message", "task")
        fields = {name: getattr(self, name) for name in own if name in kind.__struct_fields__}
        return sample(kind, **fields, **more)


class _State(msgspec.Struct):
    """What the next step depends on, and an undo brings back. A contact has one live run at most."""

    known: set[str]
    runs: dict[str, _Run]
    referrers: dict[str, str]

    def __copy__(self) -> _State:
        runs = {contact: copy(run) for contact, run in self.runs.items()}
        return _State(set(self.known), runs, dict(self.referrers))


class Search:
    """A search as it is told. What somebody does changes the state first and tells its commit last."""

    def __init__(self) -> None:
        self.now = AT
        self.commits: list[Commit] = []
        self.position = 0
        self.state = _State(set(), {}, {})
        self._before = copy(self.state)
        self._undoable: list[tuple[tuple[int, ...], _State]] = []

    def tell(self, *facts: Any, then: Sequence[Any] = (), by: str = "user", ago: int = 0) -> None:
        """Record facts that occurred `ago` microseconds ago, and the decisions that follow, as one commit."""
        first = self.position + 1
        events = [NewEvent(payload=each, occurred_at=self.now - ago, by=by) for each in facts]
        events += [NewEvent(payload=each, occurred_at=self.now, by=WORKFLOW, cause=first) for each in then]
        commit = commit_id(self.now, first.to_bytes(10, "big"))
        self.commits.append(Commit(id=commit, recorded_at=self.now, events=tuple(events)))
        self.position += len(events)
        self._undoable.append((tuple(range(first, self.position + 1)), self._before))
        self._before = copy(self.state)

    def take(self, step: Step) -> None:
        """Let what the step says happen, some hours after what happened last."""
        self.now += (1 + 7 * step.choice) * HOUR
        ACTIONS[step.action](self, step)

    def undo(self, step: Step) -> None:
        if self._undoable:
            positions, before = self._undoable.pop()
            self.state = before
            self.tell(r.EventsVoided(positions=positions))
            self._undoable.pop()

    def strew(self, own: Any) -> None:
        """Record a payload that is not refflow's, after the contact and the opening it names are there."""
        self.now += HOUR
        contact, opening = getattr(own, "contact", None), getattr(own, "opening", None)
        if contact in CONTACTS:
            self.contact(CONTACTS.index(contact))
        if opening in OPENINGS:
            self.opening(OPENINGS.index(opening))
        self.tell(own, by="plugin:own@1")

    def gone(self, step: Step) -> None:
        self.tell(sample(BadgeGiven, contact=self.contact(step.who)), by="plugin:gone@1")

    # Who and what there is.

    def contact(self, who: int) -> str:
        """A contact, who enters the network now if they are not in it."""
        contact = CONTACTS[who]
        if contact not in self.state.known:
            self.state.known.add(contact)
            first, last = ("Ana Pérez", "Bo Berg", "曹 操")[who].split()
            added = sample(
                p.ContactAdded, contact=contact, name=f"{first} {last}", first_name=first, last_name=last,
                keys=(f"linkedin:{contact}", f"email:{contact}@example.com"), emails=(f"{contact}@example.com",),
            )  # fmt: skip
            works = sample(p.PositionObserved, contact=contact, company=("Acme Inc.", "Acme Labs", None)[who])
            self.tell(added, works, by="plugin:linkedin@1")
        return contact

    def opening(self, which: int) -> str:
        """An opening, which is added now if it was not."""
        opening = OPENINGS[which]
        if opening not in self.state.known:
            self.state.known.add(opening)
            self.tell(sample(o.OpeningAdded, opening=opening, company=("Acme Inc.", "Borealis GmbH")[which]))
        return opening

    def meet(self, step: Step) -> None:
        contact, day = self.contact(step.who), _DAY + timedelta(days=30 * (step.choice - 6))
        company = ("Acme, Inc.", "Cobalt AG", None)[step.choice % 3]
        changed = sample(p.ContactChanged, contact=contact, keys=(f"linkedin:{contact}-{step.choice}",))
        works = sample(p.PositionObserved, contact=contact, company=company, observed_on=day)
        self.tell(changed, works, by="plugin:linkedin@1")

    def hear(self, step: Step) -> None:
        """Something about a person, which may have been long ago."""
        kinds = (
            p.ContactNoted, p.RelationStated, p.TieObserved, p.InteractionLogged, p.MeetingHeld, p.ContactWarmed,
            p.ContactBlocked, p.ContactUnblocked, p.ContactOptedOut, p.ContactDisconnected, p.InteractionLogged,
        )  # fmt: skip
        contact = self.contact(step.who)
        observed = sample(
            p.InteractionObserved, contact=contact, identity=f"linkedin:{self.position:04x}",
            direction=("in", "out")[step.which], medium=("message", "invitation")[step.choice % 5 == 0],
        )  # fmt: skip
        self.tell(observed, ago=step.choice * 2000 * HOUR, by="plugin:linkedin@1")
        self.tell(sample(kinds[step.choice % 11], contact=contact), ago=step.choice * 100 * HOUR)

    def set_up(self, step: Step) -> None:
        kinds = (
            p.OwnerIdentified, p.EmploymentObserved, p.CompanyAliased, p.ImportFinished,
            r.SettingsChanged, r.WorkflowDefined, r.WorkflowRetired,
        )  # fmt: skip
        self.tell(sample(kinds[step.choice % 7]))

    def post(self, step: Step) -> None:
        opening = self.opening(step.which)
        change = sample(o.OpeningChanged, opening=opening, company=(None, "Acme Labs")[step.choice % 2])
        self.tell(sample(o.OpeningClosed, opening=opening) if step.choice == 11 else change)

    # Runs.

    def ask(self, step: Step) -> None:
        contact, opening = self.contact(step.who), self.opening(step.which)
        wanted = o.ReferralWanted(contact=contact, opening=opening)
        run = self.state.runs.get(contact)
        if run is not None:
            self.tell(wanted, then=[sample(r.TriggerIgnored, contact=contact, opening=opening, run=run.run)])
            return
        run = self._start(contact, opening, "referral-ask")
        opened = run.says(o.AskOpened, warming=step.choice % 4 == 3)
        drafted = self._draft(run, "ask", approval=step.choice % 3 < 2)
        self.tell(wanted, then=[self._started(run, wanted), opened, run.says(r.BranchTaken), *drafted])

    def personalise(self, step: Step) -> None:
        """The sentence comes before the ask."""
        self.tell(sample(o.AskPersonalised, contact=self.contact(step.who), opening=self.opening(step.which)))

    def start(self, step: Step) -> None:
        """Another workflow than the one that asks: a task first, or a message about an opening."""
        contact = self.contact(step.who)
        opening = self.opening(0) if step.which else None
        if contact not in self.state.runs:
            run = self._start(contact, opening, "thank" if opening else "reconnect")
            wanted = run.says(r.RunWanted)
            begins = self._draft(run, "thank") if opening else self._open_task(run)
            self.tell(wanted, then=[self._started(run, wanted), *begins])

    def move(self, step: Step) -> None:
        """What comes next in a run that lives, up to three times over."""
        for more in range(1 + step.choice % 3):
            live = list(self.state.runs.values())
            if live:
                run = live[step.who % len(live)]
                _MOVES[run.state](self, run, (step.choice + 5 * more) % 12)

    def answer(self, step: Step) -> None:
        contact = self.contact(step.who)
        run = self.state.runs.get(contact)
        intent = ("agreed", "declined", "later", "refer_on", "unclear")[step.choice % 5]
        reply = sample(
            o.ReplyReceived, contact=contact, opening=run.opening if run else None, intent=intent,
            when=instant(self.now + 2000 * HOUR) if intent == "later" else None,
        )  # fmt: skip
        then: list[Any] = []
        if run is not None and run.state == "waiting" and intent != "unclear":
            matched = run.says(r.EventMatched, position=self.position + 1, event={"intent": intent})
            then = [matched, *(self._open_task(run) if intent == "agreed" else self._exit(run, intent))]
        self.tell(reply, then=then)

    def cancel(self, step: Step) -> None:
        run = self.state.runs.get(CONTACTS[step.who])
        if run is not None:
            cancelled = run.says(r.RunCancelled)
            self.tell(cancelled, then=[*self._leave(run), *self._exit(run, "cancelled")])

    def migrate(self, step: Step) -> None:
        run = self.state.runs.get(CONTACTS[step.who])
        if run is not None:
            self.tell(run.says(r.RunMigrated))

    def rest(self, step: Step) -> None:
        """Pauses, inboxes, channels and times of the week: what concerns no contact in particular."""
        self.tell(sample(_RESTS[step.choice % len(_RESTS)]))

    def inward(self, step: Step) -> None:
        """What a run that lives notes for itself."""
        run = self.state.runs.get(CONTACTS[step.who])
        if run is not None:
            self.tell(run.says(_INWARD[step.choice % len(_INWARD)]))

    def _start(self, contact: str, opening: str | None, workflow: str) -> _Run:
        run = self.state.runs[contact] = _Run(f"r{self.position + 2}", contact, opening, workflow)
        return run

    def _started(self, run: _Run, wanted: Payload) -> r.RunStarted:
        kind = CORE_KINDS.of(wanted).name
        return run.says(r.RunStarted, trigger=self.position + 1, kind=kind, event=msgspec.to_builtins(wanted))

    def _draft(self, run: _Run, step: str, *, approval: bool = True) -> list[Any]:
        run.state, run.message = "drafted", f"m{self.position + 1}"
        entered = run.says(r.StepEntered, step=step, loops={"rounds": run.rounds})
        return [entered, run.says(m.MessageDrafted, step=step, approval=approval)]

    def _open_task(self, run: _Run) -> list[Any]:
        run.state, run.task = "task", f"t{self.position + 1}"
        entered = run.says(r.StepEntered, step="pack")
        return [entered, run.says(r.TaskOpened), run.says(r.TimerSet, step="pack")]

    def _wait(self, run: _Run) -> list[Any]:
        run.state = "waiting"
        due = instant(self.now + 72 * HOUR)
        return [run.says(r.StepEntered, step="answer", at=5), run.says(r.TimerSet, due=due)]

    def _leave(self, run: _Run) -> list[Any]:
        """What is dropped when a run goes elsewhere."""
        if run.state == "task":
            return [run.says(r.TaskClosed, outcome="dropped")]
        return [run.says(m.MessageSkipped)] if run.state in ("drafted", "held") else []

    def _exit(self, run: _Run, outcome: str, ending: o.OutcomeClass = "bad") -> list[Any]:
        del self.state.runs[run.contact]
        exited = run.says(r.RunExited, outcome=outcome, ending=ending)
        if ending == "bad" and run.workflow == "referral-ask":
            return [exited, run.says(o.AskClosed, outcome=outcome)]
        return [exited]

    # What comes next in a run, by what it waits for.

    def _drafted(self, run: _Run, choice: int) -> None:
        match choice:
            case 0:
                self.tell(run.says(m.MessageEdited))
            case 1 if run.opening is not None:
                self.tell(run.says(o.AskPersonalised), then=[run.says(m.MessageDrafted)])
            case 2:
                self.tell(run.says(m.MessageSkipped), then=self._wait(run))
            case 3:
                run.state, until = "held", instant(self.now + 15 * HOUR)
                held = [run.says(m.MessageHeld, until=until), run.says(r.TimerSet, due=until, rule="window")]
                self.tell(run.says(m.MessageApproved), then=held)
            case _:
                run.state = "requested"
                self.tell(run.says(m.MessageApproved), then=[run.says(m.SendRequested)])

    def _held(self, run: _Run, choice: int) -> None:
        run.state = "requested"
        fired = run.says(r.TimerFired, due=instant(self.now))
        self.tell(fired, then=[run.says(m.SendRequested)], by="clock")

    def _requested(self, run: _Run, choice: int) -> None:
        channel = "channel:eml"
        match choice % 5:
            case 0:
                run.state = "stuck"
                self.tell(run.says(m.MessageFailed), then=[run.says(r.RunStuck)], by=channel)
            case 1:
                run.state = "held"
                held = run.says(m.MessageHeld, rule="retry", until=instant(self.now + HOUR))
                self.tell(run.says(m.MessageFailed, severity="retry"), then=[held], by=channel)
            case 2 | 3:
                run.state = "handed"
                handed = m.MessageInDoubt if choice % 5 == 2 else m.MessagePrepared
                self.tell(run.says(handed), by=channel)
            case _:
                self._sent(run, choice, by=channel)

    def _sent(self, run: _Run, choice: int, by: str = "user") -> None:
        self.tell(run.says(m.MessageSent), then=self._wait(run), by=by, ago=choice * 60_000_000)

    def _waiting(self, run: _Run, choice: int) -> None:
        """Nobody answers: a second message, and then the end."""
        run.rounds += 1
        fired = run.says(r.TimerFired, due=instant(self.now))
        then = self._draft(run, "follow-up") if run.rounds < 2 else self._exit(run, "no_answer")
        self.tell(fired, then=then, by="clock")

    def _stuck(self, run: _Run, choice: int) -> None:
        run.state = "drafted"
        self.tell(run.says(m.MessageEdited))

    def _task(self, run: _Run, choice: int) -> None:
        closed = run.says(r.TaskClosed, outcome=("done", "skipped")[choice % 2])
        self.tell(closed, then=self._draft(run, "details") if choice % 3 else self._exit(run, "done", "good"))

    # Help, and what is owed for it.

    def refer(self, step: Step) -> None:
        contact, opening = self.contact(step.who), self.opening(step.which)
        self.state.referrers[opening] = contact
        run, then = self.state.runs.get(contact), []
        if run is not None and run.opening == opening:
            matched = run.says(r.EventMatched, position=self.position + 1, kind="referral.given")
            then = [matched, *self._leave(run), *self._exit(run, "referred", "good")]
        self.tell(o.ReferralGiven(contact=contact, opening=opening), then=then)

    def news(self, step: Step) -> None:
        kinds = (
            o.ApplicationSubmitted, o.InterviewScheduled, o.OfferReceived,
            o.ApplicationRejected, o.ApplicationWithdrawn,
        )  # fmt: skip
        opening = self.opening(step.which)
        referrer = self.state.referrers.get(opening)
        self.tell(sample(kinds[step.choice % 5], opening=opening, referrer=referrer))

    def give_back(self, step: Step) -> None:
        opening = OPENINGS[step.which]
        contact = self.state.referrers.get(opening)
        if contact is not None:
            debt = f"{('thanks', 'update')[step.choice % 2]}:{contact}:{opening}"
            settled = sample(r.DebtSettled, debt=debt, contact=contact, opening=opening)
            thanked = o.ReferralThanked(contact=contact, opening=opening)
            updated = o.HelperUpdated(contact=contact, opening=opening)
            self.tell((settled, thanked, updated)[step.choice % 3])


_MOVES: dict[str, Callable[[Search, _Run, int], None]] = {
    "drafted": Search._drafted,
    "held": Search._held,
    "requested": Search._requested,
    "handed": Search._sent,
    "waiting": Search._waiting,
    "stuck": Search._stuck,
    "task": Search._task,
}
_RESTS: tuple[type[Payload], ...] = (
    r.OutreachPaused, r.OutreachResumed, r.InboxChecked, r.InboxMissed, r.InboxClosed,
    r.ChannelPaused, r.ChannelResumed, r.ScheduleSet, r.ScheduleFired, r.TriggerQueued, r.TriggerDequeued,
)  # fmt: skip
_INWARD: tuple[type[Payload], ...] = (r.VarsSet, r.WaitSettling, r.SideTaken, r.ChildWanted, r.ChildStarted)
ACTIONS: dict[str, Callable[[Search, Step], None]] = {
    "ask": Search.ask,
    "move": Search.move,
    "move on": Search.move,
    "answer": Search.answer,
    "refer": Search.refer,
    "news": Search.news,
    "give back": Search.give_back,
    "personalise": Search.personalise,
    "start": Search.start,
    "cancel": Search.cancel,
    "migrate": Search.migrate,
    "rest": Search.rest,
    "inward": Search.inward,
    "meet": Search.meet,
    "hear": Search.hear,
    "post": Search.post,
    "set up": Search.set_up,
    "undo": Search.undo,
    "gone": Search.gone,
}
"""What can happen, by the action of a step."""
