"""What is wrong with the settings and the workflows of a workspace, and what the workflows promise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from refflow.errors import UsageError
from refflow.views.rows import Rows
from refflow.views.runs.definitions import Workflow
from refflow.views.runs.run import Run
from refflow.workflows.language.definition import AnyInstruction, Definition, hash_of
from refflow.workflows.language.instances import outdated as newer
from refflow.workflows.language.problems import Problem, in_order
from refflow.workflows.language.settings_file import load_settings
from refflow.workflows.language.templates import TemplateTexts
from refflow.workflows.language.yaml_source import read_yaml
from refflow.workflows.proofs.checked import Checked, check_workflows
from refflow.workflows.proofs.written import Written

from .definitions import is_made_from, packaged
from .folder import TESTS, workflow_file, workflows_in
from .orphans import orphans
from .workspace import Workspace


class Outdated(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that was made from `origin`; its `from` would have to say `now`, None when that is gone."""

    workflow: str
    origin: str
    now: str | None


def outdated(workspace: Workspace) -> list[Outdated]:
    """The workflows in force that were made from packaged ones which have changed since, or gone."""
    packages = packaged(workspace, workspace.folder.templates(workspace.brought()))
    found = []
    for row in workspace.views.find(Workflow, retired=False):
        definition = workspace.library.definition(Rows(workspace.views), row.hash).definition
        now = newer(definition, packages)
        if now is not None:
            found.append(Outdated(workflow=row.name, origin=definition.origin, now=now or None))
    return found


def check(workspace: Workspace, paths: Sequence[Path] = ()) -> Checked:
    """Every problem of the workflow files `paths` (of a folder, those in it), or of the settings and all workflows,
    and what the workflows promise. Raises `RefflowError` for a file that cannot be read, and `UsageError` for one that
    has no workflow.

    While the settings have errors, the promises are those under the settings in force.
    """
    brought = workspace.brought()
    templates = workspace.folder.templates(brought)
    text, file = workspace.folder.settings_text(), str(workspace.folder.settings)
    files = [workflow_file(path, templates) for path in _workflows_of(workspace, paths)]
    if not paths:
        own = workspace.folder.own_workflows(templates)
        others = [each for each in workspace.folder.workflows(templates, brought) if each not in own]
        files = [*others, *own]
    settings, problems = load_settings(text, file, workspace.kinds, workspace.extensions)
    found = check_workflows(
        {str(each.path): each.text for each in files},
        TemplateTexts(templates),
        settings or workspace.settings,
        workspace.kinds,
        sorted(workspace.host.effects.channels),
        packaged(workspace, templates) if any(is_made_from(each.text) for each in files) else {},
        workspace.extensions,
    )
    pinned = [each for name in found.definitions for each in _pinned(workspace, found, name)]
    whole = () if paths else (*problems, *_orphaned(workspace, found))
    return msgspec.structs.replace(
        found,
        problems=in_order((*whole, *found.problems, *pinned)),
        texts=found.texts if paths else {file: text, **found.texts},
    )


def _workflows_of(workspace: Workspace, paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.name.endswith(TESTS):
            raise UsageError(f"{path} has tests. Run them: `refflow workflow test {path}`.")
        if path.absolute() == workspace.folder.settings.absolute():
            raise UsageError(f"{path} has the settings. `refflow check` alone checks them, and all workflows.")
        inside = workflows_in(path) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"There is no workflow in {path}. `refflow check` alone checks those in force.")
        found += inside
    return found


def _orphaned(workspace: Workspace, found: Checked) -> Iterator[Problem]:
    """W331: live runs of workflows whose files are gone. While a file has errors, nobody knows which it is."""
    named = {each.name for each in found.definitions.values()}
    readable = len(found.definitions) == len(found.texts)
    gone = {row.name for row in workspace.views.find(Workflow) if row.name not in named} if readable else ()
    for each in orphans(workspace, gone):
        if each.workflow not in named:
            yield each.problem(workspace.folder)


def _pinned(workspace: Workspace, found: Checked, file: str) -> Iterator[Problem]:
    """I330: live runs that began with another version of the workflow in `file`, and keep to it."""
    definition = found.definitions[file]
    live = [run for run in workspace.views.find(Run, workflow=definition.name) if run.status != "exited"]
    if not live:
        return
    hash = hash_of(definition)
    runs = [run for run in live if run.hash != hash]
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
