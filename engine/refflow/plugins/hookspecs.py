"""The hooks. A hook declares and never acts: each plugin returns or yields specs, once, when a host loads.

Every implementation is run by itself, so one that fails takes nothing with it but its own plugin. No hook
wraps, vetoes or rewrites what another declared, and no result depends on the order of plugins.
"""

from __future__ import annotations

from collections.abc import Iterable

from .marks import hookspec
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
    UpcasterSpec,
    ViewSpec,
    WorkflowSourceSpec,
)


@hookspec
def refflow_event_types() -> Iterable[EventTypeSpec]:  # type: ignore[empty-body]
    """The kinds of event this plugin records. Used in every replay."""


@hookspec
def refflow_upcasters() -> Iterable[UpcasterSpec]:  # type: ignore[empty-body]
    """Steps from older versions of this plugin's event types to the present one. Used in every replay."""


@hookspec
def refflow_projections() -> Iterable[ProjectionSpec]:  # type: ignore[empty-body]
    """Views folded from the log. Their factories are imported in a replay, so they import nothing that acts."""


@hookspec
def refflow_functions() -> Iterable[FunctionSpec]:  # type: ignore[empty-body]
    """Functions for expressions in workflows. Used when a workflow is compiled, and whenever it decides."""


@hookspec
def refflow_conditions() -> Iterable[ConditionSpec]:  # type: ignore[empty-body]
    """Questions that expressions in workflows can ask about a run. Used whenever a workflow decides."""


@hookspec
def refflow_actions() -> Iterable[ActionSpec]:  # type: ignore[empty-body]
    """Steps for workflows, which record events of this plugin. Planned whenever a workflow decides."""


@hookspec
def refflow_workflows() -> Iterable[WorkflowSourceSpec]:  # type: ignore[empty-body]
    """Folders of workflows that this plugin brings. A replay reads definitions from the log, never files."""


@hookspec
def refflow_template_filters() -> Iterable[FilterSpec]:  # type: ignore[empty-body]
    """Filters for message templates. Not used in a replay: the text that was written is in the log."""


@hookspec
def refflow_channels() -> Iterable[ChannelSpec]:  # type: ignore[empty-body]
    """Ways out and in. In a replay the spec is read and the factory never."""


@hookspec
def refflow_importers() -> Iterable[ImporterSpec]:  # type: ignore[empty-body]
    """Readers of exports and address books, for `refflow import`. Never used in a replay."""


@hookspec
def refflow_reminders() -> Iterable[ReminderSinkSpec]:  # type: ignore[empty-body]
    """Places where reminders go, such as a calendar. Never used in a replay."""


@hookspec
def refflow_reactors() -> Iterable[ReactorSpec]:  # type: ignore[empty-body]
    """What acts when something was recorded. Never used in a replay, which moves no reactor on."""


@hookspec
def refflow_web_views() -> Iterable[ViewSpec]:  # type: ignore[empty-body]
    """Pages for the web board. Never used in a replay."""


@hookspec
def refflow_commands() -> Iterable[CommandSpec]:  # type: ignore[empty-body]
    """Commands for the command line; only their names and summaries are read until one is run."""


@hookspec
def refflow_health_checks() -> Iterable[HealthCheckSpec]:  # type: ignore[empty-body]
    """Things for `refflow doctor` to look at. Never used in a replay."""


@hookspec(firstresult=True)
def refflow_secret(ref: str) -> str | None:
    """The secret a configuration refers to, or None when `ref` is not this plugin's to resolve.

    `{$keyring: refflow/smtp}` asks for `keyring:refflow/smtp`. Called while the configuration of something
    that is about to act is read, never in a replay, and only of plugins that the configuration enables.
    """
