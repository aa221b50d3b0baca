"""Runs: their steps on the disk, simulated, tried on the past; files checked; and a great many that wait."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from itertools import count, cycle, groupby
from pathlib import Path
from random import Random
from threading import Event

import watchfiles
import yaml

from refflow import api, resources
from refflow.events.event import StoredEvent, instant
from refflow.views.contacts import Contact
from refflow.views.rows import Rows
from refflow.views.runs.run import Run
from refflow.views.runs.tasks import Task
from refflow.views.store import refold
from refflow.views.table import table_of
from refflow.workspace.sampling import Chance, sample
from refflow.workspace.simulating import HORIZON, Habits
from refflow.workspace.watching import DEBOUNCE

from . import floor
from .measure import Line, duration, rate, timed
from .searches import ANSWERED, DAY, new_search, with_asks, with_people
from .story import START, Happening

SECTION = "runs"
ASK = "referral-ask"
FOLD = "its events folded"
"""Beside what decides: the least that the same events cost, which is to enter them into the views."""
STEP = 1000 / 2973
"""The budget is absolute: 1,000 steps a second where raw commits make 2,973."""
THREE_STEPS = """
refflow: 1
workflow: three-steps
title: Prepare, wait, finish
on: [{manual: true}]
subject: {contact: event.contact}
again: always
steps:
  - {id: prepare, task: {title: Prepare, within: 5d}, done: [], skipped: [], expired: [{exit: late}]}
  - {id: pause, wait: 1d}
  - {id: finish, task: {title: Finish, within: 5d}, done: [], skipped: [], expired: [{exit: late}]}
  - exit: done
