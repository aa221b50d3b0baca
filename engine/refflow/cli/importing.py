"""`refflow import`: a data export, planned first and then taken in."""

from __future__ import annotations

from pathlib import Path

import click

from refflow import api

from .change import Change, writing
from .command import Command
from .opened import Opened, reading
from .session import Session

MOST = 20
_WORDS = {
    "owner.identified": "your own profile",
    "employment.observed": "where you worked",
    "contact.added": "new people",
    "contact.changed": "people with another name, address or profile",
    "contact.disconnected": "people no longer connected",
    "position.observed": "where people work",
    "interaction.observed": "messages and invitations",
    "tie.observed": "recommendations and endorsements",
    "opening.added": "saved jobs",
    "application.submitted": "applications",
    "reply.received": "answers to be read",
}


@click.command("import", cls=Command)
@click.argument("source", metavar="PATH", type=click.Path(path_type=Path))
@click.option("--apply", "apply_", is_flag=True, help="Write what the plan says.")
@click.option(
    "--from", "importer", metavar="IMPORTER", help="Read it with this importer; else the one that fits."
)
@click.pass_obj
def import_(session: Session, source: Path, apply_: bool, importer: str | None) -> None:
    """Read a data export: the zip or folder that LinkedIn gave you.

    Without `--apply` nothing is written: you see what would be, and which rows cannot be read. Importing the
    same export again adds nothing; a later one brings what has changed.
    """
    if not apply_:
        with reading(session) as opened:
            plan = api.import_source(opened.workspace, source, opened.now, source=importer)
            _tell(opened, plan)
            return
    with writing(session) as change:
        plan = api.import_source(change.workspace, source, change.now, apply=True, source=importer)
        _tell(change, plan)


def _tell(opened: Opened, plan: api.Plan) -> None:
    session = opened.session
    if session.as_json:
        session.result(plan)
        return
    output = session.output
    files = [
        (
            each.name,
            each.rows,
            each.imported,
            each.use,
            "; ".join(f"{n} {why}" for why, n in each.skipped.items()),
        )
        for each in plan.report.files
    ]
    output.heading(f"Read as {plan.source}{_exported(plan)}")
    output.table(("FILE", "ROWS", "TAKEN", "USE", "LEFT OUT"), files, right=(1, 2))
    for problem in plan.report.problems[:MOST]:
        output.line(f"{problem.file}:{problem.line}: {problem.text}")
    if len(plan.report.problems) > MOST:
        output.line(f"... and {len(plan.report.problems) - MOST} more rows that cannot be read.")
    if plan.unmatched:
        nobody = ", ".join(f"{count} {what}" for what, count in plan.unmatched.items())
        output.line(f"About people who are not in your network, left out: {nobody}.")
    output.line()
    if not plan.counts:
        output.line("Nothing new.")
        return
    output.heading("Recorded" if plan.applied else "To be recorded")
    output.table(
        ("WHAT", "COUNT"), [(_WORDS.get(kind, kind), count) for kind, count in plan.counts.items()], right=(1,)
    )
    if not plan.applied:
        output.note("Nothing was written. Write it: the same command with --apply")
    elif isinstance(opened, Change):
        opened.hint()


def _exported(plan: api.Plan) -> str:
    return f", exported on {plan.report.exported_on}" if plan.report.exported_on else ""
