"""Rows as they would be, had another definition been in force."""

from __future__ import annotations

from typing import Any

from refflow.views.rows import Copies, R, Rows
from refflow.views.runs.run import Run
from refflow.workflows.language.definition import Definition, Send, Task, Wait


class AsIf(Copies):
    """Rows of which the runs that are followed have the definition."""

    def __init__(self, rows: Rows, definition: Definition, hash: str, followed: set[str]) -> None:
        super().__init__(rows)
        self._hash = hash
        self._followed = followed
        self._parked = {
            step.step: at for at, step in enumerate(definition.program) if isinstance(step, Send | Wait | Task)
        }

    def get(self, row: type[R], key: str) -> R | None:
        """The row with that key."""
        found = super().get(row, key)
        if isinstance(found, Run):
            self._follow(found)
        return found

    def find(self, row: type[R], **equal: Any) -> list[R]:
        """The rows whose fields have these values, by key."""
        found = super().find(row, **equal)
        for each in found:
            if isinstance(each, Run):
                self._follow(each)
        return found

    def _follow(self, run: Run) -> None:
        if run.id in self._followed and run.step in self._parked:
            run.hash, run.at = self._hash, self._parked[run.step]
