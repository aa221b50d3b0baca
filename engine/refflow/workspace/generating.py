"""Tests that nobody wrote: a story for every way through a workflow, expecting what happens now."""

from __future__ import annotations

from pathlib import Path

import msgspec

from refflow.events.event import instant
from refflow.workflows.durations import Duration
from refflow.workflows.stories.habits import Habits
from refflow.workflows.stories.tests_file import BEGIN, Scripted
from refflow.workflows.stories.ways import Choice, Course, Way, ways_taken
from refflow.workflows.stories.world import World

from .definitions import read_definition
from .simulating import Simulator
from .trying import SETTINGS, arrange_scripted
from .workspace import Workspace

PATIENT = Duration(2, "h")
"""How long the owner of a generated test takes, so that something can happen meanwhile."""


def generate_tests(workspace: Workspace, path: Path) -> str:
    """The text of a file of tests that takes every way through the workflow in `path` that events can lead to:
    a story for each, expecting what happens now. Whoever keeps it says by that it is right.
    """
    definition = read_definition(workspace, path)
    simulator = Simulator(workspace, definition, at=BEGIN, settings=SETTINGS)
    known: set[Way] = set()
    written: list[str] = []
    for course in simulator.courses(approves=PATIENT):
        ways = ways_taken(simulator.accepted, course.run, course.world.events)
        if not ways <= known:
            known |= ways
            written.append(_skeleton(simulator, course))
    return "\n".join(written)


def _skeleton(simulator: Simulator, course: Course) -> str:
    """A test that tells a course, with what comes of it now."""
    skipped = sorted({choice.step for _, choice in course.happened if choice.skips})
    scripted = [(at, choice) for at, choice in course.happened if not choice.skips]
    habits = Habits(approves=PATIENT, tasks="expired", skips=frozenset(skipped))
    world, run = simulator.begin(habits)
    written = [_scripted(simulator, world, at, choice) for at, choice in scripted]
    world.go_on(simulator.until())
    story = simulator.told(world, run)
    said = "; ".join(str(choice) for _, choice in course.happened) or "nothing happens"
    skips = f", skips: [{', '.join(skipped)}]" if skipped else ""
    lines = [
        f"- test: {_quoted(said)}",
        f"  start: {{at: {instant(simulator.start):%Y-%m-%dT%H:%M} UTC, contact: {{warmth: {simulator.warmth}}}}}",
        f"  owner: {{approves: {PATIENT}, tasks: expired{skips}}}",
        *(["  events:", *(f"    - {each}" for each in written)] if written else []),
        "  expect:",
    ]
    first = instant(simulator.start).date()
    for line in story.lines:
        if line.what in ("message", "task"):
            what = "send" if line.what == "message" else "task"
            lines.append(f"    - {{at: {(instant(line.at).date() - first).days}d, {what}: {line.step}}}")
    if story.outcome is not None:
        lines.append(f"    - {{outcome: {story.outcome}}}")
    return "\n".join(lines) + "\n"


def _scripted(simulator: Simulator, world: World, at: int, choice: Choice) -> str:
    """An event of a test as it is written, arranged in `world`."""
    minutes = round((at - simulator.start) / 60_000_000)
    after = Duration(minutes // 1440, "d") if minutes and minutes % 1440 == 0 else Duration(minutes, "m")
    if choice.event is None:
        fields = {"outcome": choice.outcome}
        arrange_scripted(world, Scripted(after=after, what="task", name=choice.step, fields=fields), simulator)
        return f"{{after: {after}, task: {choice.step}, outcome: {choice.outcome}}}"
    arrange_scripted(
        world, Scripted(after=after, what="event", name=choice.event, fields=choice.fields), simulator
    )
    plain = msgspec.to_builtins(choice.fields)
    said = "".join(f", {name}: {_quoted(str(value))}" for name, value in plain.items())
    return f"{{after: {after}, event: {choice.event}{said}}}"


def _quoted(text: str) -> str:
    return text if text.replace("_", "").replace("-", "").isalnum() else msgspec.json.encode(text).decode()
