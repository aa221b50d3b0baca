"""What the plugins add to an open workspace, each held apart so that one that fails costs only itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from refflow.errors import RefflowError, in_words
from refflow.events import kinds_with
from refflow.events.kinds import EventKind, Kinds, Upcaster
from refflow.plugins.factories import resolve
from refflow.plugins.registry import Contribution, EffectRegistry, PureRegistry
from refflow.plugins.specs import ProjectionSpec
from refflow.views.projection import Projection

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
    upcasters = [each.spec for each in pure.upcasters.values()]
    return kinds_with(
        [
            EventKind(
                name=each.spec.name,
                payload=each.spec.payload,
                version=each.spec.version,
                personal=each.spec.personal,
                foreign=True,
                release=f"{each.distribution} {each.version}",
            )
            for each in pure.event_types.values()
        ],
        [Upcaster(kind=spec.name, from_version=spec.from_version, upcast=spec.upcast) for spec in upcasters],
    )


def projections_of(
    pure: PureRegistry, kinds: Kinds, core: Sequence[Projection]
) -> tuple[list[Projection], list[Trouble]]:
    """The projections of plugins, and those that cannot be used. None may take a table or a name of `core`."""
    taken = {row.table for each in core for row in each.tables} | {"view", "view_stalled", "event"}
    names = {each.name for each in core}
    found, troubles = [], []
    for contribution in pure.projections.values():
        try:
            projection = _projection(contribution, names, taken)
        except Exception as error:
            troubles.append(trouble_of(contribution, f"view {contribution.spec.name}", error))
            continue
        taken |= {row.table for row in projection.tables}
        edition = kinds.edition(projection.version, projection.handlers)
        found.append(msgspec.structs.replace(projection, version=edition))
    return found, troubles


def brought_by(effects: EffectRegistry) -> tuple[list[Brought], list[Trouble]]:
    """The folders of workflows of enabled plugins, and those that are not there."""
    found, troubles = [], []
    for contribution in effects.workflows.values():
        if contribution.enabled:
            spec = contribution.spec
            try:
                from importlib.resources import files  # only where a plugin brings workflows

                folder = Path(str(files(spec.package).joinpath(spec.folder)))
                if not folder.is_dir():
                    raise Unfit(f"there is no folder {folder}")
            except Exception as error:
                troubles.append(trouble_of(contribution, f"workflows {spec.name}", error))
                continue
            found.append(Brought(prefix=contribution.plugin, folder=folder))
    return found, troubles


def trouble_of(contribution: Contribution[Any], what: str, error: Exception) -> Trouble:
    """What `error` means for `what` a plugin contributes."""
    return Trouble(
        plugin=contribution.plugin,
        distribution=f"{contribution.distribution} {contribution.version}".strip(),
        what=what,
        reason=in_words(error),
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
