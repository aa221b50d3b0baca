"""The command `refflow` itself: finds the commands, and says what went wrong."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from refflow import __version__

from .catalogue import COMMANDS, SECTIONS
from .command import as_if_named, check_command, common_options, for_one_command, spelt_out
from .fault import tell
from .session import Session

COMPLETE = "_REFFLOW_COMPLETE"
"""The variable by which a shell asks for completions."""

ABOUT = """Run your referral outreach: find who can refer you, ask well, follow up, thank, keep them posted.

New here? `refflow demo` plays a made-up search, and `refflow init` begins yours. Alone, it is `refflow next`.
"""


class Refflow(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name; its module is imported now."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            from .plugin_commands import find

            return find(ctx.ensure_object(Session), cmd_name)
        found = getattr(import_module(f"{__package__}.{entry.module}"), entry.attribute)
        return found if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; a name that is none leads to those that are near it."""
        name = args[0]
        if name not in COMMANDS and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            check_command(ctx, name, COMMANDS)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named, or `next`."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            # Left to click, it would end like a failure.
            return tell(error, ctx.ensure_object(Session))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their sections, without importing one."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, entry.help) for name, entry in commands.items()], col_max=14)

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> Any:
        """Run a command line and exit with its code."""
        sys.exit(self.run(list(sys.argv[1:] if args is None else args)))

    def run(self, args: list[str]) -> int:
        """Run a command line and return its exit code; what goes wrong becomes a line on stderr."""
        _ready(args)
        session = Session(as_json="--json" in args)
        try:
            with for_one_command():
                result = super().main(spelt_out(args), "refflow", standalone_mode=False, obj=session)
            session.output.flush()
        except BaseException as error:
            return tell(error, session)
        return result if isinstance(result, int) and result else session.code


def _ready(args: list[str]) -> None:
    # Python has no stream for what who called closed.
    sys.stdout = sys.stdout or io.StringIO()
    sys.stderr = sys.stderr or io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks must not end the command.
            stream.reconfigure(errors="replace")
    if COMPLETE in os.environ:
        from . import completing  # noqa: F401


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"refflow {__version__}")
        ctx.exit()


@click.pass_context
def _bare(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is not None:
        return
    from refflow.workspace.folder import NoWorkspace, find

    session = ctx.ensure_object(Session)
    try:
        find(session.folder)
    except NoWorkspace:
        if session.folder is not None:
            raise
        click.echo(ctx.get_help())
        return
    command = refflow.get_command(ctx, "next")
    if command is not None:
        as_if_named(command, "next", ctx)


refflow = Refflow(
    "refflow",
    callback=_bare,
    invoke_without_command=True,
    help=ABOUT,
    epilog="`refflow COMMAND --help` tells more about a command. WHEN is a day or a time, as: 2026-03-02, friday,"
    " `tomorrow 9:00`, +3bd (in three business days). Plugins may add more commands: see `refflow plugins`.",
    params=[
        *common_options(hidden=False),
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version,
            help="Print the version.",
        ),
    ],
)  # fmt: skip
