"""Which definitions there are: in force, and those that live runs are pinned to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from refflow.errors import NotFound, UsageError
from refflow.views.rows import Rows
from refflow.views.runs.definitions import Defined, Workflow
from refflow.views.runs.run import Run
from refflow.workflows.language.definition import decode, hash_of
from refflow.workflows.language.library import Accepted

from .definitions import read_definition
from .folder import YAML
from .workspace import Workspace

SHORT = 12


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A definition with how many runs follow it: `live` ones and `stuck` ones. `current`: new runs take it."""

    workflow: str
    hash: str
    title: str
    current: bool
    live: int
    stuck: int
    ended: int


def versions(workspace: Workspace, *, every: bool = False) -> list[Version]:
    """The definitions in force or followed by a live run, by workflow, the one in force first; or all there were."""
    counts = Counter((run.hash, run.status) for run in workspace.views.find(Run))
    current = {row.hash for row in workspace.views.find(Workflow, retired=False)}
    found = [
        Version(
            workflow=row.workflow,
            hash=row.hash,
            title=decode(row.definition).title,
            current=row.hash in current,
            live=counts[row.hash, "live"],
            stuck=counts[row.hash, "stuck"],
            ended=counts[row.hash, "exited"],
        )
        for row in workspace.views.find(Defined)
    ]
    shown = [each for each in found if every or each.current or each.live or each.stuck]
    return sorted(shown, key=lambda each: (each.workflow, not each.current, each.hash))


def find_version(workspace: Workspace, text: str) -> Accepted:
    """The definition that `text` means: a workflow by its name, `name@hash` or the beginning of a hash for an
    earlier one, or a file. Raises `NotFound`, or `ProblemsFound` for a file with errors.
    """
    if text.endswith(YAML):
        definition = read_definition(workspace, Path(text))
        return Accepted(hash=hash_of(definition), definition=definition)
    rows = Rows(workspace.views)
    row = workspace.views.get(Workflow, text)
    if row is not None:
        return workspace.library.definition(rows, row.hash)
    name, at, begun = text.rpartition("@")
    known = [
        each
        for each in workspace.views.find(Defined)
        if len(begun) >= 4 and each.hash.startswith(begun) and (not at or each.workflow == name)
    ]
    if len(known) > 1:
        raise UsageError(f"`{text}` may be {', '.join(each.hash[:SHORT] for each in known)}. Give more of it.")
    if known:
        return workspace.library.definition(rows, known[0].hash)
    if at and (there := workspace.views.find(Defined, workflow=name)):
        raise NotFound(f"There is no version `{begun}` of {name}. There {_told(workspace, there)}.")
    names = ", ".join(each.name for each in workspace.views.find(Workflow, retired=False))
    raise NotFound(f"There is no workflow `{text}`. The workflows are: {names}. A file ends in .yaml.")


def _told(workspace: Workspace, defined: list[Defined]) -> str:
    current = {row.hash for row in workspace.views.find(Workflow, retired=False)}
    first = sorted(defined, key=lambda each: (each.hash not in current, each.hash))
    names = [
        f"{each.workflow}@{each.hash[:SHORT]}{' (in force)' if each.hash in current else ''}" for each in first
    ]
    return f"{'is' if len(names) == 1 else 'are'} {', '.join(names)}"


def schema(workspace: Workspace) -> dict[str, Any]:
    """The JSON Schema (draft-07) of workflow files here: with the events, channels and templates that are installed."""
    from refflow.workflows.language.schema import workflow_schema

    return workflow_schema(workspace.kinds, workspace.host.effects.channels, workspace.folder.templates())
