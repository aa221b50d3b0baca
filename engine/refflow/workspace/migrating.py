"""Bringing live runs to another version of their workflow: never by itself, always undoable. Timers stay as they
were set, unless one asks for them to be set anew.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from refflow.errors import NotFound
from refflow.events.event import instant, micros
from refflow.events.runs import RunMigrated
from refflow.views.rows import Rows, Source
from refflow.views.runs.run import Run
from refflow.workflows.language.definition import Task, Wait
from refflow.workflows.language.library import Accepted, Library
from refflow.workflows.runs.interpreter import Interpreter
from refflow.workflows.runs.turn import Turn
from refflow.workflows.stories.difference import Change, Class, Standing, Verdict, changes, verdict

from .versions import find_version
from .workspace import Workspace


class Migration(msgspec.Struct, frozen=True, kw_only=True):
    """A live run and another version of its workflow. `moves`: it goes on by it; else `reason` says why not.
    `due` is when its timer fires (microseconds since 1970 UTC), and `due_after` when it does afterwards; `rule` is what
    that was computed by, if the timer is set anew.
    """

    run: str
    contact: str | None
    opening: str | None
    step: str
    due: int | None
    due_after: int | None
    before: str
    after: str
    kind: Class
    moves: bool
    reason: str
    rule: str | None = None


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions, and what that is to each live run of the workflow."""

    workflow: str
    before: str
    after: str
    changes: list[Change]
    runs: list[Migration]


def diff(workspace: Workspace, before: str, after: str) -> Diff:
    """What differs between two versions (see `find_version`), and what the second is to the live runs."""
    old, new = find_version(workspace, before), find_version(workspace, after)
    if old.definition.name != new.definition.name:
        raise NotFound(
            f"{before} and {after} are two workflows: {old.definition.name} and {new.definition.name}."
        )
    return Diff(
        workflow=new.definition.name,
        before=old.hash,
        after=new.hash,
        changes=changes(old.definition, new.definition),
        runs=_plan(workspace.views, workspace.library, new, only_forward=False),
    )


def migrate(
    workspace: Workspace,
    version: str,
    now: datetime,
    *,
    only_forward: bool = False,
    retime: bool = False,
    apply: bool = True,
) -> list[Migration]:
    """Let the live runs of a workflow go on by `version`: its name for the one in force, or `name@hash`.

    A run goes over when its step is still there and means the same kind of thing; `only_forward` leaves those
    whose own step has changed. With `retime` the end of a wait or task is what it would be had the run come to it
    by `version`, but not before now. Unless `apply`, it is only told what would become of each.
    """
    target = find_version(workspace, version)

    def plan(turn: Turn) -> list[Migration]:
        planned = _plan(turn.rows, turn.library, target, only_forward)
        return [_retimed(turn, target, each) if retime and each.moves else each for each in planned]

    def decide(turn: Turn) -> list[Migration]:
        planned = plan(turn)
        for each in planned:
            if each.moves:
                turn.record(_event(turn, target, each), by="user")
        return planned

    return workspace.act(decide, now)[0] if apply else plan(workspace.turn(micros(now)))


def _plan(source: Source, library: Library, target: Accepted, only_forward: bool) -> list[Migration]:
    rows = source if isinstance(source, Rows) else Rows(source)
    runs = [run for run in rows.find(Run, workflow=target.definition.name) if run.status != "exited"]
    return [
        _migration(run, judge(rows, library, target, run), target, only_forward)
        for run in sorted(runs, key=lambda run: int(run.id[1:]))
        if run.hash != target.hash
    ]


def judge(rows: Rows, library: Library, target: Accepted, run: Run) -> Verdict:
    """What another version is to a run."""
    subjects = {name for name in ("contact", "opening") if getattr(run, name) is not None}
    standing = Standing(step=run.step, at=run.at, event_kind=run.event_kind, subjects=frozenset(subjects))
    return verdict(library.definition(rows, run.hash).definition, target.definition, standing)


def _migration(run: Run, found: Verdict, target: Accepted, only_forward: bool) -> Migration:
    moves = found.at is not None and not (only_forward and found.kind == "breaking")
    return Migration(
        run=run.id,
        contact=run.contact,
        opening=run.opening,
        step=run.step,
        due=run.due,
        due_after=run.due,
        before=run.hash,
        after=target.hash,
        kind=found.kind,
        moves=moves,
        reason=f"{found.reason}; it stays stuck" if run.status == "stuck" else found.reason,
    )


def _retimed(turn: Turn, target: Accepted, each: Migration) -> Migration:
    """The migration with a timer that counts from when the run came to its step. What gathers events, or holds a
    message, has a time of its own.
    """
    run = _run(turn, each)
    at = judge(turn.rows, turn.library, target, run).at
    step = None if at is None else target.definition.program[at]
    entered = turn.recall(run.reached.get(run.step, 0))
    if not isinstance(step, Wait | Task) or run.due is None or run.settling is not None or entered is None:
        return each
    timer = Interpreter(turn, target, run).timer_since(step, instant(entered.recorded_at))
    return msgspec.structs.replace(each, due_after=micros(timer.due), rule=timer.rule)


def _event(turn: Turn, target: Accepted, each: Migration) -> RunMigrated:
    run = _run(turn, each)
    found = judge(turn.rows, turn.library, target, run)
    assert found.at is not None
    return RunMigrated(
        run=run.id,
        workflow=run.workflow,
        before=run.hash,
        after=target.hash,
        step=found.step,
        at=found.at,
        due=instant(each.due_after) if each.rule is not None and each.due_after is not None else None,
        rule=each.rule,
        renamed=found.renamed,
        contact=run.contact,
        opening=run.opening,
    )


def _run(turn: Turn, each: Migration) -> Run:
    run = turn.rows.get(Run, each.run)
    assert run is not None
    return run
