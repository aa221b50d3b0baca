"""`refflow opening` and `refflow packet`: the postings, and what a referrer needs."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from refflow import api
from refflow.errors import UsageError
from refflow.views.openings import Opening

from .change import Change, writing
from .command import Command, Group, together
from .completing import contacts, openings
from .lacking import lacking
from .naming import job, person
from .opened import Opened, reading
from .output import one_line
from .session import Session

_details = together(
    click.option("--requisition", metavar="ID", help="The number the employer gives it."),
    click.option("--location", metavar="PLACE", help="Where the job is."),
    click.option("--submit", metavar="TEXT", help="How a referral is handed in there."),
    click.option("--programme", metavar="TEXT", help="What their referral programme asks for."),
    click.option("--deadline", metavar="DATE", help="The last day to apply."),
)


@click.group(cls=Group)
def opening() -> None:
    """Add, show and change job openings."""


@opening.command()
@click.argument("url", required=False)
@click.option("--title", metavar="TITLE", help="What the job is called, word for word.")
@click.option("--company", metavar="NAME", help="Whose it is; guessed from the link when it can be.")
@_details
@click.pass_obj
def add(session: Session, /, url: str | None, deadline: str | None, **details: Any) -> None:
    """Track an opening: `refflow opening add URL --title TITLE`."""
    with writing(session) as change:
        given = api.OpeningDetails(url=url, deadline=_day(change, deadline), **details)
        key = api.add_opening(change.workspace, given, change.now)
        found = api.find_opening(change.workspace, key)
        change.done(f"Tracking {found.id}: {job(found)}.", key)
        session.output.note(f"who could refer you: refflow who {found.id}")


@opening.command()
@click.argument("opening_", metavar="OPENING", shell_complete=openings)
@click.option("--url", metavar="LINK", help="The posting.")
@click.option("--title", metavar="TITLE", help="What the job is called, word for word.")
@click.option("--company", metavar="NAME", help="Whose it is.")
@_details
@click.pass_obj
def edit(session: Session, /, opening_: str, deadline: str | None, **details: Any) -> None:
    """Change what is known of an opening."""
    with writing(session) as change:
        found = api.find_opening(change.workspace, opening_)
        given = api.OpeningDetails(deadline=_day(change, deadline), **details)
        api.edit_opening(change.workspace, found, given, change.now)
        change.done(f"Changed {found.id}: {job(api.find_opening(change.workspace, found.id))}.")


@opening.command()
@click.argument("opening_", metavar="OPENING", shell_complete=openings)
@click.option("--reason", metavar="TEXT", help="Why, for later.")
@click.pass_obj
def close(session: Session, opening_: str, reason: str | None) -> None:
    """The posting is gone, or you no longer want it. What runs about it ends."""
    with writing(session) as change:
        found = api.find_opening(change.workspace, opening_)
        api.close_opening(change.workspace, found, reason, change.now)
        change.done(f"Closed {found.id}: {job(found)}.")


@opening.command()
@click.argument("name")
@click.argument("company")
@click.pass_obj
def alias(session: Session, name: str, company: str) -> None:
    """Take two names for one company.

    NAME is read as COMPANY from now on: `refflow opening alias Facebook Meta`. COMPANY is a name that is in use.
    """
    with writing(session) as change:
        api.alias_company(change.workspace, name, company, change.now)
        change.done(f"{name} is {company} from now on.")


@opening.command()
@click.argument("opening_", metavar="[OPENING]", required=False, shell_complete=openings)
@click.option("--all", "everything", is_flag=True, help="In the list, also those closed or only saved.")
@click.pass_obj
def show(session: Session, opening_: str | None, everything: bool) -> None:
    """Show an opening, or list them."""
    with reading(session) as opened:
        if opening_ is None:
            _list(opened, everything)
            return
        if everything:
            raise UsageError("`--all` goes with the list: leave OPENING or `--all` out.")
        found = api.find_opening(opened.workspace, opening_)
        if session.as_json:
            session.result(found)
        else:
            _show(opened, found)


def _list(opened: Opened, everything: bool) -> None:
    session = opened.session
    found = [
        each
        for each in opened.workspace.views.find(Opening)
        if everything or (each.status == "open" and each.interest == "pursued")
    ]
    if session.as_json:
        session.result(found)
        return
    if not found:
        saved = len(opened.workspace.views.find(Opening, status="open"))
        session.output.line("No opening is pursued yet: refflow opening add URL --title TITLE")
        if saved:
            session.output.line(f"Saved for later: {saved}. They are shown by: refflow opening show --all")
    rows = [(each.id, each.title, each.company_name, _stands_at(each), each.deadline) for each in found]
    session.output.table(("ID", "TITLE", "COMPANY", "STANDS AT", "DEADLINE"), rows)


def _stands_at(found: Opening) -> str:
    return found.applied or ("saved" if found.status == "open" and found.interest == "saved" else found.status)


def _show(opened: Opened, found: Opening) -> None:
    output = opened.session.output
    output.line(f"{job(found)} ({found.id})", bold=True)
    referrer = person(opened.workspace, found.referrer) if found.referrer else None
    lines = (
        ("stands at", _stands_at(found)),
        ("applied", opened.say(found.applied_at)),
        ("referred by", referrer),
        ("link", found.url),
        ("requisition", found.requisition),
        ("location", found.location),
        ("hand in", found.submit),
        ("programme", found.programme),
        ("deadline", found.deadline),
    )
    for label, value in lines:
        if value:
            output.line(f"{label + ':':<13}{value}")


def _day(change: Change, deadline: str | None) -> date | None:
    moment = change.when(deadline)
    return change.workspace.settings.calendar.local(moment).date() if moment is not None else None


@click.command(cls=Command)
@click.argument("opening_", metavar="OPENING", shell_complete=openings)
@click.option("--for", "contact", metavar="PERSON", shell_complete=contacts, help="Who is to refer you.")
@click.option(
    "--line", metavar="TEXT", help="Why you ask just them, in a sentence of your own; it is recorded."
)
@click.pass_obj
def packet(session: Session, opening_: str, contact: str | None, line: str | None) -> None:
    """Print what a referrer needs, ready to paste. What an ask still lacks comes last."""
    if line is not None:
        if contact is None:
            raise UsageError("`--line` is for one person: say who with `--for PERSON`.")
        with writing(session) as change:
            asked = api.find_contact(change.workspace, contact)
            found = api.find_opening(change.workspace, opening_)
            api.personalise(change.workspace, found, asked, line, change.now)
            change.done(f"Noted why you ask {person(change.workspace, asked.id)}.")
        return
    with reading(session) as opened:
        found = api.find_opening(opened.workspace, opening_)
        asked_of = api.find_contact(opened.workspace, contact) if contact else None
        made = api.packet(opened.workspace, found, asked_of)
        if session.as_json:
            session.result(made)
        else:
            _print(opened, made)


def _print(opened: Opened, made: api.Packet) -> None:
    output = opened.session.output
    lines = (
        ("Job", one_line(f"{made.title}, {made.company}")),
        ("Link", made.link),
        ("Requisition", made.requisition),
        ("Candidate", made.candidate),
        ("E-mail", made.candidate_email),
        ("Hand in", made.submit),
        ("Programme", made.programme),
        ("Deadline", made.deadline),
        (f"To {person(opened.workspace, made.contact)}", made.line),
    )
    for label, value in lines:
        if value:
            output.line(f"{label}: {value}")
    for lack in lacking(made.missing, made.opening, made.contact):
        output.note(f"lacks {lack}")
    for warning in made.warnings:
        output.note(f"mind: {warning}")
