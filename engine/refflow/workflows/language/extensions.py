"""What plugins add to the language of workflows: functions, filters for templates, and actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ..expressions.functions import Function
from .facts import Facts

Filters = tuple[tuple[str, Callable[..., str]], ...]


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What a step `use: <name>` does: `plan(values, facts)` gives the payloads of the events that it records, for
    values of the fields of `params`. It is pure: what is to happen outside follows from these events.

    `prefix` is how the kinds of these events begin: nobody records events of another.
    """

    name: str
    params: type[msgspec.Struct]
    plan: Callable[[Mapping[str, Any], Facts], Sequence[Any]]
    prefix: str


class Extensions(msgspec.Struct, frozen=True, kw_only=True):
    """All that the plugins of a workspace add. What fails in it raises `RefflowError`."""

    functions: Mapping[str, Function] = {}
    filters: Filters = ()
    actions: Mapping[str, Action] = {}


NONE = Extensions()
