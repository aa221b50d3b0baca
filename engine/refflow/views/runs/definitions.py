"""Which workflows new runs may follow, and every definition that was in force."""

from __future__ import annotations

from typing import ClassVar

from refflow.events import runs as e
from refflow.events.event import StoredEvent

from ..projection import Handler, handles
from ..rows import Rows
from ..table import Row


class Workflow(Row, kw_only=True):
    """A workflow that new runs may follow, by the hash of its present definition."""

    table: ClassVar[str] = "workflow"

    name: str
    hash: str
    digest: str
    retired: bool = False


class Defined(Row, kw_only=True):
    """A definition that was in force at some time, as canonical JSON."""

    table: ClassVar[str] = "definition"

    hash: str
    workflow: str
    definition: str


HANDLERS: dict[str, Handler] = {}


@handles(HANDLERS, "workflow.defined")
def _defined(rows: Rows, event: StoredEvent, payload: e.WorkflowDefined) -> None:
    rows.put(payload.workflow, Workflow(name=payload.workflow, hash=payload.hash, digest=payload.digest))
    rows.put(
        payload.hash,
        Defined(hash=payload.hash, workflow=payload.workflow, definition=payload.definition),
    )


@handles(HANDLERS, "workflow.retired")
def _retired(rows: Rows, event: StoredEvent, payload: e.WorkflowRetired) -> None:
    workflow = rows.get(Workflow, payload.workflow)
    if workflow is not None:
        workflow.retired = True
        rows.put(workflow.name, workflow)
