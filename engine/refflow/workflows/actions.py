"""Actions: steps that plugins add to the language, as `use: <plugin>.<action>`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from refflow.errors import RefflowError

Plan = Callable[[Any, Mapping[str, Any]], Sequence[msgspec.Struct]]


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """A step with the values of `params`. `plan` is pure: from them, and the names that expressions know, it makes
    the payloads of the events that the step records. What is to happen outside follows from those.
    """

    params: type[msgspec.Struct]
    plan: Plan


Actions = Mapping[str, Action]


def planned(name: str, action: Action, values: Mapping[str, Any], env: Mapping[str, Any]) -> Sequence[Any]:
    """What a step records. Raises `RefflowError` for values that the action does not take, and when it fails."""
    try:
        return tuple(action.plan(msgspec.convert(values, action.params, strict=False), env))
    except RefflowError:
        raise
    except Exception as error:  # It is the plugin's, and must not take the engine with it.
        raise RefflowError(f"`use: {name}` failed: {type(error).__name__}: {error}") from error
