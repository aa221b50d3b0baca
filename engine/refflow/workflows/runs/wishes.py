"""Wishes: runs that are to start, as the events that set them off ask for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from refflow.errors import RefflowError
from refflow.events.event import StoredEvent
from refflow.events.runs import ChildWanted, RunWanted, TriggerIgnored
from refflow.views.runs.run import Run

from ..language.definition import Definition, Trigger
from ..language.library import Accepted
from ..language.vocabulary import MANUAL
from .environment import Environment
from .turn import Turn


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is to start, set off by the event at `cause`. It takes up an event of `kind` with `fields`."""

    cause: int
    kind: str
    fields: dict[str, Any]
    subjects: dict[str, str | None]
    parent: Run | None = None
    waited_for: Literal["exclusive", "mode"] | None = None

    @property
    def contact(self) -> str | None:
        """The contact it is about."""
        return self.subjects.get("contact")

    @property
    def opening(self) -> str | None:
        """The opening it is about."""
        return self.subjects.get("opening")


def sets_off(trigger: Trigger, definition: Definition, event: StoredEvent) -> bool:
    """Whether `event` is one that `trigger` looks at."""
    if trigger.every is not None:
        return False
    if trigger.event is None:
        return isinstance(event.payload, RunWanted) and event.payload.workflow == definition.name
    return trigger.event == event.kind


def wish_of(
    turn: Turn, accepted: Accepted, trigger: Trigger, cause: int, kind: str, fields: dict[str, Any]
) -> Wish | None:
    """The run that an event asks for, if it names everybody and meets the condition of the trigger."""
    definition = accepted.definition
    bare = Environment(turn, definition, contact=None, opening=None, kind=kind, event=fields)
    subjects = {
        name: turn.library.evaluate(accepted, source, bare) for name, source in definition.subject.items()
    }
    if any(subjects[name] is None for name in definition.key):
        return None
    wish = Wish(cause=cause, kind=kind, fields=fields, subjects=subjects)
    if trigger.condition is None:
        return wish
    holds = turn.library.evaluate(accepted, trigger.condition, wish_environment(turn, accepted, wish)) is True
    return wish if holds else None


def wish_or_blocked(turn: Turn, accepted: Accepted, trigger: Trigger, event: StoredEvent) -> Wish | None:
    """The run that an event asks for; the log says so when its workflow cannot tell, and the others go on."""
    try:
        return wish_of(turn, accepted, trigger, event.position, event.kind, turn.plain(event))
    except RefflowError as error:
        blocked(turn, accepted, event.position, error)
        return None


def blocked(turn: Turn, accepted: Accepted, cause: int, error: RefflowError) -> None:
    """What the conditions of a workflow ask a plugin has failed, or is no longer there."""
    name = accepted.definition.name
    turn.record(TriggerIgnored(workflow=name, reason="blocked", detail=str(error)), by=accepted.by, cause=cause)


def startable(turn: Turn, definition: Definition, wanted: ChildWanted) -> tuple[str, dict[str, Any]] | None:
    """The kind and fields of an event that would start `definition` for these subjects, from a trigger whose
    event says no more than whom it is about.
    """
    given = {
        "workflow": wanted.workflow,
        "contact": wanted.contact,
        "referrer": wanted.contact,
        "opening": wanted.opening,
    }
    if any(getattr(wanted, name, None) is None for name in definition.key):
        return None
    for trigger in definition.triggers:
        kind = trigger.event or MANUAL
        fields = msgspec.structs.fields(turn.kinds[kind].payload) if kind in turn.kinds else ()
        if fields and all(not each.required or given.get(each.name) is not None for each in fields):
            names = {each.name for each in fields}
            return kind, {name: value for name, value in given.items() if name in names and value is not None}
    return None


def child_wish(event: StoredEvent, wanted: ChildWanted, parent: Run, kind: str, fields: dict[str, Any]) -> Wish:
    """The run that a step of `parent` asks for."""
    subjects = {"contact": wanted.contact, "opening": wanted.opening}
    return Wish(cause=event.position, kind=kind, fields=fields, subjects=subjects, parent=parent)


def wish_environment(turn: Turn, accepted: Accepted, wish: Wish) -> Environment:
    """What the conditions of the workflow see when the run that is wished for would start."""
    return Environment(
        turn,
        accepted.definition,
        contact=wish.contact,
        opening=wish.opening,
        kind=wish.kind,
        event=wish.fields,
    )


def same_key(turn: Turn, accepted: Accepted, wish: Wish) -> list[Run]:
    """The runs about the same, whether they live or have ended."""
    key = {name: wish.subjects[name] for name in accepted.definition.key}
    return turn.rows.find(Run, workflow=accepted.definition.name, **key)


def unended(runs: Iterable[Run]) -> list[Run]:
    """Those of the runs that have not ended."""
    return [run for run in runs if run.status != "exited"]
