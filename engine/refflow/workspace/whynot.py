"""Why a workflow would, or would not, start with somebody at any moment: decided again, and told term by term."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from refflow.errors import NotFound, RefflowError
from refflow.events.event import StoredEvent, micros
from refflow.events.runs import RunWanted
from refflow.log.log import position_at
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.projection import Fold
from refflow.views.rows import Copies, Rows
from refflow.views.runs.definitions import Workflow
from refflow.views.store import voided_positions
from refflow.workflows.language.definition import Source, Trigger
from refflow.workflows.language.library import Accepted, Library
from refflow.workflows.runs.environment import Environment
from refflow.workflows.stories.made_up import event_of, variants
from refflow.workflows.stories.world import World

from .workspace import Workspace


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of a definition as of a moment: its value, and those of its terms. `since` is the position of
    the event that last changed any of them; None when time alone did, or nothing ever.
    """

    what: str
    text: str
    line: int
    value: bool | None
    terms: dict[str, Any]
    since: int | None = None
    since_kind: str | None = None
    since_at: int | None = None


class Eligibility(msgspec.Struct, frozen=True, kw_only=True):
    """Whether `workflow` would start: `run` is one that did by then; `reason` and `detail` say what forbids it
    (None: nothing does); `instead` are other workflows that the same event would start; `told` has the positions
    of the log's own records of refusals.
    """

    workflow: str
    contact: str
    opening: str | None
    at: int
    starts: bool
    run: str | None
    reason: str | None
    detail: str | None
    conditions: list[Condition]
    instead: list[str]
    told: list[int]


def why_not(
    workspace: Workspace, workflow: str, contact: Contact, opening: Opening | None, at: datetime
) -> Eligibility:
    """Whether `workflow` would start with these people at `at`, and if not, what stands against it.

    Raises `NotFound` when there was no such workflow then.
    """
    return _Question(workspace, workflow, contact.id, opening.id if opening else None, at).answer()


