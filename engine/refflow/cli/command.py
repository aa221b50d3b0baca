"""What every command has in common: the options it takes beside its own, and text it can store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from .session import Session

EPILOG = "--workspace, --now, --json, --no-color and -q go with every command: see `refflow --help`."


def common_options(*, hidden: bool) -> list[click.Parameter]:
    """The options that may stand before or after the name of a command."""
    return [
        click.Option(
            ["--workspace", "common_workspace"],
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="The workspace; else REFFLOW_WORKSPACE, else the nearest one upwards from here.",
            **_remembered("folder", hidden),
        ),
        click.Option(
            ["--now", "common_now"],
            metavar="WHEN",
            help="Take this for the present time (or REFFLOW_NOW), also in what is recorded.",
            **_remembered("pretended_now", hidden),
        ),
        click.Option(
            ["--json", "common_json"],
            is_flag=True,
            help="Print the result as JSON. Its times are microseconds since 1970 UTC.",
            **_remembered("as_json", hidden),
        ),
        click.Option(
            ["--no-color", "common_no_color"],
            is_flag=True,
            help="Print without colour; so does NO_COLOR.",
            **_remembered("plain", hidden),
        ),
        click.Option(
            ["--quiet", "-q", "common_quiet"],
            is_flag=True,
            help="Print nothing beside the result.",
            **_remembered("quiet", hidden),
        ),
        click.Option(
            ["--no-plugins", "common_no_plugins"],
            is_flag=True,
            flag_value="all",
            hidden=hidden,
            expose_value=False,
            callback=_leave_out,
            help="Use no plugin but the bundled ones; so does REFFLOW_NO_PLUGINS=all.",
        ),
        click.Option(
            ["--without", "common_without"],
            metavar="NAMES",
            hidden=hidden,
            expose_value=False,
            callback=_leave_out,
            help="Leave out these plugins, as in --without sms,crm.",
        ),
    ]


def _leave_out(_: click.Context, __: click.Parameter, names: str | None) -> None:
    if names:
        os.environ["REFFLOW_NO_PLUGINS"] = names


def _remembered(name: str, hidden: bool) -> dict[str, Any]:
    def remember(context: click.Context, _: click.Parameter, value: Any) -> None:
        session = context.find_object(Session)
        if value and session is not None:
            setattr(session, name, value)

    return {"expose_value": False, "callback": remember, "hidden": hidden}


class Command(click.Command):
    """A command that takes the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"epilog": EPILOG} | kwargs)
        self.params += common_options(hidden=True)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, unless it was given text that no file can hold."""
        ctx.ensure_object(Session).command = name_of(ctx)
        for parameter in self.params:
            value = ctx.params.get(parameter.name or "")
            if isinstance(value, str) and not _is_text(value):
                raise click.BadParameter("this is not readable text (UTF-8).", ctx, parameter)
        return super().invoke(ctx)


class Group(click.Group):
    """A command with commands of its own; alone, it prints its help."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"epilog": EPILOG, "invoke_without_command": True} | kwargs)
        self.params += common_options(hidden=True)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named, if one was."""
        result = super().invoke(ctx)
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
        return result


def name_of(context: click.Context) -> str:
    """What the command is called behind `refflow`."""
    return " ".join(context.command_path.split()[1:])


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
