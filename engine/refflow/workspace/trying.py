"""The tests of workflows: played by the engine in an empty workspace, and held against what they expect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from refflow import resources
from refflow.errors import NotFound
from refflow.events.event import StoredEvent, instant
from refflow.views.messages import Message
from refflow.views.runs.tasks import Task
from refflow.workflows.language.definition import Definition
from refflow.workflows.language.problems import Problem, has_errors
from refflow.workflows.language.settings import Settings
from refflow.workflows.stories.habits import close_task
from refflow.workflows.stories.tests_file import Expected, Scripted, WorkflowTest, load_tests
from refflow.workflows.stories.ways import Way, ways_of, ways_taken
from refflow.workflows.stories.world import World

from .definitions import load
from .folder import TESTS, YAML, workflow_file
from .simulating import Occurrence, Simulator, arrange
from .story import QUIET
from .workspace import Workspace

SETTINGS = Settings(name="Sam Seeker", email="sam@example.org")
UNMET = "T100"
"""The code of an expectation that was not met."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one test: `unmet` is empty when it passed; `happened` tells its story."""

    name: str
    file: str
    line: int
    unmet: list[Problem]
    happened: list[str]


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Which ways through a workflow its tests take; `missing` has the others, as `step: way`, by line."""

    workflow: str
    taken: int
    ways: int
    missing: list[str]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What running tests found. `problems` are mistakes in the files; `texts` has the files by name."""

    tests: list[Tried]
    coverage: list[Coverage]
    problems: list[Problem]
    texts: dict[str, str]

    @property
    def passed(self) -> bool:
        """Whether everything was read and met."""
        return not has_errors(self.problems) and not any(each.unmet for each in self.tests)


def try_workflows(workspace: Workspace, paths: Sequence[Path] = ()) -> Trial:
    """Run the tests in `paths` (files of tests, of workflows, or folders), or all that lie beside workflows."""
    report = Trial(tests=[], coverage=[], problems=[], texts={})
    templates = workspace.folder.templates()
    for file, tests in _pairs(workspace, paths):
        loaded = load(workspace, workflow_file(file, templates), templates)
        report.texts[str(file)] = file.read_text(encoding="utf-8-sig", errors="replace")
        if loaded.definition is None:
            report.problems.extend(loaded.problems)
            continue
        text = tests.read_text(encoding="utf-8-sig", errors="replace") if tests.exists() else ""
        report.texts[str(tests)] = text
        found, problems = load_tests(text, str(tests), loaded.definition, workspace.kinds) if text else ([], ())
        report.problems.extend(problems)
        taken: set[Way] = set()
        for test in found:
            tried, ways = _try(workspace, loaded.definition, test, str(tests))
            report.tests.append(tried)
            taken |= ways
        report.coverage.append(_coverage(loaded.definition, taken))
    return report


