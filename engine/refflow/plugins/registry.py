"""What the loaded plugins contribute, in two registries: one for replay, one for acting.

A replay is given a `PureRegistry` and so has no way to a channel: it cannot send by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

import msgspec

from ..errors import Held, NotFound
from ..spelling import did_you_mean
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

S = TypeVar("S", bound=Spec)


class Contribution(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """A declaration, and whose it is.

    `enabled` is whether it may act unasked: always for what is bundled, local or in process, and for an
    installed plugin only once the user's configuration names it.
    """

    spec: S
    plugin: str
    distribution: str
    version: str
    enabled: bool = True


class PureRegistry(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay and a decision may use. Read-only; upcasters are keyed by event type and version."""

    event_types: Mapping[str, Contribution[EventTypeSpec]] = MappingProxyType({})
    upcasters: Mapping[tuple[str, int], Contribution[UpcasterSpec]] = MappingProxyType({})
    projections: Mapping[str, Contribution[ProjectionSpec]] = MappingProxyType({})
    functions: Mapping[str, Contribution[FunctionSpec]] = MappingProxyType({})
    conditions: Mapping[str, Contribution[ConditionSpec]] = MappingProxyType({})
    actions: Mapping[str, Contribution[ActionSpec]] = MappingProxyType({})
    template_filters: Mapping[str, Contribution[FilterSpec]] = MappingProxyType({})


class EffectRegistry(msgspec.Struct, frozen=True, kw_only=True):
    """What meets the outside world, and the workflows, which make it do so. Read-only."""

    channels: Mapping[str, Contribution[ChannelSpec]] = MappingProxyType({})
    importers: Mapping[str, Contribution[ImporterSpec]] = MappingProxyType({})
    workflows: Mapping[str, Contribution[WorkflowSourceSpec]] = MappingProxyType({})
    reminders: Mapping[str, Contribution[ReminderSinkSpec]] = MappingProxyType({})
    reactors: Mapping[str, Contribution[ReactorSpec]] = MappingProxyType({})
    web_views: Mapping[str, Contribution[ViewSpec]] = MappingProxyType({})
    commands: Mapping[str, Contribution[CommandSpec]] = MappingProxyType({})
    health_checks: Mapping[str, Contribution[HealthCheckSpec]] = MappingProxyType({})

    def channel(self, name: str) -> Contribution[ChannelSpec]:
        """The channel `name`, which may act. Raises `NotFound`, or `Held` while its plugin is not enabled."""
        found = self.channels.get(name)
        if found is None:
            hint = did_you_mean(name, self.channels) or "`refflow plugins` shows what there is"
            raise NotFound(f"There is no channel {name}; {hint}")
        if not found.enabled:
            whose = f"{found.distribution} {found.version}"
            raise Held(f"The channel {name} of {whose} acts once your settings enable {found.plugin}")
        return found
