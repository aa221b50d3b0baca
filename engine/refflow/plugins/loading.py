"""Loading one plugin: what it declares, checked, or every reason why it cannot be used.

A plugin is taken whole or not at all: half of one, its events without their upcasters, say, would do more
harm than none.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pluggy

from ..errors import RefflowError
from ..spelling import did_you_mean
from . import hookspecs
from .marks import PROJECT
from .origin import Origin
from .specs import (
    ActionSpec,
    ChannelSpec,
    CommandSpec,
    ConditionSpec,
    EventTypeSpec,
    FilterSpec,
    FunctionSpec,
    HealthCheckSpec,
    ImporterSpec,
    ProjectionSpec,
    ReactorSpec,
    ReminderSinkSpec,
    Spec,
    UpcasterSpec,
    ViewSpec,
    WorkflowSourceSpec,
)


class PluginFailed(RefflowError):
    """A plugin cannot be used. `refflow doctor` says more."""


class Kind(NamedTuple):
    """A type of declaration: the `word` for it in messages and in `prefer`, and what its hook yields."""

    word: str
    spec: type[Spec]


KINDS = {
    "event_types": Kind("event", EventTypeSpec),
    "upcasters": Kind("upcaster", UpcasterSpec),
    "projections": Kind("projection", ProjectionSpec),
    "functions": Kind("function", FunctionSpec),
    "conditions": Kind("condition", ConditionSpec),
    "actions": Kind("action", ActionSpec),
    "workflows": Kind("workflows", WorkflowSourceSpec),
    "template_filters": Kind("filter", FilterSpec),
    "channels": Kind("channel", ChannelSpec),
    "importers": Kind("importer", ImporterSpec),
    "reminders": Kind("reminder", ReminderSinkSpec),
    "reactors": Kind("reactor", ReactorSpec),
    "web_views": Kind("page", ViewSpec),
    "commands": Kind("command", CommandSpec),
    "health_checks": Kind("check", HealthCheckSpec),
}
"""By registry attribute; the hook is `refflow_<attribute>`."""

_HOOKS = frozenset(name for name in dir(hookspecs) if name.startswith("refflow_"))
_SEGMENT = "[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*"
_EVENT_NAME = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT})+")
_FUNCTION_NAME = re.compile("[a-z][a-z0-9_]*")
_NAME = re.compile("[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """One declaration of a plugin: `attribute` is the registry's."""

    attribute: str
    spec: Spec

    @property
    def key(self) -> str | tuple[str, int]:
        """Its key in the registry."""
        spec = self.spec
        return (spec.name, spec.from_version) if isinstance(spec, UpcasterSpec) else spec.name

    @property
    def claim(self) -> str:
        """The label it stands or falls with: an upcaster's is its event type, a condition's a function's."""
        match self.spec:
            case UpcasterSpec(name=name):
                return f"event:{name}"
            case ConditionSpec(name=name):
                return f"function:{name}"  # an expression calls both alike
            case _:
                return self.label

    @property
    def label(self) -> str:
        """What people call it: `channel:sms`."""
        version = f"@{self.spec.from_version}" if isinstance(self.spec, UpcasterSpec) else ""
        return f"{KINDS[self.attribute].word}:{self.spec.name}{version}"


class Collected(NamedTuple):
    """What one hook of a plugin yielded, and how long that took."""

    hook: str
    declared: tuple[Declared, ...]
    ms: float


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows the hooks and no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def register(manager: pluggy.PluginManager, origin: Origin, plugin: object) -> tuple[Collected, ...]:
    """Register `plugin` and collect what it declares. Raises `PluginFailed`, which names every problem found;
    the plugin is then not registered."""
    _refuse(_misfits(manager, plugin))
    try:
        manager.register(plugin, name=origin.plugin)
        collected = tuple(_collected(manager, plugin))
        _refuse(_faults(origin, tuple(each for found in collected for each in found.declared)))
    except Exception:
        # pluggy before 1.7 keeps what it refused.
        if manager.has_plugin(origin.plugin):
            manager.unregister(name=origin.plugin)
        raise
    return collected


def _refuse(problems: Iterable[str]) -> None:
    if found := list(dict.fromkeys(problems)):
        raise PluginFailed("; ".join(found))


def _misfits(manager: pluggy.PluginManager, plugin: object) -> Iterator[str]:
    for name in _routines(plugin):
        options = manager.parse_hookimpl_opts(plugin, name)
        if options is None:
            if name in _HOOKS and inspect.isroutine(getattr(plugin, name)):
                yield f"{name} is not marked with @hookimpl"
            continue
        hook = options.get("specname") or name
        if hook not in _HOOKS:
            if not options.get("optionalhook"):
                yield f"unknown hook {hook}{_suggestion(hook)}"
        elif options.get("wrapper") or options.get("hookwrapper"):
            yield f"{hook} is a wrapper; a hook declares what is the plugin's own, it wraps nothing"
        else:
            yield from _unknown_arguments(hook, getattr(plugin, name))


