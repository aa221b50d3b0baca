"""The commands that plugins add. Their code is imported when one is called, and by no `--help` of refflow's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from refflow.errors import RefflowError
from refflow.workspace.command import CommandContext, record_own
from refflow.workspace.plugins import CommandSpec, Contribution, command
from refflow.workspace.workspace import Workspace

from .command import Command
from .opened import reading
from .plugins import folder_of
from .session import Session


def find(session: Session, name: str) -> click.Command | None:
    """The command `name` of a plugin, if one has it. Raises `RefflowError` when it cannot be imported."""
    found = command(folder_of(session), name)
    if found is None:
        return None
    contribution, target = found
    if not isinstance(target, click.Command) or isinstance(target, click.Group):
        raise RefflowError(f"{contribution.spec.target} is no command; `refflow plugins` shows whose it is.")
    return PluginCommand(contribution, target)


class PluginCommand(Command):
    """A command of a plugin in the place of one of refflow's own: it takes the common options too."""

    def __init__(self, contribution: Contribution[CommandSpec], target: click.Command) -> None:
        spec = contribution.spec
        super().__init__(spec.name, params=list(target.params), help=target.help or spec.summary)
        self._contribution = contribution
        self._target = target

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, with what it needs."""
        session = ctx.ensure_object(Session)
        session.command = self.name
        with _context(session, self._contribution) as context:
            ctx.obj = context
            return self._target.invoke(ctx)


@contextmanager
def _context(session: Session, contribution: Contribution[CommandSpec]) -> Iterator[CommandContext]:
    needs = contribution.spec.needs
    if needs == "none":
        yield _made(session, datetime.now(UTC), _refuse)
        return
    with reading(session) as opened:
        workspace, now = opened.workspace, opened.now
        # A command that said that it only reads must not come to write.
        if needs == "reader":
            workspace.only_read()

        def record(payloads: Sequence[Any]) -> None:
            record_own(workspace, contribution, payloads, now)

        head = workspace.log.head()
        yield _made(session, now, record if needs == "engine" else _refuse, workspace)
        session.tell_blocked(workspace, head)


def _refuse(payloads: Sequence[Any]) -> None:
    raise RefflowError("A command that records something must say that it needs the engine.")


def _made(
    session: Session,
    now: datetime,
    record: Callable[[Sequence[Any]], None],
    workspace: Workspace | None = None,
) -> CommandContext:
    return CommandContext(
        now=now,
        as_json=session.as_json,
        line=session.output.line,
        table=session.output.table,
        result=session.result,
        record=record,
        workspace=workspace,
    )
