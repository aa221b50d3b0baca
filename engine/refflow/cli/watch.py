"""`refflow watch`: a verdict on every save, and what it changes for live runs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import click

from refflow import api

from .change import writing
from .command import Command
from .opened import Opened
from .session import Session


@click.command(cls=Command)
@click.option("--once", is_flag=True, help="Judge the files as they are, and stop.")
@click.pass_obj
def watch(session: Session, once: bool) -> None:
    """Watch the settings, workflows and templates, and judge every save.

    A good version comes into force for new runs; live runs keep theirs. A bad one never replaces a good one. With
    `--json` each verdict is a line of its own. End it with Ctrl-C.
    """
    with writing(session) as change, suppress(KeyboardInterrupt):
        for verdict in api.watch(change.workspace, lambda: session.now(change.workspace.settings.calendar)):
            if session.as_json:
                session.record(verdict)
            else:
                _tell(change, verdict)
            session.output.flush()
            if once:
                return


def _tell(opened: Opened, verdict: api.Saved) -> None:
    from refflow.workflows.language.problems import render_all

    output = opened.session.output
    saved = ", ".join(Path(path).name for path in verdict.files)
    if verdict.problems:
        output.line(render_all(verdict.problems, verdict.texts))
    said = "no problems" if verdict.good else "the last good version stays in force"
    output.line(f"{saved or 'watching'}: {said}", bold=True)
    for name, hash in verdict.accepted.items():
        output.line(f"  {name}@{hash[:12]} is in force for new runs")
    for name in verdict.retired:
        output.line(f"  {name} starts no new runs: its file is gone")
    for each in verdict.live:
        can = "can go over" if each.moves else "stays"
        output.line(f"  {each.run} at {each.step} keeps its version ({each.kind}, {can}): {each.reason}")
    if any(each.moves for each in verdict.live):
        output.note("bring them over: refflow workflow migrate WORKFLOW --dry-run")
    for test in verdict.failed:
        output.line(f"  FAILED {Path(test.file).name}:{test.line}  {test.name}")
        output.line(render_all(test.unmet, {}))
