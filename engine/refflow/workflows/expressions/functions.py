"""The functions an expression can call, and the names it can see."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from .types import ANY, BOOL, INSTANT, NUMBER, TEXT, List, Type


class Function(msgspec.Struct, frozen=True):
    """A pure and total function. `call` receives the arguments in order, and by keyword what `needs` names
    in the environment, such as `now`.
    """

    name: str
    parameters: tuple[Type, ...]
    returns: Type
    call: Callable[..., Any]
    needs: tuple[str, ...] = ()


class Scope(msgspec.Struct, frozen=True):
    """What an expression may use: names with their types, and functions beside the built-in ones. A template
    may also use `filters` beside those of Jinja2.
    """

    names: Mapping[str, Type]
    functions: Mapping[str, Function] = {}
    filters: tuple[tuple[str, Callable[..., str]], ...] = ()

    def function(self, name: str) -> Function | None:
        """The function called `name`."""
        return self.functions.get(name) or BUILT_IN.get(name)

    def function_names(self) -> list[str]:
        """Every function that can be called, `has` included."""
        return sorted({*self.functions, *BUILT_IN, "has"})


def days_since(instant: datetime, *, now: datetime) -> int:
    """Whole days of 24 hours from `instant` to `now`, negative when it is still to come."""
    return (now - instant) // timedelta(days=1)


def any_of(some: Collection[Any], others: Collection[Any]) -> bool:
    """Whether the two have anything in common."""
    return any(each in others for each in some)


BUILT_IN: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("size", (List(ANY),), NUMBER, len),
        Function("any_of", (List(ANY), List(ANY)), BOOL, any_of),
        Function("days_since", (INSTANT,), NUMBER, days_since, needs=("now",)),
        Function("lower", (TEXT,), TEXT, str.lower),
    )
}
