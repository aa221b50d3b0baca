"""What is due: the timer of a run, or the look of a workflow at a time of the week, that comes next."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from refflow.events.event import instant
from refflow.events.runs import ScheduleFired, TimerFired
from refflow.views.runs.pauses import Pause
from refflow.views.runs.run import Run
from refflow.views.runs.schedules import Scheduled
from refflow.views.store import ViewStore
from refflow.workflows.runs.pauses import pause_at

Fired = TimerFired | ScheduleFired


def next_due(views: ViewStore, now: int, due: int, left: Collection[Fired] = ()) -> Fired | None:
    """What comes next until `due`, of that which is not paused at `now` (both microseconds since 1970 UTC); not
    one of those that were `left` alone.
    """
    run = next((each for each in _timers(views, now, due, len(left)) if each not in left), None)
    look = next((each for each in _looks(views, due, len(left)) if each not in left), None)
    return look if look is not None and (run is None or look.due < run.due) else run


def _timers(views: ViewStore, now: int, due: int, left: int) -> Iterator[TimerFired]:
    """The timers of runs due until `due` and not paused at `now`, at least one more than were `left`."""
    condition = "status = 'live' AND due <= ? ORDER BY due, id"
    if not views.query(Pause, "until IS NULL OR until > ? LIMIT 1", (now,)):
        condition += f" LIMIT {left + 1}"
    for run in views.query(Run, condition, (due,)):
        if pause_at(views, run, now) is None:
            yield TimerFired(run=run.id, due=instant(run.due or 0))


def _looks(views: ViewStore, due: int, left: int) -> Iterator[ScheduleFired]:
    """The looks of workflows at times of the week due until `due`, at least one more than were `left`."""
    for look in views.query(Scheduled, f"due <= ? ORDER BY due, id LIMIT {left + 1}", (due,)):
        yield ScheduleFired(workflow=look.workflow, trigger=look.trigger, due=instant(look.due))
