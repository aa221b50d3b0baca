"""`refflow events`, `why` and `undo`: the log, what it explains, and taking a mistake back."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

import click

from refflow import api
from refflow.errors import UsageError
from refflow.events.event import StoredEvent, instant
from refflow.spelling import near
from refflow.views.runs.definitions import Workflow
from refflow.views.runs.run import Run

from .change import writing
from .command import Command, Number, did_you_mean
from .completing import contacts, openings, targets
from .naming import find_target
from .opened import Opened, reading
from .output import one_line
from .session import Session

LAST = 2**63 - 1
"""The last position that a log could have."""


@click.command(cls=Command)
@click.argument("subject", required=False, shell_complete=targets)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only of this kind; may be given again.")
@click.option("--after", type=Number(0, example=100), default=0, metavar="E", help="Only those after event E.")
@click.option("--last", type=Number(1, example=10), metavar="N", help="Only the last N.")
@click.option("--effective", is_flag=True, help="Without what was taken back.")
@click.pass_obj
def events(
    session: Session, subject: str | None, kinds: tuple[str, ...], after: int, last: int | None, effective: bool
) -> None:
    """Read the log, or what it has of a contact, opening, run, message, task or ask.

    With `--json` each event is a line of its own.
    """
    with reading(session) as opened:
        workspace = opened.workspace
        for kind in kinds:
            _check_kind(opened, kind)
        about = _id_of(workspace, subject) if subject else None
        found: Iterable[StoredEvent] = api.events(
            workspace, after=min(after, LAST), kinds=list(kinds) or None, subject=about, effective=effective
        )
        if last is not None:
            found = deque(found, maxlen=min(last, LAST))
        for event in found:
            if session.as_json:
                session.record(event)
            else:
                session.output.line(_line(opened, event))


def _check_kind(opened: Opened, kind: str) -> None:
    known = opened.workspace.kinds.by_name()
    if kind in known:
        return
    said = f"`{kind}` is no kind of event that is known here.{did_you_mean(near(kind, known, 3))}"
    if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", kind):
        raise UsageError(said)
    # The log keeps the events of a plugin that is gone.
    opened.session.output.note(f"note: {said}")


def _line(opened: Opened, event: StoredEvent) -> str:
    local = opened.workspace.settings.calendar.local(instant(event.occurred_at))
    cause = f" <- {event.cause}" if event.cause is not None else ""
    told = one_line(f"{event.kind:<22} {api.describe(event, opened.workspace.kinds)}")
    return f"{event.position:>6}  {local:%Y-%m-%d %H:%M}  {told}  [{event.by}{cause}]"


def _id_of(workspace: api.Workspace, text: str) -> str:
    target = find_target(workspace, text)
    return target.id


@click.command(cls=Command)
@click.argument("subject", metavar="ID|NAME|WORKFLOW", shell_complete=targets)
@click.option("--at", metavar="WHEN", help="As it stood then; else now.")
@click.option(
    "--contact", metavar="PERSON", shell_complete=contacts, help="Why WORKFLOW does not start with them."
)
@click.option(
    "--opening", metavar="OPENING", shell_complete=openings, help="With `--contact`: about which opening."
)
@click.pass_obj
def why(session: Session, subject: str, at: str | None, contact: str | None, opening: str | None) -> None:
    """Tell why a message, run, task, ask, contact or opening stands as it does, or why a workflow does not start.

    Each line is an event: what happened, who decided it, and the event it followed from. With `--contact` it is
    about WORKFLOW: whether it would start with that person, and which of its conditions stands against it.
    """
    if opening is not None and contact is None:
        raise UsageError("With whom? Say it with `--contact PERSON`.")
    with reading(session) as opened:
        if contact is not None:
            _tell_why_not(opened, subject, contact, opening, at)
            return
        if opened.workspace.views.get(Workflow, subject) is not None:
            raise UsageError(
                f"`{subject}` is a workflow. Why does it not start with somebody? Say `--contact PERSON`. What it does:"
                f" `refflow workflow show {subject}`."
            )
        found = api.why(opened.workspace, _id_of(opened.workspace, subject), opened.when(at))
        if session.as_json:
            session.result(found)
            return
        session.output.line(one_line(found.now), bold=True)
        for reason in found.reasons:
            local = opened.workspace.settings.calendar.local(instant(reason.at))
            cause = f" <- {reason.cause}" if reason.cause is not None else ""
            session.output.line(
                f"{reason.position:>6}  {local:%Y-%m-%d %H:%M}  {one_line(reason.text)}  [{reason.by}{cause}]"
            )
        if at is None:
            _tell_way_out(opened, found)


def _tell_way_out(opened: Opened, found: api.Explanation) -> None:
    """What can be done about a run that is stuck: nothing but its own story sets it going again."""
    workspace, output = opened.workspace, opened.session.output
    for each in found.reasons:
        event = workspace.event(each.position) if each.kind == "run.stuck" else None
        run = None if event is None else workspace.views.get(Run, event.payload.run)
        if event is None or run is None or run.status != "stuck":
            continue
        cause = workspace.event(event.cause) if event.cause is not None else None
        if cause is not None and cause.by == "user":
            output.note(
                f"once that is mended, take back what led here: refflow undo {cause.position}\n"
                f"bring it over: refflow workflow migrate {run.workflow}\nand do it again"
            )
        output.note(f"to end it: refflow skip {run.id}")


def _tell_why_not(opened: Opened, workflow: str, contact: str, opening: str | None, at: str | None) -> None:
    workspace, session = opened.workspace, opened.session
    found = api.why_not(
        workspace,
        workflow,
        api.find_contact(workspace, contact),
        api.find_opening(workspace, opening) if opening else None,
        opened.when(at) or opened.now,
    )
    if session.as_json:
        session.result(found)
        return
    output = session.output
    if found.starts:
        output.line(f"{workflow} would start: nothing stands against it.", bold=True)
    else:
        output.line(f"{workflow} would not start ({found.reason}): {found.detail}", bold=True)
    for each in found.conditions:
        value = {True: "true", False: "false", None: "unknown"}[each.value]
        output.line(f"  line {each.line}, {each.what}: {each.text} -> {value}")
        for term, of in each.terms.items():
            output.line(f"    {term} = {_shown(of)}{_since(opened, each, term)}")
    if found.run is not None:
        output.line(f"It did start: {found.run}. See `refflow why {found.run}`.")
    if found.instead:
        output.line(f"Instead would start: {', '.join(found.instead)}.")
    if found.told:
        output.line(f"Refused before: event {', '.join(map(str, found.told))}.")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "missing" if value is None else str(value)


def _since(opened: Opened, condition: api.Condition, term: str) -> str:
    if condition.since is None or condition.since_at is None or term.startswith("event."):
        return ""
    day = opened.workspace.settings.calendar.local(instant(condition.since_at))
    return f"  (since {day:%Y-%m-%d}, event {condition.since} {condition.since_kind})"


@click.command(cls=Command)
@click.argument("event", metavar="[E]", required=False)
@click.option("--dry-run", is_flag=True, help="Show what would be taken back, and leave it.")
@click.pass_obj
def undo(session: Session, event: str | None, dry_run: bool) -> None:
    """Take back what you did last, or the event E, with what followed from it at once.

    The log keeps both: `refflow events --effective` leaves out what was taken back.
    """
    position = _position(event)
    if dry_run:
        with reading(session) as opened:
            _tell(opened, api.undo(opened.workspace, position, opened.now, apply=False))
        return
    with writing(session) as change:
        _tell(change, api.undo(change.workspace, position, change.now))


def _position(text: str | None) -> int | None:
    if text is None:
        return None
    digits = text.lower().removeprefix("e")
    if not re.fullmatch(r"0*[1-9]\d{0,17}", digits):
        raise UsageError(f"`{text}` is no number of an event. `refflow events --last 20` shows them.")
    return int(digits)


def _tell(opened: Opened, undone: api.Undone) -> None:
    from refflow.workspace.telling import Teller

    session = opened.session
    if session.as_json:
        session.result(undone)
        return
    session.output.heading("Taken back" if undone.applied else "Would be taken back")
    teller = Teller(opened.workspace)
    for event in undone.events:
        told = teller.tell(event) or f"{event.kind} {api.describe(event, opened.workspace.kinds)}"
        session.output.line(f"{event.position:>6}  {one_line(told)}")