def _routines(plugin: object) -> list[str]:
    """What could be marked as a hook. Of a module it is soon told, where pluggy looks long at every name."""
    if isinstance(plugin, ModuleType):
        return [name for name, value in vars(plugin).items() if inspect.isroutine(value)]
    return dir(plugin)


def _suggestion(hook: str) -> str:
    return f"; {did_you_mean(hook, _HOOKS) or 'the hooks are ' + ', '.join(sorted(_HOOKS))}"


def _unknown_arguments(hook: str, function: Any) -> Iterator[str]:
    known = inspect.signature(getattr(hookspecs, hook)).parameters
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in known and parameter.default is parameter.empty:
            takes = f"only {', '.join(known)}" if known else "no argument"
            yield f"{hook} asks for an argument {parameter.name}; it is given {takes}"


def _collected(manager: pluggy.PluginManager, plugin: object) -> Iterator[Collected]:
    for attribute, kind in KINDS.items():
        hook = f"refflow_{attribute}"
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            if implementation.plugin is plugin:
                started = time.perf_counter()
                specs = _specs(hook, implementation.function, kind.spec)
                taken = (time.perf_counter() - started) * 1000
                yield Collected(hook, tuple(Declared(attribute=attribute, spec=spec) for spec in specs), taken)


def _specs(hook: str, function: Any, wanted: type[Spec]) -> list[Spec]:
    try:
        result = function()
        items = list(result) if isinstance(result, Iterable) else [result]
    except Exception as error:
        raise PluginFailed(f"{hook} raised {type(error).__name__}: {error}") from error
    strays = {type(item).__name__ for item in items if not isinstance(item, wanted)}
    if strays or not isinstance(result, Iterable):
        given = ", ".join(sorted(strays)) or f"a single {wanted.__name__}"
        raise PluginFailed(f"{hook} must return or yield {wanted.__name__}s; it gave {given}")
    return items


def _faults(origin: Origin, declared: tuple[Declared, ...]) -> Iterator[str]:
    events = {each.spec.name: each.spec for each in declared if isinstance(each.spec, EventTypeSpec)}
    seen: set[str] = set()
    for each in declared:
        if each.label in seen:
            yield f"{each.label} is declared twice"
        seen.add(each.label)
        if isinstance(each.spec, ViewSpec):
            page = f"the page {each.spec.path}"
            if page in seen:
                yield f"{page} is declared twice"
            seen.add(page)
        if isinstance(each.spec, EventTypeSpec):
            yield from _gaps(each.spec, declared)
        if not _is_name(each.spec):
            yield f"{each.label} is not a legal name"
        if not each.spec.summary.strip() or "\n" in each.spec.summary:
            yield f"{each.label} needs a summary of one line"
        yield from _event_faults(origin, each, events)


def _is_name(spec: Spec) -> bool:
    match spec:
        case EventTypeSpec() | UpcasterSpec():
            return _EVENT_NAME.fullmatch(spec.name) is not None
        case FunctionSpec() | ConditionSpec() | FilterSpec():
            return _FUNCTION_NAME.fullmatch(spec.name) is not None
        case _:
            return _NAME.fullmatch(spec.name) is not None


def _event_faults(origin: Origin, declared: Declared, events: dict[str, EventTypeSpec]) -> Iterator[str]:
    spec = declared.spec
    if isinstance(spec, EventTypeSpec) and origin.source != "bundled":
        # An event's name is in the log for ever, where no later release could mend it.
        yield from _unprefixed(declared, f"{origin.plugin}.")
    if isinstance(spec, FunctionSpec | ConditionSpec | FilterSpec) and origin.source != "bundled":
        # So is a function's, in the definitions of workflows; and none may stand in for a built-in one.
        yield from _unprefixed(declared, f"{origin.plugin.replace('-', '_')}_")
    if isinstance(spec, UpcasterSpec):
        event = events.get(spec.name)
        if event is None:
            yield f"{declared.label} is for an event type that this plugin does not declare"
        elif not 1 <= spec.from_version < event.version:
            yield f"{declared.label} leads to no version: {spec.name} is at version {event.version}"


def _gaps(spec: EventTypeSpec, declared: tuple[Declared, ...]) -> Iterator[str]:
    steps = {each.key for each in declared if isinstance(each.spec, UpcasterSpec)}
    for version in range(1, spec.version):
        if (spec.name, version) not in steps:
            yield f"event:{spec.name} is at version {spec.version} and has no upcaster from version {version}"


def _unprefixed(declared: Declared, prefix: str) -> Iterator[str]:
    if not declared.spec.name.startswith(prefix):
        yield f"{declared.label} must begin with the plugin's name: {prefix}{declared.spec.name}"