outcomes: {good: [done], bad: [late]}
"""
IDLE = 0.5
"""Seconds for which nothing is asked of it."""


def lines(folder: Path, events: int, repeat: int) -> Iterator[Line]:
    """What is measured, a line at a time. A small number of `events` makes everything small."""
    yield from _durable(folder, max(5, events // 2000), repeat)
    with with_asks(folder / "asks", max(5, events // 1000)) as workspace:
        yield _simulated(workspace, max(5, events // 1000), repeat)
        yield from _on_the_past(workspace, repeat)
    with new_search(folder / "files") as workspace:
        path = workspace.folder.path / "workflows" / f"{ASK}.yaml"
        shutil.copy(resources.workflows() / path.name, path)
        yield _checked(workspace, path, repeat)
        yield _watched(workspace, path, folder / "watched", repeat)
    yield from _parked(folder / "parked", 5 * events, repeat)


def _durable(folder: Path, runs: int, repeat: int) -> Iterator[Line]:
    """From the start to the end, with a commit for each step."""
    folders = (folder / f"durable{number}" for number in count())
    ours = partial(_through, folders, runs)
    commits = _commits(folders, runs)
    raw = partial(_stored, folders, commits)
    yield rate(
        SECTION, "steps, each on the disk", len(commits), ours, "raw commits", raw, repeat=repeat, least=STEP
    )
    if find_spec("dbos") is None:
        print(f"{SECTION}: dbos is not installed, and left out", file=sys.stderr)
        return
    from .dbos_runs import Runs

    with closing(Runs(folder / "dbos.db")) as other:
        theirs = timed(partial(other.run, runs))
        yield rate(SECTION, "runs of three steps", runs, ours, "dbos", theirs, repeat=repeat)


def _through(folders: Iterator[Path], runs: int) -> float:
    """The seconds for so many runs of `three-steps`, in a new search."""
    with _with_three_steps(next(folders), runs) as workspace:
        contacts = workspace.views.find(Contact)
        started = time.perf_counter()
        _take(workspace, contacts)
        return time.perf_counter() - started


def _with_three_steps(path: Path, runs: int) -> api.Workspace:
    workspace = with_people(path, runs)
    (path / "workflows" / "three-steps.yaml").write_text(THREE_STEPS)
    api.synchronise(workspace, instant(START))
    return workspace


def _take(workspace: api.Workspace, contacts: list[Contact]) -> None:
    now = instant(START)
    for contact in contacts:
        run = api.start(workspace, "three-steps", contact, None, now).runs[0]
        _close(workspace, workspace.views.get(Task, run.task or ""), START)
    workspace.catch_up(instant(START + 2 * DAY))
    for task in workspace.views.find(Task, status="open"):
        _close(workspace, task, START + 2 * DAY)


def _close(workspace: api.Workspace, task: Task | None, at: int) -> None:
    assert task is not None, "a run stands at a task"
    api.close_task(workspace, task, "done", None, instant(at))


def _commits(folders: Iterator[Path], runs: int) -> list[list[Happening]]:
    """What the commits of these runs say."""
    with _with_three_steps(next(folders), runs) as workspace:
        head = workspace.log.head()
        _take(workspace, workspace.views.find(Contact))
        events = [event for page in workspace.log.read(after=head) for event in page]
    return [
        [(event.payload, event.occurred_at) for event in commit]
        for _, commit in groupby(events, key=lambda event: event.commit)
    ]


def _stored(folders: Iterator[Path], commits: list[list[Happening]]) -> float:
    """The seconds for storing the same, and nothing else."""
    log = floor.Log(next(folders).with_suffix(".db"))
    with closing(log.connection):
        started = time.perf_counter()
        for commit in commits:
            log.append(commit)
        return time.perf_counter() - started


def _simulated(workspace: api.Workspace, runs: int, repeat: int) -> Line:
    """Made-up runs of a real workflow, with chance answers."""
    simulator = api.Simulator(workspace, ASK, at=instant(START))
    random, told = Random(1), []
    for _ in range(runs):
        world, _ = simulator.begin(Chance(random, ANSWERED), Habits())
        world.go_on(START + HORIZON // timedelta(microseconds=1))
        told.append(world.events)
    ours = timed(lambda: sample(simulator, runs, 1, ANSWERED))
    theirs = timed(lambda: _folded(workspace, simulator, told))
    return rate(SECTION, "simulated", runs, ours, FOLD, theirs, repeat=repeat, per_second=20_000)


def _folded(workspace: api.Workspace, simulator: api.Simulator, told: list[list[StoredEvent]]) -> None:
    for events in told:
        workspace.views.fold.apply_page(simulator.world().rows, events)


def _on_the_past(workspace: api.Workspace, repeat: int) -> Iterator[Line]:
    """What a log says of its runs, decided again."""
    rows = Rows(workspace.views)
    current = {each.definition.name: each.definition for each in workspace.library.current(rows)}
    log, views = workspace.log, workspace.views.projections
    runs, ours = (
        len(workspace.views.find(Run, workflow=ASK)),
        timed(lambda: api.backtest(workspace, current[ASK])),
    )
    fold = timed(lambda: refold(log, views))
    yield rate(SECTION, "tried on the past", runs, ours, FOLD, fold, repeat=repeat, per_second=20_000)
    ours = timed(lambda: api.redecide(workspace))
    yield rate(SECTION, "events decided again", log.head(), ours, FOLD, fold, repeat=repeat)


def _checked(workspace: api.Workspace, path: Path, repeat: int) -> Line:
    text, loader = path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    ours, theirs = timed(lambda: api.check(workspace, [path])), timed(lambda: yaml.load(text, loader))
    return duration(SECTION, f"check {ASK}", ours, "read by PyYAML", theirs, repeat=repeat, most=10)


def _watched(workspace: api.Workspace, path: Path, beside: Path, repeat: int) -> Line:
    """From a save to what `watch` says of it."""
    beside.mkdir()
    text, stop = path.read_text(), Event()
    patience = cycle(("6bd", "8bd"))
    ours = api.watch(workspace, lambda: instant(START), stop)
    # The same settings as `watch` has.
    theirs = watchfiles.watch(
        beside,
        debounce=DEBOUNCE,
        step=DEBOUNCE // 2,
        rust_timeout=DEBOUNCE,
        yield_on_timeout=True,
        stop_event=stop,
    )
    next(ours), next(theirs)

    def judged() -> None:
        path.write_text(text.replace("default: 7bd", f"default: {next(patience)}"))
        while not (verdict := next(ours)).accepted:
            assert verdict.good

    def noticed() -> None:
        (beside / path.name).write_text(text)
        while not next(theirs):
            pass

    line = duration(
        SECTION, "from a save to its verdict", timed(judged), "noticed by watchfiles", timed(noticed),
        repeat=repeat, most=150,
    )  # fmt: skip
    stop.set()
    return line


def _parked(path: Path, runs: int, repeat: int) -> Iterator[Line]:
    """A great many runs that wait. Between two commands there is no process; this is one that stays."""
    table = table_of(Run)
    with new_search(path) as workspace:
        connection, what = workspace.connection, f"{runs:,} runs wait"
        connection.execute("BEGIN")
        connection.executemany(table.upsert, (table.to_sql(_waiting(number)) for number in range(runs)))
        connection.execute("COMMIT")
        query = "SELECT id, due FROM run WHERE status = 'live' AND due <= ? ORDER BY due LIMIT 1"
        ours = timed(lambda: workspace.due(instant(START + DAY)))
        theirs = timed(lambda: connection.execute(query, (START + DAY,)).fetchone())
        yield duration(SECTION, f"{what}: the next due", ours, "one query", theirs, repeat=repeat, most=5)
        before = time.process_time()
        Event().wait(IDLE)
        used = time.process_time() - before
        yield Line(
            section=SECTION, what=f"{what}: idle", unit="ms", ours=1000 * used, against="by the clock",
            theirs=1000 * IDLE, ratio=used / IDLE, budget="<= 0.01", met=used / IDLE <= 0.01,
        )  # fmt: skip
        threads = threading.active_count()
        yield Line(
            section=SECTION, what=f"{what}: threads", unit="", ours=threads, against="the program",
            theirs=1, ratio=threads, budget="1", met=threads == 1,
        )  # fmt: skip


def _waiting(number: int) -> Run:
    return Run(
        id=f"r{number}",
        workflow=ASK,
        hash="5f1c9be0a4d27736",
        trigger=number,
        started_at=START,
        since=number,
        heard_at=START,
        event_kind="referral.wanted",
        event={},
        contact=f"c{number}",
        opening=f"o{number}",
        step="silence",
        at=1,
        due=START + number * 60_000_000,
    )
