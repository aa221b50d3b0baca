"""`refflow plugin new`: a plugin of your own, with its tests, to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from .command import Choice, Command, Group
from .session import Session


@click.group(cls=Group)
def plugin() -> None:
    """Begin a plugin of your own."""


@plugin.command(cls=Command)
@click.argument("name")
@click.option(
    "--kind",
    required=True,
    type=Choice(["channel", "importer", "projection", "action", "reminder", "command"]),
    help="What the plugin adds.",
)
@click.option(
    "--in", "where", type=click.Path(path_type=Path), default=Path(), help="The folder to make it in."
)
@click.pass_obj
def new(session: Session, name: str, kind: str, where: Path) -> None:
    """Make the package refflow-NAME.

    A folder of that name, which can be installed, and whose tests pass.
    """
    from refflow.workspace.plugins import scaffold

    made = scaffold(name, kind, where)
    if session.as_json:
        session.result({"folder": made.folder, "files": made.files})
        return
    session.output.line(f"{made.folder} is ready to be changed:")
    for file in made.files:
        session.output.line(f"  {file}")
    session.output.line(f"next: pip install -e '{made.folder}[test]' && pytest {made.folder}")
