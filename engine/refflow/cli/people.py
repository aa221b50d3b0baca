"""`refflow person`, `log`, `block` and `unblock`: the people of the network."""

from __future__ import annotations

from typing import Any, get_args

import click

from refflow import api
from refflow.errors import UsageError
from refflow.events.people import Relation

from .change import writing
from .command import Choice, Command, Group, Number, together
from .completing import contacts
from .naming import called
from .naming import person as name_of_person
from .opened import Opened, reading
from .output import one_line
from .session import Session

_details = together(
    click.option("--email", metavar="ADDRESS", help="Their e-mail address."),
    click.option("--url", metavar="LINK", help="Their LinkedIn profile."),
    click.option("--company", metavar="NAME", help="Where they work."),
    click.option("--title", metavar="TITLE", help="What they do there."),
    click.option("--first-name", metavar="NAME", help="How to greet them."),
    click.option("--zone", metavar="ZONE", help="Their time zone, as Europe/Lisbon."),
    click.option("--channel", metavar="CHANNEL", help="How to write to them: eml (a draft), paste (a text)."),
    click.option("--relation", type=Choice(get_args(Relation)), help="What you are to each other."),
    click.option("--months", type=Number(1, 1200, example=18), help="How many months you worked together."),
    click.option("--warm", is_flag=True, help="The tie is warm, whatever the history says."),
)


@click.group(cls=Group)
def person() -> None:
    """Add, show and change people. Imports bring most of them: see `refflow import`."""


@person.command()
@click.argument("name")
@_details
@click.pass_obj
def add(session: Session, /, name: str, **details: Any) -> None:
    """Add somebody by hand."""
    with writing(session) as change:
        contact = api.add_person(change.workspace, api.PersonDetails(name=name, **details), change.now)
        change.done(f"Added {name_of_person(change.workspace, contact)} ({contact}).", contact)


@person.command()
@click.argument("person_", metavar="PERSON", shell_complete=contacts)
@click.option("--name", metavar="NAME", help="How they are called.")
@_details
@click.pass_obj
def edit(session: Session, /, person_: str, **details: Any) -> None:
    """Change what is known of somebody."""
    with writing(session) as change:
        contact = api.find_contact(change.workspace, person_)
        api.edit_person(change.workspace, contact, api.PersonDetails(**details), change.now)
        change.done(f"Changed {name_of_person(change.workspace, contact.id)} ({contact.id}).")


@person.command()
@click.argument("person_", metavar="PERSON", shell_complete=contacts)
@click.argument("text")
@click.pass_obj
def note(session: Session, person_: str, text: str) -> None:
    """Keep a note about somebody."""
    if not text.strip():
        raise UsageError("The note is empty. Nothing was kept.")
    with writing(session) as change:
        contact = api.find_contact(change.workspace, person_)
        api.note(change.workspace, contact, text, change.now)
        change.done(f"Noted about {name_of_person(change.workspace, contact.id)}.")


@person.command()
@click.argument("person_", metavar="PERSON", shell_complete=contacts)
@click.pass_obj
def show(session: Session, person_: str) -> None:
    """Show what is known of somebody, and how the tie stands."""
    with reading(session) as opened:
        contact = api.find_contact(opened.workspace, person_)
        profile = api.profile(opened.workspace, contact, opened.now)
        if session.as_json:
            session.result(profile)
        else:
            _show(opened, profile)


def _show(opened: Opened, profile: api.Profile) -> None:
    contact, output = profile.contact, opened.session.output
    output.line(f"{called(contact.name, contact.id)} ({contact.id})", bold=True)
    works = one_line(", ".join(part for part in (contact.title, contact.company_name) if part))
    together = f" ({contact.relation_months} months)" if contact.relation_months else ""
    last = max((each for each in (contact.last_in, contact.last_out, contact.met_at) if each), default=None)
    lines = (
        ("works", works),
        ("tie", f"{profile.warmth}{f', {contact.relation}{together}' if contact.relation else ''}"),
        ("messages", f"{contact.received} from them, {contact.sent} from you" if last else ""),
        ("last contact", opened.say(last)),
        ("e-mail", contact.email),
        ("profile", contact.url),
        ("zone", contact.zone),
        ("channel", contact.channel),
        ("connected", contact.connected_on if contact.connected else "no longer"),
        ("recommendations", str(contact.recommendations or "")),
        ("endorsements", str(contact.endorsements or "")),
        ("referrals", str(contact.referrals or "")),
        ("messages go", "no: they asked not to be written to" if contact.opted_out else
                        "no: blocked" if contact.blocked else ""),
    )  # fmt: skip
    for label, value in lines:
        if value:
            output.line(f"{label + ':':<17}{value}")
    for text in profile.notes:
        output.line(f"{'note:':<17}{text}")


@click.command(cls=Command)
@click.argument("channel")
@click.argument("person_", metavar="PERSON", shell_complete=contacts)
@click.argument("text", required=False, default="")
@click.option("--from-them", is_flag=True, help="It came from them to you.")
@click.option("--at", metavar="WHEN", help="When it happened; else now.")
@click.pass_obj
def log(session: Session, channel: str, person_: str, text: str, from_them: bool, at: str | None) -> None:
    """Record a call, a message or a meeting outside refflow.

    CHANNEL is `met` for a meeting, else any word: call, mail, linkedin. An answer to something you asked is
    recorded with `refflow reply`.
    """
    channel = one_line(channel).lower()
    if not channel:
        raise UsageError("How did it pass? Give a word: met, call, mail.")
    with writing(session) as change:
        contact = api.find_contact(change.workspace, person_)
        api.log_contact(
            change.workspace,
            contact,
            channel,
            text,
            change.now,
            direction="in" if from_them else "out",
            at=change.when(at),
        )
        change.done(f"Recorded: {channel}, {name_of_person(change.workspace, contact.id)}.")


@click.command(cls=Command)
@click.argument("person_", metavar="PERSON", shell_complete=contacts)
@click.option("--reason", metavar="TEXT", help="Why, for later.")
@click.pass_obj
def block(session: Session, person_: str, reason: str | None) -> None:
    """Let no message go to somebody, whatever runs. What runs with them ends."""
    with writing(session) as change:
        contact = api.find_contact(change.workspace, person_)
        api.block(change.workspace, contact, reason, change.now)
        change.done(f"No message goes to {name_of_person(change.workspace, contact.id)} any more.")


@click.command(cls=Command)
@click.argument("person_", metavar="PERSON", shell_complete=contacts)
@click.pass_obj
def unblock(session: Session, person_: str) -> None:
    """Lift a block of yours. That somebody asked not to be written to stays."""
    with writing(session) as change:
        contact = api.find_contact(change.workspace, person_)
        api.unblock(change.workspace, contact, change.now)
        change.done(f"Messages may go to {name_of_person(change.workspace, contact.id)} again.")
