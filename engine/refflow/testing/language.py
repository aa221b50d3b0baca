"""What every function, condition, filter and action that a plugin adds to workflows must do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ..plugins.registry import Contribution, PureRegistry
from ..plugins.specs import ActionSpec, ConditionSpec, EventTypeSpec, FilterSpec, FunctionSpec
from ..workflows.language.facts import Facts
from ..workspace.language import extensions_of
from ..workspace.purity import watch


def purely(call: Callable[..., Any], *args: Any) -> Any:
    """What `call` gives, which must be the same twice and come about without anything impure."""
    with watch() as impure:
        first, second = call(*args), call(*args)
    assert not impure, [str(each) for each in impure]
    assert first == second, "called again with the same, it gives something else"
    return first


class FunctionContract:
    """Subclass it as `TestMyFunction` and supply `spec` and `cases`."""

    def spec(self) -> FunctionSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def cases(self) -> Sequence[tuple[tuple[Any, ...], Any]]:
        """Arguments, and what the function gives for them: the examples of its documentation."""
        raise NotImplementedError

    def test_workflows_can_call_it(self) -> None:
        spec = self.spec()
        extensions, troubles = extensions_of(PureRegistry(functions={spec.name: _contribution(spec)}))
        assert not troubles, [str(each) for each in troubles]
        assert spec.name in extensions.functions

    def test_it_gives_what_is_documented(self) -> None:
        assert self.cases(), "a function needs an example"
        for arguments, wanted in self.cases():
            given = purely(self.spec().call, *arguments)
            assert given == wanted, f"{self.spec().name}{arguments} is {given!r}"
            msgspec.convert(given, self.spec().returns)


class ConditionContract:
    """Subclass it as `TestMyCondition` and supply `spec` and `cases`."""

    def spec(self) -> ConditionSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def cases(self) -> Sequence[tuple[msgspec.Struct, Facts, bool]]:
        """Parameters, facts, and whether it holds."""
        raise NotImplementedError

    def test_workflows_can_ask_it(self) -> None:
        spec = self.spec()
        extensions, troubles = extensions_of(PureRegistry(conditions={spec.name: _contribution(spec)}))
        assert not troubles, [str(each) for each in troubles]
        assert spec.name in extensions.functions

    def test_it_holds_where_it_is_documented_to(self) -> None:
        assert self.cases(), "a condition needs an example"
        for params, facts, wanted in self.cases():
            given = purely(self.spec().test, params, facts)
            assert given is wanted, f"{self.spec().name} of {params} is {given!r}"


class FilterContract:
    """Subclass it as `TestMyFilter` and supply `spec` and `cases`."""

    def spec(self) -> FilterSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def cases(self) -> Sequence[tuple[tuple[Any, ...], str]]:
        """Arguments, and the text for them."""
        raise NotImplementedError

    def test_it_gives_what_is_documented(self) -> None:
        assert self.cases(), "a filter needs an example"
        for arguments, wanted in self.cases():
            given = purely(self.spec().call, *arguments)
            assert isinstance(given, str)
            assert given == wanted


class ActionContract:
    """Subclass it as `TestMyAction` and supply `spec`, `events` and `cases`."""

    def spec(self) -> ActionSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def events(self) -> Sequence[EventTypeSpec]:
        """The event types that the plugin declares."""
        raise NotImplementedError

    def cases(self) -> Sequence[tuple[msgspec.Struct, Facts]]:
        """Parameters and facts that it is planned for."""
        raise NotImplementedError

    def test_a_plan_is_pure_and_records_only_its_own_events(self) -> None:
        own = {each.payload for each in self.events()}
        assert self.cases(), "an action needs an example"
        for params, facts in self.cases():
            planned = list(purely(self.spec().plan, params, facts))
            assert planned, "an action that records nothing leaves no trace of the step"
            assert {type(payload) for payload in planned} <= own


def _contribution(spec: Any) -> Contribution[Any]:
    return Contribution(spec=spec, plugin="mine", distribution="mine", version="0")
