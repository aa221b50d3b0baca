"""`refflow pause`, `resume`, `away` and `queue`: letting everything rest, and what waits for its turn."""

from __future__ import annotations

import re

import click

from refflow import api
from refflow.errors import NotFound, UsageError
from refflow.views.contacts import Contact
from refflow.views.runs.definitions import Workflow
from refflow.views.runs.pauses import Pause
from refflow.views.runs.run import Run

from .change import Change, writing
from .command import Command
from .completing import contacts, targets
from .naming import find_target, opening, person
from .opened import Opened, reading
from .session import Session


@click.command(cls=Command)
@click.argument("target", metavar="[PERSON|RUN|WORKFLOW]", required=False, shell_complete=targets)
@click.option("--all", "everything", is_flag=True, help="Pause everything.")
@click.option("--until", metavar="WHEN", help="When it goes on by itself; else when you resume it.")
@click.option("--reason", metavar="TEXT", help="Why, for later.")
@click.pass_obj
def pause(
    session: Session, target: str | None, everything: bool, until: str | None, reason: str | None
) -> None:
    """Let a person, a run, a workflow or everything rest: nothing leaves, and no time runs out.

    Alone, it lists what rests, and the channels by which nothing leaves.
    What comes in is taken up all the same; what is late afterwards is asked about.
    """
    if target is None and not everything:
        if until is not None or reason is not None:
            raise UsageError("What is to rest? Name a person, a run or a workflow, or give `--all`.")
        with reading(session) as opened:
            _list(opened)
        return
    if target is not None and everything:
        raise UsageError("`--all` is everything: leave it or the name out.")
    with writing(session) as change:
        contact, run, workflow = _meant(change.workspace, target)
        made = api.pause(
            change.workspace,
            change.now,
            contact=contact,
            run=run,
            workflow=workflow,
            until=change.when(until),
            reason=reason,
        )
        change.done(f"{_what(change, made)} rests{_until(change, made)} ({made.id}).", made)


@click.command(cls=Command)
@click.argument("target", metavar="[PAUSE|PERSON|RUN|WORKFLOW|CHANNEL]", required=False, shell_complete=targets)
@click.option("--all", "everything", is_flag=True, help="End every pause.")
@click.pass_obj
def resume(session: Session, target: str | None, everything: bool) -> None:
    """End a pause: by its id, or by what it lets rest.

    A channel that did not let refflow in is used again, once you have put that right.
    """
    if (target is None) != everything:
        raise UsageError("What is to go on? Give a pause, a person, a run or a workflow, or `--all`.")
    with writing(session) as change:
        if target and target in {each.channel for each in api.closed_channels(change.workspace)}:
            api.reopen_channel(change.workspace, target, change.now)
            change.done(f"Going on: the channel {target}.")
            return
        found = api.pauses(change.workspace, change.now)
        ended = found if target is None else [_named(change, found, target)]
        if not ended:
            raise UsageError("Nothing rests.")
        for each in ended:
            api.resume(change.workspace, each, change.now)
        change.done(f"Going on: {', '.join(_what(change, each) for each in ended)}.")


@click.command(cls=Command)
@click.argument("starts", metavar="FROM")
@click.argument("until", metavar="TO")
@click.option("--reason", metavar="TEXT", help="Why, for later.")
@click.pass_obj
def away(session: Session, starts: str, until: str, reason: str | None) -> None:
    """Let everything rest while you are away: `refflow away 2026-12-21 2027-01-04`, the day you are back.

    Afterwards nothing bursts out: what is late is asked about, and leaves bit by bit.
    """
    with writing(session) as change:
        leave, back = change.when(starts), change.when(until)
        if leave is None or back is None:
            raise UsageError("Give the day you leave and the day you are back.")
        made = api.away(change.workspace, leave, back, change.now, reason)
        change.done(f"Everything rests from {change.say(made.starts)}{_until(change, made)} ({made.id}).", made)


@click.command(cls=Command)
@click.argument("person_", metavar="[PERSON]", required=False, shell_complete=contacts)
@click.pass_obj
def queue(session: Session, person_: str | None) -> None:
    """Show what waits for its turn: one thing at a time is asked of a person."""
    with reading(session) as opened:
        workspace = opened.workspace
        contact = api.find_contact(workspace, person_) if person_ else None
        found = api.queue(workspace, contact)
        if session.as_json:
            session.result(found)
            return
        if not found:
            session.output.line("Nothing waits for its turn.")
        rows = [
            (each.id, person(workspace, each.contact), each.workflow, opening(workspace, each.opening))
            for each in found
        ]
        session.output.table(("ID", "WHO", "WORKFLOW", "OPENING"), rows)


def _list(opened: Opened) -> None:
    session = opened.session
    found = api.pauses(opened.workspace, opened.now)
    if session.as_json:
        session.result(found)
        return
    rows = [(each.id, _what(opened, each), opened.say(each.starts), opened.say(each.until)) for each in found]
    for channel in api.closed_channels(opened.workspace):
        why = channel.reason or "it does not let refflow in"
        rows.append((channel.channel, f"the channel: {why}", opened.say(channel.since), ""))
    if not rows:
        session.output.line("Nothing rests.")
    session.output.table(("PAUSE", "WHAT", "FROM", "UNTIL"), rows)


def _meant(workspace: api.Workspace, target: str | None) -> tuple[Contact | None, Run | None, str | None]:
    if target is None:
        return None, None, None
    if workspace.views.get(Workflow, target) is not None:
        return None, None, target
    match found := find_target(workspace, target):
        case Contact():
            return found, None, None
        case Run():
            return None, found, None
    raise UsageError(f"`{target}` is neither a person nor a run nor a workflow.")


def _named(change: Change, pauses: list[Pause], target: str) -> Pause:
    by_id = [each for each in pauses if each.id == target]
    if by_id:
        return by_id[0]
    if re.fullmatch(r"p\d+", target):
        raise NotFound(f"There is no pause `{target}` that lasts or is to come. `refflow pause` lists them.")
    contact, run, workflow = _meant(change.workspace, target)
    wanted = (contact.id if contact else None, run.id if run else None, workflow)
    found = [each for each in pauses if (each.contact, each.run, each.workflow) == wanted]
    if not found:
        raise NotFound(f"`{target}` does not rest. `refflow pause` lists what does.")
    return found[0]


def _what(opened: Opened, paused: Pause) -> str:
    if paused.contact is not None:
        return person(opened.workspace, paused.contact)
    return paused.run or paused.workflow or "everything"


def _until(opened: Opened, paused: Pause) -> str:
    return f" until {opened.say(paused.until)}" if paused.until is not None else " until you resume it"
