"""Bringing what lies in the workspace's files into the log: settings and workflow definitions.

Decisions depend on the log alone. So a change of a file takes effect when it is recorded, and a file with
errors changes nothing: the last good version stays in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from refflow import resources
from refflow.errors import UsageError
from refflow.events.runs import SettingsChanged, WorkflowDefined, WorkflowRetired
from refflow.views.rows import Rows
from refflow.views.runs import Run, Workflow
from refflow.views.runs import Settings as SettingsRow
from refflow.workflows.checked import Checked, check_workflows
from refflow.workflows.codes import Code, explain
from refflow.workflows.definition import AnyInstruction, Definition, encode, essence
from refflow.workflows.instances import outdated as newer
from refflow.workflows.loader import Loaded, load_workflow
from refflow.workflows.problems import Problem, in_order
from refflow.workflows.report import report
from refflow.workflows.settings import plain_fields
from refflow.workflows.settings_file import load_settings
from refflow.workflows.templates import TemplateTexts
from refflow.workflows.turn import Turn
from refflow.workflows.written import Written
from refflow.workflows.yaml_source import read_yaml

from .folder import WorkflowFile
from .workspace import Workspace

__all__ = ["Checked", "Code", "check", "explain", "load", "outdated", "report", "synchronise"]


class Outdated(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that was made from `origin`; its `from` would have to say `now`, None when that is gone."""

    workflow: str
    origin: str
    now: str | None


_FROM = re.compile(r"^from\s*:", re.MULTILINE)


def synchronise(workspace: Workspace, now: datetime) -> None:
    """Record what changed in the files since the log last heard of them. Problems go to `workspace.warn`."""
    templates = workspace.folder.templates()
    files = workspace.folder.workflows(templates)
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
        packaged(workspace, templates) if _FROM.search(file.text) else {},
    )


def outdated(workspace: Workspace) -> list[Outdated]:
    """The workflows in force that were made from packaged ones which have changed since, or gone."""
    packages = packaged(workspace, workspace.folder.templates())
    found = []
    for row in workspace.views.find(Workflow, retired=False):
        definition = workspace.library.definition(Rows(workspace.views), row.hash).definition
        now = newer(definition, packages)
        if now is not None:
            found.append(Outdated(workflow=row.name, origin=definition.origin, now=now or None))
    return found


def packaged(workspace: Workspace, templates: Mapping[str, str]) -> dict[str, Definition]:
    """The workflows that others can be made from: the standard ones, as `std/<name>`."""
    channels = frozenset(workspace.host.effects.channels)
    texts = {path.stem: path.read_text(encoding="utf-8") for path in resources.workflows().glob("*.yaml")}
    loaded = {
        f"std/{name}": load_workflow(text, name, TemplateTexts(templates), workspace.kinds, channels).definition
        for name, text in texts.items()
    }
    return {name: definition for name, definition in loaded.items() if definition is not None}


def check(workspace: Workspace) -> Checked:
    """Every problem of the settings and of all workflows, and what the workflows promise.

    While the settings have errors, the promises are those under the settings in force.
    """
    templates = workspace.folder.templates()
    text, file = _settings_text(workspace), str(workspace.folder.settings)
    files = workspace.folder.workflows(templates)
    settings, problems = load_settings(text, file)
    found = check_workflows(
        {str(each.path): each.text for each in files},
        TemplateTexts(templates),
        settings or workspace.settings,
        workspace.kinds,
        sorted(workspace.host.effects.channels),
        packaged(workspace, templates) if any(_FROM.search(each.text) for each in files) else {},
    )
    pinned = [each for name in found.definitions for each in _pinned(workspace, found, name)]
    return msgspec.structs.replace(
        found,
        problems=in_order((*problems, *found.problems, *pinned)),
        texts={file: text, **found.texts},
    )


def _pinned(workspace: Workspace, found: Checked, file: str) -> Iterator[Problem]:
    """I330: live runs that began with another version of the workflow in `file`, and keep to it."""
    definition = found.definitions[file]
    hash = _hash(definition)
    runs = [
        run
        for run in workspace.views.find(Run, workflow=definition.name)
        if run.status != "exited" and run.hash != hash
    ]
    if not runs:
        return
    rows = Rows(workspace.views)
    moved = [
        run
        for run in runs
        if not _same_step(workspace.library.definition(rows, run.hash).definition, run, definition)
    ]
    message = f"{len(runs)} live runs keep" if len(runs) > 1 else "1 live run keeps"
    message += f" to the version before; {len(moved)} of them stand where this one differs"
    root, _ = read_yaml(found.texts[file], file)
    if root is not None:
        written = Written(file=file, root=root, definition=definition, proof=None)
        yield written.problem("I330", message, written.spot("workflow"))


def _same_step(before: Definition, run: Run, after: Definition) -> bool:
    """Whether the step where `run` stands is in both definitions, and says the same."""
    stands = _said(before.program[run.at])
    return any(_said(each) == stands for each in after.program)


def _said(step: AnyInstruction) -> dict[str, Any]:
    """What a step says, without where it leads and where it is written."""
    fields: dict[str, Any] = msgspec.to_builtins(step)
    for name, value in fields.items():
        if isinstance(value, dict) and "text" in value:
            fields[name] = value["text"]
    return {name: value for name, value in fields.items() if name != "line" and not _leads(value)}


def _leads(value: Any) -> bool:
    """Whether a value is an address, or has addresses."""
    values = value.values() if isinstance(value, dict) else (value,)
    return all(isinstance(each, int) and not isinstance(each, bool) for each in values)


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
            hash=_hash(loaded.definition),
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


def _hash(definition: Definition) -> str:
    return sha256(essence(definition)).hexdigest()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
