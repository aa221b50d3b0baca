"""What the command of a plugin works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from refflow.errors import Held
from refflow.plugins.registry import Contribution

from .workspace import Workspace

if TYPE_CHECKING:
    from refflow.workflows.runs.turn import Turn


class CommandContext(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a command; `@click.pass_obj` hands it over.

    workspace  the open workspace; None in a command that needs none. A `reader` gets one that refuses to write
    now        the time of the whole command; aware
    as_json    whether the user asked for JSON: then call `result` once and print nothing
    line, table, result  print a line, rows under headings, or a value as JSON
    record     record events of the plugin's own, given as payloads; only in a command that needs the `engine`
    """

    now: datetime
    as_json: bool
    line: Callable[[str], None]
    table: Callable[[Sequence[str], Sequence[Sequence[object]]], None]
    result: Callable[[Any], None]
    record: Callable[[Sequence[Any]], None]
    workspace: Workspace | None = None


def record_own(
    workspace: Workspace, contribution: Contribution[Any], payloads: Sequence[Any], now: datetime
) -> None:
    """Record events that a plugin tells of, with all that follows. Raises `Held` when one is not its own."""
    for payload in payloads:
        kind = workspace.kinds.of(payload).name
        if not kind.startswith(f"{contribution.plugin}."):
            raise Held(f"The plugin {contribution.plugin} may not record {kind}, which is not its own.")
    by = f"plugin:{contribution.distribution}@{contribution.version}"

    def decide(turn: Turn) -> None:
        for payload in payloads:
            turn.record(payload, by=by)

    workspace.act(decide, now)
