"""`refflow backtest`: what a changed workflow would have done over your own history. Nothing is recorded or sent."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from refflow import api

from .command import Command
from .naming import opening as opening_called
from .naming import person
from .opened import Opened, reading
from .progress import Progress
from .session import Session

_SAID: dict[api.How, str] = {
    "starts": "would start",
    "does not start": "would not start",
    "added": "would send more",
    "dropped": "would send less",
    "moved": "would be earlier or later",
    "ends": "would end otherwise",
    "other": "would go another way",
    "reads": "would send another text",
}


@click.command(cls=Command)
@click.argument("file", metavar="NEW.yaml", type=click.Path(path_type=Path))
@click.option("--since", metavar="WHEN", help="Only runs that started since then.")
@click.pass_obj
def backtest(session: Session, file: Path, since: str | None) -> None:
    """Decide your own history again as if the workflow in NEW.yaml had been in force.

    Each run is followed until the first thing that would have been otherwise; what people did after that they
    did because of what really happened. Nothing is recorded, and nothing is sent.
    """
    with reading(session) as opened:
        workspace = opened.workspace
        definition = api.read_definition(workspace, file)
        with Progress("Deciding again", workspace.log.head(), shown=not session.quiet) as progress:
            found = api.backtest(workspace, definition, opened.when(since), progress)
        if session.as_json:
            session.result(found)
            return
        _tell(opened, found)


def _tell(opened: Opened, found: api.Backtested) -> None:
    output = opened.session.output
    kinds = Counter(each.how for each in found.differences)
    runs = f"{found.runs} run{'' if found.runs == 1 else 's'} of {found.workflow}"
    if not found.runs and not kinds:
        output.line(f"No run of {found.workflow} to decide again.")
        return
    if not kinds:
        output.line(f"{runs}: all would have gone just the same.")
        return
    said = ", ".join(f"{count} {_SAID[how]}" for how, count in kinds.most_common())
    output.line(f"{runs}: {said}.", bold=True)
    output.table(
        ("WHEN", "RUN", "WHO", "ABOUT", "HOW", "WAS", "WOULD BE"),
        [
            (
                opened.say(each.at),
                each.run or "",
                person(opened.workspace, each.contact),
                opening_called(opened.workspace, each.opening),
                f"{_SAID[each.how]}: {each.message}" if each.message else _SAID[each.how],
                each.was,
                each.would,
            )
            for each in found.differences
        ],
    )
