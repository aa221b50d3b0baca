"""The command line: whole processes, from a cold start of the interpreter to the last line printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from refflow import api
from refflow.events.event import instant
from refflow.views.contacts import Contact

from .logs import BATCH, commits, told
from .measure import Contestant, Line, duration, timed
from .story import START

SECTION = "cli"
EVENTS = 100_000
"""About 10,000 contacts."""
COMMANDS: dict[str, tuple[tuple[str, ...], float | None]] = {
    "refflow --help": (("--help",), 120),
    "refflow next": (("next",), 250),
    "refflow board": (("board",), None),
    "refflow who": (("who", "COMPANY"), None),
}
"""What is called, and within how many milliseconds it has to be done; COMPANY is where somebody works."""
FLOOR = "import sqlite3, msgspec"


def lines(folder: Path, events: int, repeat: int) -> Iterator[Line]:
    """What is measured, a line at a time. A small number of `events` makes the workspace small too."""
    company = make_workspace(folder / "search", min(EVENTS, events))
    environment = {**os.environ, "REFFLOW_WORKSPACE": str(folder / "search")}
    # What is installed is compiled: only the first call of a module compiles it, and that one is not counted.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for what, (arguments, most) in COMMANDS.items():
        given = [each.replace("COMPANY", company) for each in arguments]
        ours = _process("from refflow.cli import main; main()", *given, environment=environment)
        theirs = _process(FLOOR, environment=environment)
        for compiles in (ours, theirs):
            compiles()
        yield duration(SECTION, what, ours, f'python -c "{FLOOR}"', theirs, repeat=repeat, most=most)


def make_workspace(path: Path, events: int) -> str:
    """Make a workspace whose log has `events` of the story, with its views; a company in it."""
    with api.init(path, instant(START), name="Sam Seeker") as workspace:
        head = workspace.log.head()
        for commit in commits(told(events), BATCH):
            head = workspace.log.append(commit, head)
        workspace.views.rebuild(workspace.log)
        return next(each.company_name for each in workspace.views.find(Contact) if each.company_name)


def _process(code: str, *arguments: str, environment: Mapping[str, str]) -> Contestant:
    command = [sys.executable, "-c", code, *arguments]
    return timed(lambda: subprocess.run(command, env=environment, check=True, capture_output=True))
