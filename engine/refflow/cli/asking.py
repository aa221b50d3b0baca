"""`refflow start` and `refflow reply`: asking somebody, and what they answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from refflow import api
from refflow.errors import UsageError
from refflow.events.event import micros
from refflow.views.contacts import Contact
from refflow.views.debts import Debt
from refflow.views.openings import Opening

from .change import writing
from .command import Choice, Command
from .completing import contacts, openings, workflows
from .naming import find_target, person
from .session import Session

if TYPE_CHECKING:
    from refflow.events.openings import Intent

ANSWERS: dict[str, Intent] = {
    "yes": "agreed",
    "no": "declined",
    "later": "later",
    "refer-on": "refer_on",
    "unclear": "unclear",
}


class Answer(Choice):
    """An answer by the word for it; what the log calls it will do too."""

    def __init__(self) -> None:
        super().__init__(list(ANSWERS), case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word for what was typed."""
        called: dict[str, str] = {intent: word for word, intent in ANSWERS.items()}
        return super().convert(called.get(str(value).lower(), value), param, ctx)


@click.command(cls=Command)
@click.argument("workflow", shell_complete=workflows)
@click.argument("person_", metavar="PERSON", shell_complete=contacts)
@click.option("--for", "about", metavar="OPENING", shell_complete=openings, help="Which opening it is about.")
@click.option("--line", metavar="TEXT", help="Why you ask just this person, in a sentence of your own.")
@click.pass_obj
def start(session: Session, workflow: str, person_: str, about: str | None, line: str | None) -> None:
    """Start a workflow with somebody: `refflow start referral-ask "Ana Lima" --for o12`.

    A tie that has gone cold is warmed first: `reconnect` starts in place of the ask.
    """
    with writing(session) as change:
        workspace = change.workspace
        contact = api.find_contact(workspace, person_)
        opening = api.find_opening(workspace, about) if about else None
        if line is not None and opening is None:
            raise UsageError("`--line` is about an opening: say which with `--for OPENING`.")
        started = api.start(workspace, workflow, contact, opening, change.now, line=line)
        change.done(None, started.runs)


@click.command(cls=Command)
@click.argument("person_", metavar="PERSON", shell_complete=contacts)
@click.argument("answer", metavar="ANSWER", type=Answer())
@click.option("--text", metavar="TEXT", help="What they wrote.")
@click.option("--for", "about", metavar="OPENING", shell_complete=openings, help="Which opening it is about.")
@click.option("--when", metavar="WHEN", help="With `later`: when to ask again.")
@click.option("--at", metavar="WHEN", help="When the answer came; else now.")
@click.option("--opt-out", is_flag=True, help="They asked not to be written to again.")
@click.pass_obj
def reply(
    session: Session,
    person_: str,
    answer: str,
    text: str | None,
    about: str | None,
    when: str | None,
    at: str | None,
    opt_out: bool,
) -> None:
    """Record an answer: it stops what was to follow.

    ANSWER is `yes`, `no`, `later`, `refer-on` (they point to somebody else) or `unclear`. PERSON is a name, or
    the id of a contact, run, message or ask.
    """
    if when is not None and answer != "later":
        raise UsageError("`--when` goes with `later`.")
    with writing(session) as change:
        workspace = change.workspace
        contact = _who(workspace, person_)
        again = change.when(when)
        if again is not None and again <= change.now:
            raise UsageError(f"`--when` says when to ask again: {change.say(micros(again))} is over.")
        api.reply(
            workspace,
            contact,
            ANSWERS[answer],
            change.now,
            opening=api.find_opening(workspace, about) if about else None,
            text=text,
            when=again,
            opted_out=opt_out,
            at=change.when(at),
        )
        said = f"Recorded: {person(workspace, contact.id)} answered `{answer}`."
        change.done(said + (" No message will go to them again." if opt_out else ""))


def _who(workspace: api.Workspace, text: str) -> Contact:
    found = find_target(workspace, text)
    if isinstance(found, Contact):
        return found
    if isinstance(found, (Opening, Debt)) or found.contact is None:
        raise UsageError(
            f"`{text}` is not a person. Who answered? Give a name, or the id of a contact, run or message."
        )
    return api.find_contact(workspace, found.contact)
