"""Bringing what lies in the workspace's files into the log: settings and workflow definitions.

Decisions depend on the log alone. So a change of a file takes effect when it is recorded, and a file with
errors changes nothing: the last good version stays in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from refflow.errors import UsageError
from refflow.events.runs import SettingsChanged, WorkflowDefined, WorkflowRetired
from refflow.views.runs import Settings as SettingsRow
from refflow.views.runs import Workflow
from refflow.workflows.definition import encode, essence
from refflow.workflows.loader import Loaded, load_workflow
from refflow.workflows.problems import Problem
from refflow.workflows.settings import plain_fields
from refflow.workflows.settings_file import load_settings
from refflow.workflows.templates import TemplateTexts
from refflow.workflows.turn import Turn

from .folder import WorkflowFile
from .workspace import Workspace


def synchronise(workspace: Workspace, now: datetime) -> None:
    """Record what changed in the files since the log last heard of them. Problems go to `workspace.warn`."""
    brought = workspace.brought()
    templates = workspace.folder.templates(brought)
    files = workspace.folder.workflows(templates, brought)
    text = _settings_text(workspace)
    kept = {row.digest: row for row in workspace.views.find(Workflow, retired=False)}
    settings = workspace.views.get(SettingsRow, "settings")
    unchanged = settings is not None and settings.digest == _digest(text)
    changed = [file for file in files if file.digest not in kept]
    gone = [row for digest, row in kept.items() if digest not in {file.digest for file in files}]
    if unchanged and not changed and not gone:
        return

    loaded = [(file, load(workspace, file, templates)) for file in changed]

    def decide(turn: Turn) -> None:
        if not unchanged:
            _record_settings(workspace, turn, text)
        for file, each in loaded:
            _record_workflow(workspace, turn, file, each)
        still_there = {each.definition.name for _, each in loaded if each.definition is not None}
        broken = any(each.definition is None for _, each in loaded)
        for row in gone:
            # While a file is broken nobody knows which workflow it was: retire none.
            if row.name not in still_there and not broken:
                turn.record(WorkflowRetired(workflow=row.name), by="user")

    workspace.act(decide, now)
    workspace.reload_plugins()


def load(workspace: Workspace, file: WorkflowFile, templates: Mapping[str, str]) -> Loaded:
    """The workflow in `file`, compiled, with its problems."""
    channels = frozenset(workspace.host.effects.channels)
    return load_workflow(
        file.text,
        str(file.path),
        TemplateTexts(templates),
        workspace.kinds,
        channels,
        workspace.extensions,
    )


def check(workspace: Workspace) -> tuple[list[Problem], dict[str, str]]:
    """Every problem of the settings and of all workflows, and the texts they are in, by file."""
    brought = workspace.brought()
    templates = workspace.folder.templates(brought)
    text = _settings_text(workspace)
    _, problems = load_settings(text, str(workspace.folder.settings))
    found, texts = list(problems), {str(workspace.folder.settings): text}
    names: dict[str, Path] = {}
    for file in workspace.folder.workflows(templates, brought):
        loaded = load(workspace, file, templates)
        found += loaded.problems
        texts[str(file.path)] = file.text
        if loaded.definition is not None:
            names.setdefault(loaded.definition.name, file.path)
    return found, texts


def _record_settings(workspace: Workspace, turn: Turn, text: str) -> None:
    settings, problems = load_settings(text, str(workspace.folder.settings))
    if settings is None:
        _warn(workspace, workspace.folder.settings, len(problems))
        return
    turn.record(SettingsChanged(digest=_digest(text), settings=plain_fields(settings)), by="user")


def _record_workflow(workspace: Workspace, turn: Turn, file: WorkflowFile, loaded: Loaded) -> None:
    if loaded.definition is None:
        _warn(workspace, file.path, len(loaded.problems))
        return
    text = encode(loaded.definition).decode()
    turn.record(
        WorkflowDefined(
            workflow=loaded.definition.name,
            hash=sha256(essence(loaded.definition)).hexdigest(),
            digest=file.digest,
            definition=text,
        ),
        by="user",
    )


def _warn(workspace: Workspace, path: Path, problems: int) -> None:
    plural = "a problem" if problems == 1 else f"{problems} problems"
    workspace.warn(f"{path} has {plural}: the last good version stays in force. See `refflow check`.")


def _settings_text(workspace: Workspace) -> str:
    try:
        return workspace.folder.settings.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        raise UsageError(f"{workspace.folder.settings} is missing. Put it back, or make it anew.") from None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
