"""Rows as they would be, had another definition been in force."""

from __future__ import annotations

from typing import Any

from refflow.views.rows import Copies, R, Rows
from refflow.views.runs.definitions import Defined, Workflow
from refflow.views.runs.run import Run
from refflow.workflows.language.definition import Definition, Send, Task, Wait, encode


class AsIf(Copies):
    """Rows as if the definition had always been in force: new runs take it, and the runs that are followed have it."""

    def __init__(self, rows: Rows, definition: Definition, hash: str, followed: set[str]) -> None:
        super().__init__(rows)
        self._name = definition.name
        self._hash = hash
        self._followed = followed
        self._workflow = Workflow(name=definition.name, hash=hash, digest="")
        self._defined = Defined(hash=hash, workflow=definition.name, definition=encode(definition).decode())
        self._parked = {
            step.step: at for at, step in enumerate(definition.program) if isinstance(step, Send | Wait | Task)
        }

    def get(self, row: type[R], key: str) -> R | None:
        """The row with that key."""
        own: Any = {(Workflow, self._name): self._workflow, (Defined, self._hash): self._defined}.get(
            (row, key)
        )
        return own if own is not None else self._as_if(super().get(row, key))

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """The rows whose fields have these values, by key."""
        found = [self._as_if(each) for each in super().find(row, **equal)]
        own: Any = {Workflow: self._workflow, Defined: self._defined}.get(row)
        if own is None:
            return [each for each in found if each is not None]
        key = row.__struct_fields__[0]
        others = [each for each in found if each is not None and getattr(each, key) != getattr(own, key)]
        return [*others, own] if all(getattr(own, name) == wanted for name, wanted in equal.items()) else others

    def _as_if(self, found: R | None) -> R | None:
        if isinstance(found, Run) and found.id in self._followed and found.step in self._parked:
            found.hash, found.at = self._hash, self._parked[found.step]
        return found
