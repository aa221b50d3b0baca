"""The picture of a workflow with its live runs, and how long runs took from step to step."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from refflow.views.runs.run import Run
from refflow.workflows.language.definition import Definition
from refflow.workflows.stories.graph import as_mermaid, as_text, graph_of

from .passages import stays
from .workspace import Workspace

Format = Literal["mermaid", "text"]


def draw(workspace: Workspace, definition: Definition, form: Format = "text") -> str:
    """The graph of `definition`, as Mermaid or as text, with how many live runs of the workflow are at each step,
    and on each way how long runs were at the step before they took it.
    """
    rows = workspace.views.query(Run, "workflow = ? AND status != 'exited'", (definition.name,))
    live = Counter(run.step for run in rows)
    graph = graph_of(definition)
    times = stays(workspace, definition.name)
    return as_mermaid(graph, live, times) if form == "mermaid" else as_text(graph, live, times)
