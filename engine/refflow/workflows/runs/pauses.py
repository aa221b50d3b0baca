"""Pauses: times in which nothing leaves and no timer fires, for a run, a person, a workflow or everything."""

from __future__ import annotations

from refflow.views.rows import Source
from refflow.views.runs.pauses import Pause
from refflow.views.runs.run import Run


def pause_at(rows: Source, run: Run, moment: int, to: str | None = None) -> Pause | None:
    """The pause that holds `run` at `moment` (microseconds since 1970 UTC), or what it writes to the contact `to`:
    the one that ends last.
    """
    holding = [each for each in rows.find(Pause) if _covers(each, run, to) and _lasts(each, moment)]
    return max(holding, key=lambda each: (each.until is None, each.until or 0, each.id), default=None)


def free_at(rows: Source, run: Run, moment: int) -> int | None:
    """The first instant from `moment` on at which no pause holds `run`; None when none is foreseen."""
    while (holding := pause_at(rows, run, moment)) is not None:
        if holding.until is None:
            return None
        moment = holding.until
    return moment


def goes_on(rows: Source, run: Run) -> int | None:
    """When the timer of `run` fires, after every pause that is known of; None when nothing says."""
    return None if run.due is None else free_at(rows, run, run.due)


def paused_between(rows: Source, run: Run, start: int, end: int) -> int:
    """For how much of the time from `start` to `end` the run was paused, in microseconds."""
    total, done = 0, start
    for each in sorted((each for each in rows.find(Pause) if _covers(each, run)), key=lambda each: each.starts):
        first, last = max(each.starts, done), min(end if each.until is None else each.until, end)
        if last > first:
            total, done = total + last - first, last
    return total


def _covers(pause: Pause, run: Run, to: str | None = None) -> bool:
    return (
        pause.run in (None, run.id)
        and pause.workflow in (None, run.workflow)
        and (pause.contact is None or pause.contact in (run.contact, to))
    )


def _lasts(pause: Pause, moment: int) -> bool:
    return pause.starts <= moment and (pause.until is None or moment < pause.until)
