"""Settings and workflow definitions: reading and recording them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from refflow import resources
from refflow.errors import ProblemsFound
from refflow.events.runs import SettingsChanged, WorkflowDefined, WorkflowRetired
from refflow.views.runs.definitions import Workflow as WorkflowRow
from refflow.workflows.language.definition import Definition, Interrupt, encode, essence
from refflow.workflows.language.loader import Loaded, load_workflow
from refflow.workflows.language.problems import render_all
from refflow.workflows.language.settings import Settings, plain_fields
from refflow.workflows.language.settings_file import load_settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.runs.turn import Turn

from .folder import Changes, WorkflowFile, digest_of, workflow_file, workflows_in
from .orphans import orphans
from .workspace import Workspace

_FROM = re.compile(r"^from\s*:", re.MULTILINE)


def record(workspace: Workspace, changes: Changes, now: datetime) -> None:
    """Record changed settings and workflows. A file with errors changes nothing: its last good version stays."""
    text = changes.settings
    settings = None if text is None else _read_settings(workspace, text)
    inherited = (settings or workspace.settings).anytime
    loaded = [(file, load(workspace, file, changes.templates, inherited)) for file in changes.files]

    def decide(turn: Turn) -> None:
        if text is not None and settings is not None:
            changed = SettingsChanged(digest=digest_of(text), settings=plain_fields(settings))
            turn.record(changed, by="user")
        for file, each in loaded:
            _record_workflow(workspace, turn, file, each)
        still_there = {each.definition.name for _, each in loaded if each.definition is not None}
        broken = any(each.definition is None for _, each in loaded)
        for name in changes.gone:
            # While a file is broken nobody knows which workflow it was: retire none.
            if name not in still_there and not broken:
                turn.record(WorkflowRetired(workflow=name), by="user")

    in_force = {row.name for row in workspace.views.find(WorkflowRow, retired=False)}
    workspace.act(decide, now)
    workspace.reload_plugins()
    for each in orphans(workspace, ()):
        if each.workflow in in_force:
            workspace.warn(f"{each}. {each.help[:1].upper()}{each.help[1:]}.")


def load(
    workspace: Workspace,
    file: WorkflowFile,
    templates: Mapping[str, str],
    inherited: Sequence[Interrupt] | None = None,
) -> Loaded:
    """The workflow in `file`, compiled, with its problems. It has the interrupts that every workflow inherits, by
    default those of the settings in force.
    """
    channels = frozenset(workspace.host.effects.channels)
    return load_workflow(
        file.text,
        str(file.path),
        TemplateTexts(templates),
        workspace.kinds,
        channels,
        packaged(workspace, templates) if is_made_from(file.text) else {},
        workspace.extensions,
        workspace.settings.anytime if inherited is None else inherited,
    )


def read_definition(workspace: Workspace, path: Path) -> Definition:
    """The definition in the file `path`. Raises `ProblemsFound`, with all of them, when it has errors."""
    templates = workspace.folder.templates()
    file = workflow_file(path, templates)
    loaded = load(workspace, file, templates)
    if loaded.definition is None:
        raise ProblemsFound(render_all(loaded.problems, {str(path): file.text}))
    return loaded.definition


def is_made_from(text: str) -> bool:
    """Whether a workflow file says that it is made from a packaged workflow."""
    return _FROM.search(text) is not None


def packaged(workspace: Workspace, templates: Mapping[str, str]) -> dict[str, Definition]:
    """The workflows that others can be made from: the standard ones, as `std/<name>`."""
    channels = frozenset(workspace.host.effects.channels)
    texts = {path.stem: path.read_text(encoding="utf-8") for path in workflows_in(resources.workflows())}
    loaded = {
        f"std/{name}": load_workflow(
            text, name, TemplateTexts(templates), workspace.kinds, channels, extensions=workspace.extensions
        )
        for name, text in texts.items()
    }
    return {name: each.definition for name, each in loaded.items() if each.definition is not None}


def hash_of(definition: Definition) -> str:
    """The hash that a definition is pinned by."""
    return sha256(essence(definition)).hexdigest()


def _read_settings(workspace: Workspace, text: str) -> Settings | None:
    settings, problems = load_settings(
        text, str(workspace.folder.settings), workspace.kinds, workspace.extensions
    )
    if settings is None:
        _warn(workspace, workspace.folder.settings, len(problems))
    return settings


def _record_workflow(workspace: Workspace, turn: Turn, file: WorkflowFile, loaded: Loaded) -> None:
    if loaded.definition is None:
        _warn(workspace, file.path, len(loaded.problems))
        return
    name, hash = loaded.definition.name, hash_of(loaded.definition)
    known = turn.rows.get(WorkflowRow, name)
    if known is not None and not known.retired and (known.hash, known.digest) == (hash, file.digest):
        return  # The settings have changed, and with them nothing that it inherits.
    text = encode(loaded.definition).decode()
    turn.record(
        WorkflowDefined(workflow=name, hash=hash, digest=file.digest, definition=text),
        by="user",
    )


def _warn(workspace: Workspace, path: Path, problems: int) -> None:
    plural = "a problem" if problems == 1 else f"{problems} problems"
    workspace.warn(f"{path} has {plural}: the last good version stays in force. See `refflow check`.")