def _pairs(workspace: Workspace, paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each workflow with the file of its tests."""
    given = list(paths) or [resources.workflows(), workspace.folder.path / "workflows"]
    for path in given:
        if path.is_dir():
            yield from ((workflow_beside(each), each) for each in sorted(path.glob(f"*{TESTS}")))
        elif path.name.endswith(TESTS):
            yield workflow_beside(path), path
        elif path.is_file():
            yield path, path.with_name(f"{path.stem}{TESTS}")
        else:
            raise NotFound(f"{path} is neither a file nor a folder.")


def workflow_beside(tests: Path) -> Path:
    """The workflow that a file of tests is about. Raises `NotFound` when it is not beside it."""
    stem = tests.name.removesuffix(TESTS)
    for ending in YAML:
        if (workflow := tests.with_name(f"{stem}{ending}")).is_file():
            return workflow
    raise NotFound(f"{tests} has no workflow {stem}.yaml beside it.")


def _try(workspace: Workspace, definition: Definition, test: WorkflowTest, file: str) -> tuple[Tried, set[Way]]:
    simulator = Simulator(
        workspace,
        definition,
        at=test.at,
        person=test.contact,
        posting=test.opening,
        about_opening=test.opening is not None,
        fields=test.fields,
        settings=msgspec.structs.replace(SETTINGS, zone=test.zone),
        by=test.by,
    )
    world, run = simulator.begin(test.habits)
    for each in test.script:
        arrange_scripted(world, each, simulator)
    world.go_on(simulator.until())
    unmet = [_problem(file, each, why) for each, why in _unmet(simulator, world, run, test.expected)]
    story = simulator.told(world, run)
    local = simulator.calendar.local
    happened = [f"{local(instant(line.at)):%Y-%m-%d %H:%M}  {line.text}" for line in story.lines]
    tried = Tried(name=test.name, file=file, line=test.line, unmet=unmet, happened=happened)
    return tried, ways_taken(simulator.accepted, run, world.events) if run is not None else set()


def arrange_scripted(world: World, scripted: Scripted, simulator: Simulator) -> None:
    """Let what a test says happen at its time."""
    begin = instant(simulator.start)
    after = simulator.calendar.add(begin, scripted.after) - begin
    if scripted.what == "event":
        happening = Occurrence(after=after, event=scripted.name, fields=scripted.fields)
        arrange(world, happening, simulator.contact, simulator.opening)
    else:
        when = simulator.start + after // timedelta(microseconds=1)
        world.at(when, lambda world: _close(world, scripted.name, scripted.fields["outcome"]))


def _close(world: World, step: str, outcome: Any) -> None:
    for task in world.rows.find(Task, status="open"):
        if task.step == step:
            close_task(world, task.id, outcome)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a test can expect: what it is, and what it may be called."""

    at: int
    what: str
    names: frozenset[str]


def _unmet(
    simulator: Simulator, world: World, run: str | None, expected: Sequence[Expected]
) -> Iterator[tuple[Expected, str]]:
    """Each expectation that was not met, in order, and why."""
    told = [one for event in world.events if (one := _told(world, event, run)) is not None]
    place = 0
    for each in expected:
        if each.what == "never":
            found = [one for one in told if each.name in one.names]
            if found:
                yield each, f"it happened: {_days(simulator, found)}"
            continue
        matching = [n for n, one in enumerate(told) if one.what == each.what and each.name in one.names]
        at = next((n for n in matching if n >= place and _on_time(simulator, told[n], each)), None)
        if at is not None:
            place = at + 1
        elif matching:
            where = "" if each.at is not None else ", not in this order"
            yield each, f"it happened: {_days(simulator, [told[n] for n in matching])}{where}"
        else:
            alike = [one for one in told if one.what == each.what]
            instead = "; ".join(f"{'/'.join(sorted(one.names))} {_days(simulator, [one])}" for one in alike)
            yield each, f"it did not happen{f', but {instead}' if instead else ''}"


def _told(world: World, event: StoredEvent, run: str | None) -> Told | None:
    payload = event.payload
    names: tuple[str, ...] = ()
    what = event.kind.partition(".")[0]
    match event.kind:
        case "message.sent":
            message = world.rows.get(Message, payload.message)
            what, names = "send", (message.step, message.template) if message is not None else ()
        case "task.opened":
            names = (payload.step,)
        case "message.held":
            what, names = "held", (payload.rule,)
        case "trigger.ignored":
            what, names = "refused", (payload.reason,)
        case "run.exited" if payload.run == run:
            what, names = "outcome", (payload.outcome,)
        case kind if not kind.startswith(QUIET):
            what, names = "event", (kind,)
    return Told(at=event.recorded_at, what=what, names=frozenset(names)) if names else None


def _on_time(simulator: Simulator, told: Told, expected: Expected) -> bool:
    """Days, weeks and business days say a day, minutes and hours a minute, counted from the start."""
    if expected.at is None:
        return True
    calendar = simulator.calendar
    wanted = calendar.local(calendar.add(instant(simulator.start), expected.at))
    found = calendar.local(instant(told.at))
    if expected.at.unit in ("m", "h"):
        return abs(found - wanted) < timedelta(minutes=1)
    return found.date() == wanted.date()


def _days(simulator: Simulator, told: Sequence[Told]) -> str:
    """When things happened, by the clock and counted from the start."""
    local = simulator.calendar.local
    first = local(instant(simulator.start)).date()
    shown = []
    for each in told:
        moment = local(instant(each.at))
        shown.append(f"{moment:%a %Y-%m-%d %H:%M} (at {(moment.date() - first).days}d)")
    return ", ".join(shown)


def _problem(file: str, expected: Expected, why: str) -> Problem:
    return Problem(
        code=UNMET, message=f"{expected}: {why}", file=file, line=expected.line, column=expected.column
    )


def _coverage(definition: Definition, taken: set[Way]) -> Coverage:
    ways = ways_of(definition)
    missing = sorted((line, way) for way, line in ways.items() if way not in taken)
    return Coverage(
        workflow=definition.name,
        taken=len(ways) - len(missing),
        ways=len(ways),
        missing=[_place(line, *way) for line, way in missing],
    )


def _place(line: int, step: str, way: str) -> str:
    return f"{f'line {line}, ' if line else ''}{step}{f': {way}' if way else ''}"
