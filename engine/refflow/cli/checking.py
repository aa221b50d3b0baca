"""`refflow check` and `explain`: what is wrong with the files of a workspace, and what a finding means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from refflow import api
from refflow.errors import ProblemsFound, UsageError

from .command import Choice, Command
from .opened import reading
from .session import Session

if TYPE_CHECKING:
    from refflow.workflows.proofs.report import Format

FORMATS = ("text", "json", "sarif", "github")


@click.command(cls=Command)
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    type=Choice(FORMATS),
    default="text",
    show_default=True,
    help="For people, for programs, or for GitHub.",
)
@click.option("--strict", is_flag=True, help="Take warnings for problems, too.")
@click.pass_obj
def check(session: Session, files: tuple[Path, ...], format_: Format, strict: bool) -> int:
    """Check the settings and all workflows, or only the workflow FILEs, without changing anything.

    What is wrong is told with its place and a code: `refflow explain CODE` tells more. For each workflow it
    prints what the workflow promises, with the steps that come to it. Exit code 5: there are problems.
    """
    if session.as_json and format_ != "text":
        raise UsageError("`--json` and `--format` are two ways to print it: leave one out.")
    with reading(session) as opened:
        found = api.check(opened.workspace, files)
    if session.as_json:
        session.result({"files": sorted(found.texts), "problems": found.problems, "promises": found.promises})
    else:
        text = api.report(found, format_)
        if text:
            session.output.line(text)
        if format_ == "text":
            session.output.line(f"\n{_plural(len(found.texts), 'file')}: {_findings(found)}.")
    wrong = found.has("error") or (strict and found.has("warning"))
    return ProblemsFound.exit_code if wrong else 0


def _findings(found: api.Checked) -> str:
    return _plural(len(found.problems), "finding") if found.problems else "nothing wrong"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


@click.command(cls=Command)
@click.argument("code")
@click.pass_obj
def explain(session: Session, code: str) -> None:
    """Tell what a finding of `refflow check` means, with an example: `refflow explain E211`."""
    found = api.explain(code)
    if session.as_json:
        session.result(found)
    else:
        session.output.line(found.page.rstrip())