class _Question:
    def __init__(
        self, workspace: Workspace, workflow: str, contact: str, opening: str | None, at: datetime
    ) -> None:
        self._workspace = workspace
        self._workflow = workflow
        self._contact = contact
        self._opening = opening
        self._now = micros(at)
        self._until = position_at(workspace.log, micros(at))
        self._fold = Fold(workspace.views.projections)
        self._library = Library(workspace.kinds, workspace.extensions)
        self._rows = Rows()
        self._own: list[StoredEvent] = []

    def answer(self) -> Eligibility:
        for event in self._events():
            self._fold.apply(self._rows, event)
            if self._concerns(event):
                self._own.append(event)
        accepted = self._accepted()
        conditions = self._since(accepted, list(self._conditions(accepted, self._rows, self._now)))
        told = self._tried(accepted)
        mine = [event for event in told if getattr(event.payload, "workflow", None) == self._workflow]
        starts = any(event.kind == "run.started" for event in mine)
        refused = next((event.payload for event in mine if event.kind == "trigger.ignored"), None)
        return Eligibility(
            workflow=self._workflow,
            contact=self._contact,
            opening=self._opening,
            at=self._now,
            starts=starts,
            run=next((event.payload.run for event in reversed(self._records("run.started"))), None),
            reason=None if starts else refused.reason if refused else "trigger",
            detail=None if starts else refused.detail if refused else "None of its triggers does it.",
            conditions=conditions,
            instead=[
                event.payload.workflow
                for event in told
                if event.kind == "run.started" and event.payload.workflow != self._workflow
            ],
            told=[event.position for event in self._records("trigger.ignored")],
        )

    def _events(self) -> Iterator[StoredEvent]:
        voided = voided_positions(self._workspace.log)
        for page in self._workspace.log.read(until=self._until):
            yield from (event for event in page if event.position not in voided)

    def _concerns(self, event: StoredEvent) -> bool:
        payload = event.payload
        named = {getattr(payload, name, None) for name in ("contact", "referrer", "opening")} - {None}
        return bool(named & {self._contact, self._opening})

    def _records(self, kind: str) -> list[StoredEvent]:
        return [
            event
            for event in self._own
            if event.kind == kind
            and event.payload.workflow == self._workflow
            and event.payload.contact == self._contact
            and self._opening in (None, event.payload.opening)
        ]

    def _accepted(self) -> Accepted:
        found = self._rows.get(Workflow, self._workflow)
        if found is None or found.retired:
            known = ", ".join(each.name for each in self._rows.find(Workflow, retired=False))
            if self._until < self._workspace.log.head():
                said = f"There was no workflow `{self._workflow}` then. The workflows were"
            else:
                said = f"There is no workflow `{self._workflow}`. The workflows are"
            raise NotFound(f"{said}: {known or 'none'}.")
        return self._library.definition(self._rows, found.hash)

    def _conditions(self, accepted: Accepted, rows: Rows, now: int) -> Iterator[Condition]:
        """The conditions of the triggers, then the guard."""
        definition = accepted.definition
        for trigger in definition.triggers:
            if trigger.condition is not None:
                payload = self._event(accepted, trigger, rows, now)
                yield self._condition(accepted, f"on {trigger.event}", trigger.condition, rows, now, payload)
        for line in definition.guard:
            yield self._condition(accepted, "guard", line, rows, now, None)

    def _condition(
        self, accepted: Accepted, what: str, source: Source, rows: Rows, now: int, payload: Any
    ) -> Condition:
        env = self._env(accepted, rows, now, payload)
        try:
            value = self._library.evaluate(accepted, source, env)
            terms = self._library.explain(accepted, source, env)
        except (RefflowError, KeyError):  # somebody was not known yet
            value, terms = None, {}
        terms.pop(source.text, None)
        return Condition(what=what, text=source.text, line=source.line, value=value, terms=terms)

    def _env(self, accepted: Accepted, rows: Rows, now: int, payload: Any) -> Environment:
        kind = self._workspace.kinds.of(payload).name if payload is not None else "run.wanted"
        return Environment(
            self._world(rows, now).turn(),
            accepted.definition,
            contact=self._contact,
            opening=self._opening,
            kind=kind,
            event=msgspec.to_builtins(payload) if payload is not None else {"workflow": self._workflow},
        )

    def _since(self, accepted: Accepted, conditions: list[Condition]) -> list[Condition]:
        """The conditions with the event that last changed each."""
        changed: list[StoredEvent | None] = [None] * len(conditions)
        before: list[Any] = [None] * len(conditions)
        rows, own = Rows(), {event.position for event in self._own}
        for event in self._events():
            self._fold.apply(rows, event)
            if event.position not in own:
                continue
            for number, each in enumerate(self._conditions(accepted, rows, event.recorded_at)):
                if (each.value, each.terms) != before[number]:
                    before[number], changed[number] = (each.value, each.terms), event
        return [
            each
            if event is None or before[number] != (each.value, each.terms)
            else msgspec.structs.replace(
                each, since=event.position, since_kind=event.kind, since_at=event.recorded_at
            )
            for number, (each, event) in enumerate(zip(conditions, changed, strict=True))
        ]

    def _tried(self, accepted: Accepted) -> list[StoredEvent]:
        """What the first of its triggers that does anything with it would lead to."""
        told: list[StoredEvent] = []
        for trigger in accepted.definition.triggers:
            world = self._world(Rows(Copies(self._rows)), self._now)
            told = world.tell(self._event(accepted, trigger, self._rows, self._now))
            if any(getattr(event.payload, "workflow", None) == self._workflow for event in told[1:]):
                break
        return told

    def _world(self, rows: Rows, now: int) -> World:
        return World(
            rows,
            self._fold,
            self._library,
            now=now,
            head=self._until,
            workspace=self._workspace.id,
            recall=self._workspace.event,
        )

    def _event(self, accepted: Accepted, trigger: Trigger, rows: Rows, now: int) -> Any:
        """The event of a trigger, saying what meets its condition, if anything does."""
        if trigger.event is None:
            return RunWanted(workflow=self._workflow, contact=self._contact, opening=self._opening)
        kind = self._workspace.kinds[trigger.event]
        calendar = self._workspace.settings.calendar
        payloads = [
            event_of(kind, fields, contact=self._contact, opening=self._opening, now=now, calendar=calendar)
            for fields in variants(self._library, accepted, kind, now)
        ]
        for payload in payloads if trigger.condition is not None else ():
            env = self._env(accepted, rows, now, payload)
            try:
                if self._library.evaluate(accepted, trigger.condition, env) is True:  # type: ignore[arg-type]
                    return payload
            except (RefflowError, KeyError):  # somebody was not known yet
                continue
        return payloads[0]
