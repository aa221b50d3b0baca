"""Starting a workflow for a contact, by hand."""

from __future__ import annotations

from datetime import datetime

import msgspec

from refflow.errors import Held, UsageError
from refflow.events.event import StoredEvent
from refflow.events.openings import AskPersonalised, ReferralWanted
from refflow.events.runs import RunStarted, RunWanted, TriggerIgnored, TriggerQueued
from refflow.views.contacts import Contact
from refflow.views.openings import Opening
from refflow.views.rows import Rows
from refflow.views.runs.run import Run
from refflow.workflows.language.definition import Definition
from refflow.workflows.language.library import Accepted
from refflow.workflows.runs.environment import Environment
from refflow.workflows.runs.turn import Turn

from .workspace import Workspace


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What starting a workflow led to: runs that began, those that wait for another to end, and workflows
    that did not start, with the reason.
    """

    runs: list[Run]
    queued: list[TriggerQueued]
    refused: list[TriggerIgnored]
    events: list[StoredEvent]


def start(
    workspace: Workspace,
    workflow: str,
    contact: Contact,
    opening: Opening | None,
    now: datetime,
    *,
    line: str | None = None,
) -> Started:
    """Start a workflow for a contact (and an opening). `line` is the personal line of an ask.

    Starting a workflow that a wish for a referral triggers records that wish: when the tie has gone cold,
    the workflow that warms it answers instead. Raises `Held` when no run began.
    """
    accepted = workspace.library.named(Rows(workspace.views), workflow)
    _check_startable(accepted.definition, opening)

    def decide(turn: Turn) -> None:
        if line and opening is not None:
            turn.record(AskPersonalised(contact=contact.id, opening=opening.id, line=line.strip()), by="user")
        turn.record(_wish(turn, accepted, contact, opening), by="user")

    _, events = workspace.act(decide, now)
    runs = [
        workspace.views.get(Run, each.payload.run) for each in events if isinstance(each.payload, RunStarted)
    ]
    refused = [each.payload for each in events if isinstance(each.payload, TriggerIgnored)]
    queued = [each.payload for each in events if isinstance(each.payload, TriggerQueued)]
    found = [run for run in runs if run is not None]
    started = Started(runs=found, queued=queued, refused=refused, events=events)
    if not started.runs:
        # What was asked for comes first: the same wish may have been one of another workflow, too.
        told: list[TriggerQueued | TriggerIgnored] = [*queued, *refused]
        told.sort(key=lambda each: each.workflow != workflow)
        if not told:
            raise Held(f"{workflow} did not start: none of its conditions hold for {contact.id}.")
        said = told[0]
        if isinstance(said, TriggerQueued):
            raise Held(
                f"{said.workflow} waits for its turn ({said.reason}): it starts by itself when"
                f" {said.behind} has ended."
            )
        raise Held(f"{said.workflow} did not start ({said.reason}): {said.detail}")
    return started


def _check_startable(definition: Definition, opening: Opening | None) -> None:
    if not definition.manual and not any(each.event == "referral.wanted" for each in definition.triggers):
        events = ", ".join(trigger.event for trigger in definition.triggers if trigger.event)
        raise UsageError(f"{definition.name} starts by itself, on {events}.")
    if opening is None and not (definition.manual and "opening" not in definition.key):
        raise UsageError(f"{definition.name} is about an opening: say which with `--for OPENING`.")


def _wish(
    turn: Turn, accepted: Accepted, contact: Contact, opening: Opening | None
) -> ReferralWanted | RunWanted:
    """What sets the workflow off: the wish for a referral, unless only starting it by hand would."""
    definition = accepted.definition
    if opening is not None and (not definition.manual or _follows_a_wish(turn, accepted, contact, opening)):
        return ReferralWanted(contact=contact.id, opening=opening.id)
    return RunWanted(workflow=definition.name, contact=contact.id, opening=opening.id if opening else None)


def _follows_a_wish(turn: Turn, accepted: Accepted, contact: Contact, opening: Opening) -> bool:
    about = {"contact": contact.id, "opening": opening.id}
    env = Environment(
        turn,
        accepted.definition,
        contact=contact.id,
        opening=opening.id,
        kind="referral.wanted",
        event=about,
    )
    conditions = [each.condition for each in accepted.definition.triggers if each.event == "referral.wanted"]
    return any(each is None or turn.library.evaluate(accepted, each, env) is True for each in conditions)
