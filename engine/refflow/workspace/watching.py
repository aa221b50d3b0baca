"""Watching the files of a workspace: each save is judged at once, and only what is good takes effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import msgspec

from refflow.errors import RefflowError
from refflow.views.runs.definitions import Workflow
from refflow.workflows.language.problems import Problem, has_errors

from .checking import check
from .folder import SETTINGS, TESTS, YAML, Folder
from .migrating import Migration, migrate
from .synchronising import synchronise
from .trying import Tried, try_workflows
from .workspace import Workspace

DEBOUNCE = 50
"""Milliseconds in which changes count as one: editors save in several strokes."""
_SUFFIXES = (*YAML, ".txt")

Clock = Callable[[], datetime]


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a save. `accepted` are workflows whose new version is in force now, `retired` those whose file
    is gone; `live` says what that is to runs that live, which keep their version. `failed` are tests that no
    longer pass. With problems in a file its last good version stays in force.
    """

    files: list[str]
    problems: tuple[Problem, ...]
    texts: dict[str, str]
    accepted: dict[str, str]
    retired: list[str]
    live: list[Migration]
    failed: list[Tried]

    @property
    def good(self) -> bool:
        """Whether every file is right."""
        return not has_errors(self.problems)


def watch(workspace: Workspace, clock: Clock, stop: Event | None = None) -> Iterator[Saved]:
    """A verdict on the files as they are, once they are watched, and one after each save. Ends when `stop` is set.

    Every save is recorded as any command would: good versions come into force, and nothing else does.
    """
    folder = workspace.folder
    places = [
        folder.path,
        *(place for name in ("workflows", "templates") if (place := folder.path / name).is_dir()),
    ]
    first = True
    for changes in _changes(folder, places, stop):
        if changes or first:
            first = False
            saved = sorted({Path(path) for _, path in changes})
            try:
                yield judge_files(workspace, saved, clock())
            except RefflowError as error:
                # A file that is gone, or somebody else is writing: the next save may do.
                yield _unjudged(folder.settings, saved, error)


def _changes(folder: Folder, places: list[Path], stop: Event | None) -> Iterator[set[tuple[Any, str]]]:
    """What has changed since the last time, or nothing, again and again."""
    from watchfiles import watch as changes_in

    return changes_in(
        *places,
        watch_filter=lambda _, path: _is_ours(folder.path, Path(path)),
        stop_event=stop,
        debounce=DEBOUNCE,
        step=DEBOUNCE // 2,
        rust_timeout=DEBOUNCE,
        yield_on_timeout=True,
        recursive=False,
    )


def judge_files(workspace: Workspace, saved: list[Path], now: datetime) -> Saved:
    """Check the files and record what is good in them; `saved` are those that have changed."""
    found = check(workspace)
    before = _in_force(workspace)
    synchronise(workspace, now)
    after = _in_force(workspace)
    accepted = {name: hash for name, hash in after.items() if before.get(name) != hash}
    live = [each for name in accepted for each in migrate(workspace, name, now, apply=False)]
    return Saved(
        files=[str(path) for path in saved],
        problems=found.problems,
        texts=found.sources,
        accepted=accepted,
        retired=sorted(before.keys() - after.keys()),
        live=live,
        failed=_failed(workspace, saved),
    )


def _unjudged(settings: Path, saved: list[Path], error: RefflowError) -> Saved:
    problem = Problem(code="E001", message=str(error), file=str(settings), line=1, column=1)
    return Saved(
        files=[str(path) for path in saved], problems=(problem,), texts={}, accepted={}, retired=[], live=[], failed=[],
    )  # fmt: skip


def _failed(workspace: Workspace, saved: list[Path]) -> list[Tried]:
    """The tests beside the saved workflows that do not pass."""
    beside = dict.fromkeys(
        path if path.name.endswith(TESTS) else path.with_name(f"{path.stem}{TESTS}")
        for path in saved
        if path.suffix in YAML
    )
    found = [
        path
        for path in beside
        if path.is_file() and path.with_name(path.name.replace(TESTS, ".yaml")).is_file()
    ]
    return [each for each in try_workflows(workspace, found).tests if each.unmet] if found else []


def _in_force(workspace: Workspace) -> dict[str, str]:
    return {row.name: row.hash for row in workspace.views.find(Workflow, retired=False)}


def _is_ours(folder: Path, path: Path) -> bool:
    """Whether a file can change what workflows do. Editors leave others about, with dots and tildes."""
    if path.name.startswith(".") or path.suffix not in _SUFFIXES:
        return False
    return path.parent != folder or path.name == SETTINGS
