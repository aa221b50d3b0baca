"""`refflow do` and `refflow skip`: how something came out, or that it is left out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

import click

from refflow import api
from refflow.errors import UsageError
from refflow.spelling import near
from refflow.views.contacts import Contact
from refflow.views.debts import Debt
from refflow.views.messages import Message
from refflow.views.openings import Opening
from refflow.views.pipeline import Ask
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task

from .change import Change, writing
from .command import Command, did_you_mean
from .completing import openings, targets
from .naming import find_target, job, opening, person
from .session import Session

if TYPE_CHECKING:
    from refflow.workspace.applications import News

NEWS = ("applied", "interview", "offer", "rejected", "withdrawn")
HELP = ("referred", "met")


@click.command("do", cls=Command)
@click.argument("target", shell_complete=targets)
@click.argument("outcome", required=False)
@click.option(
    "--for", "about", metavar="OPENING", shell_complete=openings, help="Which opening a referral is for."
)
@click.option("--when", metavar="WHEN", help="When an interview is to be.")
@click.option("--at", metavar="WHEN", help="When it happened; else now.")
@click.option("--note", metavar="TEXT", help="Something to keep with it.")
@click.pass_obj
def do(
    session: Session,
    target: str,
    outcome: str | None,
    about: str | None,
    when: str | None,
    at: str | None,
    note: str | None,
) -> None:
    """Say that something was done, or how it came out.

    \b
    a message     sent
    a task        done, skipped
    a debt        settled
    an opening    applied, interview, offer, rejected, withdrawn
    a person      referred, met; or what is said of the one message or task that is open with them

    TARGET is an id, or the name of a person or an opening. For a message, a task or a debt the first outcome is
    meant when none is given. What somebody answered is recorded with `refflow reply`.
    """
    with writing(session) as change:
        found = find_target(change.workspace, target)
        given = _Given(outcome, about, change.when(when), change.when(at), note)
        change.done(_do(change, found, given))


class _Given:
    """What was said of the outcome. Each part is taken once; what nobody takes is an error."""

    def __init__(
        self,
        outcome: str | None,
        about: str | None,
        when: datetime | None,
        at: datetime | None,
        note: str | None,
    ) -> None:
        self.outcome = outcome
        self._options = {"--for": about, "--when": when, "--at": at, "--note": note}

    def one_of(self, question: str, outcomes: tuple[str, ...], *, default: bool = False) -> str:
        """The outcome, which must be among `outcomes`; else the question is asked."""
        if self.outcome is None and default:
            return outcomes[0]
        if self.outcome not in outcomes:
            hint = did_you_mean(near(self.outcome or "", outcomes, 2))
            said = f"`{self.outcome}` is not an answer to that.{hint} " if self.outcome is not None else ""
            raise UsageError(f"{question} {said}Say one of: {', '.join(outcomes)}.")
        return self.outcome

    def only(self, *options: str) -> None:
        """Refuse the options that mean nothing here."""
        for name, value in self._options.items():
            if value is not None and name not in options:
                raise UsageError(f"`{name}` means nothing here: leave it out.")

    def text(self, option: str) -> str | None:
        """The text given with an option."""
        value = self._options[option]
        return value if isinstance(value, str) else None

    def time(self, option: str) -> datetime | None:
        """The time given with an option."""
        value = self._options[option]
        return value if isinstance(value, datetime) else None


def _do(change: Change, found: object, given: _Given) -> str:
    workspace, now = change.workspace, change.now
    match found:
        case Message():
            given.one_of(f"What became of the message {found.id}?", ("sent",), default=True)
            given.only("--at")
            api.confirm_sent(workspace, found, now, given.time("--at"))
            return f"Recorded: {found.id} to {person(workspace, found.contact)} was sent."
        case Task():
            outcome = given.one_of(f"What became of the task {found.id}?", ("done", "skipped"), default=True)
            given.only("--note")
            api.close_task(workspace, found, outcome, given.text("--note"), now)
            return f"Recorded: {found.id} ({found.title}) is {outcome}."
        case Debt():
            given.one_of(f"What became of the debt {found.name}?", ("settled",), default=True)
            given.only("--note")
            api.settle_debt(workspace, found, given.text("--note"), now)
            return f"Recorded: what you owed {person(workspace, found.contact)} is settled."
        case Opening():
            outcome = given.one_of(f"What happened with {job(found)} ({found.id})?", NEWS)
            given.only("--when", "--at")
            api.application(
                workspace, found, cast("News", outcome), now, when=given.time("--when"), at=given.time("--at")
            )
            return f"Recorded: {outcome} at {job(found)}."
        case Contact() | Run() | Ask() if given.outcome == "sent":
            return _do(change, api.find_message(workspace, found.id), given)
        case Contact() | Run() | Ask() if given.outcome in ("done", "skipped"):
            return _do(change, _task_of(workspace, found), given)
        case Contact() | Run() | Ask():
            return _help(change, found, given)
    raise UsageError("Nothing can be done with that.")


def _help(change: Change, found: Contact | Run | Ask, given: _Given) -> str:
    workspace, now = change.workspace, change.now
    contact = _contact_of(workspace, found)
    outcome = given.one_of(f"What happened with {person(workspace, contact.id)}?", HELP)
    if outcome == "met":
        given.only("--at", "--note")
        api.log_contact(workspace, contact, "met", given.text("--note") or "", now, at=given.time("--at"))
        return f"Recorded: you met {person(workspace, contact.id)}."
    given.only("--for", "--at")
    about = given.text("--for") or (found.opening if not isinstance(found, Contact) else None)
    job_asked = api.find_opening(workspace, about) if about else None
    events = api.referred(workspace, contact, job_asked, now, given.time("--at"))
    given_for = next(each.payload.opening for each in events if each.kind == "referral.given")
    return f"Recorded: {person(workspace, contact.id)} referred you to {opening(workspace, given_for)}."


def _task_of(workspace: api.Workspace, found: Contact | Run | Ask) -> Task:
    contact = found.id if isinstance(found, Contact) else found.contact
    tasks = workspace.views.find(Task, status="open", contact=contact)
    if len(tasks) != 1:
        listed = f"{', '.join(each.id for each in tasks)} are" if tasks else "No task is"
        raise UsageError(
            f"{listed} open with {person(workspace, contact)}: `refflow next` lists what is to do."
        )
    return tasks[0]


def _contact_of(workspace: api.Workspace, found: Contact | Run | Ask) -> Contact:
    if isinstance(found, Contact):
        return found
    if found.contact is None:
        raise UsageError(f"{found.id} is about nobody.")
    return api.find_contact(workspace, found.contact)


@click.command(cls=Command)
@click.argument("target", shell_complete=targets)
@click.option("--reason", metavar="TEXT", help="Why, for later.")
@click.pass_obj
def skip(session: Session, target: str, reason: str | None) -> None:
    """Leave out a message or a task (the run goes on), or end a run or an ask.

    TARGET is the id of a message, task, run or ask.
    """
    with writing(session) as change:
        workspace, now = change.workspace, change.now
        match found := find_target(workspace, target):
            case Message():
                api.skip_message(workspace, found, reason, now)
                said = f"{found.id} to {person(workspace, found.contact)} will not be sent."
            case Task():
                api.close_task(workspace, found, "skipped", reason, now)
                said = f"{found.id} ({found.title}) is left out."
            case Run():
                api.cancel_run(workspace, found, reason, now)
                said = f"{found.workflow} with {person(workspace, found.contact)} is over."
            case Ask():
                api.close_ask(workspace, found, reason, now)
                said = f"You no longer ask {person(workspace, found.contact)}: {opening(workspace, found.opening)}."
            case _:
                raise UsageError(
                    f"`{target}` is not a message, task, run or ask: give the id that `refflow next` or `refflow board`"
                    " shows. To close an opening: refflow opening close."
                )
        change.done(said)
