"""`refflow init` and `completion`: making a workspace, and completing commands in a shell."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from refflow import api
from refflow.errors import RefflowError, UsageError

from .command import Choice, Command
from .session import Session

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--name", metavar="NAME", default="", help="Your name, as it stands under messages.")
@click.option("--email", metavar="ADDRESS", help="Your e-mail address: drafts come from it.")
@click.option("--zone", metavar="ZONE", help="Your time zone, as Europe/Lisbon; else that of this machine.")
@click.pass_obj
def init(session: Session, folder: Path | None, name: str, email: str | None, zone: str | None) -> None:
    """Make a workspace: a folder with your settings, your workflows and one database.

    Without FOLDER it is made where REFFLOW_WORKSPACE says, else here.
    """
    from refflow.workflows.language.calendar import Calendar
    from refflow.workspace.folder import ENVIRONMENT

    if session.folder is not None and folder is not None:
        raise UsageError("Two folders were given: leave `--workspace` out.")
    place = folder or session.folder or Path(os.environ.get(ENVIRONMENT, ""))
    zone = zone or _local_zone()
    now = session.now(Calendar(zone))
    with api.init(place, now, name=name, email=email, zone=zone, warn=session.output.note) as workspace:
        made = workspace.folder
    if session.as_json:
        session.result({"folder": str(made.path), "zone": zone})
        return
    output = session.output
    output.line(f"Made a workspace in {made.path.absolute()} (time zone {zone}).")
    if not name:
        output.note(f"Your name stands under messages: put it into {made.settings}")
    inside = "" if made.path == Path() else f"cd {shlex.quote(str(made.path))}; "
    output.note(f"next: {inside}refflow import PATH-OF-YOUR-LINKEDIN-EXPORT")


def _local_zone() -> str:
    """The zone of this machine by its name in the time zone database; UTC when it cannot be told."""
    from refflow.workflows.language.calendar import Calendar

    named = os.environ.get("TZ", "").lstrip(":")
    linked = str(Path("/etc/localtime").resolve())
    for candidate in (named, linked.partition("zoneinfo/")[2]):
        if candidate:
            try:
                Calendar(candidate)
            except RefflowError:
                continue
            return candidate
    return "UTC"


@click.command(cls=Command)
@click.argument("shell", type=Choice(SHELLS), required=False, metavar="[SHELL]")
@click.pass_obj
def completion(session: Session, shell: str | None) -> None:
    """Print the script that completes commands and names in your shell.

    \b
    bash    eval "$(refflow completion bash)"     in ~/.bashrc
    zsh     eval "$(refflow completion zsh)"      in ~/.zshrc
    fish    refflow completion fish | source      in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from .application import COMPLETE, refflow

    wanted = shell or Path(os.environ.get("SHELL", "")).name
    found = get_completion_class(wanted) if wanted in SHELLS else None
    if found is None:
        raise UsageError(f"For which shell? Give one of: {', '.join(SHELLS)}.")
    script = found(refflow, {}, "refflow", COMPLETE).source()
    if session.as_json:
        session.result({"shell": wanted, "script": script})
    else:
        click.echo(script)
