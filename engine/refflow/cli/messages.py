"""`refflow draft` and `refflow approve`: a message on its way out."""

from __future__ import annotations

from typing import TextIO

import click

from refflow import api
from refflow.errors import Held, RefflowError, UsageError
from refflow.views.messages import Message

from .change import Change, writing
from .command import Command
from .completing import targets
from .consequences import handed_over
from .lacking import lacking_from
from .naming import called, find_message, job
from .opened import Opened, reading
from .session import Session

_SUBJECT = "Subject:"
_STATES = {
    "drafted": "a draft that waits for your approval",
    "approved": "approved",
    "prepared": "approved, and waits for you to send it",
    "in_doubt": "in doubt: nobody knows whether it left",
}


@click.command(cls=Command)
@click.argument("message", metavar="MESSAGE", shell_complete=targets)
@click.option("--edit", "in_editor", is_flag=True, help="Change it in your editor (VISUAL or EDITOR).")
@click.option("--subject", metavar="TEXT", help="Give it this subject.")
@click.option(
    "--body-file",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="Take its text from FILE; `-` reads from the terminal or a pipe.",
)
@click.pass_obj
def draft(
    session: Session, message: str, in_editor: bool, subject: str | None, body_file: TextIO | None
) -> None:
    """Read a message, or change it.

    MESSAGE is its id, or the name of the person when one message to them is open. A changed message waits for
    your approval again.
    """
    if in_editor and (subject is not None or body_file is not None):
        raise UsageError("`--edit` changes everything: leave `--subject` and `--body-file` out.")
    if not in_editor and subject is None and body_file is None:
        with reading(session) as opened:
            _read(opened, find_message(opened.workspace, message))
        return
    from refflow.workspace.messages import check_changeable

    body = _text_of(body_file) if body_file is not None else None
    with writing(session) as change:
        found = find_message(change.workspace, message)
        check_changeable(found)  # before somebody writes what would be lost
        if in_editor:
            subject, body = _edited(found)
        api.edit(change.workspace, found, subject=subject, body=body, now=change.now)
        change.done(f"Changed {found.id}.")


def _read(opened: Opened, message: Message) -> None:
    session = opened.session
    found = api.draft(opened.workspace, message, opened.now)
    if session.as_json:
        session.result(found)
        return
    output = session.output
    output.line(f"{message.id}, {_state(opened, message)}", bold=True)
    output.line(f"To: {called(found.contact.name, found.contact.id)} by {message.channel}")
    if found.opening is not None:
        output.line(f"About: {job(found.opening)}")
    if message.subject:
        output.line(f"Subject: {message.subject}")
    output.line(f"\n{(message.body or '').rstrip()}\n")
    if message.status == "prepared":
        output.note(handed_over(opened.workspace, message).splitlines()[-1])
    elif message.status in ("drafted", "held"):
        for remark in found.remarks:
            output.note(f"note: {remark.text}")
        for lack in lacking_from(opened.workspace, message):
            output.note(f"lacks {lack}")
        output.note(f"change: refflow draft {message.id} --edit\nrelease: refflow approve {message.id}")


def _state(opened: Opened, message: Message) -> str:
    if message.status == "sent":
        return f"sent {opened.say(message.sent_at)}"
    if message.status == "held":
        until = f" until {opened.say(message.until)}" if message.until is not None else ""
        return f"held{until}: {message.detail}"
    return _STATES.get(message.status, message.status)


def _text_of(file: TextIO) -> str:
    try:
        return file.read()
    except UnicodeDecodeError:
        raise UsageError(f"{file.name} is not readable text (UTF-8). Nothing was changed.") from None


def _edited(message: Message) -> tuple[str | None, str]:
    head = f"{_SUBJECT} {message.subject}\n\n" if message.subject else ""
    written = click.edit(head + (message.body or ""), extension=".txt", require_save=True)
    if written is None:
        raise UsageError("It was not saved, so nothing was changed.")
    first, _, rest = written.partition("\n")
    if message.subject and first.startswith(_SUBJECT):
        return first.removeprefix(_SUBJECT).strip(), rest
    return None, written


@click.command(cls=Command)
@click.argument("messages", metavar="[MESSAGE]...", nargs=-1, shell_complete=targets)
@click.option("--all", "everything", is_flag=True, help="Every draft that lacks nothing.")
@click.pass_obj
def approve(session: Session, messages: tuple[str, ...], everything: bool) -> int:
    """Release messages: the text leaves as it stands, as soon as the rules allow it.

    Exit code 3: a rule keeps back at least one of them.
    """
    if bool(messages) == everything:
        raise UsageError("Which messages? Give their ids, or `--all`. `refflow next` shows those that wait.")
    with writing(session) as change:
        workspace = change.workspace
        named = {each.id: each for each in (find_message(workspace, text) for text in messages)}
        chosen = _drafts(workspace) if everything else list(named.values())
        if len(chosen) == 1:
            _approve(change, chosen[0])
            return 0
        left, kept = api.approve_all(workspace, chosen, change.now)
        change.done(f"Approved {len(left)} of {len(chosen)}.", {"left": left, "kept": kept})
        return Held.exit_code if kept else 0


def _approve(change: Change, message: Message) -> None:
    workspace = change.workspace
    for remark in api.draft(workspace, message, change.now).remarks:
        change.session.output.note(f"note: {remark.text}")
    try:
        api.approve(workspace, message, change.now)
    except Held as held:
        after = workspace.views.get(Message, message.id) or message
        raise Held(
            "\n".join([str(held), *(f"add {lack}" for lack in lacking_from(workspace, after))])
        ) from None
    change.done(f"Approved {message.id}.")


def _drafts(workspace: api.Workspace) -> list[Message]:
    found = [each for each in workspace.views.find(Message, status="drafted") if not each.missing]
    if not found:
        raise RefflowError("No draft is ready to be approved. `refflow next` tells what waits, and for what.")
    return found
