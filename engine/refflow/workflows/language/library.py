"""The definitions that runs follow, ready to be interpreted. Keeps what it compiled; holds no state of a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec

from refflow.errors import NotFound, RefflowError
from refflow.events.kinds import Kinds
from refflow.views.rows import Rows
from refflow.views.runs.definitions import Defined, Workflow
from refflow.views.runs.settings import Settings as SettingsRow

from ..expressions import Expression, ExpressionErrors, compile_expression
from .definition import Definition, Source, Trigger, Wait, decode
from .extensions import NONE, Extensions
from .settings import Settings, settings_from
from .vocabulary import MANUAL, scope_for


class DefinitionMissing(RefflowError):
    """The definition a run follows is not in the log."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A definition with its hash."""

    hash: str
    definition: Definition

    @cached_property
    def by(self) -> str:
        """How its decisions are signed."""
        return f"workflow:{self.definition.name}@{self.hash[:12]}"


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """The definitions that new runs follow, and their `triggers` by the kind of event that sets them off."""

    current: tuple[Accepted, ...]
    triggers: Mapping[str, tuple[tuple[Accepted, Trigger], ...]]

    def named(self, workflow: str) -> Accepted | None:
        """The definition that new runs of a workflow follow."""
        return next((each for each in self.current if each.definition.name == workflow), None)


class Library:
    """Compiled definitions and expressions, by what they were compiled from."""

    def __init__(self, kinds: Kinds, extensions: Extensions = NONE) -> None:
        self.kinds = kinds
        self.extensions = extensions
        self._definitions: dict[str, Accepted] = {}
        self._in_force = _in_force(())
        self._heard: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        self._settings: tuple[dict[str, Any], Settings] = ({}, Settings())
        self._expressions: dict[tuple[str, Source], Expression] = {}

    def definition(self, rows: Rows, hash: str) -> Accepted:
        """The definition with that hash."""
        accepted = self._definitions.get(hash)
        if accepted is None:
            row = rows.get(Defined, hash)
            if row is None:
                raise DefinitionMissing(f"The log has no workflow definition {hash[:12]}.")
            accepted = self._definitions[hash] = Accepted(hash=hash, definition=decode(row.definition))
        return accepted

    def named(self, rows: Rows, workflow: str) -> Accepted:
        """The definition that new runs of a workflow follow. Raises `NotFound` when there is none."""
        row = rows.get(Workflow, workflow)
        if row is None or row.retired:
            known = ", ".join(each.name for each in rows.find(Workflow, retired=False))
            raise NotFound(f"There is no workflow `{workflow}`. The workflows are: {known}.")
        return self.definition(rows, row.hash)

    def current(self, rows: Rows) -> list[Accepted]:
        """The definitions that new runs follow, by name."""
        return [self.definition(rows, workflow.hash) for workflow in rows.find(Workflow, retired=False)]

    def in_force(self, rows: Rows) -> InForce:
        """The same with their triggers."""
        current = tuple(self.current(rows))
        if current != self._in_force.current:
            self._in_force = _in_force(current)
        return self._in_force

    def heard(self, rows: Rows) -> frozenset[str]:
        """The kinds of events that some run, of any definition, may act on."""
        hashes = frozenset(row.hash for row in rows.find(Defined))
        if hashes != self._heard[0]:
            kinds = frozenset(
                kind for each in hashes for kind in heard_by(self.definition(rows, each).definition)
            )
            self._heard = (hashes, kinds)
        return self._heard[1]

    def settings(self, row: SettingsRow | None) -> Settings:
        """The settings in a row, or the defaults. A row is never changed in place: the last one is still right."""
        if row is None:
            return Settings()
        if row.settings is not self._settings[0] and row.settings != self._settings[0]:
            self._settings = (row.settings, settings_from(row.settings))
        return self._settings[1]

    def evaluate(self, accepted: Accepted, source: Source, env: Mapping[str, Any]) -> Any:
        """The value of an expression of a definition."""
        return self.expression(accepted, source).evaluate(env)

    def explain(self, accepted: Accepted, source: Source, env: Mapping[str, Any]) -> dict[str, Any]:
        """The value of an expression and of its terms, by how they are written."""
        return {text: _shown(value) for text, value in self.expression(accepted, source).explain(env)}

    def expression(self, accepted: Accepted, source: Source) -> Expression:
        """The compiled expression at `source`."""
        definition = accepted.definition
        key = (accepted.hash, source)
        found = self._expressions.get(key)
        if found is None:
            scope = scope_for(
                source.events,
                definition.params,
                self.kinds,
                definition.subject,
                True,
                definition.key,
                definition.vars,
                self.extensions,
            )
            try:
                found = self._expressions[key] = compile_expression(source.text, scope)
            except ExpressionErrors as errors:
                raise RefflowError(
                    f"{definition.name}, line {source.line}: `{source.text}` can no longer be read ({errors})."
                ) from errors
        return found


def _in_force(current: tuple[Accepted, ...]) -> InForce:
    triggers: dict[str, tuple[tuple[Accepted, Trigger], ...]] = {}
    for accepted in current:
        for trigger in accepted.definition.triggers:
            if trigger.every is None:
                kind = trigger.event or MANUAL
                triggers[kind] = (*triggers.get(kind, ()), (accepted, trigger))
    return InForce(current=current, triggers=triggers)


def heard_by(definition: Definition) -> set[str]:
    """The kinds of events that a run of it may act on."""
    awaited = {kind for step in definition.program if isinstance(step, Wait) for kind in step.events}
    return awaited | {interrupt.event for interrupt in definition.anytime}


def _shown(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)
