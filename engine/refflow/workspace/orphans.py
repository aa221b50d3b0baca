"""Live runs of a workflow whose file is gone.

Nothing of a live run is in a file: its definition and the texts of its messages are in the log. So a file can be
taken away at any time; it only means that no new run starts. But whoever takes it away should know that some go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from refflow.views.runs.definitions import Workflow
from refflow.views.runs.run import Run
from refflow.workflows.language.problems import Problem

from .folder import Folder
from .workspace import Workspace

_MOST_NAMED = 5


class Orphans(msgspec.Struct, frozen=True, kw_only=True):
    """The live runs (ids) of a workflow that has no file."""

    workflow: str
    runs: tuple[str, ...]

    def __str__(self) -> str:
        goes_on = "1 live run goes on" if len(self.runs) == 1 else f"{len(self.runs)} live runs go on"
        return f"`{self.workflow}` has no file: no new run starts, and {goes_on} by the version in the log"

    @property
    def help(self) -> str:
        """What to do about them."""
        more = ", ..." if len(self.runs) > _MOST_NAMED else ""
        named = ", ".join(self.runs[:_MOST_NAMED])
        return f"put the file back, let them finish, or end each with `refflow skip`: {named}{more}"

    def problem(self, folder: Folder) -> Problem:
        """W331, where the file would be."""
        file = folder.path / "workflows" / f"{self.workflow}.yaml"
        return Problem(code="W331", message=str(self), file=str(file), line=1, column=1, help=self.help)


def orphans(workspace: Workspace, gone: Collection[str]) -> Iterator[Orphans]:
    """The live runs of each workflow that is retired, or whose name is among `gone`."""
    for row in workspace.views.find(Workflow):
        if row.retired or row.name in gone:
            found = [run.id for run in workspace.views.find(Run, workflow=row.name) if run.status != "exited"]
            if found:
                runs = sorted(found, key=lambda id: int(id[1:]))
                yield Orphans(workflow=row.name, runs=tuple(runs))
