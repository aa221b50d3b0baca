"""A bench: workflows run over facts in memory, on a clock that the test moves.

It is the engine of a workspace without its files: the same turns, timers in the same order, and a channel
that does as it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from refflow.events import kinds_with
from refflow.events.event import StoredEvent, instant, micros
from refflow.events.kinds import EventKind
from refflow.events.messages import MessageApproved, MessageSent
from refflow.events.openings import OpeningAdded
from refflow.events.people import ContactAdded, ContactChanged, RelationStated
from refflow.events.runs import ScheduleFired, SettingsChanged, TimerFired, WorkflowDefined
from refflow.views import built_in
from refflow.views.messages import Message
from refflow.views.projection import Fold
from refflow.views.rows import Rows
from refflow.views.runs.run import Run
from refflow.views.runs.schedules import Scheduled
from refflow.workflows.language.definition import encode, hash_of
from refflow.workflows.language.extensions import NONE, Extensions
from refflow.workflows.language.library import Library
from refflow.workflows.language.loader import load_workflow
from refflow.workflows.language.problems import render_all
from refflow.workflows.language.settings import Settings, plain_fields
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.runs.engine import settle
from refflow.workflows.runs.pauses import free_at
from refflow.workflows.runs.turn import Turn

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CHANNELS = ("mail", "paste")

Deliver = Callable[[Message], Any]


class _Copies:
    """Rows as a source of copies: what a turn that fails does to them does not reach the originals."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, row: Any, key: str) -> Any:
        return copy(self._rows.get(row, key))

    def find(self, row: Any, **equal: Any) -> list[Any]:
        return [copy(each) for each in self._rows.find(row, **equal)]


