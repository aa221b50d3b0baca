"""Strict replay: the log folded in memory under a watch for everything that a fold must not do."""

from __future__ import annotations

import msgspec

from refflow.views.projection import Stall
from refflow.views.store import refold

from .purity import Impurity, watch
from .workspace import Workspace


class Strict(msgspec.Struct, frozen=True, kw_only=True):
    """What a strict replay of `events` events found: impure calls by view, and views that failed."""

    events: int
    impure: dict[str, list[Impurity]]
    stalled: dict[str, Stall]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.impure and not self.stalled


def replay_strict(workspace: Workspace, view: str | None = None) -> Strict:
    """Fold every view, or one, in memory, one after the other. Nothing is written, and nothing gets out."""
    views = workspace.views
    chosen = views.projections if view is None else (views.named(view),)
    impure: dict[str, list[Impurity]] = {}
    stalled: dict[str, Stall] = {}
    events = 0
    for projection in chosen:
        with watch() as found:
            _, count = refold(workspace.log, (projection,), stalled=stalled)
        events = max(events, count)
        if found:
            impure[projection.name] = list(found)
    return Strict(events=events, impure=impure, stalled=stalled)
