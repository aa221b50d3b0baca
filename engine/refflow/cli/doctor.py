"""`refflow doctor`: what is wrong, whose it is, and what to do."""

from __future__ import annotations

import click

from refflow import api
from refflow.errors import ProblemsFound

from .command import Command
from .plugins import folder_of
from .session import Session


@click.command(cls=Command)
@click.option("--fix", is_flag=True, help="Let the checks mend what they can.")
@click.option("--details", is_flag=True, help="Show tracebacks, for the authors of plugins.")
@click.pass_obj
def doctor(session: Session, fix: bool, details: bool) -> None:
    """Tell what is wrong with the plugins and the workspace, and what to do about it."""
    from datetime import UTC, datetime

    folder = folder_of(session)
    found = api.diagnose(folder, datetime.now(UTC), fix=fix)
    if folder is None:
        session.output.note("note: there is no workspace here; `--workspace DIR` names one.")
    if session.as_json:
        session.result(found)
    elif not found:
        session.output.line(f"Nothing is wrong{' with the plugins' if folder is None else ''}.")
    else:
        for each in found:
            session.output.line(f"{each.level}: {each.where}: {each.text}")
            if each.remedy and not each.mended:
                session.output.line(f"  {each.remedy}")
            if each.mended:
                session.output.line("  mended")
            if details and each.detail:
                session.output.line(each.detail)
    problems = sum(each.level == "problem" and not each.mended for each in found)
    if problems:
        raise ProblemsFound("1 problem." if problems == 1 else f"{problems} problems.")