class Bench:
    """A search in memory. `now` is the clock, `log` all events, `commits` the position each commit ended at.

    `deliver` says what becomes of a message that is to leave; by default it is sent.
    """

    def __init__(
        self,
        *workflows: str,
        templates: Mapping[str, str] | None = None,
        settings: Settings | None = None,
        now: datetime = MONDAY,
        kinds: Iterable[EventKind] = (),
        extensions: Extensions = NONE,
    ) -> None:
        self.kinds = kinds_with(kinds)
        self.extensions = extensions
        self.fold = Fold(built_in(self.kinds))
        self.rows = Rows()
        self.library = Library(self.kinds, self.extensions)
        self.log: list[StoredEvent] = []
        self.commits: list[int] = []
        self.now = now
        self.templates = dict(templates or {"hi": "Subject: Hi\n\nHi {{ contact.first_name }}."})
        self.deliver: Deliver = sent
        given = settings or Settings(name="Maya Okafor", email="maya@example.org", approval="none")
        self.inherited = given.anytime
        self.record(SettingsChanged(digest="s", settings=plain_fields(given)))
        for text in workflows:
            self.define(text)

    def define(self, text: str) -> str:
        """Put a workflow in force; its hash. Problems are an error."""
        loaded = load_workflow(
            text,
            "w.yaml",
            TemplateTexts(self.templates),
            self.kinds,
            CHANNELS,
            extensions=self.extensions,
            inherited=self.inherited,
        )
        if loaded.definition is None:
            raise AssertionError(render_all(loaded.problems, {"w.yaml": text}))
        hash = hash_of(loaded.definition)
        self.record(
            WorkflowDefined(
                workflow=loaded.definition.name,
                hash=hash,
                digest=hash[:16],
                definition=encode(loaded.definition).decode(),
            )
        )
        return hash

    def contact(self, name: str = "Ana Lima", *, zone: str | None = None) -> str:
        """A warm contact with an address; its id."""
        key = f"c{len(self.log) + 1}"
        mail = f"{name.split()[0].lower()}@example.org"
        self.record(ContactAdded(contact=key, source="test", name=name, emails=(mail,)))
        self.record(RelationStated(contact=key, relation="friend"))
        if zone is not None:
            self.record(ContactChanged(contact=key, zone=zone))
        return key

    def opening(self, title: str = "Engineer", company: str = "Acme") -> str:
        """An open posting; its id."""
        key = f"o{len(self.log) + 1}"
        url = f"https://{company.lower()}.example/{title.lower()}"
        self.record(
            OpeningAdded(opening=key, company=company, title=title, source="test", url=url, submit="form")
        )
        return key

    def record(self, *payloads: Any, by: str = "user", at: datetime | None = None) -> list[StoredEvent]:
        """Facts that happened `at` (default now): one commit with what follows. Timers due before go first."""
        self._fire(before=at or self.now)
        events = self._commit([(each, by, at) for each in payloads])
        self._deliver()
        self.catch_up()
        return events

    def catch_up(self) -> None:
        """Fire every timer that is due."""
        self._fire(until=self.now)

    def wait(self, **length: float) -> None:
        """Let time pass (`days=3`), firing each timer when it is due."""
        self.until(self.now + timedelta(**length))

    def until(self, moment: datetime) -> None:
        """Let time pass until `moment`."""
        while (due := self._next(micros(moment))) is not None:
            fired, self.now = due
            self._fire_one(fired)
        self.now = max(self.now, moment)

    def sleep(self, **length: float) -> None:
        """Let time pass with the machine switched off: nothing happens until the end of it."""
        self.now += timedelta(**length)

    def approve(self, message: Message) -> None:
        """Release a message."""
        self.record(
            MessageApproved(message=message.id, run=message.run, contact=message.contact, digest=message.digest)
        )

    def run(self, workflow: str | None = None, **equal: Any) -> Run:
        """The newest run (of `workflow`)."""
        wanted = equal if workflow is None else {**equal, "workflow": workflow}
        return max(self.rows.find(Run, **wanted), key=lambda run: int(run.id[1:]))

    def message(self) -> Message:
        """The newest message."""
        return max(self.rows.find(Message), key=lambda message: int(message.id[1:]))

    def sends(self) -> list[tuple[str, datetime]]:
        """Every message that left: its step, and when."""
        steps = {each.id: each.step for each in self.rows.find(Message)}
        return [
            (steps[each.payload.message], instant(each.recorded_at))
            for each in self.log
            if each.kind == "message.sent"
        ]

    def of(self, *kinds: str) -> list[Any]:
        """The payloads of all events of these kinds."""
        return [each.payload for each in self.log if each.kind in kinds]

    def replayed(self, upto: int | None = None) -> Bench:
        """A bench that was started anew from the first `upto` events of the log, as after a crash."""
        again = Bench.__new__(Bench)
        again.__dict__.update(self.__dict__)
        again.log = self.log[:upto]
        again.commits = [each for each in self.commits if upto is None or each <= upto]
        again.library = Library(self.kinds, self.extensions)
        again.rows = Rows()
        again.fold.apply_page(again.rows, again.log)
        if again.log:
            again.now = instant(again.log[-1].recorded_at)
        return again

    def decided_again(self) -> list[str]:
        """Where this engine, given the facts alone, decides otherwise than the log says."""
        again = Bench.__new__(Bench)
        again.__dict__.update(self.__dict__)
        again.log, again.commits, again.rows, again.library = (
            [],
            [],
            Rows(),
            Library(self.kinds, self.extensions),
        )
        different, start = [], 0
        for end in self.commits:
            facts = [each for each in self.log[start:end] if not each.decided]
            again.now = instant(self.log[start].recorded_at)
            again._commit([(each.payload, each.by, instant(each.occurred_at)) for each in facts])
            made = [each.payload for each in again.log[start:]]
            if made != [each.payload for each in self.log[start:end]]:
                different.append(f"{self.log[start:end]} would be {made}")
                break
            start = end
        return different

    def _next(self, until: int) -> tuple[Any, datetime] | None:
        """What the clock says next, until that moment, and when."""
        found: list[tuple[int, int, str, Any]] = []
        for look in self.rows.find(Scheduled):
            if look.due <= until:
                fired = ScheduleFired(workflow=look.workflow, trigger=look.trigger, due=instant(look.due))
                found.append((max(look.due, micros(self.now)), look.due, "", fired))
        for run in self.rows.find(Run, status="live"):
            free = None if run.due is None else free_at(self.rows, run, max(run.due, micros(self.now)))
            if (
                run.due is not None
                and run.due <= until
                and free is not None
                and free <= max(until, micros(self.now))
            ):
                found.append((free, run.due, run.id, TimerFired(run=run.id, due=instant(run.due))))
        if not found:
            return None
        moment, _, _, payload = min(found, key=lambda each: each[:3])
        return payload, instant(moment)

    def _fire(self, *, until: datetime | None = None, before: datetime | None = None) -> None:
        limit = micros(until) if until is not None else micros(before or self.now) - 1
        for _ in range(10_000):
            due = self._next(limit)
            if due is None or due[1] > self.now:
                return
            self._fire_one(due[0])
        raise AssertionError("timers without end")

    def _fire_one(self, fired: Any) -> None:
        self._commit([(fired, "clock", None)])
        self._deliver()

    def _deliver(self) -> None:
        for message in self.rows.find(Message, status="requested"):
            self._commit([(self.deliver(message), f"channel:{message.channel}", None)])

    def _commit(self, facts: list[tuple[Any, str, datetime | None]]) -> list[StoredEvent]:
        turn = Turn(
            Rows(_Copies(self.rows)),
            self.fold,
            head=len(self.log),
            now=micros(self.now),
            workspace="bench",
            library=self.library,
            recall=lambda position: self.log[position - 1] if 0 < position <= len(self.log) else None,
        )
        for payload, by, at in facts:
            turn.record(payload, by=by, occurred_at=None if at is None else micros(at))
        settle(turn)
        events = turn.events
        self.fold.apply_page(self.rows, events)
        self.log += events
        self.commits.append(len(self.log))
        return events


def sent(message: Message) -> MessageSent:
    """The message left."""
    return MessageSent(message=message.id, run=message.run, contact=message.contact, opening=message.opening)
