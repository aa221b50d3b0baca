"""What the plugins add to the language of workflows. Imported when something is decided."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from typing import Any, cast

import msgspec

from refflow.errors import RefflowError
from refflow.plugins.registry import Contribution, PureRegistry
from refflow.plugins.specs import ActionSpec, ConditionSpec, FilterSpec, FunctionSpec
from refflow.workflows.expressions import BOOL, Type
from refflow.workflows.expressions.functions import Function
from refflow.workflows.expressions.records import type_of
from refflow.workflows.language.extensions import Action, Extensions
from refflow.workflows.language.facts import Facts

from .extending import Trouble, Unfit, trouble_of


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
            troubles.append(trouble_of(contribution, f"function {contribution.spec.name}", error))
    actions = [_action(each) for each in pure.actions.values()]
    return (
        Extensions(
            functions=functions,
            filters=tuple((each.spec.name, _filter(each)) for each in pure.template_filters.values()),
            actions={action.name: action for action in actions},
        ),
        troubles,
    )


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
        given = dict(zip(names, args, strict=True))
        return _run(spec.name, lambda: spec.test(spec.params(**given), facts())) is True

    return Function(spec.name, parameters, BOOL, call, needs=("facts",))


def _filter(contribution: Contribution[FilterSpec]) -> Callable[..., str]:
    spec = contribution.spec

    def call(value: Any, *args: Any, **named: Any) -> str:
        return str(_run(spec.name, spec.call, value, *args, **named))

    return call


def _action(contribution: Contribution[ActionSpec]) -> Action:
    spec = contribution.spec
    name = f"{contribution.plugin}.{spec.name}"

    def plan(values: Mapping[str, Any], facts: Facts) -> Sequence[Any]:
        planned = _run(
            name, lambda: tuple(spec.plan(msgspec.convert(values, spec.params, strict=False), facts))
        )
        return cast("tuple[Any, ...]", planned)

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
