"""Settings and workflow definitions: reading, checking and recording them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from refflow.errors import ProblemsFound
from refflow.events.runs import SettingsChanged, WorkflowDefined, WorkflowRetired
from refflow.workflows.definition import Definition, encode, essence
from refflow.workflows.loader import Loaded, load_workflow
from refflow.workflows.problems import Problem, render_all
from refflow.workflows.settings import plain_fields
from refflow.workflows.settings_file import load_settings
from refflow.workflows.templates import TemplateTexts
from refflow.workflows.turn import Turn

from .folder import Changes, WorkflowFile, digest_of, workflow_file
from .workspace import Workspace


def record(workspace: Workspace, changes: Changes, now: datetime) -> None:
    """Record changed settings and workflows. A file with errors changes nothing: its last good version stays."""
    loaded = [(file, load(workspace, file, changes.templates)) for file in changes.files]

    def decide(turn: Turn) -> None:
        if changes.settings is not None:
            _record_settings(workspace, turn, changes.settings)
        for file, each in loaded:
            _record_workflow(workspace, turn, file, each)
        still_there = {each.definition.name for _, each in loaded if each.definition is not None}
        broken = any(each.definition is None for _, each in loaded)
        for name in changes.gone:
            # While a file is broken nobody knows which workflow it was: retire none.
            if name not in still_there and not broken:
                turn.record(WorkflowRetired(workflow=name), by="user")

    workspace.act(decide, now)
    workspace.reload_plugins()


def load(workspace: Workspace, file: WorkflowFile, templates: Mapping[str, str]) -> Loaded:
    """The workflow in `file`, compiled, with its problems."""
    channels = frozenset(workspace.host.effects.channels)
    return load_workflow(file.text, str(file.path), TemplateTexts(templates), workspace.kinds, channels)


def read_definition(workspace: Workspace, path: Path) -> Definition:
    """The definition in the file `path`. Raises `ProblemsFound`, with all of them, when it has errors."""
    templates = workspace.folder.templates()
    file = workflow_file(path, templates)
    loaded = load(workspace, file, templates)
    if loaded.definition is None:
        raise ProblemsFound(render_all(loaded.problems, {str(path): file.text}))
    return loaded.definition


def check(workspace: Workspace, paths: Sequence[Path] = ()) -> tuple[list[Problem], dict[str, str]]:
    """Every problem of the workflow files `paths`, or of the settings and all workflows; and the texts they
    are in, by file. Raises `RefflowError` for a file that cannot be read.
    """
    templates = workspace.folder.templates()
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    if not paths:
        settings = str(workspace.folder.settings)
        texts[settings] = workspace.folder.settings_text()
        problems += load_settings(texts[settings], settings)[1]
        problems += _namesakes(workspace.folder.own_workflows(templates))
    files = [workflow_file(path, templates) for path in paths] or workspace.folder.workflows(templates)
    for file in files:
        texts[str(file.path)] = file.text
        problems += load(workspace, file, templates).problems
    return problems, texts


def _namesakes(files: Sequence[WorkflowFile]) -> list[Problem]:
    """Workflows of the workspace with a name that another has, too: only the last of them is in force."""
    first: dict[str, WorkflowFile] = {}
    return [
        Problem(
            code="E008",
            message=f"`{first[file.name].path.name}` is called `{file.name}`, too",
            file=str(file.path),
            line=file.text[: max(0, file.text.find("workflow:"))].count("\n") + 1,
            column=1,
            help="give one of them another name",
        )
        for file in files
        if first.setdefault(file.name, file) is not file
    ]


def _record_settings(workspace: Workspace, turn: Turn, text: str) -> None:
    settings, problems = load_settings(text, str(workspace.folder.settings))
    if settings is None:
        _warn(workspace, workspace.folder.settings, len(problems))
        return
    turn.record(SettingsChanged(digest=digest_of(text), settings=plain_fields(settings)), by="user")


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
