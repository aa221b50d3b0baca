"""What every command has in common: the options it takes beside its own, and text it can store."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from refflow.errors import UsageError
from refflow.spelling import near

from .session import Session

NO_PLUGINS = "--no-plugins"
_LEFT_OUT = "REFFLOW_NO_PLUGINS"
_ALL = ("all", "1")
EPILOG = "--workspace, --now, --json, --no-color and -q go with every command: see `refflow --help`."


def together(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options, in the order in which a help shows them, as one decorator."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


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
            [NO_PLUGINS, "common_no_plugins"],
            metavar="[=NAMES]",
            hidden=hidden,
            expose_value=False,
            callback=_leave_out,
            help="Use none but the bundled plugins, or leave out these, as --no-plugins=sms,crm; or"
            " REFFLOW_NO_PLUGINS.",
        ),
    ]


def spelt_out(args: Sequence[str]) -> list[str]:
    """The arguments with the value that an option without one stands for: else it would take the next one."""
    end = args.index("--") if "--" in args else len(args)
    return [f"{NO_PLUGINS}={_ALL[0]}" if each == NO_PLUGINS else each for each in args[:end]] + list(args[end:])


@contextmanager
def for_one_command() -> Iterator[None]:
    """What an option says by the environment is forgotten at the end: there may be more commands in a process."""
    before = os.environ.get(_LEFT_OUT)
    try:
        yield
    finally:
        os.environ.pop(_LEFT_OUT, None)
        if before is not None:
            os.environ[_LEFT_OUT] = before


def _leave_out(context: click.Context, _: click.Parameter, names: str | None) -> None:
    if names is not None and not names.strip(" ,"):
        raise UsageError(f"Which plugins are to be left out? `{NO_PLUGINS}=NAME,NAME`; without `=`, all are.")
    if names:
        os.environ[_LEFT_OUT] = names
        if names not in _ALL:
            context.ensure_object(Session).left_out = tuple(filter(None, map(str.strip, names.split(","))))


def _check_left_out(session: Session) -> None:
    """Refuse to leave out what no plugin is called: a name that is mistyped would let the plugin in."""
    if session.left_out:
        from refflow.workspace.folder import NoWorkspace, find
        from refflow.workspace.plugins import check_names

        try:
            folder = find(session.folder)
        except NoWorkspace:
            folder = None
        check_names(folder, session.left_out)


def _remembered(name: str, hidden: bool) -> dict[str, Any]:
    def remember(context: click.Context, _: click.Parameter, value: Any) -> None:
        session = context.find_object(Session)
        if value is not None and value is not False and session is not None:
            setattr(session, name, value)

    return {"expose_value": False, "callback": remember, "hidden": hidden}


class Number(click.IntRange):
    """A whole number within bounds. `example` is one, for whoever wrote something else."""

    name = "number"

    def __init__(self, min: int, max: int | None = None, *, example: int) -> None:
        super().__init__(min, max)
        self._example = str(example)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number. What is none, or out of bounds, is answered with what is wanted."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            bounds = f"from {self.min} {'on' if self.max is None else f'to {self.max}'}"
            self.fail(
                f"`{value}` is not a whole number {bounds}. Write `{_written(param, self._example)}`, say.",
                param,
                ctx,
            )


class Choice(click.Choice[str]):
    """One of some words."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word. Another one is answered with those there are."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            words = list(map(str, self.choices))
            hint = (
                did_you_mean(near(str(value).lower(), words)) or f" Write `{_written(param, words[0])}`, say."
            )
            self.fail(f"`{value}` is not one of: {', '.join(words)}.{hint}", param, ctx)


def _written(param: click.Parameter | None, value: str) -> str:
    """How a value is given to a parameter."""
    return f"{param.opts[0]} {value}" if isinstance(param, click.Option) else value


class Command(click.Command):
    """A command that takes the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "epilog": EPILOG})
        self.params += common_options(hidden=True)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, unless it was given text that no file can hold."""
        session = ctx.ensure_object(Session)
        session.command = name_of(ctx)
        _check_left_out(session)
        for parameter in self.params:
            value = ctx.params.get(parameter.name or "")
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, str) and not _is_text(each):
                    raise click.BadParameter("this is not readable text (UTF-8).", ctx, parameter)
        return super().invoke(ctx)


class Group(click.Group):
    """A command with commands of its own; alone, it prints its help, or with `--json` which there are."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "epilog": EPILOG, "invoke_without_command": True})
        self.params += common_options(hidden=True)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; a name that is none leads to those that are near it."""
        check_command(ctx, args[0], self.commands)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named, if one was."""
        result = super().invoke(ctx)
        session = ctx.ensure_object(Session)
        if ctx.invoked_subcommand is not None:
            return result
        if session.as_json:
            session.command = name_of(ctx)
            session.result({name: command.get_short_help_str(200) for name, command in self.commands.items()})
        else:
            click.echo(ctx.get_help())
        return result


def as_if_named(command: click.Command, name: str, ctx: click.Context) -> None:
    """Run the command that stands for another one which was named alone."""
    with command.make_context(name, [], parent=ctx) as own:
        command.invoke(own)


def check_command(ctx: click.Context, name: str, known: Collection[str]) -> None:
    """Refuse a name that no command has."""
    if name not in known and not ctx.resilient_parsing:
        hint = did_you_mean(near(name, known, 2))
        raise click.UsageError(f"There is no command `{name}`.{hint}", ctx)


def did_you_mean(words: Collection[str]) -> str:
    """The question behind a message about a name that was mistyped; nothing when no word is near."""
    return f" Did you mean {' or '.join(f'`{each}`' for each in words)}?" if words else ""


def name_of(context: click.Context) -> str:
    """What the command is called behind `refflow`."""
    return " ".join(context.command_path.split()[1:])


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
