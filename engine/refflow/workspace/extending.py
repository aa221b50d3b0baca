"""What the plugins add to an open workspace, each held apart so that one that fails costs only itself."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Sequence
from importlib.resources import files
from inspect import signature
from pathlib import Path
from typing import Any

import msgspec

from refflow.errors import RefflowError
from refflow.events import kinds_with
from refflow.events.kinds import EventKind, Kinds, Upcaster
from refflow.plugins.factories import resolve
from refflow.plugins.registry import Contribution, EffectRegistry, PureRegistry
from refflow.plugins.specs import ActionSpec, ConditionSpec, FilterSpec, FunctionSpec, ProjectionSpec
from refflow.views.projection import Projection
from refflow.workflows.expressions import BOOL, Type
from refflow.workflows.expressions.functions import Function
from refflow.workflows.expressions.records import type_of
from refflow.workflows.extensions import Action, Extensions

from .folder import Brought


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something of a plugin that cannot be used, found when the workspace was opened."""

    plugin: str
    distribution: str
    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what} of {self.distribution}: {self.reason}"


class Unfit(RefflowError):
    """What a plugin declares does not fit."""


def kinds_of(pure: PureRegistry) -> Kinds:
    """The core kinds of events and those of plugins."""
    types = [each.spec for each in pure.event_types.values()]
    upcasters = [each.spec for each in pure.upcasters.values()]
    return kinds_with(
        [
            EventKind(
                name=spec.name,
                payload=spec.payload,
                version=spec.version,
                personal=spec.personal,
                foreign=True,
            )
            for spec in types
        ],
        [Upcaster(kind=spec.name, from_version=spec.from_version, upcast=spec.upcast) for spec in upcasters],
    )


def projections_of(pure: PureRegistry, core: Sequence[Projection]) -> tuple[list[Projection], list[Trouble]]:
    """The projections of plugins, and those that cannot be used. None may take a table or a name of `core`."""
    taken = {row.table for each in core for row in each.tables} | {"view", "view_stalled", "event"}
    names = {each.name for each in core}
    found, troubles = [], []
    for contribution in pure.projections.values():
        try:
            projection = _projection(contribution, names, taken)
        except Exception as error:
            troubles.append(_trouble(contribution, f"view {contribution.spec.name}", error))
            continue
        taken |= {row.table for row in projection.tables}
        found.append(projection)
    return found, troubles


def extensions_of(pure: PureRegistry) -> tuple[Extensions, list[Trouble]]:
    """The functions, filters and actions of plugins for workflows, and those that cannot be used."""
    troubles: list[Trouble] = []
    functions: dict[str, Function] = {}
    made: Iterable[tuple[Contribution[Any], Callable[[Any], Function]]] = (
        *((each, _function) for each in pure.functions.values()),
        *((each, _condition) for each in pure.conditions.values()),
    )
    for contribution, make in made:
        try:
            functions[contribution.spec.name] = make(contribution)
        except Exception as error:
            troubles.append(_trouble(contribution, f"function {contribution.spec.name}", error))
    actions = [_action(each) for each in pure.actions.values()]
    return (
        Extensions(
            functions=functions,
            filters=tuple((each.spec.name, _filter(each)) for each in pure.template_filters.values()),
            actions={action.name: action for action in actions},
        ),
        troubles,
    )


def brought_by(effects: EffectRegistry) -> tuple[list[Brought], list[Trouble]]:
    """The folders of workflows of enabled plugins, and those that are not there."""
    found, troubles = [], []
    for contribution in effects.workflows.values():
        if contribution.enabled:
            spec = contribution.spec
            try:
                folder = Path(str(files(spec.package).joinpath(spec.folder)))
                if not folder.is_dir():
                    raise Unfit(f"there is no folder {folder}")
            except Exception as error:
                troubles.append(_trouble(contribution, f"workflows {spec.name}", error))
                continue
            found.append(Brought(prefix=contribution.plugin, folder=folder))
    return found, troubles


def _trouble(contribution: Contribution[Any], what: str, error: Exception) -> Trouble:
    return Trouble(
        plugin=contribution.plugin,
        distribution=f"{contribution.distribution} {contribution.version}".strip(),
        what=what,
        reason=str(error) if isinstance(error, RefflowError) else f"{type(error).__name__}: {error}",
    )


def _projection(contribution: Contribution[ProjectionSpec], names: set[str], taken: set[str]) -> Projection:
    spec = contribution.spec
    made = resolve(spec.factory)
    if not isinstance(made, Projection):
        raise Unfit(f"{spec.factory} is a {type(made).__name__}, not a Projection")
    if (made.name, made.version, frozenset(made.handlers)) != (spec.name, spec.version, spec.handles):
        raise Unfit(f"{spec.factory} has another name, version or set of handled events than was declared")
    if spec.name in names:
        raise Unfit(f"{spec.name} is a view of refflow's own")
    for row in made.tables:
        if row.table in taken:
            raise Unfit(f"the table {row.table} belongs to another view")
    return msgspec.structs.replace(made, foreign=True)


def _function(contribution: Contribution[FunctionSpec]) -> Function:
    spec = contribution.spec
    hints = typing.get_type_hints(spec.call)
    parameters = tuple(
        _type(hints.get(parameter.name), f"its parameter {parameter.name}")
        for parameter in signature(spec.call).parameters.values()
    )
    returns = _type(spec.returns, "what it returns")

    def call(*args: Any) -> Any:
        return msgspec.convert(_run(spec.name, spec.call, *args), spec.returns)

    return Function(spec.name, parameters, returns, call)


def _condition(contribution: Contribution[ConditionSpec]) -> Function:
    spec = contribution.spec
    fields = msgspec.structs.fields(spec.params)
    parameters = tuple(_type(field.type, f"its parameter {field.name}") for field in fields)
    names = [field.name for field in fields]

    def call(*args: Any, facts: Callable[[], Any]) -> bool:
        given = spec.params(**dict(zip(names, args, strict=True)))
        return _run(spec.name, spec.test, given, facts()) is True

    return Function(spec.name, parameters, BOOL, call, needs=("facts",))


def _filter(contribution: Contribution[FilterSpec]) -> Callable[..., str]:
    spec = contribution.spec

    def call(value: Any, *args: Any, **named: Any) -> str:
        return str(_run(spec.name, spec.call, value, *args, **named))

    return call


def _action(contribution: Contribution[ActionSpec]) -> Action:
    spec = contribution.spec
    name = f"{contribution.plugin}.{spec.name}"

    def plan(params: Any, facts: Any) -> list[Any]:
        return list(_run(name, lambda: tuple(spec.plan(params, facts))))

    return Action(name=name, params=spec.params, plan=plan, prefix=f"{contribution.plugin}.")


def _run(name: str, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    try:
        return call(*args, **named)
    except Exception as error:
        raise RefflowError(f"`{name}` of a plugin failed: {type(error).__name__}: {error}") from error


def _type(annotation: Any, what: str) -> Type:
    found = None if annotation is None else type_of(annotation)
    if found is None:
        raise Unfit(f"{what} is of a type that expressions do not know")
    return found
