"""`refflow receive`: what came in by the channels that answers come by."""

from __future__ import annotations

import click

from refflow import api
from refflow.errors import UsageError

from .change import writing
from .command import Command
from .session import Session


@click.command(cls=Command)
@click.argument("channels", metavar="[CHANNEL]...", nargs=-1)
@click.option("--close", is_flag=True, help="Answers no longer come in by it: wait for it no more.")
@click.pass_obj
def receive(session: Session, channels: tuple[str, ...], close: bool) -> int:
    """Look for answers in the inboxes, of all channels that have one or of those named.

    Commands that may send do so by themselves when something is due and the last look is older than `max_stale`
    in refflow.yaml. Of people who are not in your network nothing is kept.
    """
    with writing(session) as change:
        if close:
            if len(channels) != 1:
                raise UsageError("Which one? `refflow receive CHANNEL --close`.")
            api.close_inbox(change.workspace, channels[0], change.now)
            change.done(f"Answers are no longer looked for in {channels[0]}.")
            return 0
        found = api.receive(change.workspace, change.now, channels)
        if not found and not session.as_json:
            session.output.line("No channel receives. `refflow plugins` shows what there is.")
        rows = [
            (each.channel, each.failed or "looked into", each.new, each.answers, each.strangers)
            for each in found
        ]
        if rows and not session.as_json:
            titles = ("INBOX", "", "NEW", "ANSWERS", "FROM STRANGERS")
            session.output.table(titles, rows, right=(2, 3, 4))
        change.done(None, found)
    return 1 if any(each.failed is not None for each in found) else 0
