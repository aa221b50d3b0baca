"""`refflow workflow`: which workflows there are, their tests, pictures and versions."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from refflow import api
from refflow.errors import ProblemsFound, UsageError

from .change import writing
from .command import Choice, Group
from .completing import workflows
from .naming import person
from .opened import Opened, judging, reading
from .output import one_line
from .session import Session


@click.group(cls=Group)
def workflow() -> None:
    """List, test and draw workflows, and bring live runs to new versions of theirs."""


@workflow.command("list")
@click.option("--all", "every", is_flag=True, help="Also versions that no run follows any more.")
@click.pass_obj
def list_(session: Session, every: bool) -> None:
    """List the workflows and their versions.

    Those in force, and earlier ones that live runs still follow.
    """
    with judging(session) as opened:
        found = api.versions(opened.workspace, every=every)
    if session.as_json:
        session.result(found)
        return
    rows = [
        (
            each.workflow,
            each.hash[:12],
            "in force" if each.current else "earlier",
            each.live,
            each.stuck,
            each.title,
        )
        for each in found
    ]
    session.output.table(("WORKFLOW", "VERSION", "", "LIVE", "STUCK", "TITLE"), rows, right=(3, 4))


@workflow.command()
@click.argument("name", metavar="WORKFLOW|FILE", shell_complete=workflows)
@click.pass_obj
def show(session: Session, name: str) -> None:
    """Tell what a workflow is about.

    When it starts, how it can end, and where its live runs are.
    """
    with judging(session) as opened:
        accepted = api.find_version(opened.workspace, name)
        drawn = api.draw(opened.workspace, accepted.definition)
    definition = accepted.definition
    if session.as_json:
        session.result({"hash": accepted.hash, "definition": definition})
        return
    output = session.output
    output.line(f"{definition.name}@{accepted.hash[:12]}: {definition.title}", bold=True)
    if definition.about:
        output.line(definition.about.rstrip())
    for kind in ("good", "open", "bad"):
        names = [name for name, each in definition.outcomes.items() if each == kind]
        if names:
            output.line(f"{kind}: {', '.join(names)}")
    output.line()
    output.line(drawn.rstrip())


@workflow.command()
@click.argument("name", metavar="WORKFLOW|FILE", shell_complete=workflows)
@click.option("--format", "form", type=Choice(("text", "mermaid")), default="text", help="How it is drawn.")
@click.pass_obj
def graph(session: Session, name: str, form: Literal["text", "mermaid"]) -> None:
    """Draw a workflow with its live runs.

    And how long the runs in the log were at each step before they went on.
    """
    with judging(session) as opened:
        drawn = api.draw(opened.workspace, api.find_version(opened.workspace, name).definition, form)
    if session.as_json:
        session.result({"format": form, "graph": drawn})
    else:
        session.output.line(drawn.rstrip())


@workflow.command()
@click.pass_obj
def schema(session: Session) -> None:
    """Print the JSON Schema for editors.

    Draft-07: with it an editor completes and checks while you type.

    \b
    refflow workflow schema > workflow.schema.json
    # yaml-language-server: $schema=workflow.schema.json     as the first line of a workflow
    """
    from msgspec import json

    with reading(session) as opened:
        found = api.schema(opened.workspace)
    if session.as_json:
        session.result(found)
    else:
        session.output.line(json.format(json.encode(found), indent=2).decode())


@workflow.command()
@click.argument("old", metavar="OLD", shell_complete=workflows)
@click.argument("new", metavar="[NEW]", required=False, shell_complete=workflows)
@click.pass_obj
def diff(session: Session, old: str, new: str | None) -> None:
    """Show what differs between two versions.

    And what the second would be to each live run.

    OLD and NEW are a name (the version in force), `name@hash`, or a file. With one alone, it is held against the
    version in force. To a live run a change is cosmetic (texts), forward (what it has not come to) or breaking
    (the step where it is). Live runs go on by their own version whatever a file says.
    """
    with reading(session) as opened:
        if new is None:
            new, old = old, api.find_version(opened.workspace, old).definition.name
        found = api.diff(opened.workspace, old, new)
        if session.as_json:
            session.result(found)
            return
        output = session.output
        output.line(f"{found.workflow}: {found.before[:12]} -> {found.after[:12]}", bold=True)
        for each in found.changes:
            kind = ": new" if each.was is None else ": gone" if each.now is None else ""
            output.line(f"  {_PARTS.get(each.where, each.where)}{kind}")
            for line in each.lines:
                output.line(f"    {one_line(line)}")
        if not found.changes:
            output.line("  nothing differs")
        _tell_runs(opened, found.runs)


@workflow.command()
@click.argument("version", metavar="WORKFLOW[@HASH]", shell_complete=workflows)
@click.option("--only", type=Choice(("forward",)), help="Leave runs whose own step has changed.")
@click.option("--retime", is_flag=True, help="Set the timers of waits and tasks anew, as the version says.")
@click.option("--dry-run", is_flag=True, help="Show what would become of each run, and change nothing.")
@click.pass_obj
def migrate(session: Session, version: str, only: str | None, retime: bool, dry_run: bool) -> None:
    """Bring live runs to another version.

    To the one in force, or to that of a hash.

    A run goes over when its step is still there, or one that says `was`, and means the same kind of thing. Timers
    stay as they were set, unless `--retime` sets them anew: from when the run came to the step, but not before now.
    It is an event like any other: `refflow undo` takes it back.
    """
    if dry_run:
        with judging(session) as opened:
            found = api.migrate(
                opened.workspace,
                version,
                opened.now,
                only_forward=only is not None,
                retime=retime,
                apply=False,
            )
            if session.as_json:
                session.result(found)
            else:
                _tell_runs(opened, found)
        return
    with writing(session) as change:
        found = api.migrate(change.workspace, version, change.now, only_forward=only is not None, retime=retime)
        if not session.as_json:
            _tell_runs(change, found)
        moved = sum(each.moves for each in found)
        change.done(f"{moved} of {len(found)} runs go on by it." if found else None, found)


_PARTS = {"triggers": "on", "rounds": "again: max", "order": "the order of steps"}
"""What parts of a definition are called in a file, where that is something else."""


def _tell_runs(opened: Opened, runs: list[api.Migration]) -> None:
    output = opened.session.output
    if not runs:
        output.line("No live run follows another version.")
    rows = [
        (
            each.run,
            person(opened.workspace, each.contact),
            each.step,
            opened.say(each.due_after if each.moves else each.due),
            each.kind,
            "can go over" if each.moves else "stays",
            each.reason,
        )
        for each in runs
    ]
    output.table(("RUN", "WHO", "AT", "UNTIL", "CHANGE", "", "WHY"), rows)


@workflow.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--coverage", is_flag=True, help="Show which steps, branches and outcomes no test reaches.")
@click.option("--generate", is_flag=True, help="Print tests of FILE, a story for every way through it.")
@click.option("--verbose", "-v", is_flag=True, help="Tell what happened in every test.")
@click.pass_obj
def test(session: Session, files: tuple[Path, ...], coverage: bool, generate: bool, verbose: bool) -> int:
    """Run the tests beside the workflows.

    `referral-ask.test.yaml` tests `referral-ask.yaml`.

    FILE is a workflow, a file of tests, or a folder. A test tells what happens, and what is expected then; it
    runs in an empty workspace of its own, and nothing is sent. Exit code 5: something is not as expected.
    """
    with reading(session) as opened:
        if generate:
            if len(files) != 1:
                raise UsageError("`--generate` writes tests of one workflow: name its file.")
            session.output.line(api.generate_tests(opened.workspace, files[0]).rstrip())
            return 0
        tried = api.try_workflows(opened.workspace, files)
    if session.as_json:
        session.result(
            {
                "passed": tried.passed,
                "tests": tried.tests,
                "coverage": tried.coverage,
                "problems": tried.problems,
            }
        )
    else:
        _tell(session, tried, coverage, verbose)
    return 0 if tried.passed else ProblemsFound.exit_code


def _tell(session: Session, tried: api.Trial, coverage: bool, verbose: bool) -> None:
    from refflow.workflows.language.problems import render_all

    output = session.output
    if tried.problems:
        output.line(render_all(tried.problems, tried.texts))
    for each in tried.tests:
        if each.unmet or verbose:
            output.line(
                f"{'FAILED' if each.unmet else 'passed'}  {Path(each.file).name}:{each.line}  {each.name}"
            )
        if each.unmet:
            output.line(render_all(each.unmet, tried.texts))
        if each.unmet or verbose:
            output.line("\n".join(f"    {line}" for line in each.happened))
    for found in tried.coverage if coverage else ():
        output.line(f"{found.workflow}: {found.taken} of {found.ways} ways taken")
        for missing in found.missing:
            output.line(f"    not taken: {missing}")
    if not tried.tests and not tried.problems:
        output.line("No tests here: `NAME.test.yaml` beside `NAME.yaml` has those of a workflow.")
        return
    failed = sum(bool(each.unmet) for each in tried.tests)
    verdict = f"{failed} failed" if failed else "all passed"
    if tried.problems:
        verdict += ", but see above"
    output.line(f"{len(tried.tests)} test{'' if len(tried.tests) == 1 else 's'}: {verdict}.")
