"""`refflow replay` and `refflow verify`: the views held against the log, and the log against its chain."""

from __future__ import annotations

import re
from pathlib import Path

import click

from refflow import api
from refflow.errors import ProblemsFound, UsageError

from .command import Command
from .naming import opening, person
from .opened import Opened, reading
from .progress import Progress
from .session import Session


@click.command(cls=Command)
@click.option("--view", metavar="NAME", help="Only this view.")
@click.option(
    "--until", metavar="WHEN", help="Fold what was recorded until then, in memory; nothing is changed."
)
@click.option("--check", is_flag=True, help="Rebuild in memory and compare; nothing is changed.")
@click.option("--verify", "decide_again", is_flag=True, help="Decide again from the facts and compare.")
@click.option(
    "--strict", is_flag=True, help="Look for what no view may do: clock, randomness, network, writing."
)
@click.option(
    "--what-if",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Tell what the workflow in FILE would have asked for; nothing is changed.",
)
@click.pass_obj
def replay(
    session: Session,
    view: str | None,
    until: str | None,
    check: bool,
    decide_again: bool,
    strict: bool,
    what_if: Path | None,
) -> int:
    """Rebuild the views from the log. A reader sees the old or the new view, never half of one.

    With `--check`, `--verify` and `--strict` nothing is changed. Exit code 5: they found something.
    """
    if sum((until is not None, check, decide_again, strict, what_if is not None)) > 1:
        raise UsageError(
            "`--until`, `--check`, `--verify`, `--strict` and `--what-if` are five things: give one of them."
        )
    if (decide_again or what_if is not None) and view is not None:
        raise UsageError(
            "`--verify` and `--what-if` decide what workflows decide, not a view: leave `--view` out."
        )
    with reading(session) as opened:
        total = opened.workspace.log.head()
        if strict:
            return _watched(session, api.replay_strict(opened.workspace, view))
        with Progress("Reading the log", total, shown=not session.quiet) as progress:
            if what_if is not None:
                definition = api.read_definition(opened.workspace, what_if)
                return _planned(opened, api.what_if(opened.workspace, definition, progress=progress))
            if decide_again:
                return _redecided(session, api.redecide(opened.workspace, progress))
            if check:
                return _compared(session, api.replay_check(opened.workspace, view, progress))
            if until is not None:
                moment = opened.when(until, end_of_day=True) or opened.now
                return _as_of(opened, api.replay_until(opened.workspace, moment, view, progress))
            return _replayed(session, api.replay(opened.workspace, view, progress))


def _replayed(session: Session, done: api.Replayed) -> int:
    if session.as_json:
        session.result(done)
        return 0
    rate = f", {done.events / done.seconds:,.0f} a second" if done.seconds > 0 else ""
    views = done.views[0] if len(done.views) == 1 else f"{len(done.views)} views"
    session.output.line(f"Rebuilt {views} from {done.events:,} events in {done.seconds:.2f} s{rate}.")
    return 0


def _planned(opened: Opened, plans: list[api.Planned]) -> int:
    session = opened.session
    if session.as_json:
        session.result(plans)
        return 0
    rows = [
        (
            opened.say(each.at),
            each.after,
            each.run or "new",
            person(opened.workspace, each.contact),
            opening(opened.workspace, each.opening),
            each.what,
        )
        for each in plans
    ]
    session.output.table(("WHEN", "AFTER", "RUN", "WHO", "ABOUT", "IT"), rows, right=(1,))
    return 0


def _watched(session: Session, found: api.Strict) -> int:
    if session.as_json:
        session.result(found)
    else:
        for name, calls in found.impure.items():
            for call in calls:
                session.output.line(f"{name}: {call}")
        for name, stall in found.stalled.items():
            session.output.line(f"{name}: cannot fold event {stall.position}: {stall.reason}")
        if found.clean:
            session.output.line(f"Folded {found.events:,} events: nothing but events made the views.")
    return 0 if found.clean else ProblemsFound.exit_code


def _as_of(opened: Opened, found: api.AsOf) -> int:
    session = opened.session
    if session.as_json:
        session.result(found)
        return 0
    session.output.line(f"After event {found.position}:")
    session.output.table(("VIEW", "ROWS"), list(found.rows.items()), right=(1,))
    return 0


def _compared(session: Session, found: list[api.Comparison]) -> int:
    differing = [each for each in found if each.differing]
    if session.as_json:
        session.result(found)
    else:
        rows = [
            (
                each.view,
                each.rows,
                each.digest[:12],
                f"{each.differing} rows differ, first after event {each.first} ({each.example})"
                if each.differing
                else "same",
            )
            for each in found
        ]
        session.output.table(("VIEW", "ROWS", "DIGEST", "REBUILT"), rows, right=(1,))
        if differing:
            session.output.note("Rebuild them: refflow replay")
    return ProblemsFound.exit_code if differing else 0


def _redecided(session: Session, found: api.Redecided) -> int:
    if session.as_json:
        session.result(found)
    else:
        verdict = "other" if found.differing else "the same"
        session.output.line(
            f"Decided {found.commits:,} commits again: {verdict} decisions ({found.decisions:,} recorded)."
        )
        for each in found.differing:
            session.output.line(f"  {each}")
    return ProblemsFound.exit_code if found.differing else 0


@click.command(cls=Command)
@click.option("--head", metavar="N:DIGEST", help="A head that you noted: the log must still go through it.")
@click.pass_obj
def verify(session: Session, head: str | None) -> int:
    """Check the hash chain of the log, and print its head to be noted elsewhere.

    A chain alone does not show that events were cut off at its end: only a head noted elsewhere does. Exit
    code 5: the log is damaged.
    """
    noted = _noted(head)
    with reading(session) as opened:
        log = opened.workspace.log
        with Progress("Checking the chain", log.head(), shown=not session.quiet) as progress:
            verdict = api.verify_chain(opened.workspace, noted, progress)
    if session.as_json:
        session.result(verdict)
    elif verdict.damage is not None:
        session.output.line(f"Damaged: {verdict.damage}.")
    else:
        erased = f" {verdict.erased} were erased." if verdict.erased else ""
        session.output.line(f"The chain of {verdict.head:,} events holds.{erased}")
        session.output.line(f"Head: {verdict.head}:{verdict.digest}")
    return ProblemsFound.exit_code if verdict.damage is not None else 0


def _noted(head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    written = re.fullmatch(r"(\d{1,18}):([0-9a-f]{8,64})", head.strip().lower())
    if written is None:
        raise UsageError(f"`{head}` is no head. Give it as `refflow verify` prints it: 123:4f6a...")
    return int(written[1]), written[2]
